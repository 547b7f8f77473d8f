//! The call that is asked for.

use ami::{Event, Filter};

use crate::commands::events::filter;
use crate::exit::{Exit, Failure};
use crate::ladder::{Ladder, Ladders};

/// The calls that a failure lists.
const LISTED: usize = 10;

/// The call that is asked for.
#[derive(Debug)]
pub(super) enum Query {
    /// The call of an identifier, or the newest one of a number.
    Call(String),
    /// The next call that begins.
    Next(Next),
}

/// The condition that the next call has to meet.
#[derive(Debug)]
pub(super) enum Next {
    Any,
    Number(String),
    /// An event of the call has to match.
    Event(Box<Filter>),
}

impl Query {
    pub(super) fn new(words: &[String], next: bool) -> Result<Self, Failure> {
        match (words, next) {
            ([], true) => Ok(Self::Next(Next::Any)),
            ([word], true) if is_number(word) => Ok(Self::Next(Next::Number(word.clone()))),
            (words, true) => Ok(Self::Next(Next::Event(Box::new(filter(&words.join(" "))?)))),
            ([word], false) => Ok(Self::Call(word.clone())),
            ([], false) => Err(Failure::usage("no call is named")
                .hint("name an identifier, a channel or a number, or add --next")),
            _ => Err(Failure::usage("several calls are named")),
        }
    }

    /// Returns `true` if the call may be the one.
    pub(super) fn matches(&self, ladder: &Ladder) -> bool {
        match self {
            Self::Call(word) => ladder.is(word) || ladder.has_number(word),
            Self::Next(Next::Any) => ladder.was_begun,
            Self::Next(Next::Number(number)) => ladder.was_begun && ladder.has_number(number),
            Self::Next(Next::Event(_)) => false,
        }
    }

    /// Returns the call of an event that the filter of the next call matches.
    pub(super) fn by_event<'a>(&self, event: &Event, ladders: &'a Ladders) -> Option<&'a Ladder> {
        let Self::Next(Next::Event(filter)) = self else { return None };
        let of = |name: &str| ladders.get(event.text(name)?.as_ref()).filter(|it| it.was_begun);
        filter
            .matches(event)
            .then(|| of("Linkedid").or_else(|| of("Uniqueid")).or_else(|| of("DestUniqueid")))?
    }

    /// Returns the call among several, the newest one last: the one with the identifier, or else
    /// the newest one. The others that match are returned, too.
    pub(super) fn choose<'a>(
        &self,
        ladders: impl Iterator<Item = &'a Ladder>,
    ) -> Option<(&'a Ladder, Vec<&'a Ladder>)> {
        let mut matching: Vec<_> = ladders.filter(|it| self.matches(it)).collect();
        let at = match self {
            Self::Call(word) => {
                let named = matching.iter().rposition(|it| it.is(word));
                if let Some(at) = named {
                    return Some((matching.swap_remove(at), Vec::new()));
                }
                matching.len().checked_sub(1)?
            }
            Self::Next(_) => {
                let first = *matching.first()?;
                return Some((first, Vec::new()));
            }
        };
        let found = matching.remove(at);
        Some((found, matching))
    }

    /// Returns the failure of a call that is not found, with the calls that there are.
    pub(super) fn failure<'a>(
        &self,
        place: &str,
        ladders: impl DoubleEndedIterator<Item = &'a Ladder>,
    ) -> Failure {
        let what = match self {
            Self::Call(word) => format!("no call has the identifier, channel or number {word:?}"),
            Self::Next(Next::Any) => "no call has begun".to_owned(),
            Self::Next(_) => "no call that matches has begun".to_owned(),
        };
        let failure = Failure::new(Exit::NoMatch, anyhow::Error::msg(format!("{what} {place}")));
        let mut titles: Vec<_> = ladders.rev().take(LISTED + 1).map(Ladder::title).collect();
        if titles.is_empty() {
            return failure.hint("there is no call at all");
        }
        let more = titles.len() > LISTED;
        titles.truncate(LISTED);
        let more = if more { "; and more" } else { "" };
        failure.hint(format!("there are: {}{more}", titles.join("; ")))
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|it| it.is_ascii_digit() || "+*#".contains(it))
}

/// Returns what to tell of the other calls of a number.
pub(super) fn told(found: &Ladder, others: &[&Ladder]) -> Option<String> {
    if others.is_empty() {
        return None;
    }
    let titles: Vec<_> = others.iter().rev().take(LISTED).map(|it| it.title()).collect();
    let count = others.len() + 1;
    let own = found.title();
    Some(format!("{count} calls match; this is the newest: {own}; others: {}", titles.join("; ")))
}
