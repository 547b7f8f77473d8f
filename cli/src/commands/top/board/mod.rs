//! The state of a server as the texts that are shown. Texts of the server are escaped here.

mod calls;
mod party;
mod queues;

use ami::EventClass;
use live::{Freshness, Part, State, Unknown};

pub(super) use self::calls::Call;
#[cfg(test)]
pub(super) use self::queues::Members;
pub(super) use self::queues::Queue;
use crate::out::escape;

/// The state of a server, as it is shown.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) freshness: Freshness,
    /// The number of channels, or `None` if they are not known.
    pub(super) channels: Option<usize>,
    pub(super) calls: Result<Vec<Call>, Missing>,
    pub(super) queues: Result<Vec<Queue>, Missing>,
    /// The parts without a place of their own on the screen that are not known.
    pub(super) notes: Vec<String>,
    /// `true` if the server tells what the user may read. Otherwise a part that is empty may be
    /// one that the user may not read.
    pub(super) rights_are_known: bool,
}

/// The reason why a part is not shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Missing {
    /// The server has not told the part yet.
    Loading,
    Unknown(String),
}

/// The parts that are followed.
pub(super) const PARTS: [Part; 6] = [
    Part::Channels,
    Part::Dialplan,
    Part::Bridges,
    Part::Queues,
    Part::ParkingLots,
    Part::Conferences,
];

/// The parts that a column tells of.
const IN_COLUMNS: [Part; 3] = [Part::Bridges, Part::ParkingLots, Part::Conferences];

impl Board {
    pub(super) fn of(state: &State) -> Self {
        let calls = calls::of(state).map_err(Missing::from);
        let mut notes = Vec::new();
        // Without calls there is no column either.
        if calls.is_ok() {
            let missing = |part| state.unknown(part).cloned().map(Missing::from);
            notes.extend(IN_COLUMNS.into_iter().filter_map(|part| match missing(part)? {
                Missing::Unknown(why) => Some(why),
                Missing::Loading => None,
            }));
        }
        Self {
            freshness: state.freshness().clone(),
            channels: state.channels().ok().map(live::Table::len),
            calls,
            queues: queues::of(state).map_err(Missing::from),
            notes,
            rights_are_known: state.rights_are_known(),
        }
    }
}

impl From<Unknown> for Missing {
    fn from(unknown: Unknown) -> Self {
        let remedy = match &unknown {
            Unknown::Loading(_) => return Self::Loading,
            Unknown::Withheld { classes, .. } => {
                let names: Vec<_> = classes.iter().copied().map(EventClass::name).collect();
                format!(" (manager.conf: read = …,{})", names.join(","))
            }
            _ => String::new(),
        };
        let text = format!("{:#}", anyhow::Error::new(unknown));
        Self::Unknown(escape(text.as_bytes()) + &remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_names_the_class_that_is_missing() {
        let unknown =
            Unknown::Withheld { part: Part::Queues, classes: [EventClass::Agent][..].into() };
        let text = "the queues are not known: no events of the class agent come (manager.conf: \
                    read = …,agent)";
        assert_eq!(Missing::from(unknown), Missing::Unknown(text.to_owned()));
        assert_eq!(Missing::from(Unknown::Loading(Part::Queues)), Missing::Loading);
    }

    #[test]
    fn a_state_that_is_not_in_yet_is_loading() {
        let board = Board::of(&State::default());
        assert_eq!(board.calls.unwrap_err(), Missing::Loading);
        assert_eq!(board.queues.unwrap_err(), Missing::Loading);
        assert_eq!((board.channels, board.notes.len()), (None, 0));
    }
}
