//! `ami.AMIEventModule`: events that have to come, so many times, with headers as described.

use ami::Event;

use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::refused;
use crate::files::{ConfigError, Ids, Node, Section};
use crate::job::Reason;
use crate::matching::{Count, Matcher, Nearest, times};

pub(super) fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if node.items().is_empty() {
        return Err(node.error(format!("expected a list of events, found {}", node.kind())));
    }
    let events = section.items("ami.AMIEventModule reads");
    let events = events.iter().map(Expected::read).collect::<Result<_, _>>()?;
    Ok(Box::new(AmiEventModule { events }))
}

struct AmiEventModule {
    events: Vec<Expected>,
}

/// An event that is expected.
struct Expected {
    place: Node,
    matcher: Matcher,
    requirements: Requirements,
    /// The connections that it is looked for on. The first of them that is up is the one.
    ids: Ids,
    connection: Option<u32>,
    count: Count,
    stops: bool,
    seen: usize,
    nearest: Nearest,
    unmet: Vec<Reason>,
}

/// Requirements on an event that is counted.
enum Requirements {
    /// Each the same.
    Same(Matcher),
    /// The first one this, the second one that.
    Ordered(Vec<Matcher>),
}

impl Expected {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let kind = section.text("type")?.unwrap_or("headermatch");
        match kind {
            "headermatch" | "orderedheadermatch" => {}
            "cel" | "callback" => {
                let what = format!("events of type {kind} do not run natively yet");
                return Err(section.error(what).unsupported());
            }
            _ => return Err(section.error(format!("there is no type {kind} of events"))),
        }
        // It is for callbacks alone.
        section.ignore(&["start"]);
        let headers = Headers { plain: section.is_true("escape-pattern") };
        let conditions = section.part("conditions", "conditions have");
        let Some(conditions) = conditions.filter(|it| it.node().is_map()) else {
            return Err(section.error("expected `conditions:` with `match:`"));
        };
        let event = conditions.get("match").and_then(|it| it.get("Event"));
        let Some(event) = event else {
            return Err(conditions.error("expected `match:` with the name of an `Event:`"));
        };
        let name = event.expect_text("Event")?;
        let requirements = section.part("requirements", "requirements have");
        let requirements = if kind == "headermatch" {
            let same = requirements.map_or_else(
                || Ok(Matcher::event(name)),
                |requirements| headers.matcher(name, &requirements),
            );
            Requirements::Same(same?)
        } else {
            if let Some(list) = &requirements {
                list.node().expect_items("requirements")?;
            }
            let items = requirements.map(|it| it.items("requirements have")).unwrap_or_default();
            let matchers = items.iter().map(|item| headers.matcher(name, item));
            Requirements::Ordered(matchers.collect::<Result<_, _>>()?)
        };
        Ok(Self {
            place: section.node().clone(),
            matcher: headers.matcher(name, &conditions)?,
            requirements,
            ids: Ids::read(section.get("id"))?,
            connection: None,
            count: Count::of_ami(section.get("count"))?,
            stops: section.text("action")? == Some("stop"),
            seen: 0,
            nearest: Nearest::default(),
            unmet: Vec::new(),
        })
    }

    fn connect(&mut self, ast: &Ast) {
        if self.connection.is_none() && self.ids.has(ast.id()) {
            self.connection = Some(ast.number());
        }
    }

    fn take(&mut self, event: &Event, test: &TestCase) {
        if !self.matcher.is_about(event) {
            return;
        }
        if !self.matcher.matches(event) {
            self.nearest.note(event, &self.matcher);
            return;
        }
        self.seen += 1;
        let required = match &self.requirements {
            Requirements::Same(matcher) => Some(matcher),
            // More than are described are not looked at.
            Requirements::Ordered(matchers) => matchers.get(self.seen - 1),
        };
        let unmet: Vec<_> =
            required.into_iter().flat_map(|matcher| matcher.mismatches(event)).collect();
        if !unmet.is_empty() {
            let what = self.told(&format!("{} does not meet the requirements", self.matcher));
            let details = unmet.into_iter().chain([self.matcher.summary(event)]).collect();
            self.unmet.push(Reason { what, details });
        }
        if self.stops && self.seen == self.count.least() {
            test.stop();
        }
    }

    fn judge(&mut self, test: &TestCase) {
        if !self.count.has(self.seen) {
            let (seen, count) = (times(self.seen), self.count);
            let what = format!("{} came {seen}, expected {count}", self.matcher);
            let details = if self.seen < self.count.least() {
                self.nearest.lines(self.matcher.name())
            } else {
                Vec::new()
            };
            test.fail_with(Reason { what: self.told(&what), details });
        } else if self.unmet.is_empty() {
            test.set_passed(true);
        }
        for reason in self.unmet.drain(..) {
            test.fail_with(reason);
        }
    }

    fn told(&self, what: &str) -> String {
        self.place.error(what).to_string()
    }
}

