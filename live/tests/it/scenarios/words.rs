//! A change in words.

use live::{Id, QueueExit, Transfer, TransferKind, TransferTarget, What};

use super::names::Names;

/// The kind and the call of changes that race with each other on the server.
pub(crate) type Race<'a> = Option<(&'static str, &'a Id)>;

/// Returns what a change races with: telephones that begin to ring at once, and the news of a
/// pickup, which its two channels tell from threads of their own, and channels that are sent into a
/// conference at once.
pub(crate) fn race(what: &What) -> Race<'_> {
    match what {
        What::CallRinging { call, .. } => Some(("ringing", call)),
        What::CallAnswered { call, .. }
        | What::CallPickedUp { call, .. }
        | What::CallMerged { into: call, .. } => Some(("answer", call)),
        What::ConferenceJoined { conference, .. } => Some(("joining", conference)),
        _ => None,
    }
}

/// Returns what happened to a call, or to the state as a whole.
pub(crate) fn of_call(what: &What, names: &Names) -> Option<String> {
    let number = |call| names.call(call);
    Some(match what {
        What::Freshness(freshness) if freshness.is_current() => "current".to_owned(),
        What::Freshness(_) => "stale".to_owned(),
        What::CallStarted { call } => format!("{} starts", number(call)),
        What::CallRinging { call, channel } => {
            format!("{} rings at {}", number(call), names.channel(channel))
        }
        What::CallAccepted { call, channel } => {
            format!("{} is accepted at {}", number(call), names.channel(channel))
        }
        What::CallAnswered { call, by } => {
            format!("{} is answered by {}", number(call), names.maybe(by.as_ref()))
        }
        What::CallForwarded { call, channel, to } => {
            format!("{} is forwarded by {} to {to}", number(call), names.channel(channel))
        }
        What::CallPickedUp { call, by, target } => {
            let (by, target) = (names.channel(by), names.channel(target));
            format!("{} is picked up by {by} from {target}", number(call))
        }
        What::Transferred { call, transfer } => {
            format!("{} is transferred: {}", number(call), transfer_text(transfer, names))
        }
        What::CallMerged { from, into } => {
            format!("{} is merged into {}", number(&from.id), number(into))
        }
        What::CallEnded(call) => format!("{} ends", number(&call.id)),
        _ => return None,
    })
}

/// Returns what happened in a queue.
pub(crate) fn of_queue(what: &What, names: &Names) -> Option<String> {
    Some(match what {
        What::CallerJoinedQueue { queue, channel, position } => {
            format!("{} joins {queue} at {position}", names.channel(channel))
        }
        What::CallerLeftQueue { queue, caller, how, .. } => {
            let how = match how {
                QueueExit::Answered { interface, .. } => {
                    format!("answered by {}", agent(interface))
                }
                how => format!("{how:?}").to_lowercase(),
            };
            format!("{} leaves {queue}: {how}", names.channel(&caller.channel))
        }
        What::AgentRinging { queue, interface, caller, .. } => {
            format!("{queue} calls {} for {}", agent(interface), names.channel(caller))
        }
        What::AgentRangOut { queue, interface, caller, .. } => {
            format!("{queue} calls {} for {} in vain", agent(interface), names.channel(caller))
        }
        What::AgentAnswered { queue, interface, caller, .. } => {
            format!("{} takes {} from {queue}", agent(interface), names.channel(caller))
        }
        What::AgentCompleted { queue, interface, caller, by, .. } => {
            let caller = names.maybe(caller.as_ref());
            format!("{} has completed {caller} from {queue}: {by:?}", agent(interface))
        }
        What::MemberPaused { queue, interface, reason } => {
            format!("{} pauses in {queue}: {reason}", agent(interface))
        }
        What::MemberUnpaused { queue, interface } => {
            format!("{} is back in {queue}", agent(interface))
        }
        _ => return None,
    })
}

fn agent(interface: &str) -> &str {
    interface.strip_prefix("PJSIP/").unwrap_or(interface)
}

/// Returns what happened in a parking lot or a conference.
pub(crate) fn of_room(what: &What, names: &Names) -> Option<String> {
    Some(match what {
        What::CallParked { lot, space, channel } => {
            format!("{} is parked in {lot} at {space}", names.channel(channel))
        }
        What::CallRetrieved { lot, call, by } => {
            let by = names.maybe(by.as_ref());
            format!("{} is retrieved from {lot} by {by}", names.channel(&call.channel))
        }
        What::ParkingTimedOut { lot, call } => {
            format!("{} is parked in {lot} for too long", names.channel(&call.channel))
        }
        What::ParkedCallerGaveUp { lot, call } => {
            format!("{} gives up in {lot}", names.channel(&call.channel))
        }
        What::ConferenceStarted { conference } => format!("{conference} starts"),
        What::ConferenceJoined { conference, channel } => {
            format!("{} joins {conference}", names.channel(channel))
        }
        What::ConferenceMuted { conference, channel, muted } => {
            let muted = if *muted { "muted" } else { "unmuted" };
            format!("{} is {muted} in {conference}", names.channel(channel))
        }
        What::ConferenceLeft { conference, member } => {
            format!("{} leaves {conference}", names.channel(&member.channel))
        }
        What::ConferenceEnded { conference } => format!("{} ends", conference.name),
        _ => return None,
    })
}

/// Returns a transfer in words.
pub(crate) fn transfer_text(transfer: &Transfer, names: &Names) -> String {
    let kind = match transfer.kind {
        TransferKind::Blind => "blind",
        TransferKind::Attended => "attended",
        _ => "?",
    };
    let to = match &transfer.to {
        TransferTarget::Extension { exten, context } => format!("{exten}@{context}"),
        TransferTarget::Leg(leg) => names.channel(leg).to_owned(),
        TransferTarget::Bridge(_) => "a bridge".to_owned(),
        TransferTarget::Application(name) => format!("{name}()"),
        _ => "nobody".to_owned(),
    };
    let transferee = names.maybe(transfer.transferee.as_ref());
    let failed = if transfer.success { "" } else { ", failed" };
    format!("{kind} by {}, {transferee} to {to}{failed}", names.channel(&transfer.by))
}
