//! `ami.AMIEventModule`: events that have to come, so many times, with headers as described.

use ami::{Event, Matcher};

use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::Kind;
use crate::components::awaited::{Awaited, Headers};
use crate::files::{ConfigError, Section};
use crate::job::Reason;

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["ami.AMIEventModule", "ami.AMIEventModule.AMIEventModule"],
    page: include_str!("ami_event.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
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
    event: Awaited,
    requirements: Requirements,
    stops: bool,
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
        let headers = Headers::of(section);
        let event = Awaited::read(section)?;
        let name = event.matcher().name();
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
        let stops = section.text("action")? == Some("stop");
        Ok(Self { event, requirements, stops, unmet: Vec::new() })
    }

    fn take(&mut self, ast: &Ast, event: &Event, test: &TestCase) {
        if !self.event.takes(ast, event) {
            return;
        }
        let required = match &self.requirements {
            Requirements::Same(matcher) => Some(matcher),
            // More than are described are not looked at.
            Requirements::Ordered(matchers) => matchers.get(self.event.seen() - 1),
        };
        self.unmet.extend(required.and_then(|matcher| self.event.unmet(matcher, event)));
        if self.stops && self.event.has_reached_its_least() {
            test.stop();
        }
    }

    fn judge(&mut self, test: &TestCase) {
        if self.event.judge(test) && self.unmet.is_empty() {
            test.set_passed(true);
        }
        self.unmet.drain(..).for_each(|reason| test.fail_with(reason));
    }
}

impl Watcher for AmiEventModule {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Connected(ast) => {
                self.events.iter_mut().for_each(|it| it.event.connect(ast));
            }
            Happening::Event(ast, event) => {
                self.events.iter_mut().for_each(|it| it.take(ast, event, test));
            }
            Happening::Stopped(_) => self.events.iter_mut().for_each(|it| it.judge(test)),
            _ => {}
        }
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
