//! `--watch`, and `ami serve metrics`, with a server that goes away and comes back.

use serde_json::{Value, json};

use super::office::{NAME, Office, Printing};
use super::serve::Serving;

#[tokio::test]
async fn watching_22() {
    watching(22).await;
}

#[tokio::test]
async fn watching_16() {
    watching(16).await;
}

fn is_current(object: &Value) -> bool {
    object["freshness"] == "current"
}

fn is_change(object: &Value, change: &str) -> bool {
    object["change"] == change
}

async fn watching(major: u32) {
    let office = Office::boot(major).await;
    let mut queue = Printing::start(office.ami(&["queues", "sales", "--watch", "--json"]));
    let mut calls = Printing::start(office.ami(&["calls", "--watch", "--json"]));
    let people = ["calls", "--watch", "--color", "always"];
    let mut people = Printing::start(office.ami(&people));
    let serving =
        Serving::start(office.ami(&["serve", "metrics", "--json", "--listen", "127.0.0.1:0"]))
            .await;

    let [present, current] = &queue.objects(is_current).await[..] else { panic!() };
    assert_eq!((&present["v"], &present["change"]), (&json!(1), &json!("present")), "{present:#}");
    assert!(is_current(current) && current["v"] == 1 && current["since"].is_string());
    assert_eq!(calls.objects(is_current).await.len(), 1, "there are no calls");
    assert!(people.line().await.ends_with("  no calls\x1b[0m"));

    changes(&office, &mut queue, &mut calls, &mut people).await;
    let labels = serving.until("asterisk_queue_callers{queue=\"sales\"} 1").await;
    assert!(labels.contains(r#"{queue="odd\\u{1b}31m"}"#), "{labels}");
    for private in ["[31mice", "4711", "Local/", "Arbor"] {
        assert!(!labels.contains(private), "{private} in {labels}");
    }

    lost(&office, &mut queue, &mut people, &serving).await;
    back(&office, &mut queue, &mut calls, &mut people, &serving).await;
    for program in [queue, calls, people, serving.printing] {
        program.interrupt();
        assert_eq!(program.end().await.0, Some(130));
    }
    crate::events::kit::end(office.instance).await;
}

/// Changes are told as objects, and to people as a new table.
async fn changes(
    office: &Office,
    queue: &mut Printing,
    calls: &mut Printing,
    people: &mut Printing,
) {
    office.pause("Local/ann@default/n", true).await;
    let paused = |it: &Value| it["members"][0]["paused"] == true;
    let told = queue.objects(paused).await;
    assert!(told.iter().all(|it| is_change(it, "changed") && it["queue"] == "sales"), "{told:?}");
    office.pause("Local/bob@default/n", true).await;
    office.call("sales").await;
    let told = queue.objects(|it| it["callers"][0]["caller_name"] == NAME).await;
    assert!(told.iter().all(|it| is_change(it, "changed") && it["at"].is_string()), "{told:?}");
    let told = calls.objects(|it| it["state"] == "accepted").await;
    assert!(is_change(&told[0], "added"), "{told:?}");
    let lines = people.until("accepted").await;
    let row = lines.last().unwrap();
    assert!(row.contains(r"Al\u{1b}[31mice <4711>") && row.contains("sales@default"), "{row:?}");
    assert!(lines.iter().any(|line| line.ends_with("  1 call\x1b[0m")), "{lines:?}");
}

/// A server that was killed is told as a red line; nothing is told to have gone with it.
async fn lost(office: &Office, queue: &mut Printing, people: &mut Printing, serving: &Serving) {
    office.instance.kill().await;
    let told = queue.objects(|it| it["freshness"] == "stale").await;
    let stale = told.last().unwrap();
    assert!(stale["since"].is_string() && stale["v"] == 1, "{stale:#}");
    assert!(stale["why"].as_str().unwrap().starts_with("the connection is lost"), "{stale:#}");
    assert!(!told.iter().any(|it| is_change(it, "removed")), "{told:?}");
    let lines = people.until("stale since").await;
    let line = lines.last().unwrap();
    assert!(line.starts_with("\x1b[31mstale since ") && line.contains("the connection is lost"));
    let metrics = serving.until("asterisk_state_stale 1").await;
    for line in ["asterisk_ami_connected 0", "asterisk_queue_callers{queue=\"sales\"} 1"] {
        assert!(metrics.lines().any(|it| it == line), "{line} in {metrics}");
    }
}

/// A server that is back is told, and what went with it.
async fn back(
    office: &Office,
    queue: &mut Printing,
    calls: &mut Printing,
    people: &mut Printing,
    serving: &Serving,
) {
    office.instance.restart().await.unwrap();
    let told = calls.objects(is_current).await;
    let removed: Vec<_> = told.iter().filter(|it| is_change(it, "removed")).collect();
    let [removed] = &removed[..] else { panic!("{told:?}") };
    assert_eq!(removed["state"], "accepted", "{removed:#}");
    let told = queue.objects(is_current).await;
    let changed = told.iter().rfind(|it| is_change(it, "changed")).unwrap();
    assert_eq!(changed["callers"], json!([]), "{changed:#}");
    people.until("\x1b[32mcurrent again since ").await;
    serving.until("asterisk_state_stale 0").await;
}
