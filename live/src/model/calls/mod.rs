//! Calls: the channels of one `Linkedid`, from the first to the last.
//!
//! Most of what becomes of a call follows from the changes that are told of channels and bridges
//! ([`settle`]); the events of dialling, transfers, and hang-ups say the rest.

mod dial;
mod end;
mod legs;
mod progress;
mod transfer;

use ami::Event;
use ami::value::ChannelState;

use super::base::Model;
use crate::change::What;
use crate::text::Id;

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"DialBegin" => dial::begin(model, event),
        b"DialState" => dial::state(model, event),
        b"DialEnd" => dial::end(model, event),
        b"HangupRequest" => end::requested(model, event),
        b"SoftHangupRequest" => end::requested_by_server(model, event),
        b"BlindTransfer" => transfer::blind(model, event),
        b"AttendedTransfer" => transfer::attended(model, event),
        b"Pickup" => transfer::pickup(model, event),
        _ => return false,
    }
    true
}

/// Draws the conclusions from what was told of channels and bridges, from that change on.
pub(super) fn settle(model: &mut Model, told: usize) {
    let end = model.changes.len();
    for at in told..end {
        match &model.changes[at].what {
            What::ChannelCreated { channel } => legs::join(model, &channel.clone()),
            What::ChannelMoved { channel, from, to } => {
                let (channel, from, to) = (channel.clone(), from.clone(), to.clone());
                legs::moved(model, &channel, &from, &to);
            }
            What::ChannelState { channel, to: ChannelState::Up, .. } => {
                progress::up(model, &channel.clone());
            }
            What::ChannelState { channel, to: ChannelState::Ringing, .. } => {
                progress::ringing(model, &channel.clone());
            }
            What::ChannelRenamed { channel, .. } => legs::renamed(model, &channel.clone()),
            What::BridgeEntered { channel, .. } => legs::bridged(model, &channel.clone()),
            What::ChannelEnded { channel, cause } => {
                let (channel, cause) = (channel.clone(), *cause);
                end::leg(model, &channel, cause);
            }
            _ => {}
        }
    }
}

/// Notes that events were lost: what is `None` in the calls that are up may have happened.
pub(super) fn lost(model: &mut Model) {
    let complete = model.state.calls.iter().filter(|it| it.complete);
    let complete: Vec<_> = complete.map(|it| Id::clone(&it.id)).collect();
    for id in complete {
        if let Some(call) = model.state.calls.get_mut(&id) {
            call.complete = false;
        }
    }
}

#[cfg(test)]
mod tests;
