//! Events of the type `cel`: channel events that have to come one after another, in an order that
//! can also be relative to those of other lists.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use ami::{Event, Expression};
use serde_json::{Map, Value};

use crate::components::awaited::{Awaited, entries_of, pattern};
use crate::components::refused;
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;
use crate::matching::{Fields, text_of, times};

/// The header whose value is JSON.
const EXTRA: &str = "Extra";

/// The number of skipped events that are told.
const TOLD: usize = 3;

/// Requirements that events have to meet one after another. An event that does not meet the first
/// that is open is skipped.
pub(super) struct Sequence {
    open: VecDeque<Requirement>,
    /// The number of requirements that there were.
    all: usize,
    /// The ids that requirements have to be met before or after, each with its requirement.
    orders: Vec<(Node, String)>,
    /// The number of events that were skipped since one was met.
    skipped: usize,
    /// The nearest of these, each with the number of headers that did not match.
    nearest: Vec<(usize, String)>,
}

impl Sequence {
    /// Reads `requirements`.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let list = section.part("requirements", "requirements have");
        if let Some(list) = &list {
            list.node().expect_items("requirements")?;
        }
        let items = list.map(|it| it.items("a requirement has")).unwrap_or_default();
        let open: VecDeque<_> = items.iter().map(Requirement::read).collect::<Result<_, _>>()?;
        let ids = |it: &Requirement| {
            let ids = it.after.iter().chain(&it.before);
            ids.map(|id| (it.node.clone(), id.clone())).collect::<Vec<_>>()
        };
        let orders = open.iter().flat_map(ids).collect();
        Ok(Self { all: open.len(), open, orders, skipped: 0, nearest: Vec::new() })
    }

    /// Takes an event that meets the conditions. Returns the reasons for which its place in the
    /// order is wrong.
    pub(super) fn take(&mut self, event: &Event, orders: &mut Orders) -> Vec<Reason> {
        let Some(head) = self.open.front() else {
            return Vec::new();
        };
        let mismatches: Vec<_> = head.mismatches(event).collect();
        if !mismatches.is_empty() {
            self.skipped += 1;
            let at = self.nearest.partition_point(|(missed, _)| *missed <= mismatches.len());
            let text = |name| event.field(name).unwrap_or_default();
            let (name, channel) = (text("EventName"), text("Channel"));
            let line = format!("skipped: {name} of {channel}: {}", mismatches.join("; "));
            self.nearest.insert(at, (mismatches.len(), line));
            self.nearest.truncate(TOLD);
            return Vec::new();
        }
        let place = self.place();
        (self.skipped, self.nearest) = (0, Vec::new());
        let met = self.open.pop_front();
        met.map(|met| orders.meet(&met, &place)).unwrap_or_default()
    }

    /// The place of the first requirement that is open.
    fn place(&self) -> String {
        format!("requirement {} of {}", self.all - self.open.len() + 1, self.all)
    }

    /// Returns the reason to fail, if a requirement is open.
    pub(super) fn unmet(&self, event: &Awaited) -> Option<Reason> {
        let head = self.open.front()?;
        let skipped = match self.skipped {
            0 => "no event came since".to_owned(),
            1 => "one event was skipped since".to_owned(),
            more => format!("{more} events were skipped since"),
        };
        let what = format!("{} was not met: {head}; {skipped}", self.place());
        let lines = self.nearest.iter().map(|(_, line)| line.clone());
        let came = format!("{} came {}", event.matcher(), times(event.seen()));
        let details = lines.chain([came]).collect();
        Some(Reason { what: head.node.error(what).to_string(), details })
    }
}

/// An event of a sequence.
struct Requirement {
    node: Node,
    id: Option<String>,
    /// Each matches a whole value.
    headers: Vec<(String, Expression)>,
    /// The same of the names in `Extra`.
    extra: Vec<(String, Expression)>,
    /// The ids that have to be met before this.
    after: Vec<String>,
    /// The ids that have to be met after this.
    before: Vec<String>,
}

