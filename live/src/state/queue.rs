//! Queues with their members and callers.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::Event;
use ami::value::DeviceState;
use rustc_hash::FxHashMap;

use super::Since;
use crate::table::Table;
use crate::text::Id;

/// A queue.
///
/// Callers and members are kept by events, which are of the class `agent`. The server names no
/// queue and no member when `queues.conf` is read again: a reload of the module (`Reload`, class
/// `system`) makes the client ask again, and what it finds is told as found. Nobody tells of the
/// action `QueueReload`, of the command `queue reload`, and of changes in a database: they are
/// found when the server is next asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Queue {
    /// The name.
    pub name: Id,
    /// The strategy by which members are called, such as `ringall`, as of
    /// [`figures`](Self::figures).
    pub strategy: Box<str>,
    /// The number of callers that may wait, as of [`figures`](Self::figures). 0 means no limit.
    pub max: u32,
    /// The weight against other queues of the same members, as of [`figures`](Self::figures).
    pub weight: i32,
    /// The time within which a call should be answered, as of [`figures`](Self::figures).
    pub service_level: Duration,
    /// The figures that the server keeps.
    pub figures: QueueFigures,
    /// The callers that wait, in the order of their positions.
    pub callers: Vec<Arc<QueueCaller>>,
    /// The members by interface.
    pub members: Table<QueueMember>,
    /// The calls that go on of those who are members no longer, by interface.
    pub(crate) former: FxHashMap<Id, Vec<AgentCall>>,
    /// The latest list item that described the queue (`QueueParams`).
    pub last: Event,
}

/// The figures that the server keeps of a queue, since it was loaded or `QueueReset`.
///
/// Events tell when a call is completed or abandoned, and the two numbers follow them. Nobody tells
/// of the others, nor of a reset: they are as of the last time that the server was asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueueFigures {
    /// The time at which the server was asked.
    pub as_of: SystemTime,
    /// The number of calls that a member has answered and that are over. Kept by events. Of calls
    /// of one member that overlap, the server counts the latest alone. If parties are parked or
    /// sent elsewhere, it counts at once, but may tell it when their channels end.
    pub completed: u32,
    /// The number of calls that ended without an answer: the caller hung up, the time was over, or
    /// the queue had no member left. Kept by events. The server counts a caller, and does not tell
    /// it, whose channel is sent elsewhere before the joining was told.
    pub abandoned: u32,
    /// The moving average of the time that callers waited for an answer, in whole seconds.
    pub hold_time: Duration,
    /// The moving average of the time that callers and members talked, in whole seconds.
    pub talk_time: Duration,
    /// The percentage of completed calls that were answered within the service level.
    pub service_level_perf: f32,
    /// The percentage of all calls that were answered within the service level.
    pub service_level_perf2: f32,
}

/// A caller who waits in a queue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueCaller {
    /// The identifier of the channel (`Uniqueid`).
    pub channel: Id,
    /// The name of the channel when it joined.
    pub channel_name: Box<str>,
    /// The number of the caller, which follows that of the channel (`NewCallerid`). Empty if the
    /// server knows none. The server does not tell that a Local channel takes it over from its
    /// other half.
    pub number: Box<str>,
    /// The name of the caller, as of the same events as the number. Empty if the server knows
    /// none.
    pub name: Box<str>,
    /// The position, from 1.
    pub position: u32,
    /// The priority (`QUEUE_PRIO`). `None` if the caller joined after the server was last asked:
    /// the event does not tell it.
    pub priority: Option<i32>,
    /// The beginning of the wait. From a list, it is exact to a second.
    pub since: Since,
    /// The members that are being called for this caller. `AgentCalled` tells of one, no list
    /// does.
    pub ringing: Vec<QueueRing>,
    /// The latest event, or item of a list, that described the caller.
    pub last: Event,
    /// The place in the dialplan where the channel waits, if it is known.
    pub(crate) place: Option<Place>,
    /// `true` if the channel executes other applications while it waits.
    pub(crate) has_subroutine: bool,
}

/// A place in the dialplan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) context: Box<str>,
    pub(crate) exten: Box<str>,
    pub(crate) priority: u32,
}

