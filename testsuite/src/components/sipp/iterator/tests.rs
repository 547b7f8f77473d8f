//! Tests of lists of scenarios.

use std::path::Path;

use instance::sipp::Sipp;

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

const DONE: &str = "{scenario: {Name: done}, action: {Action: UserEvent, UserEvent: Last}}";

fn single(item: &str) -> String {
    format!("{{type: single, scenarios: [{item}]}}")
}

fn multi(item: &str) -> String {
    format!("scenarios: [{item}]")
}

#[test]
fn what_cannot_be_an_item_is_refused() {
    let scenario =
        |keys: &str| single(&format!("{{scenario: {{{keys}}}, action: {{Action: none}}}}"));
    let action = |action: &str| format!("{{scenario: {{Name: done}}, action: {action}}}");
    for (yaml, why) in [
        ("{}".to_owned(), "expected `scenarios:`"),
        ("scenarios: []".to_owned(), "there are no scenarios"),
        ("scenarios: {a: b}".to_owned(), "scenarios: expected a list"),
        (format!("{{type: triple, scenarios: [{DONE}]}}"), "expected single or multi"),
        (format!("{{asterisk-instances: 5000000000, scenarios: [{DONE}]}}"), "too many"),
        (single("x"), "expected `scenario:` and `action:`, found a value"),
        (single("{action: {Action: none}}"), "expected `scenario:`"),
        (single("{scenario: {Name: done}}"), "expected `action:`"),
        (single("{scenario: {Name: done}, action: none}"), "expected `action:`"),
        (scenario("port: 1"), "expected `Name:`"),
        (scenario("Name: a.xml"), "expected `port:`"),
        (scenario("Name: a.xml, port: 5061"), "expected `target:`"),
        (scenario("Name: a.xml, port: 1, target: a, ordered-args: x"), "ordered-args"),
        (single(&action("{Channel: a}")), "the name of an action"),
        (single(&action("{Action: X, a: [b]}")), "a is a list"),
        (single(&action("{Action: X, 'a:b': c}")), "cannot be sent"),
        (multi(&action("{Action: X}")), "expected `Messages:`"),
        (multi(&action("{Messages: {Action: X}}")), "Messages: expected a list"),
        (multi(&action("{Messages: [x]}")), "expected the headers of an action of AMI"),
        (multi("{scenario: {Name: a}, action: {Action: none}}"), "expected `sequence:`"),
        (
            multi("{scenario: {Name: a, sequence: []}, action: {Action: none}}"),
            "there are no scenarios",
        ),
        (
            multi("{scenario: {Name: a, sequence: [x]}, action: {Action: none}}"),
            "expected a scenario with a `Name:`, found a value",
        ),
    ] {
        let error = build(&section(&yaml)).err().unwrap_or_else(|| panic!("{yaml} was built"));
        assert!(format!("{error:#}").contains(why), "{yaml}: {error:#}");
        assert!(!error.is_unsupported(), "{yaml}");
    }
}

#[test]
fn an_item_behind_the_end_is_a_warning() {
    let section = section(&single(&format!("{DONE}, {DONE}")));
    build(&section).unwrap();
    let warnings = section.warnings();
    assert!(warnings[0].to_string().contains("behind `Name: done` never begins"));
    assert_eq!((warnings.len(), section.unread().len()), (1, 0));
}

#[test]
fn a_list_needs_servers_and_one_process() {
    let item = "{scenario: {Name: a.xml, port: 1, target: b}, action: {Action: none}}";
    let mut needs = Needs::default();
    let yaml = format!("{{asterisk-instances: 2, type: single, scenarios: [{item}, {item}]}}");
    build(&section(&yaml)).unwrap().needs(&mut needs);
    assert!(needs.sipp_features().is_some());
    assert_eq!(needs.server_count(), 2);
}

async fn played(yaml: &str, servers: u32, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(servers).await;
    let built = build(&section(yaml)).unwrap_or_else(|error| panic!("{yaml}: {error:#}"));
    alone.add("sipp_iterator.SIPpIteratorTestCase", built, true);
    alone.play(story).await
}

