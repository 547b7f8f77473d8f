//! Calls, and the legs that they are made of.

use std::time::{Duration, SystemTime};

use ami::Cause;
use ami::value::DialStatus;

use super::{Party, Since};
use crate::text::Id;

/// A call: the channels that have one `Linkedid`, those that are up and those that have ended.
///
/// Channels that the server uses for itself alone, such as the one that plays announcements into a
/// conference, make no call of their own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The identifier (`Linkedid`). When calls are merged, the identifier of the older one stays.
    pub id: Id,
    /// The beginning of the call.
    pub since: Since,
    /// `true` if the call was seen from its beginning and no event was lost since: the legs are
    /// all that there were, and what is `None` did not happen.
    pub complete: bool,
    /// The state.
    pub state: CallState,
    /// The time at which the server or the first party took the call: the caller's channel came
    /// up, or the party that the server called on request answered. `None` if that has not
    /// happened, or was not seen.
    pub accepted: Option<Since>,
    /// The time at which a party that was called on behalf of another answered. `None` if that has
    /// not happened, or was not seen.
    pub answered: Option<Since>,
    /// The leg that answered. `None` if no party has answered, or nobody saw which one.
    pub answered_by: Option<Id>,
    /// The legs in the order in which they came, those that have ended among them.
    ///
    /// At most 64 legs that have ended are kept. Beyond that the oldest one goes that is a
    /// [helper](Leg::helper) or was not answered; if there is none, the oldest one.
    pub legs: Vec<Leg>,
    /// The number of legs that have ended and are kept no more.
    pub dropped_legs: u64,
    /// The transfers in their order; the latest 64.
    pub transfers: Vec<Transfer>,
    /// The identifiers of the calls that were merged into this one; the latest 64.
    pub merged: Vec<Id>,
    /// The end. `None` while a channel of the call is up.
    pub ended: Option<CallEnd>,
    /// The party that has hung up, as far as that leads to the end of the call.
    pub(crate) hung_up: HungUp,
    /// `true` if the caller left a queue before anybody answered.
    pub(crate) abandoned: bool,
}

/// The one who has hung up.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum HungUp {
    #[default]
    Nobody,
    /// The party of a leg.
    Leg(Id),
    /// The server, such as on request of a program.
    Server,
}

/// The state of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CallState {
    /// The caller is on the way through the dialplan, and nobody is called yet.
    Started,
    /// A party is called, and does not ring yet.
    Dialing,
    /// A party that is called rings.
    Ringing,
    /// The server has taken the call, such as with an announcement, a voice mail, a queue or a
    /// conference, or the party that the server called on request has answered. No other party
    /// has answered or is called.
    Accepted,
    /// A party that was called has answered. The call stays in this state to its end, also while
    /// it is on hold, parked, or transferred.
    Answered,
    /// All channels have ended.
    Ended,
}

/// A leg of a call: a channel, and what became of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leg {
    /// The identifier of the channel (`Uniqueid`).
    pub channel: Id,
    /// The name of the channel: the one under which it is known to people. A channel that was
    /// replaced keeps the name that it had, without `<ZOMBIE>`.
    pub name: Box<str>,
    /// The party at the other end of the channel, with the number and name that the server has
    /// for it.
    pub party: Party,
    /// The part that the leg has in the call. A list does not tell it: of a call that is found in
    /// one, the first leg is the caller, and the others are called.
    pub role: Role,
    /// `true` if the channel is only an aid of the server, and no party: both halves of a Local
    /// channel that leads to another party, the second half of one that ends in the dialplan, and
    /// channels for announcements, recordings and the like.
    pub helper: bool,
    /// The leg of the other half of a Local channel. `None` for other channels.
    pub other_half: Option<Id>,
    /// The leg that dialled this one, which can be a helper: see [`Call::caller_of`]. `None` if no
    /// leg did, or nobody saw which one.
    pub dialed_by: Option<Id>,
    /// The text that was dialled, such as `bob` of `Dial(PJSIP/bob)`. Empty if it is not known.
    pub dial_string: Box<str>,
    /// The result of dialling the leg. `None` if it was not dialled, or there is no result yet.
    pub dial_status: Option<DialStatus<'static>>,
    /// The place to which the call was forwarded instead of being answered by the leg, such as
    /// `Local/200@office`. Empty if it was not forwarded.
    pub forwarded_to: Box<str>,
    /// The beginning of the leg.
    pub since: Since,
    /// The time at which the party first rang. `None` if it did not, or nobody saw it.
    pub rang: Option<Since>,
    /// The time at which the channel came up. `None` if it did not.
    pub answered: Option<Since>,
    /// The call to which the channel went, while others stayed in this call. `None` if it is still
    /// here, or ended here.
    pub moved_to: Option<Id>,
    /// The end. `None` while the channel is up, or if it went to another call.
    pub ended: Option<LegEnd>,
    /// `true` if the leg is or was dialled.
    pub(crate) dialed: bool,
}

/// The part that a leg has in a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// The leg called the server.
    Caller,
    /// The server called the party on request (`Originate`), and not on behalf of another leg.
    Originated,
    /// The party was called on behalf of another leg.
    Called,
}

