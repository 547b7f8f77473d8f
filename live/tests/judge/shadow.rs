//! A state of its own that is made from changes alone.

use live::{Change, State, What};

use super::judge::FENCE;
use super::known;
use super::view::{Key, View};

/// The fields that changes tell, by kind. The existence of each is among them.
const FIELDS: &[(&str, &[&str])] = &[
    ("channel", &["name", "state", "call", "bridge"]),
    ("bridge", &[]),
    ("queue", &[]),
    ("queue member", &["paused", "pause reason", "status", "penalty"]),
    ("queue caller", &[]),
    ("parked call", &["space"]),
    ("conference", &[]),
    ("conference member", &["muted", "talking", "waiting"]),
    ("device", &["state"]),
    ("extension", &["state"]),
    ("presence", &["state"]),
];

/// A state that is made from changes alone.
pub(crate) struct Shadow {
    pub(crate) view: View,
}

impl Shadow {
    /// Begins with a state.
    pub(crate) fn new(state: &State) -> Self {
        Self { view: told(state) }
    }

    /// Applies a change.
    pub(crate) fn apply(&mut self, change: &Change) {
        let view = &mut self.view;
        match &change.what {
            What::ChannelCreated { channel } => {
                view.entity("channel", &**channel).text("bridge", "");
            }
            What::ChannelState { channel, to, .. } => {
                view.known("channel", &**channel).text("state", to.number());
            }
            What::ChannelRenamed { channel, to, .. } => {
                view.known("channel", &**channel).text("name", to);
            }
            What::ChannelMoved { channel, to, .. } => {
                view.known("channel", &**channel).text("call", to);
            }
            What::ChannelEnded { channel, .. } => view.end("channel", &channel.id),
            What::BridgeCreated { bridge } => drop(view.entity("bridge", &**bridge)),
            What::BridgeEnded { bridge } => view.end("bridge", &bridge.id),
            What::BridgeEntered { bridge, channel } => {
                view.known("channel", &**channel).text("bridge", bridge);
            }
            What::BridgeLeft { channel, .. } => {
                view.known("channel", &**channel).text("bridge", "");
            }
            What::DeviceState { device, .. } if **device == *FENCE => {}
            What::DeviceState { device, to, .. } => {
                view.entity("device", &**device).text("state", to.number());
            }
            What::DeviceRemoved { device } => view.end("device", &device.name),
            What::ExtensionAdded { extension } => drop(view.entity("extension", &**extension)),
            What::ExtensionState { extension, to, .. } => {
                view.known("extension", &**extension).text("state", to.number());
            }
            What::ExtensionRemoved { extension } => view.end("extension", &extension.id),
            What::PresenceChanged { presence, to, .. } => {
                view.entity("presence", &**presence).text("state", to.number());
            }
            What::PresenceRemoved { presence } => view.end("presence", &presence.name),
            other => self.apply_groups(other),
        }
    }

    /// Applies a change of what has members: queues, parking lots, conferences.
    fn apply_groups(&mut self, what: &What) {
        let view = &mut self.view;
        let of = |group: &str, one: &str| format!("{group} {one}");
        match what {
            What::QueueAdded { queue } => drop(view.entity("queue", &**queue)),
            What::QueueRemoved { queue } => view.end("queue", &queue.name),
            What::CallerJoinedQueue { queue, channel, .. } => {
                view.entity("queue caller", of(queue, channel));
            }
            What::CallerLeftQueue { queue, caller, .. } => {
                view.end("queue caller", &of(queue, &caller.channel));
            }
            What::MemberAdded { queue, interface } => {
                view.entity("queue member", of(queue, interface));
            }
            What::MemberRemoved { queue, member } => {
                view.end("queue member", &of(queue, &member.interface));
            }
            What::MemberPaused { queue, interface, reason } => {
                let mut member = view.known("queue member", of(queue, interface));
                member.text("paused", 1).text("pause reason", reason);
            }
            What::MemberUnpaused { queue, interface } => {
                let mut member = view.known("queue member", of(queue, interface));
                member.text("paused", 0).text("pause reason", "");
            }
            What::MemberStatus { queue, interface, to, .. } => {
                view.known("queue member", of(queue, interface)).text("status", to.number());
            }
            What::MemberPenalty { queue, interface, to, .. } => {
                view.known("queue member", of(queue, interface)).text("penalty", to);
            }
            What::CallParked { lot, space, channel } => {
                view.entity("parked call", of(lot, channel)).text("space", space);
            }
            What::ParkedCallSwapped { lot, space, from, to } => {
                view.end("parked call", &of(lot, from));
                view.entity("parked call", of(lot, to)).text("space", space);
            }
            What::CallRetrieved { lot, call, .. }
            | What::ParkingTimedOut { lot, call }
            | What::ParkedCallerGaveUp { lot, call }
            | What::ParkedCallGone { lot, call } => {
                view.end("parked call", &of(lot, &call.channel));
            }
            What::ConferenceStarted { conference } => {
                drop(view.entity("conference", &**conference))
            }
            What::ConferenceEnded { conference } => view.end("conference", &conference.name),
            What::ConferenceJoined { conference, channel } => {
                view.entity("conference member", of(conference, channel));
            }
            What::ConferenceLeft { conference, member } => {
                view.end("conference member", &of(conference, &member.channel));
            }
            What::ConferenceMuted { conference, channel, muted: it } => {
                self.member(conference, channel, "muted", *it);
            }
            What::ConferenceTalking { conference, channel, talking: it } => {
                self.member(conference, channel, "talking", *it);
            }
            What::ConferenceWaiting { conference, channel, waiting: it } => {
                self.member(conference, channel, "waiting", *it);
            }
            _ => {}
        }
    }

    fn member(&mut self, conference: &str, channel: &str, field: &'static str, it: bool) {
        let mut member = self.view.known("conference member", format!("{conference} {channel}"));
        member.text(field, if it { "Yes" } else { "No" });
    }
}

/// Returns the fields of a state that changes tell.
pub(crate) fn told(state: &State) -> View {
    let mut view = known::view(state).unwrap();
    let is_told = |key: &Key| {
        FIELDS.iter().any(|&(kind, fields)| {
            kind == key.kind && (key.field == "existence" || fields.contains(&key.field))
        })
    };
    view.fields.retain(|key, _| is_told(key));
    view
}