#[tokio::test]
async fn actions_of_items_without_a_scenario_are_sent_in_their_order() {
    let none = "{scenario: {Name: none}, action: {Action: UserEvent, UserEvent: refused}}";
    let yaml =
        format!("{{type: single, asterisk-instances: 2, scenarios: [{none}, {DONE}, {none}]}}");
    let account = played(&yaml, 2, async |alone| {
        alone.connect(2).await;
        assert!(alone.no_action(1) && alone.no_action(2));
        alone.connect(1).await;
        for name in ["refused", "Last"] {
            assert_eq!(&*alone.action(1).await.text("UserEvent").unwrap(), name);
        }
        alone.settle(1).await;
        assert!(alone.no_action(1) && alone.no_action(2) && !alone.is_ended());
    })
    .await;
    // It never says that the test has passed.
    assert_eq!(account.outcome, Outcome::Failed, "{:?}", account.reasons);
    let notes = account.notes.concat();
    assert!(notes.contains("UserEvent was refused: this was refused"), "{notes}");
}

#[tokio::test]
async fn a_list_without_an_end_says_so_and_goes_on() {
    let yaml = "scenarios: [{scenario: {Name: none}, action: {Action: none}}]";
    let account = played(yaml, 1, async |alone| {
        alone.connect(1).await;
        sleep(PAUSE * 2).await;
        assert!(!alone.is_ended());
    })
    .await;
    let notes = account.notes.concat();
    assert!(notes.contains("no `Name: done` was in it"), "{notes}");
}

#[tokio::test]
async fn a_scenario_that_cannot_start_ends_the_test() {
    let yaml = single("{scenario: {Name: a.xml, port: 5061, target: b}, action: {Action: none}}");
    let account = played(&yaml, 1, async |alone| {
        alone.connect(1).await;
        alone.ended().await;
    })
    .await;
    assert_eq!(account.reasons[0].what, "there is no SIPp");
}

#[tokio::test]
async fn the_end_of_the_test_ends_a_pause() {
    let none = "{scenario: {Name: none}, action: {Action: none}}";
    let account = played(&single(&format!("{none}, {DONE}")), 1, async |alone| {
        alone.connect(1).await;
    })
    .await;
    assert!(!account.notes.iter().any(|it| it.contains("busy")), "{:?}", account.notes);
}

/// A SIPp that ends at once, and keeps count of its runs in a file beside it.
async fn sipp(folder: &Path) -> Sipp {
    let script = r#"#!/bin/sh
[ "$1" = -v ] && echo ' SIPp v3.7.3.' && exit 99
echo $$ >> "${0%/*}/runs"
"#;
    // By a child: a file that this process had open for writing cannot be executed while another
    // thread forks.
    let (path, write) = (folder.join("sipp"), r#"printf %s "$1" > "$2"; chmod 755 "$2""#);
    let mut command = std::process::Command::new("sh");
    assert!(command.args(["-c", write, "sh", script]).arg(&path).status().unwrap().success());
    Sipp::at(&path).await.unwrap()
}

#[tokio::test]
async fn the_end_of_the_test_ends_the_list() {
    let item = "{scenario: {Name: a.xml, port: 5061, target: b}, action: {Action: Late}}";
    let folder = tempfile::tempdir().unwrap();
    let (runs, sipp) = (folder.path().join("runs"), sipp(folder.path()).await);
    let mut ended = std::time::Instant::now();
    let account = played(&single(&format!("{item}, {item}")), 1, async |alone| {
        alone.test.set_sipp(sipp);
        alone.connect(1).await;
        // Until it was reaped.
        let is_over = || {
            let id = std::fs::read_to_string(&runs).ok().filter(|it| it.ends_with('\n'));
            id.is_some_and(|id| !Path::new("/proc").join(id.trim()).exists())
        };
        while !is_over() {
            sleep(Duration::from_millis(10)).await;
        }
        alone.settle(1).await;
        ended = std::time::Instant::now();
    })
    .await;
    // Neither was its action sent, nor did the next one begin.
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 1);
    assert!(ended.elapsed() < SINGLE / 2, "{:?}", ended.elapsed());
    assert!(!account.notes.iter().any(|it| it.contains("busy")), "{:?}", account.notes);
}
