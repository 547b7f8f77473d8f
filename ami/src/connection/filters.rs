//! Event filters in the server: excluded events do not cross the link.
//!
//! There are two kinds (`main/manager.c`, `manager_add_filter`). The advanced kind takes the name
//! of an event and the value of a header separately. Asterisk 18.26, 20.11, 21.6, 22.1 and 23 have
//! it. Earlier versions ignore its fields, so it would have another meaning there. The legacy kind
//! is a regular expression over the whole text of an event. Every version has it, and it costs the
//! server more.

use std::sync::Arc;
use std::time::Duration;

use super::Connection;
use crate::error::Error;
use crate::wire::{Action, ActionError, ActionProblem};

/// A filter of events in the server. See
/// [`Client::add_event_filter`](crate::Client::add_event_filter).
///
/// A filter names one event, and has at most one condition on a header: the last one that is set.
///
/// ```
/// use ami::EventFilter;
///
/// let hangups = EventFilter::include("Hangup");
/// let noise = EventFilter::exclude("RTCPSent");
/// let local = EventFilter::exclude("Newexten").starts_with("Channel", "Local/");
/// ```
///
/// Names must not be empty, and must not contain a comma, a parenthesis, a quote or a backslash;
/// [`Error::Action`] reports them when the filter is set.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[must_use = "the server does not have it until it is told"]
pub struct EventFilter {
    include: bool,
    event: String,
    condition: Option<Condition>,
}

