//! `ari-events`: events of ARI, with parts as described.

use super::{Event, Judging};
use crate::case::{Failure, Happening, Setting, TestCase};
use crate::components::ari::{self, Awaited};
use crate::components::cause::Cause;
use crate::files::{ConfigError, Section};
use crate::matching::Count;

/// Reads one event, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    let events = section.items("an event of ari-events has");
    events.iter().map(|it| Ok(Box::new(AriEvents::read(it)?) as Box<dyn Event>)).collect()
}

struct AriEvents {
    event: Awaited,
}

impl AriEvents {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        if !section.node().is_map() {
            let what = format!(
                "expected `match:`, `nomatch:` and `count:`, found {}",
                section.node().kind()
            );
            return Err(section.error(what));
        }
        Ok(Self { event: Awaited::read(section, section, Count::ONCE)? })
    }
}

impl Event for AriEvents {
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        Ok(ari::expect_object(self.event.place(), "ari-events", setting)?)
    }

    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        let Happening::Ari(event, _) = what else { return None };
        let takes = self.event.takes(event);
        takes.then(|| Cause::with_fields(format!("the event {}", event.kind()), event.clone()))
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        if self.event.judge(test) {
            test.set_passed(true);
        }
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::alone::{Alone, section};
    use crate::components::ari::peer::{Peer, event};
    use crate::components::event_action::build;
    use crate::job::{Account, Outcome};

    const START: &str = r#"{"type": "StasisStart", "channel": {"id": "c1", "name": "L/a"}}"#;
    const END: &str = r#"{"type": "StasisEnd", "channel": {"id": "c1"}}"#;

    async fn played(
        yaml: &str,
        answers: &[(u16, &str)],
        story: impl AsyncFnOnce(&mut Alone, Peer),
    ) -> Account {
        let alone = Alone::new(1).await;
        alone.add("sets", build(&section(yaml)).unwrap(), false);
        let peer = Peer::answering(&alone.test, answers).await;
        alone.play(async move |alone| story(alone, peer).await).await
    }

    fn told(account: &Account) -> String {
        format!("{:?}", account.reasons)
    }

    #[tokio::test]
    async fn an_event_does_all_actions_of_its_set_in_their_order_and_every_time() {
        let yaml = "ari-events: {match: {type: StasisStart}, count: 2}
ami-actions: {action: {Action: Hangup, Channel: '{channel.name}'}}
ari-requests: [{method: get, uri: 'one/{channel.id}'}, {method: get, uri: two}]";
        let account = played(yaml, &[], async |alone, mut peer| {
            alone.connect(1).await;
            alone.test.tell_of_ari(event(END)).await;
            assert!(peer.no_request() && alone.no_action(1));
            for _ in 0..2 {
                alone.test.tell_of_ari(event(START)).await;
                assert_eq!(alone.action(1).await.text("Channel").as_deref(), Some("L/a"));
                assert_eq!(peer.request().await, "GET /ari/one/c1");
                assert_eq!(peer.request().await, "GET /ari/two");
            }
        })
        .await;
        assert_eq!(account.outcome, Outcome::Passed, "{}", told(&account));
    }

    #[tokio::test]
    async fn an_event_comes_once_unless_the_section_says_otherwise() {
        for (keys, came, outcome, why) in [
            ("", 1, Outcome::Passed, ""),
            ("", 2, Outcome::Failed, "StasisStart came 2 times, expected 1"),
            ("", 0, Outcome::Failed, "StasisStart came never, expected 1"),
            (", count: '>1'", 2, Outcome::Passed, ""),
            (", count: '0'", 0, Outcome::Passed, ""),
        ] {
            let yaml = format!("ari-events: {{match: {{type: StasisStart}}{keys}}}");
            let account = played(&yaml, &[], async |alone, _| {
                for _ in 0..came {
                    alone.test.tell_of_ari(event(START)).await;
                }
            })
            .await;
            assert_eq!(account.outcome, outcome, "{keys} {came}: {}", told(&account));
            assert!(told(&account).contains(why), "{keys}: {}", told(&account));
        }
    }

    #[tokio::test]
    async fn a_request_passes_or_fails_and_leaves_out_nothing() {
        let yaml =
            "ari-start:\nari-requests: [{method: get, uri: a}, {method: get, uri: b}]\nstop_test:";
        for (answers, outcome, why) in [
            ([(200, ""), (204, "")], Outcome::Passed, ""),
            ([(404, ""), (204, "")], Outcome::Failed, "GET a answered 404 (Not Found)"),
        ] {
            let account = played(yaml, &answers, async |alone, mut peer| {
                alone.connect(1).await;
                for sent in ["GET /ari/a", "GET /ari/b"] {
                    assert_eq!(peer.request().await, sent);
                }
                alone.ended().await;
            })
            .await;
            assert_eq!(account.outcome, outcome, "{}", told(&account));
            assert!(told(&account).contains(why), "{}", told(&account));
        }
    }

    #[tokio::test]
    async fn an_event_of_ami_fills_a_request() {
        let yaml = "ami-events: {conditions: {match: {Event: A}}}\nari-requests: {method: get, uri: '{uniqueid}'}";
        played(yaml, &[], async |alone, mut peer| {
            alone.connect(1).await;
            alone.event(1, "Event: A\nUniqueid: 7").await;
            assert_eq!(peer.request().await, "GET /ari/7");
        })
        .await;
    }
}
