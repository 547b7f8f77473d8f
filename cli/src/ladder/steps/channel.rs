//! Channels: they begin, go through the dialplan, ring, are up, hold, press keys.

use ami::event::{
    ChannelSnapshot, CoreShowChannel, DTMFEnd, MusicOnHoldStart, Newchannel, Newexten, Newstate,
    Rename,
};
use ami::value::{ChannelState, DtmfDirection};
use jiff::Timestamp;

use crate::ladder::calls::{At, Ladders};
use crate::ladder::leg::is_passing;
use crate::ladder::row::Place;
use crate::ladder::text::{lasting, short};
use crate::out::Style;

/// The applications that tell what becomes of a call.
const TELLING: [&str; 32] = [
    "AGI",
    "Answer",
    "BackGround",
    "Bridge",
    "Busy",
    "ChanSpy",
    "ConfBridge",
    "Congestion",
    "ControlPlayback",
    "DISA",
    "Dial",
    "Directory",
    "Echo",
    "ExternalIVR",
    "FollowMe",
    "Hangup",
    "MeetMe",
    "Milliwatt",
    "MusicOnHold",
    "Page",
    "Park",
    "ParkedCall",
    "Pickup",
    "Playback",
    "Queue",
    "Read",
    "Record",
    "Stasis",
    "Transfer",
    "VoiceMail",
    "VoiceMailMain",
    "WaitExten",
];
/// The applications of one leg that have rows.
const APPLICATIONS: usize = 8;
/// The digits of one row.
const DIGITS: usize = 32;

pub(super) fn new(ladders: &mut Ladders, event: &Newchannel) {
    let id = event.unique_id();
    let known = id.as_ref().is_some_and(|id| ladders.known(id.as_str()).is_some());
    let Some(at) = ladders.find(event.snapshot()).filter(|_| !known) else { return };
    let is_caller = event.linked_id().is_some_and(|linked| Some(linked) == id);
    let exten = event.exten().unwrap_or_default();
    if let Some(ladder) = ladders.ladder(at.call).filter(|_| is_caller) {
        ladder.was_begun = true;
    }
    let Some(leg) = ladders.leg(at).filter(|it| is_caller && !it.is_local) else { return };
    // The server gives these to the channels that it calls.
    if !matches!(&*exten, "" | "s") {
        leg.called = short(&exten);
        let context = event.context().unwrap_or_default();
        ladders.note(at, "calls", format!("calls {exten}@{context}"), Style::Strong);
    }
}

pub(super) fn step(ladders: &mut Ladders, event: &Newexten) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let application = event.application().unwrap_or_default();
    let Some(leg) = ladders.leg(at) else { return };
    // A caller for whom the queue gave up goes on; one who hung up goes to `h` at most.
    if event.extension().is_none_or(|exten| exten != "h") {
        leg.abandoned = false;
    }
    let tells = TELLING.iter().any(|it| it.eq_ignore_ascii_case(&application));
    // The second half of a Local channel dials in place of the first one.
    if !tells || leg.applications == APPLICATIONS || leg.is_local {
        return;
    }
    let data = event.app_data().unwrap_or_default();
    let text = short(&format!("{application}({data})"));
    // A channel that is sent elsewhere is told with the application that it leaves.
    if leg.is_up && leg.application == text {
        return;
    }
    leg.applications += 1;
    leg.application.clone_from(&text);
    ladders.note(at, "application", text, Style::Dim);
}

pub(super) fn state(ladders: &mut Ladders, event: &Newstate) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    match event.channel_state() {
        Ok(Some(ChannelState::Ringing)) => rings(ladders, at),
        Ok(Some(ChannelState::Up)) => up(ladders, at),
        _ => {}
    }
}

/// Notes that a leg rings. The server may tell so before it tells who dialled the leg, and the row
/// comes behind that.
pub(super) fn rings(ladders: &mut Ladders, at: At) {
    let Some(leg) = ladders.leg(at).filter(|it| !it.has_ringing_row && !it.is_up) else { return };
    leg.rings = true;
    let by = leg.dialed_by;
    if leg.is_local || !leg.is_dialed {
        return;
    }
    leg.has_ringing_row = true;
    match by {
        Some(by) => ladders.row(at.call, "ringing", Place::Arrow(at.leg, by), "ringing", None),
        None => ladders.note(at, "ringing", "rings", None),
    }
}

