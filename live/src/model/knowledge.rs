//! Knowledge of each part: whether it is followed, whether the user may read it, and which of
//! its lists are in.

use std::sync::Arc;

use ami::{Error, EventClass};

use crate::state::{Part, Unknown};

/// The knowledge of each part.
#[derive(Debug)]
pub(super) struct Knowledge {
    parts: Vec<PartKnowledge>,
}

#[derive(Debug)]
struct PartKnowledge {
    part: Part,
    is_followed: bool,
    /// The classes that are missing.
    withheld: Arc<[EventClass]>,
    lists: Vec<(&'static str, Stage)>,
    /// The number of further lists that the part has asked for and that are not in.
    open: usize,
    /// `true` once all lists were in. A list that is asked for again does not take that back.
    is_known: bool,
}

#[derive(Debug)]
enum Stage {
    Wanted,
    In,
    Failed(Arc<Error>),
}

impl Knowledge {
    /// Creates the knowledge of nothing. `lists` are those that are asked for.
    pub(super) fn new(followed: &[Part], lists: impl Fn(Part) -> &'static [&'static str]) -> Self {
        let part = |&part: &Part| PartKnowledge {
            part,
            is_followed: followed.contains(&part),
            withheld: Arc::default(),
            lists: lists(part).iter().map(|&action| (action, Stage::Wanted)).collect(),
            open: 0,
            is_known: false,
        };
        Self { parts: Part::ALL.iter().map(part).collect() }
    }

    /// Returns `true` if lists and events of a part count: it is followed, and may be read.
    #[inline]
    pub(super) fn sees(&self, part: Part) -> bool {
        let known = &self.parts[part as usize];
        known.is_followed && known.withheld.is_empty()
    }

    /// Sets the classes of a part's events that do not come.
    pub(super) fn withhold(&mut self, part: Part, classes: Arc<[EventClass]>) {
        let known = &mut self.parts[part as usize];
        if !classes.is_empty() {
            known.reset();
        }
        known.withheld = classes;
    }

    /// Notes that a list is in, or has failed.
    pub(super) fn list(&mut self, part: Part, action: &str, failed: Option<Arc<Error>>) {
        let known = &mut self.parts[part as usize];
        known.is_known &= failed.is_none();
        if let Some((_, stage)) = known.lists.iter_mut().find(|(name, _)| *name == action) {
            *stage = failed.map_or(Stage::In, Stage::Failed);
        }
    }

    /// Notes that a part has asked for a further list.
    pub(super) fn ask(&mut self, part: Part) {
        self.parts[part as usize].open += 1;
    }

    /// Notes that a further list of a part is in, or has failed.
    pub(super) fn answer(&mut self, part: Part) {
        let open = &mut self.parts[part as usize].open;
        *open = open.saturating_sub(1);
    }

    /// Returns the reason why a part is not known.
    pub(super) fn unknown(&mut self, part: Part) -> Option<Unknown> {
        let known = &mut self.parts[part as usize];
        let unknown = known.why();
        known.is_known = unknown.is_none();
        unknown
    }
}

impl PartKnowledge {
    fn why(&self) -> Option<Unknown> {
        let part = self.part;
        if !self.is_followed {
            return Some(Unknown::NotFollowed(part));
        }
        if !self.withheld.is_empty() {
            return Some(Unknown::Withheld { part, classes: Arc::clone(&self.withheld) });
        }
        let failed = self.lists.iter().find_map(|(action, stage)| match stage {
            Stage::Failed(error) => Some((action, error)),
            Stage::Wanted | Stage::In => None,
        });
        if let Some((&action, error)) = failed {
            let (action, error) = (action.into(), Arc::clone(error));
            return Some(Unknown::Failed { part, action, error });
        }
        let is_wanted = |(_, stage): &(_, Stage)| matches!(stage, Stage::Wanted);
        let is_loading = self.open > 0 || self.lists.iter().any(is_wanted);
        (is_loading && !self.is_known).then_some(Unknown::Loading(part))
    }

    /// Forgets which lists are in.
    fn reset(&mut self) {
        self.is_known = false;
        self.lists.iter_mut().for_each(|(_, stage)| *stage = Stage::Wanted);
    }
}
