//! The views of what is up now.

use serde_json::{Value, json};

use super::office::{NAME, Office};
use crate::events::kit::{Ended, end, offline, run};

const VIEWS: [&str; 7] =
    ["calls", "channels", "bridges", "queues", "conferences", "endpoints", "parked"];

/// Checks that there is nothing that a terminal would act on.
#[track_caller]
fn is_harmless(ended: &Ended) {
    let text = format!("{}{}", ended.text(), ended.stderr);
    assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{text:?}");
}

async fn one(office: &Office, view: &str, more: &[&str]) -> Vec<Value> {
    let ended = run(office.ami(&[&[view, "--json"], more].concat())).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_harmless(&ended);
    let objects = ended.objects();
    assert!(objects.iter().all(|it| it["v"] == 1), "{objects:?}");
    objects
}

/// Checks members of an object.
#[track_caller]
fn has(object: &Value, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&object[name], value, "{name} of {object:#}");
    }
}

#[tokio::test]
async fn views_on_22() {
    views(22).await;
}

#[tokio::test]
async fn views_on_16() {
    views(16).await;
}

async fn views(major: u32) {
    let office = Office::open(major).await;
    for view in VIEWS {
        let ended = run(office.ami(&[view])).await;
        assert_eq!(ended.code, Some(0), "{view}: {ended:?}");
        is_harmless(&ended);
    }
    calls(&office).await;
    channels(&office).await;
    queues(&office).await;
    rooms(&office).await;
    endpoints(&office).await;
    order(&office).await;
    names(&office).await;
    unknown(&office).await;
    office.hang_up_all().await;
    let ended = run(office.ami(&["calls"])).await;
    assert_eq!((ended.code, &*ended.text(), &*ended.stderr), (Some(0), "", "no calls\n"));
    end(office.instance).await;
}

async fn calls(office: &Office) {
    let people = run(office.ami(&["calls"])).await;
    let text = people.text();
    let mut lines = text.lines();
    let head: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["ID", "FROM", "TO", "STATE", "DURATION", "TALKING"]);
    let is_it = |line: &&str| line.contains(r"Al\u{1b}[31mice <4711>") && line.contains("answered");
    assert_eq!(lines.clone().filter(is_it).count(), 1, "{text}");
    assert!(lines.any(|line| line.contains("sales@default")), "{text}");
    assert_eq!(people.stderr, "4 calls\n");

    let calls = one(office, "calls", &[]).await;
    assert_eq!(calls.len(), 4, "{calls:#?}");
    let call = calls.iter().find(|it| it["state"] == "answered").unwrap();
    let [talking] = &call["talking"].as_array().unwrap()[..] else { panic!("{call:#}") };
    assert_eq!(talking.as_array().unwrap().len(), 2, "{call:#}");
    let legs = call["legs"].as_array().unwrap();
    let party = |role: &str| legs.iter().find(|it| it["role"] == role && it["helper"] == false);
    has(party("caller").unwrap(), json!({ "caller_name": NAME, "number": "4711", "up": true }));
    assert!(party("called").is_some(), "{call:#}");
}

async fn channels(office: &Office) {
    let channels = one(office, "channels", &[]).await;
    let queued = channels.iter().find(|it| it["application"] == "Queue").unwrap();
    has(
        queued,
        json!({
            "state": "up", "context": "default", "exten": "sales", "application_data": "sales",
            "caller": { "number": "4711", "name": NAME }, "since_exact": true,
        }),
    );
    let bridges = one(office, "bridges", &[]).await;
    let bridged = channels.iter().filter(|it| !it["bridge"].is_null()).count();
    let members = |it: &Value| it["members"].as_array().unwrap().len();
    assert_eq!(bridges.iter().map(members).sum::<usize>(), bridged, "{bridges:#?}");
    let technologies: Vec<_> =
        bridges.iter().map(|it| it["technology"].as_str().unwrap()).collect();
    for technology in ["simple_bridge", "softmix", "holding_bridge"] {
        assert!(technologies.contains(&technology), "{technologies:?}");
    }
    let people = run(office.ami(&["channels"])).await.text();
    assert!(people.contains("Queue(sales)") && people.contains("sales@default"), "{people}");
}

async fn queues(office: &Office) {
    let queues = one(office, "queues", &[]).await;
    let names: Vec<_> = queues.iter().map(|it| it["queue"].as_str().unwrap()).collect();
    assert_eq!(names, ["odd\u{1b}31m", "sales"]);
    has(&queues[1], json!({ "completed": 0, "abandoned": 0, "service_level": 10 }));
    has(&queues[1]["callers"][0], json!({ "position": 1, "number": "4711", "caller_name": NAME }));
    let ann = json!({ "name": "Ann Arbor", "paused": true, "pause_reason": "lunch", "taken": 0 });
    has(&queues[1]["members"][0], ann);
    let people = run(office.ami(&["queues", "sales"])).await.text();
    let lines: Vec<_> = people.lines().collect();
    let cells: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!((cells[0], cells[1], &cells[3..]), ("sales", "1", &["2", "0", "2", "0", "0"][..]));
    assert!(lines[2].starts_with(r"  1. Al\u{1b}[31mice <4711>") && lines[2].contains("waits"));
    assert!(lines[3].starts_with("  Ann Arbor (Local/ann@default/n)"), "{people}");
    assert!(lines[3].contains("paused: lunch"), "{people}");
}