fn up(ladders: &mut Ladders, at: At) {
    let Some(leg) = ladders.leg(at).filter(|it| !it.is_up) else { return };
    leg.is_up = true;
    if leg.is_dialed || leg.is_local {
        return;
    }
    let Some(ladder) = ladders.ladder(at.call) else { return };
    let is_first = !ladder.accepted && !ladder.answered;
    if is_first {
        ladder.accepted = true;
        ladders.note(at, "accepted", "answered by the server", Style::Good);
    }
}

pub(super) fn caller(ladders: &mut Ladders, snapshot: ChannelSnapshot<'_>) {
    ladders.find(snapshot);
}

pub(super) fn renamed(ladders: &mut Ladders, event: &Rename) {
    let (Some(id), Some(name)) = (event.unique_id(), event.newname()) else { return };
    let Some(at) = ladders.known(id.as_str()) else { return };
    ladders.touch(at.call);
    if let Some(leg) = ladders.leg(at).filter(|it| !it.is_local && !is_passing(&name)) {
        leg.name = short(&name);
    }
}

pub(super) fn digit(ladders: &mut Ladders, event: &DTMFEnd) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let is_received = event.direction() == Some(DtmfDirection::Received);
    let digit = event.digit().unwrap_or_default();
    let now = ladders.now;
    let Some(ladder) = ladders.ladder(at.call).filter(|_| is_received) else { return };
    if ladder.legs[at.leg].is_local {
        return;
    }
    match &mut ladder.digits {
        Some((leg, digits, _)) if *leg == at.leg && digits.len() < DIGITS => *digits += &digit,
        _ => {
            ladders.flush(at.call);
            if let Some(ladder) = ladders.ladder(at.call) {
                ladder.digits = Some((at.leg, short(&digit), now));
            }
        }
    }
}

pub(super) fn hold(ladders: &mut Ladders, snapshot: ChannelSnapshot<'_>, on: bool) {
    let Some(at) = ladders.find(snapshot) else { return };
    match on {
        true => ladders.note(at, "hold", "holds the call", None),
        false => ladders.note(at, "unhold", "takes the call off hold", None),
    }
}

pub(super) fn music(ladders: &mut Ladders, event: &MusicOnHoldStart) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let class = event.class().unwrap_or_default();
    ladders.note(at, "music", format!("hears music ({class})"), Style::Dim);
}

pub(super) fn silence(ladders: &mut Ladders, snapshot: ChannelSnapshot<'_>) {
    if let Some(at) = ladders.find(snapshot) {
        ladders.note(at, "silence", "the music ends", Style::Dim);
    }
}

/// Begins with a channel that is up, from the list of the server.
pub(super) fn listed(ladders: &mut Ladders, event: &CoreShowChannel) {
    let known = event.unique_id().is_some_and(|id| ladders.known(id.as_str()).is_some());
    let Some(at) = ladders.find(event.snapshot()).filter(|_| !known) else { return };
    let lasted = event.duration().ok().flatten().unwrap_or_default();
    let since = ladders.now.and_then(|now| now.checked_sub(lasted).ok());
    begun(ladders, at, since);
    let exten = event.exten().unwrap_or_default();
    let is_up = event.channel_state() == Ok(Some(ChannelState::Up));
    let rings = event.channel_state() == Ok(Some(ChannelState::Ringing));
    let is_called = event.linked_id() != event.unique_id();
    let Some(leg) = ladders.leg(at) else { return };
    (leg.is_up, leg.rings, leg.is_dialed) = (is_up, rings, is_called);
    leg.has_ringing_row = rings;
    if !leg.is_local {
        leg.called = if is_called { String::new() } else { short(&exten) };
        let application = event.application().unwrap_or_default();
        let data = event.application_data().unwrap_or_default();
        let state = event.channel_state_desc().unwrap_or_default().to_lowercase();
        let lasted = lasting(lasted);
        let text = format!("{state}, since {lasted}, in {application}({data})");
        ladders.note(at, "up", text, Style::Dim);
    }
    if let Some(ladder) = ladders.ladder(at.call) {
        // Nobody saw who answered, but somebody did.
        ladder.answered |= is_up && is_called;
        ladder.accepted |= is_up;
    }
    let bridge = event.bridge_id().filter(|it| !it.is_empty());
    if let (Some(bridge), Some(id)) = (bridge, event.unique_id()) {
        ladders.enter(&bridge, id.as_str());
    }
}

/// Notes the beginning of a call that is older than what is seen of it.
fn begun(ladders: &mut Ladders, at: At, since: Option<Timestamp>) {
    if let Some(ladder) = ladders.ladder(at.call) {
        ladder.begun = [ladder.begun, since].into_iter().flatten().min();
        ladder.was_up = true;
    }
}
