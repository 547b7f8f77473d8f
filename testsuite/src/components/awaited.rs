//! Events that a section of YAML describes by `conditions`, on the connections that `id` names, so
//! often as `count` says: the same in `ami.AMIEventModule`, the events of
//! `pluggable_modules.EventActionModule` and of `pluggable_modules.Originator`, the hangup modules
//! and the events of `apptest.AppTest`.

use ami::{Event, Matcher, Nearest};

use crate::case::{Ast, TestCase};
use crate::components::refused;
use crate::files::{ConfigError, Id, Ids, Node, Section, Value};
use crate::job::Reason;
use crate::matching::{Count, times};

/// An event that a section describes, and the number of times that it came.
pub(super) struct Awaited {
    place: Node,
    matcher: Matcher,
    /// The connections that it is looked for on. The first of them that is up is the one.
    ids: Ids,
    connection: Option<u32>,
    count: Count,
    seen: usize,
    nearest: Nearest,
}

impl Awaited {
    /// Reads `conditions`, `id`, `count` and `escape-pattern`.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let conditions = Self::conditions(section)?;
        let event = conditions.get("match").and_then(|it| it.get("Event"));
        let Some(event) = event else {
            return Err(conditions.error("expected `match:` with the name of an `Event:`"));
        };
        Self::of(section, &conditions, event.expect_text("Event")?)
    }

    /// Reads the same of an event whose name is not written: an `Event` in `match` has no effect,
    /// and `match` may be empty.
    pub(super) fn read_named(section: &Section, name: &str) -> Result<Self, ConfigError> {
        let conditions = Self::conditions(section)?;
        if conditions.node().get("match").is_none() {
            return Err(conditions.error("expected `match:`, with headers or empty"));
        }
        let written = conditions.get("match").and_then(|it| it.get("Event"));
        if let Some(written) = written.filter(|it| it.text() != Some(name)) {
            let what = format!("events of this type are {name} events, whatever `Event:` says");
            conditions.warn(written, what);
        }
        Self::of(section, &conditions, name)
    }

    fn conditions(section: &Section) -> Result<Section, ConfigError> {
        let conditions = section.part("conditions", "conditions have");
        conditions
            .filter(|it| it.node().is_map())
            .ok_or_else(|| section.error("expected `conditions:` with `match:`"))
    }

    fn of(section: &Section, conditions: &Section, name: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            place: section.node().clone(),
            matcher: Headers::of(section).conditions(name, conditions)?,
            ids: Ids::read(section.get("id"))?,
            connection: None,
            count: Count::of_ami(section.get("count"))?,
            seen: 0,
            nearest: Nearest::default(),
        })
    }

    /// Looks for the event on a connection, if the section names none.
    #[must_use]
    pub(super) fn or_on(mut self, section: &Section, id: Id) -> Self {
        if section.get("id").is_none() {
            self.ids = id.into();
        }
        self
    }

    /// The description of the event.
    pub(super) fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The number of times that the event came.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Takes note of a login.
    pub(super) fn connect(&mut self, ast: &Ast) {
        if self.connection.is_none() && self.ids.has(ast.id()) {
            self.connection = Some(ast.number());
        }
    }

    /// Returns whether the event is looked for on a connection.
    pub(super) fn is_on(&self, ast: &Ast) -> bool {
        self.connection == Some(ast.number())
    }

    /// Returns whether this is the event, on the right connection, and counts it.
    pub(super) fn takes(&mut self, ast: &Ast, event: &Event) -> bool {
        if !self.is_on(ast) || !self.matcher.is_about(event) {
            return false;
        }
        let is_it = self.matcher.matches(event);
        if is_it {
            self.seen += 1;
        } else {
            self.nearest.note(event, &self.matcher);
        }
        is_it
    }

    /// Returns whether the event has just come so often as it has to at least.
    pub(super) fn has_reached_its_least(&self) -> bool {
        self.seen > 0 && self.seen == self.count.least()
    }

    /// Fails the test if the event did not come as often as it has to, or if it was looked for on
    /// no connection at all. Returns whether it did.
    pub(super) fn judge(&self, test: &TestCase) -> bool {
        if self.connection.is_none() {
            test.fail(self.told(&format!("{} cannot come: {}", self.matcher, no_login(&self.ids))));
            return false;
        }
        if self.count.has(self.seen) {
            return true;
        }
        let (seen, count) = (times(self.seen), self.count);
        let what = format!("{} came {seen}, expected {count}", self.matcher);
        let details = if self.seen < self.count.least() { self.nearest() } else { Vec::new() };
        test.fail_with(Reason { what: self.told(&what), details });
        false
    }

    /// Returns the reason for which an event that was counted does not meet a requirement, if it
    /// does not.
    pub(super) fn unmet(&self, requirement: &Matcher, event: &Event) -> Option<Reason> {
        let unmet: Vec<_> = requirement.mismatches(event).collect();
        if unmet.is_empty() {
            return None;
        }
        let what = self.told(&format!("{} does not meet the requirements", self.matcher));
        let details = unmet.into_iter().chain([self.matcher.summary(event)]).collect();
        Some(Reason { what, details })
    }

    /// Returns the events that came nearest, one to a text.
    pub(super) fn nearest(&self) -> Vec<String> {
        self.nearest.lines(self.matcher.name())
    }

    /// A text for an event that never came, with those that came nearest.
    pub(super) fn never(&self) -> String {
        let never = std::iter::once(format!("{} never came", self.matcher));
        never.chain(self.nearest()).collect::<Vec<_>>().join("; ")
    }

    /// A text with the place of the section.
    pub(super) fn told(&self, what: &str) -> String {
        self.place.error(what).to_string()
    }
}

