//! `ari.ARIHangupMonitor`: the test ends when all channels that ARI told of have gone.

use std::time::Duration;

use super::Common;
use super::needed::expect_object;
use crate::ari::AriEvent;
use crate::case::{Component, Happening, Life, Setting, Stage, Step, TestCase};
use crate::components::Kind;
use crate::files::{ConfigError, Node, Section};
use crate::matching::Fields;

/// The type of component.
pub(in crate::components) const KIND: Kind =
    Kind { names: &["ari.ARIHangupMonitor"], page: include_str!("hangup_monitor.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    if !section.node().is_map() {
        let found = section.node().kind();
        return Err(section.error(format!("expected a mapping with `delay-stop:`, found {found}")));
    }
    let delay = section.seconds("delay-stop")?.unwrap_or_default();
    let place = section.node().clone();
    Ok(Box::new(HangupMonitor { place, delay, created: 0, up: Vec::new(), has_stopped: false }))
}

struct HangupMonitor {
    place: Node,
    delay: Duration,
    /// The number of channels that were created. Each app tells of each.
    created: usize,
    /// The ids of those that are up.
    up: Vec<String>,
    has_stopped: bool,
}

impl Component for HangupMonitor {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let expected = expect_object(&self.place, "ari.ARIHangupMonitor", setting);
        setting.test().with_common(|common: &mut Common| common.wants_channels = true);
        Box::pin(std::future::ready(expected.map_err(Into::into)))
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            while let Some(what) = stage.next().await {
                match what {
                    Happening::Ari(event, _) => self.take(&event, stage.test()),
                    Happening::Stopping(_) => self.tell(stage.test()),
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

impl HangupMonitor {
    fn take(&mut self, event: &AriEvent, test: &TestCase) {
        let id = || event.field("channel.id").unwrap_or_default();
        match event.kind() {
            "ChannelCreated" => {
                self.created += 1;
                self.up.push(id());
            }
            "ChannelDestroyed" => {
                let id = id();
                let Some(at) = self.up.iter().position(|it| *it == id) else {
                    return;
                };
                self.up.remove(at);
                if self.up.is_empty() {
                    self.has_stopped = true;
                    test.stop_after(self.delay);
                }
            }
            _ => {}
        }
    }

    /// Tells how far it came, if it was not what ended the test.
    fn tell(&self, test: &TestCase) {
        if self.has_stopped {
            return;
        }
        if self.created == 0 {
            return test.note("ARIHangupMonitor: no channel was created");
        }
        test.note(format!("ARIHangupMonitor: channels that are still up: {}", self.up.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::job::Account;

    /// Has a monitor hear of channels: their ids, and whether they come.
    async fn played(channels: &[(&str, bool)], is_ended: bool) -> Account {
        let alone = Alone::new(1).await;
        alone.add("ari.ARIHangupMonitor", build(&section("{}")).unwrap(), false);
        alone
            .play(async |alone| {
                for (id, comes) in channels {
                    let kind = if *comes { "ChannelCreated" } else { "ChannelDestroyed" };
                    let event = json!({"type": kind, "channel": {"id": id}});
                    alone.test.tell_of_ari(AriEvent::new(event)).await;
                }
                if is_ended {
                    alone.ended().await;
                }
                assert_eq!(alone.is_ended(), is_ended);
            })
            .await
    }

    #[tokio::test]
    async fn the_test_ends_when_all_channels_have_gone() {
        let channels = [("a", true), ("b", true), ("a", false), ("other", false), ("b", false)];
        assert_eq!(played(&channels, true).await.notes, [""; 0]);
        // Two apps tell of each channel.
        let channels = [("a", true), ("a", true), ("a", false), ("a", false)];
        assert_eq!(played(&channels, true).await.notes, [""; 0]);
    }

    #[tokio::test]
    async fn what_is_missing_is_told() {
        let notes =
            played(&[("a", true), ("a", true), ("b", true), ("a", false)], false).await.notes;
        assert_eq!(notes, ["ARIHangupMonitor: channels that are still up: a, b"]);
        let notes = played(&[("a", false)], false).await.notes;
        assert_eq!(notes, ["ARIHangupMonitor: no channel was created"]);
    }

    #[test]
    fn a_section_that_is_no_mapping_is_refused() {
        let error = build(&section("[a]")).err().unwrap().to_string();
        assert!(error.ends_with("yaml:1: expected a mapping with `delay-stop:`, found a list"));
        let error = build(&section("{delay-stop: soon}")).err().unwrap().to_string();
        assert!(error.ends_with("delay-stop is soon, not a number"), "{error}");
    }
}
