//! The objects of a ladder as a person would write them down.

use std::collections::BTreeMap;

use serde_json::Value;

/// The steps that the server tells from several threads, so that they come in any order.
const RACING: [&str; 6] = ["hangs up", "hangup requested", "left", "parked", "transfer", "unhold"];

/// The steps of bridges. While Local channels are in them, they merge in any order.
const BRIDGES: [&str; 3] = ["bridge", "bridges merged", "left"];

/// Returns the rows in their order, those that race with each other sorted; then what races with
/// everything, sorted: the ends of the legs, the digits that each has pressed, and that a parked
/// call was retrieved, which is told before or after the calls are merged; then the end.
pub(crate) fn told(objects: &[Value]) -> String {
    let (end, rows) = objects.split_last().unwrap();
    let is = |row: &Value, steps: &[&str]| steps.iter().any(|it| row["step"] == *it);
    let mut apart: Vec<_> = rows.iter().filter(|row| is(row, &["ended"])).map(line).collect();
    apart.extend(digits(rows));
    apart.extend(rows.iter().find(|row| is(row, &["retrieved"])).map(|_| "retrieved".to_owned()));
    apart.sort();
    let has_local = rows.iter().any(|row| line(row).contains("Local/"));
    // Queues and conferences may tell the last step behind the end of the call.
    let is_left_out = |row: &Value| {
        is(row, &["ended", "digits", "retrieved", "queue completed", "conference left"])
            || has_local && is(row, &BRIDGES)
    };
    let shown = rows.iter().filter(|row| !is_left_out(row));
    let mut lines: Vec<_> = shown.map(|row| (races(row), line(row))).collect();
    for group in lines.chunk_by_mut(|one, next| one.0 && next.0) {
        group.sort();
    }
    let mut all: Vec<_> = lines.into_iter().map(|(_, line)| line).chain(apart).collect();
    let by = &end["hung_up_by"];
    let by = by.as_str().map_or_else(|| "nobody".to_owned(), short);
    all.push(format!("{}, hung up by {by}, {}", text(&end["outcome"]), end["cause"]));
    all.join("\n")
}

/// Returns the digits that each leg has pressed.
fn digits(rows: &[Value]) -> Vec<String> {
    let mut pressed = BTreeMap::<String, String>::new();
    for row in rows.iter().filter(|row| row["step"] == "digits") {
        let digits = text(&row["text"]).strip_prefix("presses ").unwrap();
        *pressed.entry(short(text(&row["legs"][0]))).or_default() += digits;
    }
    pressed.into_iter().map(|(leg, digits)| format!("{leg}: presses {digits}")).collect()
}

/// Returns `true` if a row may come before or behind its neighbours. What happens at the Local
/// channel of an attended transfer, and at the party that transfers, is told by several threads.
fn races(row: &Value) -> bool {
    RACING.iter().any(|it| row["step"] == *it) || line(row).contains("Local/")
}

/// Returns the objects without what differs between a server and its recording.
pub(crate) fn untimed(objects: &[Value]) -> Vec<Value> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        let object = object.as_object_mut().unwrap();
        for name in ["time", "seconds", "connected"] {
            object.remove(name);
        }
    }
    objects
}

fn line(row: &Value) -> String {
    let name = |leg: &Value| short(text(leg));
    let place = match (row["from"].as_str(), row["legs"].as_array()) {
        (Some(_), _) => format!("{} -> {}: ", name(&row["from"]), name(&row["to"])),
        (_, Some(legs)) => {
            let mut names: Vec<_> = legs.iter().map(name).collect();
            names.sort();
            format!("{}: ", names.join(" + "))
        }
        _ => String::new(),
    };
    if row["step"] == "merged" {
        return "another call joins".to_owned();
    }
    format!("{place}{}", without_seconds(text(&row["text"])))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Returns a channel's name without the technology and the number.
fn short(name: &str) -> String {
    let name = name.strip_prefix("PJSIP/").unwrap_or(name);
    name.rsplit_once('-').map_or(name, |(name, _)| name).to_owned()
}

/// Returns a text with `N` in place of seconds.
fn without_seconds(text: &str) -> String {
    let mut words: Vec<_> = text.split(' ').collect();
    for at in 1..words.len() {
        let is_number = words[at - 1].parse::<f64>().is_ok();
        if matches!(words[at], "s" | "s,") && is_number {
            words[at - 1] = "N";
        }
    }
    words.join(" ")
}