/// A text for ids of which the test is logged in to no server.
pub(super) fn no_login(ids: &Ids) -> String {
    let ids: Vec<_> = ids.iter().map(|id| id.to_string()).collect();
    format!("the test is not logged in to a server with id {}", ids.join(" or "))
}

/// The dialect in which headers are described.
#[derive(Clone, Copy)]
pub(super) struct Headers {
    /// Set if values are plain texts and no expressions.
    plain: bool,
}

impl Headers {
    /// The dialect of a section: plain texts with `escape-pattern`, else expressions.
    pub(super) fn of(section: &Section) -> Self {
        Self { plain: section.is_true("escape-pattern") }
    }

    /// The headers of `match` and `nomatch`.
    pub(super) fn matcher(self, event: &str, section: &Section) -> Result<Matcher, ConfigError> {
        self.read(event, section, |_| true)
    }

    /// The same of conditions, in which `Event` is the name of the event and no expression.
    fn conditions(self, event: &str, section: &Section) -> Result<Matcher, ConfigError> {
        self.read(event, section, |header| !header.eq_ignore_ascii_case("Event"))
    }

    fn read(
        self,
        event: &str,
        section: &Section,
        is_read: impl Fn(&str) -> bool,
    ) -> Result<Matcher, ConfigError> {
        let mut matcher = Matcher::event(event);
        for (key, not) in [("match", false), ("nomatch", true)] {
            let Some(headers) = section.get(key) else {
                continue;
            };
            for (name, value) in entries_of(headers)? {
                if !not && !is_read(name) {
                    continue;
                }
                let text = pattern(value, section)?;
                let with = match (self.plain, not) {
                    (true, false) => Ok(matcher.starting(name, text)),
                    (true, true) => Ok(matcher.not_starting(name, text)),
                    (false, false) => matcher.matching(name, text),
                    (false, true) => matcher.not_matching(name, text),
                };
                matcher = with.map_err(|error| refused(value, error))?;
            }
        }
        Ok(matcher)
    }
}

/// The entries of headers, each with its name.
pub(super) fn entries_of(headers: &Node) -> Result<Vec<(&str, &Node)>, ConfigError> {
    if !headers.is_map() {
        return Err(headers.error(format!("expected headers, found {}", headers.kind())));
    }
    let entries = headers.entries();
    entries.map(|(name, value)| Ok((name.expect_text("a header")?, value))).collect()
}

/// The text that a header is compared with. A number or a truth without quotes stands for the text
/// that it is written in, with a warning: the suite's Python compares such a header with nothing.
pub(super) fn pattern<'a>(value: &'a Node, section: &Section) -> Result<&'a str, ConfigError> {
    let text = value.expect_text("the value of a header")?;
    if value.is_null() {
        return Err(value.error("the value of a header is nothing; an empty text is ''"));
    }
    warn_of_no_quotes(value, section);
    Ok(text)
}

/// Warns of a number or a truth without quotes where a text is compared.
pub(super) fn warn_of_no_quotes(value: &Node, section: &Section) {
    let is_plain = matches!(value.value, Value::Scalar { plain: true, .. });
    if is_plain && (value.number().is_some() || value.bool().is_some()) {
        let text = value.text().unwrap_or_default();
        let what = format!("{text} has no quotes: the suite's Python does not compare it");
        section.warn(value, what);
    }
}
