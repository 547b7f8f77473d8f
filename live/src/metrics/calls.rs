//! Families of calls, channels, bridges, conferences and parked calls.

use std::collections::BTreeMap;
use std::fmt;

use super::text::{Kind, family};
use crate::state::{CallState, Outcome, State};

const STATES: [(CallState, &str); 5] = [
    (CallState::Started, "started"),
    (CallState::Dialing, "dialing"),
    (CallState::Ringing, "ringing"),
    (CallState::Accepted, "accepted"),
    (CallState::Answered, "answered"),
];

const OUTCOMES: [(Outcome, &str); 8] = [
    (Outcome::Answered, "answered"),
    (Outcome::Busy, "busy"),
    (Outcome::NoAnswer, "no_answer"),
    (Outcome::Congestion, "congestion"),
    (Outcome::Cancelled, "cancelled"),
    (Outcome::Failed, "failed"),
    (Outcome::ServerGone, "server_gone"),
    (Outcome::Unknown, "unknown"),
];

/// The technologies of Asterisk's channel drivers, and of the channels that the server makes for
/// itself. Others count as `other`: the name of a channel can be anything.
const TECHNOLOGIES: [&str; 26] = [
    "Announcer",
    "AsyncGoto",
    "AudioSocket",
    "Bridge",
    "CBAnn",
    "CBRec",
    "Console",
    "DAHDI",
    "IAX2",
    "Local",
    "MGCP",
    "Message",
    "Motif",
    "MulticastRTP",
    "OOH323",
    "PJSIP",
    "Parked",
    "Phone",
    "Recorder",
    "SIP",
    "Skinny",
    "Snoop",
    "Surrogate",
    "UnicastRTP",
    "Unistim",
    "WebSocket",
];

pub(super) fn write(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    ended(state, f)?;
    if let Ok(calls) = state.calls() {
        let mut it = family(f, Kind::Gauge, "asterisk_calls", "Calls that are up.")?;
        for (in_state, name) in STATES {
            let count = calls.iter().filter(|call| call.state == in_state).count();
            it.sample(&[("state", name)], count as u64)?;
        }
    }
    channels(state, f)?;
    if let Ok(bridges) = state.bridges() {
        let mut it = family(f, Kind::Gauge, "asterisk_bridges", "Bridges that are up.")?;
        it.sample(&[], bridges.len() as u64)?;
    }
    if let Ok(conferences) = state.conferences() {
        let members: usize = conferences.iter().map(|it| it.members.len()).sum();
        family(f, Kind::Gauge, "asterisk_conferences", "Conferences that are up.")?
            .sample(&[], conferences.len() as u64)?;
        family(f, Kind::Gauge, "asterisk_conference_members", "Members of conferences.")?
            .sample(&[], members as u64)?;
    }
    if let Ok(lots) = state.parking_lots() {
        let parked: usize = lots.iter().map(|it| it.calls.len()).sum();
        family(f, Kind::Gauge, "asterisk_parked_calls", "Calls that are parked.")?
            .sample(&[], parked as u64)?;
    }
    Ok(())
}

fn ended(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let totals = &state.totals;
    let mut it = family(f, Kind::Counter, "asterisk_ended_calls", "Calls that have ended.")?;
    for (outcome, name) in OUTCOMES {
        it.sample(&[("outcome", name)], totals.calls[outcome as usize])?;
    }
    let help = "Durations of ended calls whose beginning and end were seen.";
    family(f, Kind::Histogram, "asterisk_call_duration_seconds", help)?
        .histogram(&[], &totals.durations)?;
    let help = "Times from the answer of a party to the end of calls, if both were seen.";
    family(f, Kind::Histogram, "asterisk_call_talk_seconds", help)?.histogram(&[], &totals.talks)
}

fn channels(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Ok(channels) = state.channels() else { return Ok(()) };
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for channel in channels.iter() {
        let name = channel.channel_name();
        let technology = TECHNOLOGIES.into_iter().find(|&it| name.technology() == Some(it));
        let state = channel.state.name().unwrap_or("OTHER").to_ascii_lowercase();
        *counts.entry((technology.unwrap_or("other"), state)).or_default() += 1;
    }
    let mut it = family(f, Kind::Gauge, "asterisk_channels", "Channels that are up.")?;
    for ((technology, state), count) in &counts {
        it.sample(&[("technology", technology), ("state", state)], *count)?;
    }
    Ok(())
}