/// The events that calls wait for.
const AWAITED: [&str; 2] = ["OriginateResponse", "FullyBooted"];

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Condition {
    header: String,
    method: Method,
    text: String,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Method {
    Exact,
    StartsWith,
    EndsWith,
    Contains,
}

impl EventFilter {
    /// Lets events of this name through. Once there is such a filter, the server holds all other
    /// events back.
    ///
    /// The name is case-sensitive. `OriginateResponse` and `FullyBooted` are let through as well,
    /// because calls wait for them.
    pub fn include(event: &str) -> Self {
        Self { include: true, event: event.to_owned(), condition: None }
    }

    /// Holds events of this name back. The name is case-sensitive.
    ///
    /// `OriginateResponse` and `FullyBooted` cannot be excluded ([`Error::Filter`]), because calls
    /// wait for them.
    pub fn exclude(event: &str) -> Self {
        Self { include: false, event: event.to_owned(), condition: None }
    }

    /// Restricts the filter to events in which `header` has exactly this value.
    pub fn equals(self, header: &str, value: &str) -> Self {
        self.when(header, Method::Exact, value)
    }

    /// Restricts the filter to events in which the value of `header` starts with `text`.
    pub fn starts_with(self, header: &str, text: &str) -> Self {
        self.when(header, Method::StartsWith, text)
    }

    /// Restricts the filter to events in which the value of `header` ends with `text`.
    pub fn ends_with(self, header: &str, text: &str) -> Self {
        self.when(header, Method::EndsWith, text)
    }

    /// Restricts the filter to events in which the value of `header` contains `text`.
    pub fn contains(self, header: &str, text: &str) -> Self {
        self.when(header, Method::Contains, text)
    }

    /// Sets the condition of the filter, in place of an earlier one.
    fn when(mut self, header: &str, method: Method, text: &str) -> Self {
        self.condition =
            Some(Condition { header: header.to_owned(), method, text: text.to_owned() });
        self
    }

    /// Returns the filters to set for this one: itself first, then those for events that it must
    /// not hold back. In this order nothing is set if the server refuses the filter.
    ///
    /// # Errors
    ///
    /// Returns an error if the filter would hold back an event that calls wait for, or if the
    /// server could not parse it.
    pub(crate) fn with_company(self) -> Result<Vec<Self>, Error> {
        self.check_names()?;
        for advanced in [true, false] {
            self.action(advanced).check()?;
        }
        let awaited = |name: &&str| self.event.eq_ignore_ascii_case(name);
        if self.include {
            let company = AWAITED.map(Self::include);
            return Ok([self].into_iter().chain(company).collect());
        }
        if AWAITED.iter().any(awaited) {
            return Err(Error::Filter);
        }
        Ok(vec![self])
    }

    /// Checks that the names have no character at which the server would end them early. It would
    /// set another filter then.
    fn check_names(&self) -> Result<(), ActionError> {
        let header = self.condition.as_ref().map(|condition| &condition.header);
        for (field, name) in
            [("event", &self.event)].into_iter().chain(header.map(|it| ("header", it)))
        {
            if name.is_empty() || name.contains([',', '(', ')', '"', '\\']) {
                let (action, problem) = ("Filter".to_owned(), ActionProblem::FilterName);
                return Err(ActionError { action, field: field.to_owned(), problem });
            }
        }
        Ok(())
    }

    pub(crate) fn action(&self, advanced: bool) -> Action {
        let action = Action::new("Filter").field("Operation", "Add");
        if !advanced {
            return action.field("Filter", self.expression());
        }
        let kind = if self.include { "include" } else { "exclude" };
        let mut criteria = format!("action({kind}),name({})", self.event);
        let mut text = "";
        if let Some(condition) = &self.condition {
            let method = match condition.method {
                Method::Exact => "exact",
                Method::StartsWith => "starts_with",
                Method::EndsWith => "ends_with",
                Method::Contains => "contains",
            };
            criteria += &format!(",header({}),method({method})", condition.header);
            text = &condition.text;
        }
        action.field("MatchCriteria", criteria).field("Filter", text)
    }

    /// Returns the regular expression with the same meaning, in the syntax that both dialects used
    /// by servers share. The server matches the text of the event with its line ends, and a dot
    /// matches those, too. A control character is the closest expression for a line end that can be
    /// sent.
    fn expression(&self) -> String {
        let exclude = if self.include { "" } else { "!" };
        let mut expression = format!("{exclude}^Event: {}[[:cntrl:]]", literal(&self.event));
        if let Some(Condition { header, method, text }) = &self.condition {
            let (before, after) = match method {
                Method::Exact => ("", "[[:cntrl:]]"),
                Method::StartsWith => ("", ""),
                Method::EndsWith => ("[^[:cntrl:]]*", "[[:cntrl:]]"),
                Method::Contains => ("[^[:cntrl:]]*", ""),
            };
            let (header, text) = (literal(header), literal(text));
            expression += &format!(".*[[:cntrl:]]{header}: {before}{text}{after}");
        }
        expression
    }
}

/// Sets filters in the server. The first one is the filter that was asked for. If the server
/// accepts it, `remembered` gets all of them for later connections.
pub(crate) async fn set(
    connection: &Arc<Connection>,
    filters: Vec<EventFilter>,
    limit: Duration,
    remembered: impl FnOnce(&[EventFilter]),
) -> Result<(), Error> {
    let advanced = is_advanced(connection, limit).await;
    let Some((first, company)) = filters.split_first() else { return Ok(()) };
    connection.ask(&first.action(advanced), limit).await?;
    remembered(&filters);
    for filter in company {
        let set = connection.ask(&filter.action(advanced), limit).await;
        if set.is_err() {
            // A filter cannot be removed, and without the others it holds back events that calls
            // wait for. The next connection gets all of them.
            connection.spoil();
        }
        set?;
    }
    Ok(())
}

/// Returns an expression that matches only `text`, in basic and extended regular expressions.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '^' => literal.push_str("\\^"),
            '.' | '[' | '*' | '\\' | '$' | '(' | ')' | '+' | '?' | '{' | '|' => {
                literal.extend(['[', char, ']']);
            }
            other => literal.push(other),
        }
    }
    literal
}

