//! The text of a scenario: the changes and calls as a person would write them down.

use std::fmt::Write as _;

use ami::Cause;
use live::{Call, Change, Leg, Role, What};

use super::names::Names;
use super::words::{Race, of_call, of_queue, of_room, race, transfer_text};

/// Returns `true` if each call that began has ended.
pub(crate) fn is_over(seen: &[Change]) -> bool {
    let count = |is: fn(&What) -> bool| seen.iter().filter(|change| is(&change.what)).count();
    let begun = count(|it| matches!(it, What::CallStarted { .. }));
    begun == count(|it| matches!(it, What::CallEnded(_) | What::CallMerged { .. }))
}

/// Returns the changes of calls in their order, those of queues, parking lots and conferences in
/// theirs, and the calls as they ended.
pub(crate) fn told(seen: &[Change]) -> String {
    let names = Names::of(seen);
    let mut calls: Vec<(Race<'_>, String)> = Vec::new();
    let mut others: Vec<(Race<'_>, String)> = Vec::new();
    for Change { what, resync, .. } in seen {
        if let Some(line) = of_call(what, &names) {
            let resync = if *resync { " (resync)" } else { "" };
            calls.push((race(what), format!("{line}{resync}")));
        } else if let Some(line) = of_queue(what, &names).or_else(|| of_room(what, &names)) {
            others.push((race(what), line));
        }
    }
    let mut text = String::new();
    for mut lines in [calls, others] {
        for raced in lines.chunk_by_mut(|one, next| one.0.is_some() && one.0 == next.0) {
            raced.sort();
        }
        for (_, line) in lines {
            let _ = writeln!(text, "{line}");
        }
    }
    let what = seen.iter().map(|change| &change.what);
    let ended =
        what.filter_map(|it| if let What::CallEnded(call) = it { Some(call) } else { None });
    let mut ended: Vec<_> = ended.collect();
    ended.sort_by_key(|call| names.call(&call.id));
    for call in ended {
        text.push_str(&call_text(call, &names));
    }
    text
}

fn call_text(call: &Call, names: &Names) -> String {
    let mut text = format!("call {}:", names.call(&call.id));
    match &call.ended {
        Some(end) => {
            let by = names.maybe(call.answered_by.as_ref());
            let cause = cause(end.cause);
            let hung_up_by = names.maybe(end.hung_up_by.as_ref());
            let _ = write!(text, " {:?} by {by}, {cause}, hung up by {hung_up_by}", end.outcome);
        }
        None => text.push_str(" not ended"),
    }
    if !call.complete {
        text.push_str(", not complete");
    }
    text.push('\n');
    for leg in &call.legs {
        let _ = writeln!(text, "  {}", leg_text(call, leg, names));
    }
    for transfer in &call.transfers {
        let _ = writeln!(text, "  transfer: {}", transfer_text(transfer, names));
    }
    for merged in &call.merged {
        let _ = writeln!(text, "  merged: {}", names.call(merged));
    }
    text
}

fn cause(cause: Option<Cause>) -> String {
    cause.map_or_else(|| "no cause".to_owned(), |it| it.number().to_string())
}

fn leg_text(call: &Call, leg: &Leg, names: &Names) -> String {
    let name = names.channel(&leg.channel);
    let mut text = if leg.helper { format!("({name})") } else { name.to_owned() };
    match leg.role {
        Role::Caller => text.push_str(" calls"),
        Role::Originated => text.push_str(" is originated"),
        // The other half of a Local channel that is called.
        Role::Called if leg.helper && leg.dialed_by.is_none() => {}
        Role::Called => {
            let dialed_by = names.maybe(leg.dialed_by.as_ref());
            let caller = call.caller_of(&leg.channel).map(|it| &it.channel);
            let caller = names.maybe(caller.filter(|_| !leg.helper).or(leg.dialed_by.as_ref()));
            let _ = write!(text, " is called by {caller}");
            if caller != dialed_by {
                let _ = write!(text, " over {dialed_by}");
            }
        }
        _ => text.push_str(" ?"),
    }
    if leg.rang.is_some() {
        text.push_str(", rings");
    }
    if let Some(status) = &leg.dial_status {
        let _ = write!(text, ", {status}");
    }
    if !leg.forwarded_to.is_empty() {
        let _ = write!(text, " to {}", leg.forwarded_to);
    }
    if leg.answered.is_some() {
        text.push_str(", up");
    }
    match (&leg.ended, &leg.moved_to) {
        (Some(end), _) => {
            let _ = write!(text, ", {}", cause(end.cause));
        }
        (None, Some(call)) => {
            let _ = write!(text, ", goes on in {}", names.call(call));
        }
        (None, None) => text.push_str(", not ended"),
    }
    text
}

/// Returns the lines of both, marked with `-` if they were expected and are missing, and with `+`
/// if they were not expected.
pub(crate) fn diff(expected: &[&str], told: &[&str]) -> String {
    // The length of the longest common sequence of lines from a place in both on.
    let mut common = vec![vec![0; told.len() + 1]; expected.len() + 1];
    for at in (0..expected.len()).rev() {
        for with in (0..told.len()).rev() {
            common[at][with] = if expected[at] == told[with] {
                common[at + 1][with + 1] + 1
            } else {
                common[at + 1][with].max(common[at][with + 1])
            };
        }
    }
    let (mut at, mut with, mut text) = (0, 0, String::new());
    while at < expected.len() || with < told.len() {
        let (mark, line) = if expected.get(at) == told.get(with) {
            (at, with) = (at + 1, with + 1);
            (' ', expected[at - 1])
        } else if with == told.len()
            || at < expected.len() && common[at + 1][with] >= common[at][with + 1]
        {
            at += 1;
            ('-', expected[at - 1])
        } else {
            with += 1;
            ('+', told[with - 1])
        };
        let _ = writeln!(text, "{mark} {line}");
    }
    text
}
