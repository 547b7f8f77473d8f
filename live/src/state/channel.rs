//! Channels.

use ami::Event;
use ami::value::{ChannelName, ChannelState};

use super::Since;
use crate::text::Id;

/// A channel that is up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Channel {
    /// The identifier of the channel (`Uniqueid`), which stays the same for its life.
    pub id: Id,
    /// The name, such as `PJSIP/alice-00000001`. It can change.
    pub name: Box<str>,
    /// The identifier of the call that the channel belongs to (`Linkedid`). It changes when calls
    /// are merged.
    pub call: Id,
    /// The state.
    pub state: ChannelState,
    /// The caller: the party at the other end of the channel.
    pub caller: Party,
    /// The party that the channel is connected with (the connected line).
    pub connected: Party,
    /// The language of sounds. As of the last event that described the channel, since the server
    /// tells no change of it.
    pub language: Box<str>,
    /// The account code.
    pub account_code: Box<str>,
    /// The place in the dialplan: the context. As of the last `Newexten` if
    /// [`Part::Dialplan`](crate::Part) is known, as are the extension, the priority, and the
    /// application with its arguments. The server does not tell a place where no application is
    /// executed, such as the one behind the last priority.
    pub context: Box<str>,
    /// The place in the dialplan: the extension.
    pub exten: Box<str>,
    /// The place in the dialplan: the priority.
    pub priority: u32,
    /// The application that the channel executes, or executed last. Empty if there was none, or
    /// none is known yet. As of the last `Newexten`: the server does not tell the end of an
    /// application, and tells a channel that is sent elsewhere with the application that it
    /// leaves, but not the one that it executes then at the same place.
    pub application: Box<str>,
    /// The arguments of the application, as of the same event.
    pub application_data: Box<str>,
    /// The other half of a Local channel. `None` for other channels, or once it has ended.
    pub other_half: Option<Id>,
    /// The bridge that the channel is in, as of the last `BridgeEnter` or `BridgeLeave`, or of a
    /// `Pickup` of a channel that is in one. The server's list names a bridge until a channel that
    /// has left it goes on: if events are lost at that moment, the channel has it until its next
    /// bridge or its end.
    pub bridge: Option<Id>,
    /// `true` if the party at the other end was seen to put the channel on hold. The lists of the
    /// server do not tell it, so `false` for a channel that was on hold when it was first seen.
    pub on_hold: bool,
    /// The beginning of the channel.
    pub since: Since,
    /// The beginning of its state.
    pub state_since: Since,
    /// The latest event, or item of a list, that described the channel.
    pub last: Event,
    /// The number of losses of events before the last event that described the channel.
    pub(crate) losses: u32,
    /// `true` if an event has found the channel, which no list has named yet.
    pub(crate) is_unlisted: bool,
}

/// A party of a call.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Party {
    /// The number. Empty if the server knows none.
    pub number: Box<str>,
    /// The name. Empty if the server knows none.
    pub name: Box<str>,
}

impl Channel {
    /// Returns the name with its parts.
    pub fn channel_name(&self) -> ChannelName<'_> {
        ChannelName::from(&*self.name)
    }
}
