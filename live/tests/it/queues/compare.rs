//! Queues as texts, to compare those of the state with those of the server.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::UNIX_EPOCH;

use instance::ami::Event;
use live::{Membership, State};

/// Fails with the first difference.
pub(super) fn similar(
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
    moment: &str,
) {
    for (key, value) in theirs {
        assert_eq!(ours.get(key), Some(value), "{moment}: {key}");
    }
    assert_eq!(ours.len(), theirs.len(), "{moment}: {ours:#?} {theirs:#?}");
}

/// The server's queues as texts by name, with all fields but the averages and the times that only
/// the server's clock tells.
pub(super) fn theirs(items: &[Event]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for item in items {
        let of = |name: &str| String::from_utf8_lossy(item.get(name).unwrap_or(b"-")).into_owned();
        let (key, fields): (String, &[&str]) = match item.head() {
            b"QueueParams" => (
                of("Queue"),
                &["Max", "Strategy", "Calls", "Completed", "Abandoned", "ServiceLevel", "Weight"],
            ),
            b"QueueMember" => (
                format!("{} member {}", of("Queue"), of("Location")),
                &[
                    "Name",
                    "StateInterface",
                    "Membership",
                    "Penalty",
                    "CallsTaken",
                    "LastPause",
                    "LoginTime",
                    "InCall",
                    "Status",
                    "Paused",
                    "PausedReason",
                    "Wrapuptime",
                ],
            ),
            _ => (
                format!("{} caller {}", of("Queue"), of("Uniqueid")),
                &["Position", "Channel", "CallerIDNum", "CallerIDName"],
            ),
        };
        let mut text = String::new();
        for field in fields {
            write!(text, "{field}={} ", of(field)).unwrap();
        }
        all.insert(key, text);
    }
    all
}

/// Our queues in the same form.
pub(super) fn ours(state: &State) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for queue in state.queues().unwrap().iter() {
        let figures = &queue.figures;
        all.insert(
            queue.name.to_string(),
            format!(
                "Max={} Strategy={} Calls={} Completed={} Abandoned={} ServiceLevel={} Weight={} ",
                queue.max,
                queue.strategy,
                queue.callers.len(),
                figures.completed,
                figures.abandoned,
                queue.service_level.as_secs(),
                queue.weight
            ),
        );
        for it in queue.members.iter() {
            let seconds = |at: Option<std::time::SystemTime>| {
                at.map_or(0, |it| it.duration_since(UNIX_EPOCH).unwrap().as_secs())
            };
            let membership = match it.membership {
                Membership::Static => "static",
                Membership::Dynamic => "dynamic",
                _ => "another",
            };
            all.insert(
                format!("{} member {}", queue.name, it.interface),
                format!(
                    "Name={} StateInterface={} Membership={membership} Penalty={} CallsTaken={} \
                     LastPause={} LoginTime={} InCall={} Status={} Paused={} PausedReason={} \
                     Wrapuptime={} ",
                    it.name,
                    it.state_interface,
                    it.penalty,
                    it.calls_taken,
                    seconds(it.last_pause),
                    seconds(it.login_time),
                    u8::from(it.in_call),
                    it.status.number(),
                    u8::from(it.pause.is_some()),
                    it.pause.as_ref().map_or("", |it| &*it.reason),
                    it.wrap_up.as_secs()
                ),
            );
        }
        for it in &queue.callers {
            let or_unknown =
                |text: &str| String::from(if text.is_empty() { "unknown" } else { text });
            all.insert(
                format!("{} caller {}", queue.name, it.channel),
                format!(
                    "Position={} Channel={} CallerIDNum={} CallerIDName={} ",
                    it.position,
                    it.channel_name,
                    or_unknown(&it.number),
                    or_unknown(&it.name)
                ),
            );
        }
    }
    all
}
