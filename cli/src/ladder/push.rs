//! Events and losses, as they come.

use ami::Event;
use ami::event::{CoreShowChannel, TypedEvent};
use jiff::Timestamp;

use super::calls::Ladders;
use super::row::Place;
use super::steps;
use crate::out::Style;

impl Ladders {
    /// Adds an event, with the time at which it was received. The time that the server sent comes
    /// before it.
    pub(crate) fn push(&mut self, event: &Event, at: Option<Timestamp>) {
        let sent = event.timestamp().ok().flatten();
        self.now = sent.and_then(|it| Timestamp::try_from(it).ok()).or(at);
        self.touched.clear();
        steps::apply(self, event);
        if self.keeps_events {
            self.keep(event);
        }
    }

    /// Keeps the event in the calls that it is about.
    fn keep(&mut self, event: &Event) {
        // Others, such as `VarSet`, tell of a channel, too.
        if self.touched.is_empty()
            && let Some(call) = event.text("Uniqueid").and_then(|id| self.channels.get(&*id))
        {
            self.touched.push(*call);
        }
        self.kept += 1;
        for call in std::mem::take(&mut self.touched) {
            if let Some(ladder) = self.calls.get_mut(&call) {
                ladder.keep(self.kept, event);
            }
        }
    }

    /// Adds the channels that are up, from the server's list at this time. A list has no order.
    pub(crate) fn list(&mut self, mut channels: Vec<CoreShowChannel>, at: Timestamp) {
        channels.sort_by_cached_key(|it| {
            let lasted = it.duration().ok().flatten().unwrap_or_default();
            let sequence = it.unique_id().and_then(|id| id.sequence());
            (std::cmp::Reverse(lasted), sequence)
        });
        for channel in channels {
            self.push(channel.raw(), Some(at));
        }
        steps::connected(self);
    }

    /// Notes in the calls that are up that events are missing.
    pub(crate) fn lost(&mut self, text: &str, at: Option<Timestamp>) {
        self.now = at.or(self.now);
        let up: Vec<_> =
            self.calls.iter().filter(|(_, it)| !it.is_over).map(|(key, _)| *key).collect();
        for call in up {
            if let Some(ladder) = self.calls.get_mut(&call) {
                ladder.is_incomplete = true;
            }
            self.row(call, "lost", Place::Call, text, Style::Bad);
        }
    }
}