/// Returns `true` if the server, by the `AsteriskVersion` of its `CoreSettings`, has the advanced
/// kind of filters. A version that is not a release gets the legacy kind, which works everywhere.
fn has_advanced(version: &str) -> bool {
    let version = version.strip_prefix("certified/").unwrap_or(version);
    let mut numbers = version.split(['.', '-', '~', '+']).map_while(|it| it.parse::<u32>().ok());
    let (Some(major), minor) = (numbers.next(), numbers.next().unwrap_or_default()) else {
        return false;
    };
    match major {
        18 => minor >= 26,
        20 => minor >= 11,
        21 => minor >= 6,
        22 => minor >= 1,
        other => other >= 23,
    }
}

/// Asks whether the server has the advanced kind of filters.
pub(crate) async fn is_advanced(connection: &Arc<Connection>, limit: Duration) -> bool {
    let settings = connection.ask(&Action::new("CoreSettings"), limit).await;
    let version = settings.as_ref().ok().and_then(|settings| settings.text("AsteriskVersion"));
    version.is_some_and(|version| has_advanced(&version))
}

/// Sets the filters again on a new connection, before anybody uses it.
///
/// If the server refuses a filter now, more events arrive than should, which is no reason to have
/// no connection. Once it has refused a filter that includes events, the other filters of that kind
/// are not set: they alone would hold back the events of the first. If the server does not answer
/// at all, the connection is ended.
pub(crate) async fn restore(
    connection: &Arc<Connection>,
    filters: &[EventFilter],
    limit: Duration,
) {
    if filters.is_empty() {
        return;
    }
    let advanced = is_advanced(connection, limit).await;
    let mut includes = true;
    for filter in filters {
        if filter.include && !includes {
            continue;
        }
        if let Err(error) = connection.ask(&filter.action(advanced), limit).await {
            tracing::error!(
                ?filter,
                error = format!("{error:#}"),
                "a filter could not be set again"
            );
            if error.is_timeout() {
                connection.spoil();
            }
            includes &= !filter.include;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_have_the_new_kind() {
        for (version, has) in [
            ("22.10.1+dfsg+~cs6.17.60671434-1", true),
            ("22.1.0", true),
            ("22.0.0", false),
            ("21.6.0", true),
            ("21.5.9", false),
            ("20.11.1", true),
            ("20.10.0", false),
            ("certified/20.7-cert3", false),
            ("18.26.0", true),
            ("18.25.0", false),
            ("19.8.1", false),
            ("16.28.0~dfsg-0+deb11u4", false),
            ("23.0.0", true),
            ("24.0.0-rc1", true),
            ("GIT-master-abcdef", false),
            ("", false),
        ] {
            assert_eq!(has_advanced(version), has, "{version}");
        }
    }

    #[test]
    fn both_kinds_say_the_same() {
        let filter = EventFilter::exclude("Newexten").starts_with("Channel", "Local/1+1@[x]");
        assert_eq!(
            format!("{:?}", filter.action(true)),
            r#"Filter(Operation: "Add", MatchCriteria: "action(exclude),name(Newexten),header(Channel),method(starts_with)", Filter: "Local/1+1@[x]")"#
        );
        assert_eq!(
            filter.expression(),
            "!^Event: Newexten[[:cntrl:]].*[[:cntrl:]]Channel: Local/1[+]1@[[]x]"
        );
        assert_eq!(EventFilter::include("A").expression(), "^Event: A[[:cntrl:]]");
    }

    #[test]
    fn no_filter_keeps_the_outcome_of_an_originate_back() {
        let refused = EventFilter::exclude("originateresponse").with_company();
        assert!(matches!(refused, Err(Error::Filter)));
        assert!(matches!(EventFilter::exclude("FullyBooted").with_company(), Err(Error::Filter)));
        assert!(matches!(EventFilter::include("A\n").with_company(), Err(Error::Action(_))));
        let set = EventFilter::include("Hangup").with_company().unwrap();
        let names: Vec<_> = set.iter().map(|filter| &*filter.event).collect();
        assert_eq!(names, ["Hangup", "OriginateResponse", "FullyBooted"]);
    }
}
