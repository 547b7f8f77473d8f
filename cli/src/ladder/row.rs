//! The rows of a ladder.

use jiff::Timestamp;

use crate::out::Style;

/// A row of a ladder: one step of the call.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The number of the row among all rows of all calls.
    pub(crate) number: u64,
    /// The time, or `None` if it is not known.
    pub(crate) at: Option<Timestamp>,
    /// The kind of step, for programs.
    pub(crate) step: &'static str,
    pub(crate) place: Place,
    /// The words for people, which may have any text of the server in them.
    pub(crate) text: String,
    pub(crate) style: Option<Style>,
}

/// The place of a row: the legs that it is about, by their places in the ladder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// The call as a whole.
    Call,
    Leg(usize),
    /// An arrow from one leg to another.
    Arrow(usize, usize),
    /// Legs that are in a bridge.
    Span(Vec<usize>),
}

impl Place {
    /// Returns the legs.
    pub(crate) fn legs(&self) -> Vec<usize> {
        match self {
            Self::Call => Vec::new(),
            Self::Leg(leg) => vec![*leg],
            Self::Arrow(from, to) => vec![*from, *to],
            Self::Span(legs) => legs.clone(),
        }
    }

    /// Changes the legs.
    pub(super) fn map(&mut self, new: impl Fn(usize) -> usize) {
        match self {
            Self::Call => {}
            Self::Leg(leg) => *leg = new(*leg),
            Self::Arrow(from, to) => (*from, *to) = (new(*from), new(*to)),
            Self::Span(legs) => legs.iter_mut().for_each(|leg| *leg = new(*leg)),
        }
        self.tidy();
    }

    /// Makes an arrow that leads to the leg that it comes from one place.
    pub(super) fn tidy(&mut self) {
        match self {
            Self::Arrow(from, to) if from == to => *self = Self::Leg(*from),
            Self::Span(legs) => {
                legs.sort_unstable();
                legs.dedup();
                if let [leg] = legs[..] {
                    *self = Self::Leg(leg);
                }
            }
            _ => {}
        }
    }
}
