//! The view of queues.

use std::time::SystemTime;

use live::ami::value::DeviceState;
use live::{Membership, Queue, QueueCaller, QueueMember, State, Unknown};
use serde_json::{Value, json};

use super::cell::{Cell, person};
use super::entry::{Entry, add_since, members, time, word};
use crate::out::{Style, escape};

pub(super) const COLUMNS: &[&str] =
    &["name", "waiting", "longest", "members", "free", "paused", "taken", "abandoned", "level"];

pub(super) const FIELDS: &str = "\
queue, strategy, max, weight, completed, abandoned, hold_time, talk_time, service_level (seconds),
service_level_perf (percent, as of the time when the server was asked), callers (channel, name,
number, caller_name, position, priority, ringing, since, since_exact), members (interface, name,
membership, penalty, status, in_call, paused, pause_reason, paused_since, taken, last_call)";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    Ok(state.queues()?.iter().map(|queue| entry(queue)).collect())
}

fn entry(queue: &Queue) -> Entry {
    let of_queue = queue.members.sorted();
    let figures = &queue.figures;
    let object = members(json!({
        "queue": *queue.name,
        "strategy": queue.strategy,
        "max": queue.max,
        "weight": queue.weight,
        "completed": figures.completed,
        "abandoned": figures.abandoned,
        "hold_time": figures.hold_time.as_secs(),
        "talk_time": figures.talk_time.as_secs(),
        "service_level": queue.service_level.as_secs(),
        "service_level_perf": tenths(figures.service_level_perf),
        "callers": queue.callers.iter().map(|it| caller(it)).collect::<Vec<_>>(),
        "members": of_queue.iter().map(|it| member(it)).collect::<Vec<_>>(),
    }));
    let longest = queue.callers.iter().map(|it| it.since).min_by_key(|since| since.time());
    let count = |is_it: fn(&QueueMember) -> bool| of_queue.iter().filter(|it| is_it(it)).count();
    let (waiting, free) = (queue.callers.len(), count(is_free));
    let has_calls = figures.completed + figures.abandoned > 0;
    let cells = vec![
        Cell::text(&queue.name),
        Cell::count(waiting).styled((waiting > 0 && free == 0).then_some(Style::Bad)),
        longest.map_or_else(Cell::empty, Cell::elapsed),
        Cell::count(of_queue.len()),
        Cell::count(free),
        Cell::count(count(|it| it.pause.is_some())),
        Cell::number(figures.completed),
        Cell::number(figures.abandoned),
        // The server says 0 while there is nothing to count.
        if has_calls { Cell::percent(figures.service_level_perf) } else { Cell::empty() },
    ];
    let callers = queue.callers.iter().map(|it| caller_row(it));
    let inner = callers.chain(of_queue.iter().map(|it| member_row(it))).collect();
    let id = queue.name.to_string();
    Entry { names: vec![id.clone()], id, object, cells, inner }
}

/// Returns `true` if the server can call the member.
fn is_free(member: &QueueMember) -> bool {
    member.pause.is_none() && matches!(member.status, DeviceState::NotInUse | DeviceState::Unknown)
}

/// Returns a percentage as the server says it, which is to a tenth.
fn tenths(percent: f32) -> f64 {
    (f64::from(percent) * 10.0).round() / 10.0
}

fn caller(caller: &QueueCaller) -> Value {
    let ringing = caller.ringing.iter().map(|it| &*it.interface).collect::<Vec<_>>();
    let mut object = members(json!({
        "channel": *caller.channel,
        "name": caller.channel_name,
        "number": caller.number,
        "caller_name": caller.name,
        "position": caller.position,
        "priority": caller.priority,
        "ringing": ringing,
    }));
    add_since(&mut object, caller.since);
    object.into()
}

fn member(member: &QueueMember) -> Value {
    let optional = |at: Option<SystemTime>| at.map_or(Value::Null, time);
    json!({
        "interface": *member.interface,
        "name": member.name,
        "membership": match member.membership {
            Membership::Static => "static",
            Membership::Dynamic => "dynamic",
            Membership::Realtime => "realtime",
            _ => "other",
        },
        "penalty": member.penalty,
        "status": word(member.status.name(), member.status.number()),
        "in_call": member.in_call,
        "paused": member.pause.is_some(),
        "pause_reason": member.pause.as_ref().map(|it| &it.reason),
        "paused_since": optional(member.pause.as_ref().map(|it| it.since.time())),
        "taken": member.calls_taken,
        "last_call": optional(member.last_call),
    })
}

fn caller_row(caller: &QueueCaller) -> Vec<Cell> {
    let who = match person(&caller.number, &caller.name) {
        who if who.is_empty() => escape(caller.channel_name.as_bytes()),
        who => who,
    };
    let ringing: Vec<_> = caller.ringing.iter().map(|it| escape(it.interface.as_bytes())).collect();
    let rings = match &ringing[..] {
        [] => String::new(),
        ringing => format!("rings {}", ringing.join(", ")),
    };
    vec![
        Cell::callers(format!("{}. {who}", caller.position)),
        Cell::plain("waits"),
        Cell::elapsed(caller.since),
        Cell::plain(rings),
    ]
}

fn member_row(member: &QueueMember) -> Vec<Cell> {
    let (name, interface) = (&member.name, &member.interface);
    let shown = match **name == **interface {
        true => escape(interface.as_bytes()),
        false => escape(format!("{name} ({interface})").as_bytes()),
    };
    let status = member.status.text().map_or_else(|| member.status.to_string(), str::to_owned);
    let (state, since, style) = match &member.pause {
        Some(pause) => {
            let reason = escape(pause.reason.as_bytes());
            let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
            let state = format!("paused{reason} ({status})");
            (state, Cell::elapsed(pause.since), Some(Style::Dim))
        }
        None => {
            let is_gone = [DeviceState::Unavailable, DeviceState::Invalid];
            (status, Cell::empty(), is_gone.contains(&member.status).then_some(Style::Bad))
        }
    };
    let taken = format!("taken {}", member.calls_taken);
    vec![Cell::plain(shown), Cell::plain(state).styled(style), since, Cell::plain(taken)]
}
