//! `pluggable_modules.AMIChannelHangup`: the channel of an event is hung up.

use std::time::Duration;

use ami::{Action, Event};

use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::Kind;
use crate::components::awaited::Awaited;
use crate::files::{ConfigError, Section};
use crate::matching::Fields;

#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.AMIChannelHangup"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    section.ignore(&["type"]);
    Ok(Box::new(ChannelHangup {
        event: Awaited::read(section)?,
        delay: section.seconds("delay")?.unwrap_or_default(),
        hung_up: false,
    }))
}

struct ChannelHangup {
    event: Awaited,
    delay: Duration,
    /// Set when an event named the channel.
    hung_up: bool,
}

impl Watcher for ChannelHangup {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Connected(ast) => self.event.connect(ast),
            Happening::Event(ast, event) => self.take(ast, event, test),
            Happening::Stopped(_) => self.judge(test),
            _ => {}
        }
    }
}

impl ChannelHangup {
    fn take(&mut self, ast: &Ast, event: &Event, test: &TestCase) {
        let takes = self.event.takes(ast, event) && !self.hung_up;
        let Some(channel) = event.field("Channel").filter(|_| takes) else {
            return;
        };
        self.hung_up = true;
        let (delay, ast, test_too) = (self.delay, ast.clone(), test.clone());
        let told = self.event.told(&format!("the hangup of {channel}"));
        test.spawn(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let hangup = Action::new("Hangup").field("Channel", &channel);
            // The call may have ended by itself.
            if let Err(error) = ast.ami().call(hangup).await
                && error.fault() == ami::Fault::Server
            {
                test_too.note(format!("{told}: {error:#}"));
            }
        });
    }

    fn judge(&self, test: &TestCase) {
        if self.event.judge(test) && !self.hung_up {
            test.note(self.event.told(&format!("no channel was hung up: {}", self.event.never())));
        }
    }
}