impl Requirement {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let id = section.text("id")?.map(str::to_owned);
        let mut read = Self {
            node: section.node().clone(),
            id,
            headers: Vec::new(),
            extra: Vec::new(),
            after: Vec::new(),
            before: Vec::new(),
        };
        for (name, value) in entries_of(section.expect("match")?)? {
            if name.eq_ignore_ascii_case(EXTRA) && value.is_map() {
                for (name, value) in entries_of(value)? {
                    read.extra.push((name.to_owned(), whole(value, section)?));
                }
            } else {
                read.headers.push((name.to_owned(), whole(value, section)?));
            }
        }
        let orders = section.part("partialorder", "partialorder has");
        for order in orders.iter().flat_map(|it| it.items("partialorder has")) {
            if !order.node().is_map() {
                return Err(order.error("expected `after:` or `before:` with an id"));
            }
            for (key, ids) in [("after", &mut read.after), ("before", &mut read.before)] {
                ids.extend(order.text(key)?.map(str::to_owned));
            }
        }
        Ok(read)
    }

    /// Returns the headers of an event that do not match. Those that it lacks do not matter.
    fn mismatches<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = String> + 'a {
        let headers = self.headers.iter();
        let headers =
            headers.filter_map(|(name, value)| mismatch(name, &event.field(name)?, value));
        headers.chain(self.extra_mismatches(event))
    }

    fn extra_mismatches(&self, event: &Event) -> Vec<String> {
        let text = event.field(EXTRA).filter(|text| !text.is_empty() && !self.extra.is_empty());
        let Some(text) = text else {
            return Vec::new();
        };
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(&text) else {
            return vec![format!("{EXTRA} is {text:?}, expected an object of JSON")];
        };
        let field = |name: &str| fields.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        let of_field = |(name, expected): &(String, Expression)| {
            mismatch(&format!("{EXTRA}.{name}"), &text_of(field(name)?.1), expected)
        };
        self.extra.iter().filter_map(of_field).collect()
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), value));
        let extra = self.extra.iter().map(|(name, value)| (format!("{EXTRA}.{name}"), value));
        let told = headers.chain(extra).map(|(name, value)| format!("{name} {:?}", value.source()));
        f.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}

fn whole(value: &Node, section: &Section) -> Result<Expression, ConfigError> {
    Expression::whole(pattern(value, section)?).map_err(|error| refused(value, error))
}

fn mismatch(name: &str, found: &str, expected: &Expression) -> Option<String> {
    let is_it = expected.is_match(found);
    (!is_it).then(|| format!("{name} is {found:?}, expected {:?}", expected.source()))
}

/// The ids of all sequences of a test, whatever module they are of. Requirements can share one.
#[derive(Default)]
pub(super) struct Orders {
    open: BTreeMap<String, usize>,
    met: BTreeSet<String>,
}

impl Orders {
    /// Adds the ids of a sequence, before its first event comes.
    pub(super) fn add(&mut self, sequence: &Sequence) {
        for id in sequence.open.iter().filter_map(|it| it.id.as_ref()) {
            *self.open.entry(id.clone()).or_default() += 1;
        }
    }

    /// Returns the reasons to fail for requirements that are before or after an id that no
    /// requirement of the test has.
    pub(super) fn unknown(&self, sequence: &Sequence) -> Vec<Reason> {
        let unknown = sequence.orders.iter().filter(|(_, id)| !self.open.contains_key(id));
        let reason = |(node, id): &(Node, String)| {
            let what = format!("no requirement of the test has the id {id}");
            Reason::new(node.error(what).to_string())
        };
        unknown.map(reason).collect()
    }

    /// Notes that a requirement is met, and returns the reasons for which it must not be met now.
    fn meet(&mut self, met: &Requirement, place: &str) -> Vec<Reason> {
        if let Some(open) = met.id.as_ref().and_then(|id| self.open.get_mut(id)) {
            *open = open.saturating_sub(1);
        }
        // An id that no requirement has is told at the end.
        let is_open = |id: &String| self.open.get(id).map(|open| *open > 0);
        let is_early = |id: &&String| is_open(id).is_some() && !self.met.contains(*id);
        let early = met.after.iter().filter(is_early);
        let early = early.map(|id| format!("before {id}, expected after it"));
        let late = met.before.iter().filter(|id| is_open(id) == Some(false));
        let late = late.map(|id| format!("after {id}, expected before it"));
        let own = met.id.as_ref().map_or_else(|| place.to_owned(), |id| format!("{id}, {place},"));
        let reason = |wrong| {
            let what = met.node.error(format!("{own} was met {wrong}")).to_string();
            Reason { what, details: vec![met.to_string()] }
        };
        let reasons = early.chain(late).map(reason).collect();
        self.met.extend(met.id.clone());
        reasons
    }
}
