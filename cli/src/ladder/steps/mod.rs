//! The steps of calls: what each event adds to the ladders.

mod bridge;
mod channel;
mod dial;
mod end;
mod queue;
mod room;
mod transfer;

use ami::Event;
use ami::event::Typed;

pub(super) use self::bridge::connected;
use super::calls::Ladders;

/// Applies an event.
pub(super) fn apply(ladders: &mut Ladders, event: &Event) {
    match event.typed() {
        Typed::Newchannel(it) => channel::new(ladders, &it),
        Typed::Newexten(it) => channel::step(ladders, &it),
        Typed::Newstate(it) => channel::state(ladders, &it),
        Typed::NewCallerid(it) => channel::caller(ladders, it.snapshot()),
        Typed::Rename(it) => channel::renamed(ladders, &it),
        Typed::DTMFEnd(it) => channel::digit(ladders, &it),
        Typed::Hold(it) => channel::hold(ladders, it.snapshot(), true),
        Typed::Unhold(it) => channel::hold(ladders, it.snapshot(), false),
        Typed::MusicOnHoldStart(it) => channel::music(ladders, &it),
        Typed::MusicOnHoldStop(it) => channel::silence(ladders, it.snapshot()),
        Typed::DialBegin(it) => dial::begin(ladders, &it),
        Typed::DialState(it) => dial::state(ladders, &it),
        Typed::DialEnd(it) => dial::end(ladders, &it),
        Typed::Pickup(it) => dial::pickup(ladders, &it),
        Typed::BridgeCreate(it) => bridge::created(ladders, it.bridge()),
        Typed::BridgeEnter(it) => bridge::enter(ladders, &it),
        Typed::BridgeLeave(it) => bridge::leave(ladders, &it),
        Typed::BridgeMerge(it) => bridge::merge(ladders, &it),
        Typed::BridgeDestroy(it) => bridge::destroy(ladders, &it),
        Typed::LocalOptimizationEnd(it) => bridge::optimized(ladders, &it),
        Typed::BlindTransfer(it) => transfer::blind(ladders, &it),
        Typed::AttendedTransfer(it) => transfer::attended(ladders, &it),
        Typed::QueueCallerJoin(it) => queue::join(ladders, &it),
        Typed::QueueCallerLeave(it) => queue::leave(ladders, &it),
        Typed::QueueCallerAbandon(it) => queue::abandon(ladders, &it),
        Typed::AgentConnect(it) => queue::connect(ladders, &it),
        Typed::AgentRingNoAnswer(it) => queue::no_answer(ladders, &it),
        Typed::AgentComplete(it) => queue::complete(ladders, &it),
        other => apply_room(ladders, &other),
    }
}

fn apply_room(ladders: &mut Ladders, event: &Typed) {
    match event {
        Typed::ConfbridgeJoin(it) => {
            room::joined(ladders, it.snapshot(), "the conference", it.conference());
        }
        Typed::ConfbridgeLeave(it) => {
            room::left(ladders, it.snapshot(), "the conference", it.conference());
        }
        Typed::MeetmeJoin(it) => room::joined(ladders, it.snapshot(), "the MeetMe", it.meetme()),
        Typed::MeetmeLeave(it) => room::left(ladders, it.snapshot(), "the MeetMe", it.meetme()),
        Typed::ChanSpyStart(it) => room::spied(ladders, it.spyer(), it.spyee()),
        Typed::ParkedCall(it) => room::parked(ladders, it),
        Typed::UnParkedCall(it) => room::retrieved(ladders, it),
        Typed::ParkedCallTimeOut(it) => room::timed_out(ladders, it),
        Typed::ParkedCallGiveUp(it) => room::given_up(ladders, it),
        Typed::HangupRequest(it) => end::requested(ladders, it.snapshot()),
        Typed::SoftHangupRequest(it) => end::requested_by_server(ladders, it),
        Typed::Hangup(it) => end::hangup(ladders, it),
        // The list of the channels that are up.
        Typed::CoreShowChannel(it) => channel::listed(ladders, it),
        _ => {}
    }
}