async fn rooms(office: &Office) {
    let [room] = &one(office, "conferences", &[]).await[..] else { panic!() };
    has(room, json!({ "conference": "room", "locked": false }));
    let member = &room["members"][0];
    has(member, json!({ "admin": true, "marked": true, "muted": true, "talking": false }));
    has(member, json!({ "caller_name": NAME, "number": "4711" }));
    assert!(member["name"].as_str().unwrap().starts_with("Local/"), "{member:#}");
    let people = run(office.ami(&["conferences"])).await.text();
    let row = people.lines().nth(2).unwrap();
    assert!(row.contains("admin  marked") && row.contains("muted"), "{people}");

    let [parked] = &one(office, "parked", &[]).await[..] else { panic!() };
    has(parked, json!({ "parked": "701@default", "space": 701, "lot": "default" }));
    has(parked, json!({ "number": "4711", "caller_name": NAME }));
    assert!(parked["times_out"].as_str() > parked["since"].as_str(), "{parked:#}");
    let people = run(office.ami(&["parked"])).await.text();
    let row = people.lines().nth(1).unwrap();
    assert!(row.starts_with("701") && row.contains("default") && row.contains(" 9:"), "{people}");
}

async fn endpoints(office: &Office) {
    let [alice] = &one(office, "endpoints", &[]).await[..] else { panic!() };
    has(alice, json!({ "endpoint": "alice", "state": "not_inuse", "aors": ["alice"] }));
    has(&alice["contacts"][0], json!({ "uri": "sip:alice@127.0.0.1:9", "aor": "alice" }));
    let people = run(office.ami(&["endpoints"])).await.text();
    let lines: Vec<_> = people.lines().collect();
    assert!(lines[1].starts_with("alice") && lines[2].contains("sip:alice@127.0.0.1:9"));
}

async fn order(office: &Office) {
    let key = |objects: &[Value], key: &str| -> Vec<String> {
        objects.iter().map(|it| it[key].as_str().unwrap().to_owned()).collect()
    };
    let by_name = key(&one(office, "channels", &["--sort", "name"]).await, "name");
    assert!(by_name.is_sorted() && by_name.len() > 8, "{by_name:?}");
    let mut reversed = key(&one(office, "channels", &["--sort", "NAME", "-r"]).await, "name");
    reversed.reverse();
    assert_eq!(reversed, by_name);
    let begins = key(&one(office, "channels", &["--sort", "duration"]).await, "since");
    assert!(
        begins.is_sorted_by(|one, other| one >= other),
        "the latest is the shortest: {begins:?}"
    );
    let waiting = key(&one(office, "queues", &["--sort", "waiting", "-r"]).await, "queue");
    assert_eq!(waiting[0], "sales");
}

async fn names(office: &Office) {
    assert_eq!(one(office, "queues", &["SALES"]).await.len(), 1);
    assert_eq!(one(office, "calls", &["4711"]).await.len(), 4);
    let ended = run(office.ami(&["queues", "sales", "salse", "--json"])).await;
    assert_eq!((ended.code, ended.objects().len()), (Some(1), 1), "{ended:?}");
    assert!(ended.stderr.contains(r#"there is no queue "salse" (similar: sales)"#), "{ended:?}");
}

async fn unknown(office: &Office) {
    let ended = run(office.weak(&["queues"])).await;
    assert_eq!((ended.code, &*ended.text()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("no events of the class agent come"), "{ended:?}");
    assert!(ended.stderr.contains("hint: the user needs `read = …,agent`"), "{ended:?}");
    let ended = run(office.weak(&["queues", "--watch", "--json"])).await;
    let [object] = &ended.objects()[..] else { panic!("{ended:?}") };
    has(object, json!({ "v": 1, "unknown": "queues", "classes": ["agent"] }));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let ended = run(office.weak(&["calls"])).await;
    assert_eq!((ended.code, ended.text().lines().count()), (Some(0), 5), "{ended:?}");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_an_error_before_anybody_connects() {
    let ended = run(offline(&["calls", "--sort", "durration"])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let text = "no column is named \"durration\" (similar: duration): sort by id, from, to, state, \
                duration, talking";
    assert!(ended.stderr.contains(text), "{ended:?}");
    let ended = run(offline(&["queues", "--raw"])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("has no --raw: use --json"), "{ended:?}");
}

#[tokio::test]
async fn each_view_says_what_its_columns_and_fields_are() {
    for (view, column, field) in [
        ("calls", "talking", "answered_by"),
        ("channels", "application", "application_data"),
        ("bridges", "technology", "creator"),
        ("queues", "longest", "pause_reason"),
        ("conferences", "muted", "waiting"),
        ("endpoints", "contacts", "round_trip"),
        ("parked", "timeout", "times_out"),
    ] {
        let ended = run(offline(&[view, "--help"])).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let text = ended.text();
        assert!(text.contains("Exit codes: 0 done; 1 the user may not see"), "{text}");
        assert!(text.contains(column) && text.contains(field), "{view}: {text}");
    }
}
