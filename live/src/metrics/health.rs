//! Families of the AMI connection, and of how much is known.

use std::fmt;

use ami::Stats;

use super::text::{Kind, family};
use crate::state::{Freshness, Part, StaleReason, State, Unknown};

pub(super) fn connection(state: &State, stats: &Stats, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_down = matches!(
        state.freshness,
        Freshness::Stale { reason: StaleReason::Down(_) | StaleReason::Ended(_), .. }
    );
    let help = "1 while the connection to the server is up, as far as the state is kept.";
    family(f, Kind::Gauge, "asterisk_ami_connected", help)?.sample(&[], (!is_down).into())?;
    for (name, help, value) in [
        ("asterisk_ami_reconnects", "Reconnections of the client.", stats.reconnects),
        ("asterisk_ami_events", "Events that were received.", stats.events),
        (
            "asterisk_ami_missed_events",
            "Events that a subscription of the client missed.",
            stats.missed,
        ),
        ("asterisk_ami_malformed", "Pieces of input that are not messages.", stats.malformed),
        (
            "asterisk_ami_unmatched_responses",
            "Responses and list items that no call was waiting for.",
            stats.unmatched,
        ),
        ("asterisk_ami_received_bytes", "Bytes that were received.", stats.bytes_received),
        ("asterisk_ami_sent_bytes", "Bytes that were sent.", stats.bytes_sent),
    ] {
        family(f, Kind::Counter, name, help)?.sample(&[], value)?;
    }
    Ok(())
}

pub(super) fn knowledge(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_stale = !state.freshness.is_current();
    let help = "1 while the state may differ from that of the server.";
    family(f, Kind::Gauge, "asterisk_state_stale", help)?.sample(&[], is_stale.into())?;
    let stale = match state.freshness {
        Freshness::Stale { since, .. } => Some(since),
        Freshness::Loading | Freshness::Current { .. } => None,
    };
    if let Some(since) = stale {
        let help = "The time from which on the state is stale.";
        family(f, Kind::Gauge, "asterisk_state_stale_since_timestamp_seconds", help)?
            .time(since)?;
    }
    let help = "Times that the server was asked again behind a loss of events.";
    family(f, Kind::Counter, "asterisk_state_resynchronisations", help)?
        .sample(&[], state.totals.current.saturating_sub(1))?;
    let help = "1 if a part of the state that is followed is not known.";
    let mut it = family(f, Kind::Gauge, "asterisk_state_unknown", help)?;
    for &part in Part::ALL {
        let unknown = state.unknown(part);
        if !matches!(unknown, Some(Unknown::NotFollowed(_))) {
            let name = match part {
                Part::Dialplan => "dialplan".to_owned(),
                part => part.to_string().replace(' ', "_"),
            };
            it.sample(&[("part", &name)], unknown.is_some().into())?;
        }
    }
    Ok(())
}