/// The end of a leg.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LegEnd {
    /// The time. `Before` if nobody saw the end, and the leg was found to be gone.
    pub at: Since,
    /// The cause. `None` if nobody saw the end.
    pub cause: Option<Cause>,
}

/// The end of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallEnd {
    /// The time. `Before` if nobody saw the end, and the call was found to be gone.
    pub at: Since,
    /// The outcome.
    pub outcome: Outcome,
    /// The cause with which the party that counts ended: the one that answered, else the one that
    /// was called last, else the caller. `None` if nobody saw it.
    pub cause: Option<Cause>,
    /// The leg whose party hung up first. `None` if the server ended the call, or nobody saw who
    /// did.
    pub hung_up_by: Option<Id>,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// A party that was called answered; or nobody was called, and the server or the party that it
    /// called on request took the call.
    Answered,
    /// The party that was called last was busy.
    Busy,
    /// The party that was called last did not answer in time.
    NoAnswer,
    /// The party that was called last could not be reached for a lack of resources or a fault of
    /// the network.
    Congestion,
    /// The caller gave up while a party was called, or while it waited in a queue.
    Cancelled,
    /// The party that was called last does not exist or was not reachable, or the call ended for
    /// another reason before somebody took it.
    Failed,
    /// The server ended or restarted. The server tells that to users with the read class `system`.
    ServerGone,
    /// Not known, since the end of the call was not seen.
    Unknown,
}

/// A transfer of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transfer {
    /// The time.
    pub at: SystemTime,
    /// The kind.
    pub kind: TransferKind,
    /// The leg whose party transferred the call.
    pub by: Id,
    /// The leg that was transferred. `None` if it is not known, or if several were.
    pub transferee: Option<Id>,
    /// The target.
    pub to: TransferTarget,
    /// `true` if the transfer succeeded.
    pub success: bool,
}

/// The kind of a transfer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransferKind {
    /// A blind transfer: the one who transfers does not speak with the target.
    Blind,
    /// An attended transfer: the one who transfers has called the target before.
    Attended,
}

/// The target of a transfer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransferTarget {
    /// A place in the dialplan.
    Extension {
        /// The extension.
        exten: Box<str>,
        /// The context.
        context: Box<str>,
    },
    /// The party of a leg.
    Leg(Id),
    /// A bridge, in which the parties stay together.
    Bridge(Id),
    /// An application.
    Application(Box<str>),
    /// A target that the server did not name: the transfer failed, or the target has gone.
    Unknown,
}

impl Call {
    /// Returns the time from the beginning of the call to its end, or until now while it is up.
    ///
    /// If nobody saw the [beginning](Self::since), it is the part that was seen; if nobody saw the
    /// end, the time until the call was found to be gone.
    pub fn duration(&self) -> Duration {
        self.time_since(self.since)
    }

    /// Returns the time from the [answer](Self::answered) of a party to the end of the call, or
    /// until now while it is up; `None` without an answer. Time on hold, parked, or between parties
    /// counts.
    pub fn talked(&self) -> Option<Duration> {
        self.answered.map(|answered| self.time_since(answered))
    }

    fn time_since(&self, begin: Since) -> Duration {
        match &self.ended {
            Some(end) => end.at.time().duration_since(begin.time()).unwrap_or_default(),
            None => begin.elapsed(),
        }
    }

    /// Returns the leg of a channel.
    pub fn leg(&self, channel: &str) -> Option<&Leg> {
        self.legs.iter().find(|leg| *leg.channel == *channel)
    }

    /// Returns the leg of the party on whose behalf a leg was called, across the Local channels
    /// that are between them. `None` if there is none, or nobody saw which one.
    pub fn caller_of(&self, channel: &str) -> Option<&Leg> {
        let mut leg = self.leg(channel).filter(|leg| leg.role == Role::Called)?;
        // The length of the way is bounded in case that it is a circle.
        for _ in 0..self.legs.len() {
            leg = self.leg(leg.dialed_by.as_deref()?)?;
            if !leg.helper {
                return Some(leg);
            }
            let other = self.leg(leg.other_half.as_deref()?)?;
            if other.dialed_by.is_none() {
                // Both halves lead to a party: the other one was called first.
                let theirs = |it: &&Leg| it.dialed_by.as_ref() == Some(&other.channel);
                let first = self.parties().find(theirs)?;
                return (*first.channel != *channel).then_some(first);
            }
            leg = other;
        }
        None
    }

    /// Returns the legs that are parties, in the order in which they came.
    pub fn parties(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().filter(|leg| !leg.helper)
    }

    /// Returns the leg of the party that began the call: the first that called, or was called on
    /// request.
    pub fn caller(&self) -> Option<&Leg> {
        let root = |leg: &&Leg| leg.role != Role::Called;
        self.parties().find(root).or_else(|| self.legs.iter().find(root))
    }
}

impl Leg {
    /// Returns `true` while the channel is up and in this call.
    pub fn is_up(&self) -> bool {
        self.ended.is_none() && self.moved_to.is_none()
    }
}
