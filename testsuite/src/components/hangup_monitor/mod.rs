//! `pluggable_modules.HangupMonitor`: the test ends when its channels have hung up.

use ami::Event;

use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::Kind;
use crate::components::awaited::no_login;
use crate::files::{ConfigError, Ids, Node, Section};
use crate::matching::Fields;

#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.HangupMonitor"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let ids = section.expect("ids")?;
    Ok(Box::new(HangupMonitor {
        place: section.node().clone(),
        ids: Ids::read(Some(ids))?,
        is_connected: false,
        least: section.count("min_calls")?.unwrap_or(0),
        channels: Vec::new(),
        hung_up: 0,
        has_stopped: false,
    }))
}

struct HangupMonitor {
    place: Node,
    ids: Ids,
    /// The test is logged in to one of these servers.
    is_connected: bool,
    /// The number of channels that have to hang up at least.
    least: usize,
    /// The channels that are up, with the numbers of their servers.
    channels: Vec<(u32, String)>,
    hung_up: usize,
    has_stopped: bool,
}

impl Watcher for HangupMonitor {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Connected(ast) => self.is_connected |= self.ids.has(ast.id()),
            Happening::Event(ast, event) if self.ids.has(ast.id()) => self.take(ast, event, test),
            Happening::Stopping(_) if !self.has_stopped => self.tell(test),
            // Somebody else ended the test, and may have said that it passed.
            Happening::Stopped(_) if !self.is_connected => {
                test.note(self.place.error(no_login(&self.ids)).to_string());
            }
            _ => {}
        }
    }
}

impl HangupMonitor {
    fn take(&mut self, ast: &Ast, event: &Event, test: &TestCase) {
        let text = |name| event.field(name).unwrap_or_default();
        let place = |all: &[(u32, String)]| {
            let channel = text("Channel");
            all.iter().position(|(number, it)| *number == ast.number() && *it == channel)
        };
        if event.is("Newchannel") {
            self.channels.push((ast.number(), text("Channel")));
        } else if event.is("Rename") {
            if let Some(at) = place(&self.channels) {
                self.channels[at].1 = text("Newname");
            }
        } else if event.is("Hangup")
            && let Some(at) = place(&self.channels)
        {
            self.channels.remove(at);
            self.hung_up += 1;
            if self.channels.is_empty() && self.hung_up >= self.least {
                self.has_stopped = true;
                test.stop();
            }
        }
    }

    /// Tells how far it came, if it was not what ended the test.
    fn tell(&self, test: &TestCase) {
        let Self { least, hung_up, .. } = self;
        let of = if *least > 0 { format!(" of {least}") } else { String::new() };
        let up: Vec<_> = self.channels.iter().map(|(_, name)| &**name).collect();
        let up = if up.is_empty() { "none".to_owned() } else { up.join(", ") };
        test.note(format!("HangupMonitor: {hung_up}{of} channels hung up, still up: {up}"));
    }
}
