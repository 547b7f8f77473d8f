//! `ari.WebSocketEventModule`: events of ARI that have to come so many times, and requests at each
//! of them.

use super::awaited::Awaited;
use super::needed::expect_object;
use super::request::Request;
use crate::ari::AriEvent;
use crate::case::{Component, Happening, Life, Setting, Stage, Step, TestCase};
use crate::components::Kind;
use crate::components::cause::Cause;
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;
use crate::matching::{Count, Fields};

/// The type of component.
pub(in crate::components) const KIND: Kind =
    Kind { names: &["ari.WebSocketEventModule"], page: include_str!("page.md"), build };

/// The start of the error of an event that the server itself finds invalid.
const INVALID: &str = "InvalidMessage";

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    // The object has the applications.
    section.ignore(&["apps"]);
    let Some(events) = section.part("events", "events have") else {
        return Err(section.error("expected `events:`, a list with `conditions:`"));
    };
    if events.node().expect_items("events")?.is_empty() {
        return Err(events.error("expected a list of events, found an empty one"));
    }
    let events = events.items("an event has");
    let events = events.iter().map(Expected::read).collect::<Result<_, _>>()?;
    Ok(Box::new(WebSocketEvents { place: section.node().clone(), events }))
}

struct WebSocketEvents {
    place: Node,
    events: Vec<Expected>,
}

/// An event that is expected, and what is requested when it comes.
struct Expected {
    event: Awaited,
    requests: Vec<Request>,
    /// Set if a request has failed.
    has_failed: bool,
}

impl Expected {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        if let Some(callback) = section.part("callback", "a callback has") {
            let (module, method) = (callback.text("module")?, callback.text("method")?);
            let (module, method) = (module.unwrap_or("?"), method.unwrap_or("?"));
            let what = format!("needs the Python callback {module}.{method}");
            return Err(callback.error(what).unsupported());
        }
        let conditions = section.part("conditions", "conditions have");
        let Some(conditions) = conditions.filter(|it| it.node().is_map()) else {
            return Err(section.error("expected `conditions:` with `match:` or `nomatch:`"));
        };
        let requests = section.part("requests", "requests have");
        let requests = requests.map(|it| it.items("a request has")).unwrap_or_default();
        Ok(Self {
            event: Awaited::read(section, &conditions, Count::AT_LEAST_ONCE)?,
            requests: requests.iter().map(Request::read).collect::<Result<_, _>>()?,
            has_failed: false,
        })
    }

    async fn take(&mut self, event: &AriEvent, test: &TestCase) {
        if !self.event.takes(event) {
            return;
        }
        let cause = Cause::with_fields(format!("the event {}", event.kind()), event.clone());
        for request in &mut self.requests {
            if let Err(reason) = request.run(&cause, test).await {
                self.has_failed = true;
                test.fail_with(reason);
            }
        }
    }

    fn judge(&self, test: &TestCase) {
        if self.event.judge(test) && !self.has_failed {
            test.set_passed(true);
        }
    }
}

impl Component for WebSocketEvents {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let expected = expect_object(&self.place, "ari.WebSocketEventModule", setting);
        Box::pin(std::future::ready(expected.map_err(Into::into)))
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            while let Some(what) = stage.next().await {
                match what {
                    // The next event waits until this one was dealt with.
                    Happening::Ari(event, _pending) => self.take(&event, &test).await,
                    Happening::Stopped(_) => self.events.iter().for_each(|it| it.judge(&test)),
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

impl WebSocketEvents {
    async fn take(&mut self, event: &AriEvent, test: &TestCase) {
        for expected in &mut self.events {
            expected.take(event, test).await;
        }
        if event.field("error").is_some_and(|it| it.starts_with(INVALID)) {
            let what = "Asterisk could not validate one of its own events";
            let what = self.place.error(what).to_string();
            test.fail_with(Reason { what, details: vec![event.json().to_string()] });
        }
    }
}

#[cfg(test)]
mod tests;
