//! Descriptions of the events that a test waits for.

use std::fmt;

use crate::matching::expression::{Expression, ExpressionError};
use crate::wire::Event;

/// The headers of the channel that an event is about (`ast_manager_build_channel_state_string` in
/// `main/manager_channels.c`).
const CHANNEL: [&str; 14] = [
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
];

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
    /// Set if the header must not match.
    not: bool,
}

impl Matcher {
    /// All events of a name.
    pub fn event(name: impl Into<String>) -> Self {
        Self { event: name.into(), headers: Vec::new() }
    }

    /// Demands a header with this very value.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: &str) -> Self {
        self.with(name.into(), Expression::exactly(value), false)
    }

    /// Demands a header that an expression matches from its beginning on.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression cannot be used; see [`Expression::at_start`].
    pub fn matching(self, name: impl Into<String>, pattern: &str) -> Result<Self, ExpressionError> {
        Ok(self.with(name.into(), Expression::at_start(pattern)?, false))
    }

    /// Demands a header that an expression does not match.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression cannot be used; see [`Expression::at_start`].
    pub fn not_matching(
        self,
        name: impl Into<String>,
        pattern: &str,
    ) -> Result<Self, ExpressionError> {
        Ok(self.with(name.into(), Expression::at_start(pattern)?, true))
    }

    /// Demands a header that begins with a plain text.
    #[must_use]
    pub fn starting(self, name: impl Into<String>, text: &str) -> Self {
        self.with(name.into(), Expression::starting_with(text), false)
    }

    /// Demands a header that does not begin with a plain text.
    #[must_use]
    pub fn not_starting(self, name: impl Into<String>, text: &str) -> Self {
        self.with(name.into(), Expression::starting_with(text), true)
    }

    fn with(mut self, name: String, value: Expression, not: bool) -> Self {
        self.headers.push(Header { name, value, not });
        self
    }

    /// The name of the events.
    pub fn name(&self) -> &str {
        &self.event
    }

    /// Returns whether an event has the name. The other conditions are not looked at.
    pub fn is_about(&self, event: &Event) -> bool {
        event.name() == self.event
    }

    /// Returns whether an event matches.
    pub fn matches(&self, event: &Event) -> bool {
        self.is_about(event) && self.mismatches(event).next().is_none()
    }

    /// Returns an event in a line: its name, the headers that this is about, and the first others,
    /// those of its channel last.
    pub fn summary(&self, event: &Event) -> String {
        const ENOUGH: usize = 160;
        let dull = |name: &str| ["Event", "Privilege", "SequenceNumber"].contains(&name);
        let own = |name: &str| self.headers.iter().any(|it| it.name.eq_ignore_ascii_case(name));
        let fields: Vec<_> = event
            .fields()
            .map(|(name, value)| {
                let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
                (name.trim().to_owned(), value.trim().to_owned())
            })
            .filter(|(name, value)| !value.is_empty() && value != "<unknown>" && !dull(name))
            .collect();
        let (first, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| own(name));
        let (of_channel, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(name, _)| CHANNEL.contains(&&**name));
        let mut line = event.name().into_owned();
        for (name, value) in first {
            line.push_str(&format!(" {name}={value}"));
        }
        for (name, value) in others.into_iter().chain(of_channel) {
            if line.len() > ENOUGH {
                line.push_str(" …");
                break;
            }
            line.push_str(&format!(" {name}={value}"));
        }
        line
    }

    /// Returns the conditions that an event of the name does not meet, one to a text.
    pub fn mismatches<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = String> + 'a {
        self.headers.iter().filter_map(|header| header.mismatch(event))
    }
}

impl Header {
    fn mismatch(&self, event: &Event) -> Option<String> {
        let Self { name, value, not } = self;
        let Some(found) = value_of(event, name) else {
            return Some(format!("it has no {name}"));
        };
        let expected = if *not { "not to be" } else { "to be" };
        (value.is_match(&found) == *not)
            .then(|| format!("{name} is {found:?}, expected {expected} {:?}", value.source()))
    }
}

/// Returns the last value of a header as text, without blanks around it.
fn value_of(event: &Event, name: &str) -> Option<String> {
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