/// A call to a member on behalf of a caller who waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueRing {
    /// The interface of the member.
    pub interface: Id,
    /// The identifier of the channel to the member.
    pub channel: Id,
    /// The beginning.
    pub since: Since,
}

/// A member of a queue. Somebody who is a member of several queues has an entry in each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueMember {
    /// The interface that is called, such as `PJSIP/alice`, which identifies the member.
    pub interface: Id,
    /// The name of the member; the interface if there is none.
    pub name: Box<str>,
    /// The device whose state counts as that of the member.
    pub state_interface: Box<str>,
    /// The origin of the membership.
    pub membership: Membership,
    /// The penalty: members of lower penalty are called first.
    pub penalty: i32,
    /// The state of the device, also where it is in use outside of the queue.
    pub status: DeviceState,
    /// The pause, if the member is paused.
    pub pause: Option<Pause>,
    /// `true` if the server counts the member as in a call of this queue (`InCall`). A reload of
    /// the queues takes that back, though the call goes on.
    pub in_call: bool,
    /// The calls of this queue that the member has. A call that began before the client was there
    /// is missing, though [`in_call`](Self::in_call) tells of it: no list names its channels.
    pub calls: Vec<AgentCall>,
    /// The number of calls of this queue that the member has completed. With `shared_lastcall`,
    /// the server counts those of other queues, too: see [`last_call`](Self::last_call).
    ///
    /// Of calls that overlap, the server counts the latest alone. It knows that by the second in
    /// which a call began: if two begin within one, the number can be wrong until the next event
    /// of the member.
    pub calls_taken: u32,
    /// The end of the last call, to the second. `None` if there was none.
    ///
    /// Behind a completed call this is the time of its event by the client, and that of the server
    /// from the next event of the member on. With `shared_lastcall`, calls of other queues count,
    /// and `in_call` is that of all queues; their events do not tell it, but the next event of
    /// this member does.
    pub last_call: Option<SystemTime>,
    /// The time of the last pause, to the second. `None` if there was none.
    pub last_pause: Option<SystemTime>,
    /// The time of the log-in, to the second. `None` if the server does not tell it.
    pub login_time: Option<SystemTime>,
    /// The time that the member has after a call. Zero if that of the queue holds.
    pub wrap_up: Duration,
    /// `true` if the member is called while in use. `None` until an event tells it: the list does
    /// not.
    pub ring_in_use: Option<bool>,
    /// The latest event, or item of a list, that described the member.
    pub last: Event,
}

/// The origin of a membership.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Membership {
    /// The configuration.
    Static,
    /// The dialplan, AMI, or the command line.
    Dynamic,
    /// A database.
    Realtime,
    /// An origin that the server names otherwise, or not at all.
    Other,
}

/// The pause of a member.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Pause {
    /// The reason. Empty if none was given; `Auto-Pause` if the server paused a member who did not
    /// answer (`autopause`).
    pub reason: Box<str>,
    /// The beginning.
    pub since: Since,
}

/// A call of a queue that a member has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentCall {
    /// The identifier of the caller's channel when the member answered.
    pub caller: Id,
    /// The identifier of the member's channel when the member answered. A Local channel that was
    /// optimized away has ended since.
    pub channel: Id,
    /// The identifier of the call (`Linkedid`) when the member answered.
    pub call: Id,
    /// The answer.
    pub since: Since,
    /// `true` if the server will count the call for the member when it is over. A member who was
    /// removed and added, or whose queue was loaded again in the meantime is a new one for it.
    pub(crate) counts: bool,
}

/// The way in which a caller left a queue.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum QueueExit {
    /// A member answered.
    Answered {
        /// The interface of the member.
        interface: Id,
        /// The identifier of the member's channel.
        channel: Id,
    },
    /// The caller hung up.
    Abandoned,
    /// The queue gave up, because the time was over or no member was left. The caller went on
    /// behind the application.
    TimedOut,
    /// The caller went on elsewhere: by a key, a transfer, or a redirection.
    Redirected,
    /// The way is not known: nobody saw it, or the user may not read the events of channels.
    Unknown,
}

/// The party that ended a call of a queue.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CompletedBy {
    /// The caller hung up.
    Caller,
    /// The member hung up.
    Agent,
    /// A party transferred the other one.
    Transfer,
    /// The server names another reason, or none.
    Other,
}