impl Watcher for AmiEventModule {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Connected(ast) => self.events.iter_mut().for_each(|it| it.connect(ast)),
            Happening::Event(ast, event) => {
                let number = Some(ast.number());
                let events = self.events.iter_mut().filter(|it| it.connection == number);
                events.for_each(|it| it.take(event, test));
            }
            Happening::Stopped(_) => self.events.iter_mut().for_each(|it| it.judge(test)),
            _ => {}
        }
    }
}

/// The dialect in which headers are described.
#[derive(Clone, Copy)]
struct Headers {
    /// By plain texts, and not by expressions.
    plain: bool,
}

impl Headers {
    /// The headers of `match` and `nomatch`.
    fn matcher(self, event: &str, section: &Section) -> Result<Matcher, ConfigError> {
        let mut matcher = Matcher::event(event);
        for (key, not) in [("match", false), ("nomatch", true)] {
            let Some(headers) = section.get(key) else {
                continue;
            };
            if !headers.is_map() {
                return Err(headers.error(format!("expected headers, found {}", headers.kind())));
            }
            for (name, value) in headers.entries() {
                let (name, text) =
                    (name.expect_text("a header")?, value.expect_text("the value of a header")?);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::job::{Account, Outcome};

    async fn judged(yaml: &str, connections: u32, events: &[(usize, &str)]) -> Account {
        let alone = Alone::new(connections).await;
        alone.add("ami.AMIEventModule", build(&section(yaml)).unwrap(), false);
        alone
            .play(async |alone| {
                for number in 1..=connections {
                    alone.connect(number as usize).await;
                }
                for (number, event) in events {
                    alone.event(*number, &format!("Event: {event}")).await;
                }
            })
            .await
    }

    async fn passes(yaml: &str, events: &[(usize, &str)]) {
        let account = judged(yaml, 2, events).await;
        assert_eq!(account.outcome, Outcome::Passed, "{yaml}: {:?}", account.reasons);
    }

    async fn fails(yaml: &str, events: &[(usize, &str)], why: &str) {
        let account = judged(yaml, 2, events).await;
        assert_eq!(account.outcome, Outcome::Failed, "{yaml}");
        let told = format!("{:?}", account.reasons);
        assert!(told.contains(why), "{yaml}: {told}");
    }

    #[tokio::test]
    async fn a_header_with_blanks_around_its_name_is_that_header() {
        // As `UserEvent(X, Status: y)` in a dialplan makes it.
        let event = [(1, "UserEvent\nUserEvent: X\n Status:  y")];
        let conditions = |value: &str| {
            format!("[{{conditions: {{match: {{Event: UserEvent, Status: {value}$}}}}, count: 1}}]")
        };
        passes(&conditions("y"), &event).await;
        let why = "test-config.yaml:1: UserEvent with Status \\\"z$\\\" came never, expected 1";
        fails(&conditions("z"), &event, why).await;
        let none = "[{conditions: {match: {Event: UserEvent, Status: y}}, count: '0'}]";
        fails(none, &event, "came once, expected 0").await;
    }

    #[tokio::test]
    async fn of_several_headers_the_last_counts_and_names_have_no_case() {
        let event = [(1, "Hangup\nCause: 17\nCAUSE: 16")];
        let required = |cause: &str| {
            format!(
                "[{{conditions: {{match: {{Event: Hangup}}}}, requirements: {{match: {{cause: {cause}}}}}}}]"
            )
        };
        passes(&required("'16$'"), &event).await;
        fails(&required("'17$'"), &event, "cause is \\\"16\\\", expected to be \\\"17$\\\"").await;
    }

    #[tokio::test]
    async fn counts_are_of_the_first_connection_that_is_named() {
        let on =
            |id: &str| format!("[{{conditions: {{match: {{Event: A}}}}, id: {id}, count: '>2'}}]");
        let events = [(1, "A"), (2, "A"), (2, "A")];
        passes(&on("'1'"), &events).await;
        passes(&on("[1]"), &events).await;
        fails(&on("'0,1'"), &events, "A came once, expected at least 2").await;
    }

    #[tokio::test]
    async fn what_is_for_callbacks_alone_has_no_effect_on_others() {
        let yaml = "[{conditions: {match: {Event: A}}, start: fail, count: 1}]";
        passes(yaml, &[(1, "A")]).await;
        fails(yaml, &[], "A came never, expected 1").await;
    }

    #[tokio::test]
    async fn escaped_patterns_are_plain_texts_at_the_start() {
        let yaml = "[{conditions: {match: {Event: A, X: 'a.(b'}}, escape-pattern: True, count: 1}]";
        passes(yaml, &[(1, "A\nX: a.(bc"), (1, "A\nX: axc")]).await;
        fails(yaml, &[(1, "A\nX: xa.(b")], "A with X \\\"a.(b\\\" came never").await;
        let not =
            "[{conditions: {match: {Event: A}, nomatch: {X: a.}}, escape-pattern: True, count: 1}]";
        passes(not, &[(1, "A\nX: ax"), (1, "A\nX: a.x")]).await;
    }

    #[tokio::test]
    async fn ordered_requirements_follow_the_events_that_are_counted() {
        let yaml = "[{type: orderedheadermatch, conditions: {match: {Event: A}}, requirements: [{match: {N: 1}}, {match: {N: 2}}]}]";
        passes(yaml, &[(1, "A\nN: 1"), (1, "B\nN: 9"), (1, "A\nN: 2"), (1, "A\nN: 7")]).await;
        fails(yaml, &[(1, "A\nN: 2")], "N is \\\"2\\\", expected to be \\\"1\\\"").await;
    }

    #[tokio::test]
    async fn the_least_number_of_events_stops_the_test() {
        let yaml = "[{conditions: {match: {Event: A}}, count: '>2', action: stop}]";
        let alone = Alone::new(1).await;
        alone.add("ami.AMIEventModule", build(&section(yaml)).unwrap(), false);
        let account = alone
            .play(async |alone| {
                alone.connect(1).await;
                alone.event(1, "Event: A").await;
                assert!(!alone.is_ended());
                alone.event(1, "Event: A").await;
                alone.ended().await;
            })
            .await;
        assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
    }

    #[test]
    fn what_python_can_do_and_we_cannot_is_no_mistake() {
        let refused = |yaml: &str| build(&section(yaml)).err().unwrap();
        for (yaml, unsupported, told) in [
            ("[{type: cel}]", true, "events of type cel do not run natively yet"),
            ("[{type: callback}]", true, "events of type callback do not run natively yet"),
            ("[{type: hedermatch}]", false, "there is no type hedermatch of events"),
            ("[{conditions: {match: {Event: A, X: '(?=a)'}}}]", true, "look-around"),
            ("[{conditions: {match: {Event: A, X: '('}}}]", false, "unclosed group"),
            ("[{conditions: {match: {X: a}}}]", false, "the name of an `Event:`"),
            ("{}", false, "expected a list of events, found a mapping"),
        ] {
            let error = refused(yaml);
            assert_eq!(error.is_unsupported(), unsupported, "{yaml}: {error:#}");
            assert!(format!("{error:#}").contains(told), "{yaml}: {error:#}");
        }
    }
}
