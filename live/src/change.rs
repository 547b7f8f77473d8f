//! Typed differences between one state and the next.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::value::{
    ChannelState, ContactState, DeviceState, DialStatus, ExtensionState, PresenceState,
    RegistrationStatus,
};

use crate::state::{
    Bridge, Call, Channel, CompletedBy, Conference, ConferenceMember, Contact, Device, Endpoint,
    Extension, Freshness, ParkedCall, Presence, Queue, QueueCaller, QueueExit, QueueMember,
    Registration, Transfer,
};
use crate::text::Id;

/// A change of the state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The time: that of the event where the server stamps events (`timestampevents`), else the
    /// time at which it was read.
    pub at: SystemTime,
    /// `true` if nobody saw the change happen: the server was asked again after a loss, and its
    /// lists differ from what was known.
    pub resync: bool,
    /// The difference.
    pub what: What,
}

/// The difference between one state and the next.
///
/// Changes name entities by their identifiers; the state has the entities. What has ended is no
/// longer in the state, so its change brings it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What {
    /// The state became current or stale.
    Freshness(Freshness),

    // Channels.
    /// A channel came up.
    ChannelCreated {
        /// The channel.
        channel: Id,
    },
    /// A channel changed its state.
    ChannelState {
        /// The channel.
        channel: Id,
        /// The former state.
        from: ChannelState,
        /// The new state.
        to: ChannelState,
    },
    /// A channel has another name.
    ChannelRenamed {
        /// The channel.
        channel: Id,
        /// The former name.
        from: Box<str>,
        /// The new name.
        to: Box<str>,
    },
    /// The party at the other end of a channel put it on hold, or took it back.
    ChannelHold {
        /// The channel.
        channel: Id,
        /// `true` if it is on hold now.
        on_hold: bool,
    },
    /// A channel belongs to another call now: calls were merged or split.
    ChannelMoved {
        /// The channel.
        channel: Id,
        /// The former call.
        from: Id,
        /// The new call.
        to: Id,
    },
    /// A channel ended.
    ChannelEnded {
        /// The channel as it was.
        channel: Arc<Channel>,
        /// The cause. `None` if nobody saw the end.
        cause: Option<ami::Cause>,
    },

    // Bridges.
    /// A bridge was created.
    BridgeCreated {
        /// The bridge.
        bridge: Id,
    },
    /// A bridge ended.
    BridgeEnded {
        /// The bridge as it was, without its members, which left before.
        bridge: Arc<Bridge>,
    },
    /// A channel entered a bridge.
    BridgeEntered {
        /// The bridge.
        bridge: Id,
        /// The channel.
        channel: Id,
    },
    /// A channel left a bridge.
    BridgeLeft {
        /// The bridge.
        bridge: Id,
        /// The channel.
        channel: Id,
    },

    // Calls.
    /// A call began, or was found to be up.
    CallStarted {
        /// The call.
        call: Id,
    },
    /// A channel joined a call as a leg, the first one included.
    LegAdded {
        /// The call.
        call: Id,
        /// The channel.
        channel: Id,
    },
    /// The party of a leg that was called rings.
    CallRinging {
        /// The call.
        call: Id,
        /// The leg that rings.
        channel: Id,
    },
    /// The server or the first party took the call: see [`Call::accepted`].
    CallAccepted {
        /// The call.
        call: Id,
        /// The leg that is up.
        channel: Id,
    },
    /// A party that was called answered, the first of the call.
    CallAnswered {
        /// The call.
        call: Id,
        /// The leg that answered. `None` if nobody saw which one.
        by: Option<Id>,
    },
    /// Dialling a leg came to a result.
    LegDialed {
        /// The call.
        call: Id,
        /// The leg that was dialled.
        channel: Id,
        /// The result.
        status: DialStatus<'static>,
    },
    /// The leg that was dialled forwards the call to another place.
    CallForwarded {
        /// The call.
        call: Id,
        /// The leg that forwards.
        channel: Id,
        /// The place, such as `Local/200@office`.
        to: Box<str>,
    },
    /// A channel answered a call in place of the leg that rang.
    CallPickedUp {
        /// The call that was picked up.
        call: Id,
        /// The channel that picked it up.
        by: Id,
        /// The leg that rang.
        target: Id,
    },
    /// A party transferred a call, or tried to.
    Transferred {
        /// The call.
        call: Id,
        /// The transfer: who, to whom, how, and the result.
        transfer: Transfer,
    },
    /// A leg ended; the call keeps it.
    LegEnded {
        /// The call.
        call: Id,
        /// The channel.
        channel: Id,
        /// The cause. `None` if nobody saw the end.
        cause: Option<ami::Cause>,
    },
    /// A call became a part of another one.
    CallMerged {
        /// The call as it was.
        from: Arc<Call>,
        /// The call that goes on, with the legs of both.
        into: Id,
    },
    /// A call ended. It is no longer in the state, and has [`Call::ended`].
    CallEnded(Arc<Call>),
    // Queues.
    /// A queue is there: asking the server again found it.
    QueueAdded {
        /// The queue.
        queue: Id,
    },
    /// A queue is gone: asking the server again did not find it.
    QueueRemoved {
        /// The queue as it was.
        queue: Arc<Queue>,
    },
    /// A caller began to wait.
    CallerJoinedQueue {
        /// The queue.
        queue: Id,
        /// The channel of the caller.
        channel: Id,
        /// The position, from 1.
        position: u32,
    },
    /// A caller waits no longer. Told when it is known how the caller left, which is up to some
    /// events behind the removal from the state.
    CallerLeftQueue {
        /// The queue.
        queue: Id,
        /// The caller as it was.
        caller: Arc<QueueCaller>,
        /// The way in which the caller left.
        how: QueueExit,
        /// The time that the caller has waited.
        waited: Duration,
    },
    /// A member is being called for a caller.
    AgentRinging {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The channel of the caller.
        caller: Id,
        /// The channel to the member.
        channel: Id,
    },
    /// A member did not answer, or refused.
    AgentRangOut {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The channel of the caller.
        caller: Id,
        /// The time that the server called the member.
        rang: Duration,
    },
    /// A member answered, and was connected with the caller.
    AgentAnswered {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The channel of the caller.
        caller: Id,
        /// The channel of the member.
        channel: Id,
        /// The time that the caller waited, in whole seconds.
        held: Duration,
        /// The time that the member was called, in whole seconds.
        rang: Duration,
    },
    /// A member answered and hung up before the caller was connected.
    AgentDumped {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The channel of the caller, who waits on.
        caller: Id,
    },
    /// A call of a queue is over for its member.
    AgentCompleted {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The channel of the caller when the member answered. `None` if the call began before
        /// the client was there, and the server does not tell it.
        caller: Option<Id>,
        /// The time that the caller waited, in whole seconds.
        held: Duration,
        /// The time that they talked, in whole seconds.
        talked: Duration,
        /// The party that ended it, as far as the server could tell.
        by: CompletedBy,
    },
    /// A queue has one member more.
    MemberAdded {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
    },
    /// A queue has one member less.
    MemberRemoved {
        /// The queue.
        queue: Id,
        /// The member as it was.
        member: Arc<QueueMember>,
    },
    /// A member was paused, or the reason of the pause changed.
    MemberPaused {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The reason. Empty if none was given.
        reason: Box<str>,
    },
    /// A member is no longer paused.
    MemberUnpaused {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
    },
    /// The device of a member changed its state.
    MemberStatus {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The former state.
        from: DeviceState,
        /// The new state.
        to: DeviceState,
    },
    /// A member has another penalty.
    MemberPenalty {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The former penalty.
        from: i32,
        /// The new penalty.
        to: i32,
    },
    /// A member has another name.
    MemberRenamed {
        /// The queue.
        queue: Id,
        /// The interface of the member.
        interface: Id,
        /// The former name.
        from: Box<str>,
    },
    // Parking lots.
    /// A call was parked.
    CallParked {
        /// The parking lot.
        lot: Id,
        /// The space.
        space: u32,
        /// The channel that is parked.
        channel: Id,
    },
    /// Another channel took the place of a parked one, for example by an attended transfer or a
    /// pickup.
    ParkedCallSwapped {
        /// The parking lot.
        lot: Id,
        /// The space.
        space: u32,
        /// The former channel.
        from: Id,
        /// The channel that is parked now.
        to: Id,
    },
    /// A parked call was retrieved.
    CallRetrieved {
        /// The parking lot.
        lot: Id,
        /// The parked call as it was.
        call: Arc<ParkedCall>,
        /// The channel that retrieved it.
        by: Option<Id>,
    },
    /// A parked call was not retrieved in time. The server calls the parker, or goes on in the
    /// dialplan.
    ParkingTimedOut {
        /// The parking lot.
        lot: Id,
        /// The parked call as it was.
        call: Arc<ParkedCall>,
    },
    /// A parked caller hung up.
    ParkedCallerGaveUp {
        /// The parking lot.
        lot: Id,
        /// The parked call as it was.
        call: Arc<ParkedCall>,
    },
    /// A call is parked no longer, and nobody saw why.
    ParkedCallGone {
        /// The parking lot.
        lot: Id,
        /// The parked call as it was.
        call: Arc<ParkedCall>,
    },

    // Conferences.
    /// A conference began.
    ConferenceStarted {
        /// The name of the conference.
        conference: Id,
    },
    /// A conference ended.
    ConferenceEnded {
        /// The conference as it was.
        conference: Arc<Conference>,
    },
    /// A channel joined a conference.
    ConferenceJoined {
        /// The name of the conference.
        conference: Id,
        /// The channel.
        channel: Id,
    },
    /// A channel left a conference.
    ConferenceLeft {
        /// The name of the conference.
        conference: Id,
        /// The member as it was.
        member: Arc<ConferenceMember>,
    },
    /// A member was muted or unmuted.
    ConferenceMuted {
        /// The name of the conference.
        conference: Id,
        /// The channel of the member.
        channel: Id,
        /// `true` if the member is muted now.
        muted: bool,
    },
    /// A member began or ceased to talk.
    ConferenceTalking {
        /// The name of the conference.
        conference: Id,
        /// The channel of the member.
        channel: Id,
        /// `true` if the member talks now.
        talking: bool,
    },
    /// A member began or ceased to wait for a marked user. The server tells it in a list, which is
    /// asked for when somebody joins or leaves.
    ConferenceWaiting {
        /// The name of the conference.
        conference: Id,
        /// The channel of the member.
        channel: Id,
        /// `true` if the member waits now.
        waiting: bool,
    },
    /// A conference was found to be locked or unlocked. No event tells it.
    ConferenceLocked {
        /// The name of the conference.
        conference: Id,
        /// `true` if the conference is locked now.
        locked: bool,
    },
    /// The recording of a conference began or ended.
    ConferenceRecording {
        /// The name of the conference.
        conference: Id,
        /// `true` if the conference is recorded now.
        recording: bool,
    },
    // Devices, extensions, presences.
    /// A device changed its state, or became known.
    DeviceState {
        /// The device.
        device: Id,
        /// The former state. `None` if the device was not known.
        from: Option<DeviceState>,
        /// The new state.
        to: DeviceState,
    },
    /// A device is no longer known to the server. Only a list after a loss tells.
    DeviceRemoved {
        /// The device as it was.
        device: Arc<Device>,
    },
    /// An extension with a hint became known.
    ExtensionAdded {
        /// The extension, as `extension@context`.
        extension: Id,
    },
    /// An extension changed its state.
    ExtensionState {
        /// The extension, as `extension@context`.
        extension: Id,
        /// The former state.
        from: ExtensionState,
        /// The new state.
        to: ExtensionState,
    },
    /// The hint of an extension changed.
    ExtensionHint {
        /// The extension, as `extension@context`.
        extension: Id,
    },
    /// An extension has no hint any more.
    ExtensionRemoved {
        /// The extension as it was.
        extension: Arc<Extension>,
    },
    /// A presence became known, or changed its state, subtype or message.
    PresenceChanged {
        /// The presence.
        presence: Id,
        /// The former state. `None` if the presence was not known.
        from: Option<PresenceState>,
        /// The new state, which is the former one if the subtype or the message changed.
        to: PresenceState,
    },
    /// A presence is no longer known to the server. Only a list after a loss tells.
    PresenceRemoved {
        /// The presence as it was.
        presence: Arc<Presence>,
    },

    // Endpoints, contacts, registrations.
    /// An endpoint became known.
    EndpointAdded {
        /// The endpoint.
        endpoint: Id,
    },
    /// An endpoint changed its state.
    EndpointState {
        /// The endpoint.
        endpoint: Id,
        /// The former state.
        from: DeviceState,
        /// The new state.
        to: DeviceState,
    },
    /// An endpoint is no longer configured.
    EndpointRemoved {
        /// The endpoint as it was.
        endpoint: Arc<Endpoint>,
    },
    /// A contact came: it was registered or configured.
    ContactAdded {
        /// The contact, as `aor/uri`.
        contact: Id,
    },
    /// A contact changed its status.
    ContactStatus {
        /// The contact, as `aor/uri`.
        contact: Id,
        /// The former status. `None` if it was not known.
        from: Option<ContactState<'static>>,
        /// The new status.
        to: ContactState<'static>,
    },
    /// A contact ended: it was unregistered, has expired or is no longer configured.
    ContactRemoved {
        /// The contact as it was.
        contact: Arc<Contact>,
    },
    /// A registration with another server became known.
    RegistrationAdded {
        /// The registration.
        registration: Id,
    },
    /// A registration with another server changed its status.
    RegistrationStatus {
        /// The registration.
        registration: Id,
        /// The former status.
        from: RegistrationStatus<'static>,
        /// The new status.
        to: RegistrationStatus<'static>,
    },
    /// A registration with another server is no longer configured.
    RegistrationRemoved {
        /// The registration as it was.
        registration: Arc<Registration>,
    },
}
