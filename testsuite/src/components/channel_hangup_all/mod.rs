//! `pluggable_modules.AMIChannelHangupAll`: an event hangs up all channels.

use ami::{Action, Event};
use futures_util::future::join_all;

use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::Kind;
use crate::components::awaited::Awaited;
use crate::files::{ConfigError, Section};
use crate::matching::Fields;

#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.AMIChannelHangupAll"],
    page: include_str!("page.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    section.ignore(&["type"]);
    if let Some(delay) = section.get("delay") {
        section.warn(delay, "delay has no effect here: all channels are hung up at once");
    }
    Ok(Box::new(ChannelHangupAll { event: Awaited::read(section)?, channels: Vec::new() }))
}

struct ChannelHangupAll {
    event: Awaited,
    /// The channels that are up on the connection.
    channels: Vec<String>,
}

impl Watcher for ChannelHangupAll {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Connected(ast) => self.event.connect(ast),
            Happening::Event(ast, event) if self.event.is_on(ast) => {
                self.follow(event);
                if self.event.takes(ast, event) {
                    self.hang_up(ast, test);
                }
            }
            Happening::Stopped(_) => self.judge(test),
            _ => {}
        }
    }
}

impl ChannelHangupAll {
    /// Follows the channels that come, are renamed and go.
    fn follow(&mut self, event: &Event) {
        let text = |name| event.field(name).unwrap_or_default();
        let channel = text("Channel");
        if event.is("Newchannel") {
            self.channels.push(channel);
        } else if event.is("Hangup") {
            self.channels.retain(|it| *it != channel);
        } else if event.is("Rename")
            && let Some(renamed) = self.channels.iter_mut().find(|it| **it == channel)
        {
            *renamed = text("Newname");
        }
    }

    fn hang_up(&self, ast: &Ast, test: &TestCase) {
        let hang_up = |channel: &String| {
            let told = self.event.told(&format!("the hangup of {channel}"));
            let hangup = ast.ami().call(Action::new("Hangup").field("Channel", channel));
            async move {
                let error = hangup.await.err().filter(|it| it.fault() == ami::Fault::Server)?;
                Some(format!("{told}: {error:#}"))
            }
        };
        let hangups = join_all(self.channels.iter().map(hang_up));
        let test_too = test.clone();
        test.spawn(async move {
            // One half of a call takes the other with it.
            hangups.await.into_iter().flatten().for_each(|note| test_too.note(note));
        });
    }

    fn judge(&self, test: &TestCase) {
        if self.event.judge(test) && self.event.seen() == 0 {
            test.note(self.event.told(&format!("no channel was hung up: {}", self.event.never())));
        }
    }
}
