//! Which events a test waits for; and of those that came, which were nearest.

use std::fmt;

use ami::Event;

use crate::matching::expression::{Expression, ExpressionError};

/// How many of the nearest events are told.
const TOLD: usize = 3;

/// A description of events: a name, and what their headers have to be. Of a header that an event
/// has several times, the last one counts.
#[derive(Clone, Debug)]
pub struct Matcher {
    event: String,
    headers: Vec<Header>,
}

#[derive(Clone, Debug)]
struct Header {
    name: String,
    value: Expression,
    /// Whether it must not match.
    not: bool,
}

impl Matcher {
    /// All events of a name.
    pub fn event(name: impl Into<String>) -> Self {
        Self { event: name.into(), headers: Vec::new() }
    }

    /// Those of them that have a header with this very value.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: &str) -> Self {
        self.with(name.into(), Expression::exactly(value), false)
    }

    /// Those that have a header that an expression matches from its beginning on.
    ///
    /// # Errors
    ///
    /// If it is no expression.
    pub fn matching(self, name: impl Into<String>, pattern: &str) -> Result<Self, ExpressionError> {
        Ok(self.with(name.into(), Expression::at_start(pattern)?, false))
    }

    /// Those that have a header that an expression does not match.
    ///
    /// # Errors
    ///
    /// If it is no expression.
    pub fn not_matching(
        self,
        name: impl Into<String>,
        pattern: &str,
    ) -> Result<Self, ExpressionError> {
        Ok(self.with(name.into(), Expression::at_start(pattern)?, true))
    }

    fn with(mut self, name: String, value: Expression, not: bool) -> Self {
        self.headers.push(Header { name, value, not });
        self
    }

    /// The name of the events.
    pub fn name(&self) -> &str {
        &self.event
    }

    /// Whether an event has that name. The other conditions are not looked at.
    pub(crate) fn is_about(&self, event: &Event) -> bool {
        event.name() == self.event
    }

    /// Whether an event is one of them.
    pub fn matches(&self, event: &Event) -> bool {
        self.is_about(event) && self.mismatches(event).next().is_none()
    }

    /// An event in a line: its name, the headers that this is about, and the first others.
    pub(crate) fn summary(&self, event: &Event) -> String {
        const ENOUGH: usize = 160;
        let dull = |name: &str| ["Event", "Privilege", "SequenceNumber"].contains(&name);
        let own =
            |name: &str| self.headers.iter().any(|it| it.name.eq_ignore_ascii_case(name.trim()));
        let fields: Vec<_> = event
            .fields()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
            .filter(|(name, value)| !value.is_empty() && !dull(name))
            .collect();
        let (first, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| own(name));
        let mut line = event.name().into_owned();
        for (name, value) in first {
            line.push_str(&format!(" {name}={value}"));
        }
        for (name, value) in others {
            if line.len() > ENOUGH {
                line.push_str(" …");
                break;
            }
            line.push_str(&format!(" {name}={value}"));
        }
        line
    }

    /// What of an event of that name is not as described.
    pub(crate) fn mismatches<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = String> + 'a {
        self.headers.iter().filter_map(|header| header.mismatch(event))
    }
}

impl Header {
    fn mismatch(&self, event: &Event) -> Option<String> {
        let Self { name, value, not } = self;
        let Some(found) = last(event, name) else {
            return Some(format!("it has no {name}"));
        };
        let expected = if *not { "not to be" } else { "to be" };
        (value.is_match(&found) == *not)
            .then(|| format!("{name} is {found:?}, expected {expected} {:?}", value.source()))
    }
}

/// The last value of a header.
fn last(event: &Event, name: &str) -> Option<String> {
    let value = event.get_all(name).last()?;
    Some(String::from_utf8_lossy(value).trim().to_owned())
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.event)?;
        let told = self.headers.iter().filter(|header| header.name != "Event");
        for (at, Header { name, value, not }) in told.enumerate() {
            let (and, not) = (if at == 0 { " with" } else { "," }, if *not { " not" } else { "" });
            write!(f, "{and} {name}{not} {:?}", value.source())?;
        }
        Ok(())
    }
}

/// The events that came nearest to what was awaited.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    /// With the number of conditions that were not met.
    best: Vec<(usize, String)>,
    seen: usize,
}

impl Nearest {
    /// Takes note of an event that is of the name that was awaited, and is none of those.
    pub(crate) fn note(&mut self, event: &Event, matcher: &Matcher) {
        let mismatches: Vec<_> = matcher.mismatches(event).collect();
        self.seen += 1;
        let farthest = self.best.last().map_or(usize::MAX, |(missed, _)| *missed);
        if self.best.len() == TOLD && mismatches.len() >= farthest {
            return;
        }
        let what = format!("{}: {}", matcher.summary(event), mismatches.join("; "));
        let at = self.best.partition_point(|(missed, _)| *missed <= mismatches.len());
        self.best.insert(at, (mismatches.len(), what));
        self.best.truncate(TOLD);
    }

    /// What to tell of them.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        if self.seen == 0 {
            return vec![format!("no {name} came that is none of those")];
        }
        let nearest = self.best.iter().map(|(_, line)| format!("nearest: {line}"));
        let more = self.seen - self.best.len();
        let more = (more > 0).then(|| format!("and {more} more of that name"));
        nearest.chain(more).collect()
    }
}
