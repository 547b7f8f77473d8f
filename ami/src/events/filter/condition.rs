//! The conditions of a filter besides exact names and fields.

use super::glob::{Glob, Token};
use crate::wire::{Event, EventClass};

/// One condition on an event.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Condition {
    /// A condition on the name of the event.
    Name(Pattern),
    /// A condition on a field.
    Field {
        name: String,
        /// `true` if no value may match; `false` if one value has to match.
        not: bool,
        value: Pattern,
    },
    /// The event has this class.
    Class(EventClass),
}

/// A pattern for a text.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Pattern {
    Exact(Vec<u8>),
    Glob(Glob),
}

impl Pattern {
    /// Creates the simplest pattern for these tokens.
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let byte = |token: &Token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::One | Token::Many => None,
        };
        match tokens.iter().map(byte).collect() {
            Some(bytes) => Self::Exact(bytes),
            None => Self::Glob(Glob::new(tokens)),
        }
    }

    fn is(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => value == exact,
            Self::Glob(glob) => glob.matches(value, |a, b| a == b),
        }
    }

    /// Returns `true` if the name of an event matches, without regard to ASCII case.
    pub(super) fn is_name(&self, name: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => name.eq_ignore_ascii_case(exact),
            Self::Glob(glob) => glob.matches(name, |a, b| a.eq_ignore_ascii_case(&b)),
        }
    }
}

impl Condition {
    pub(super) fn holds(&self, event: &Event) -> bool {
        match self {
            Self::Name(pattern) => pattern.is_name(event.head()),
            Self::Field { name, not, value } => event.get_all(name).any(|it| value.is(it)) != *not,
            Self::Class(class) => {
                event.get("Privilege").is_some_and(|classes| lists(classes, *class))
            }
        }
    }

    /// Returns `true` if the condition may hold for an event of which only the beginning is there.
    /// A field in the beginning decides. A missing one may have any value.
    pub(super) fn may_hold(&self, beginning: &Event) -> bool {
        match self {
            Self::Name(_) => self.holds(beginning),
            Self::Field { not: true, .. } => self.holds(beginning),
            Self::Field { name, not: false, value } => may_have(beginning, name, |it| value.is(it)),
            Self::Class(_) => beginning.get("Privilege").is_none() || self.holds(beginning),
        }
    }
}

/// Returns `true` if an event, of which only the beginning is there, may have a field with a value
/// that is wanted. Servers repeat channel variables and lines of output, so other values of these
/// may follow.
pub(super) fn may_have(beginning: &Event, name: &str, wanted: impl Fn(&[u8]) -> bool) -> bool {
    const REPEATED: [&[u8]; 2] = [b"variable", b"output"];
    let name_ends = name.trim_ascii_end().to_ascii_lowercase();
    let repeats = REPEATED.iter().any(|end| name_ends.as_bytes().ends_with(end));
    let mut values = beginning.get_all(name).peekable();
    repeats || values.peek().is_none() || values.any(wanted)
}

/// Returns `true` if a class is on a list in the server's form: `system,user,all`.
fn lists(classes: &[u8], class: EventClass) -> bool {
    let mut words = classes.split(|&byte| byte == b',');
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(class.name().as_bytes()))
}
