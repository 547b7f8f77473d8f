//! Conferences and parking lots.

use std::borrow::Cow;

use ami::event::{ChannelSnapshot, ParkedCall, ParkedCallGiveUp, ParkedCallTimeOut, UnParkedCall};

use crate::ladder::calls::Ladders;
use crate::ladder::row::Place;
use crate::ladder::text::lasting;
use crate::out::Style;

pub(super) fn joined(
    ladders: &mut Ladders,
    snapshot: ChannelSnapshot<'_>,
    kind: &str,
    name: Option<Cow<'_, str>>,
) {
    let Some(at) = ladders.find(snapshot) else { return };
    let text = format!("joins {kind} {}", name.unwrap_or_default());
    ladders.note(at, "conference joined", text, Style::Good);
}

pub(super) fn left(
    ladders: &mut Ladders,
    snapshot: ChannelSnapshot<'_>,
    kind: &str,
    name: Option<Cow<'_, str>>,
) {
    let Some(at) = ladders.find(snapshot) else { return };
    let text = format!("leaves {kind} {}", name.unwrap_or_default());
    ladders.note(at, "conference left", text, Style::Dim);
}

pub(super) fn spied(ladders: &mut Ladders, spy: ChannelSnapshot<'_>, spied: ChannelSnapshot<'_>) {
    let name = spied.channel().map(|it| it.as_str().to_owned()).unwrap_or_default();
    ladders.find(spied);
    if let Some(at) = ladders.find(spy) {
        ladders.note(at, "spies", format!("spies on {name}"), Style::Strong);
    }
}

fn space(lot: Option<Cow<'_, str>>, space: Option<Cow<'_, str>>) -> String {
    format!("{} in {}", space.unwrap_or_default(), lot.unwrap_or_default())
}

pub(super) fn parked(ladders: &mut Ladders, event: &ParkedCall) {
    let Some(at) = ladders.find(event.parkee()) else { return };
    let space = space(event.parkinglot(), event.parking_space());
    let limit = event.parking_timeout().ok().flatten().filter(|it| !it.is_zero());
    let limit = limit.map(|it| format!(", for {} at most", lasting(it)));
    let text = format!("parked at {space}{}", limit.unwrap_or_default());
    ladders.note(at, "parked", text, Style::Strong);
}

pub(super) fn retrieved(ladders: &mut Ladders, event: &UnParkedCall) {
    let Some(at) = ladders.find(event.parkee()) else { return };
    let space = space(event.parkinglot(), event.parking_space());
    let text = format!("retrieves {space}");
    match ladders.find(event.retriever()) {
        Some(by) if by.call == at.call => {
            ladders.row(at.call, "retrieved", Place::Arrow(by.leg, at.leg), text, Style::Good);
        }
        by => {
            let name = by.and_then(|by| ladders.leg(by)).map(|leg| leg.short_name());
            let name = name.unwrap_or_else(|| "an unknown party".to_owned());
            ladders.note(at, "retrieved", format!("retrieved by {name}"), Style::Good);
            if let Some(by) = by {
                ladders.note(by, "retrieved", text, Style::Good);
            }
        }
    }
}

pub(super) fn timed_out(ladders: &mut Ladders, event: &ParkedCallTimeOut) {
    let Some(at) = ladders.find(event.parkee()) else { return };
    let space = space(event.parkinglot(), event.parking_space());
    ladders.note(at, "parking timed out", format!("was parked too long at {space}"), Style::Bad);
}

pub(super) fn given_up(ladders: &mut Ladders, event: &ParkedCallGiveUp) {
    let Some(at) = ladders.find(event.parkee()) else { return };
    let space = space(event.parkinglot(), event.parking_space());
    ladders.note(at, "parking given up", format!("gives up at {space}"), Style::Bad);
}
