//! Transfers.

use ami::event::{AttendedTransfer, BlindTransfer};
use ami::value::{AttendedTransferType, TransferResult};

use crate::ladder::calls::{At, Ladders};
use crate::ladder::row::Place;
use crate::out::Style;

pub(super) fn blind(ladders: &mut Ladders, event: &BlindTransfer) {
    let Some(by) = ladders.find(event.transferer()) else { return };
    let transferee = ladders.find(event.transferee());
    let exten = event.extension().unwrap_or_default();
    let context = event.context().unwrap_or_default();
    let text = format!("blind transfer to {exten}@{context}");
    transferred(ladders, by, transferee, text, event.result());
}

fn transferred(
    ladders: &mut Ladders,
    by: At,
    transferee: Option<At>,
    text: String,
    result: Option<TransferResult<'_>>,
) {
    let failed = result.filter(|it| *it != TransferResult::Success);
    let by = party(ladders, by);
    let place = match transferee.map(|it| party(ladders, it)).filter(|it| it.call == by.call) {
        Some(to) => Place::Arrow(by.leg, to.leg),
        None => Place::Leg(by.leg),
    };
    match failed {
        Some(failed) => {
            let text = format!("{text} failed: {}", failed.as_str());
            ladders.row(by.call, "transfer failed", place, text, Style::Bad);
        }
        None => {
            if let Some(leg) = ladders.leg(by) {
                leg.has_transferred = true;
            }
            ladders.row(by.call, "transfer", place, text, Style::Strong);
        }
    }
}

fn party(ladders: &mut Ladders, at: At) -> At {
    let leg = ladders.ladder(at.call).map_or(at.leg, |ladder| ladder.party(at.leg));
    At { call: at.call, leg }
}

pub(super) fn attended(ladders: &mut Ladders, event: &AttendedTransfer) {
    let first = ladders.find(event.orig_transferer());
    let second = ladders.find(event.second_transferer());
    let Some(by) = first.or(second) else { return };
    let transferee = ladders.find(event.transferee());
    let to = match event.dest_type() {
        Some(AttendedTransferType::App) => event.dest_app().unwrap_or_default().into_owned(),
        Some(AttendedTransferType::Threeway) => {
            let by = party(ladders, by);
            let text = "three-way call".to_owned();
            ladders.row(by.call, "three-way", Place::Leg(by.leg), text, Style::Strong);
            return;
        }
        _ => target(ladders, event, [first, second, transferee]),
    };
    transferred(ladders, by, transferee, format!("attended transfer to {to}"), event.result());
}

/// Returns the name of the party that is the target. The server does not name it if it is of
/// version 16, or if its channel is just changing, but it is in one of the bridges then.
fn target(ladders: &mut Ladders, event: &AttendedTransfer, known: [Option<At>; 3]) -> String {
    let named = ladders.find(event.transfer_target());
    let second = event.second().bridge_unique_id();
    let bridges = [second, event.dest_bridge_unique_id()];
    let in_bridges = bridges.iter().flatten().filter_map(|id| ladders.bridges.get(&**id));
    let members: Vec<_> = in_bridges.flat_map(|bridge| bridge.members.clone()).collect();
    let members = members.iter().filter_map(|id| ladders.known(id));
    let found = named.or_else(|| members.into_iter().find(|at| !known.contains(&Some(*at))));
    let found = found.map(|at| party(ladders, at));
    let name = found.and_then(|at| ladders.leg(at)).map(|leg| leg.short_name());
    name.unwrap_or_else(|| "an unknown party".to_owned())
}
