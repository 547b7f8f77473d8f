//! Callers in queues, parking lots and conferences, with the number and name that their channels
//! have now: the events of these parts tell those of the beginning.

use std::sync::Arc;

use ami::Event;

use super::base::Model;
use crate::state::{Channel, ParkingLot, Queue};
use crate::text::{Id, set};

/// Takes over the number and name that a channel has from an event on.
pub(super) fn settle(model: &mut Model, event: &Event) {
    if event.head() != b"NewCallerid" {
        return;
    }
    let channel = event.get("Uniqueid").and_then(|it| str::from_utf8(it).ok());
    let Some(channel) = channel.and_then(|it| model.state.channels.get(it)).cloned() else {
        return;
    };
    in_queue(model, &channel);
    in_parking_lot(model, &channel);
    in_conference(model, &channel);
}

fn in_queue(model: &mut Model, channel: &Channel) {
    let of = |it: &Queue| it.callers.iter().position(|it| it.channel == channel.id);
    let found = model.state.queues.iter().find_map(|it| Some((Id::clone(&it.name), of(it)?)));
    if let Some((queue, at)) = found
        && let Some(queue) = model.state.queues.get_mut(&queue)
        && let Some(caller) = queue.callers.get_mut(at)
    {
        let caller = Arc::make_mut(caller);
        set(&mut caller.number, channel.caller.number.as_bytes());
        set(&mut caller.name, channel.caller.name.as_bytes());
    }
}

fn in_parking_lot(model: &mut Model, channel: &Channel) {
    let is_in = |it: &&Arc<ParkingLot>| it.call(&channel.id).is_some();
    let lot = model.state.parking_lots.iter().find(is_in).map(|it| Id::clone(&it.name));
    if let Some(lot) = lot
        && let Some(lot) = model.state.parking_lots.get_mut(&lot)
        && let Some(call) = lot.calls.iter_mut().find(|it| it.channel == channel.id)
    {
        call.caller.clone_from(&channel.caller);
    }
}

fn in_conference(model: &mut Model, channel: &Channel) {
    if let Some(conference) = model.roster.member_of.get(&channel.id)
        && let Some(conference) = model.state.conferences.get_mut(conference)
        && let Some(member) = conference.members.iter_mut().find(|it| it.channel == channel.id)
    {
        member.caller.clone_from(&channel.caller);
    }
}
