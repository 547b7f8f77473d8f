//! Tests of the checker without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

const TRIGGER: &str = "Event: Hangup\nChannel: Local/rec@x;2";

/// A checker of a file of 100 bytes in a folder, with these actions, played with a story.
async fn checked(
    more: &str,
    name: &str,
    actions: &str,
    story: impl AsyncFnOnce(&mut Alone),
) -> (Account, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r.1.wav"), [0; 100]).unwrap();
    let path = folder.path().display().to_string();
    let yaml = format!(
        "{more}\nsound-file-config: [{{trigger: {{match: {{event: Hangup, channel: 'Local/rec.*;2'}}}}, sound-file: {{file-name: {name}, file-path-type: absolute, absolute-path: {path}, actions: [{actions}]}}}}]"
    );
    let alone = Alone::new(1).await;
    alone.add("sound", build(&section(&yaml)).unwrap(), false);
    let account = alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.event(1, "Event: Hangup\nChannel: Local/other@x;2").await;
            story(alone).await;
        })
        .await;
    (account, path)
}

#[tokio::test]
async fn the_size_is_within_the_tolerance() {
    for (size, tolerance, outcome) in
        [(100, 0, Outcome::Passed), (90, 10, Outcome::Passed), (111, 10, Outcome::Failed)]
    {
        let action = format!("{{type: size_check, size: {size}, tolerance: {tolerance}}}");
        let (account, path) = checked("auto-stop: True", "r.1.wav", &action, async |alone| {
            assert!(!alone.is_ended());
            alone.event(1, TRIGGER).await;
            alone.ended().await;
        })
        .await;
        assert_eq!(account.outcome, outcome, "{action}: {:?}", account.reasons);
        if outcome == Outcome::Failed {
            let told = format!(
                "test-config.yaml:2: {path}/r.1.wav has 100 bytes, expected 111 with a tolerance of 10"
            );
            assert_eq!(account.reasons[0].what, told);
        }
    }
}

#[tokio::test]
async fn without_auto_stop_the_test_goes_on() {
    let action = "{type: size_check, size: 100, tolerance: 0}";
    for (name, outcome) in [("r.1.wav", Outcome::Passed), ("no.wav", Outcome::Failed)] {
        let (account, path) = checked("", name, action, async |alone| {
            alone.event(1, TRIGGER).await;
            assert!(!alone.is_ended());
        })
        .await;
        assert_eq!(account.outcome, outcome, "{:?}", account.reasons);
        if outcome == Outcome::Failed {
            let told = format!("test-config.yaml:2: {path}/no.wav cannot be checked: No such file");
            assert!(account.reasons[0].what.starts_with(&told), "{:?}", account.reasons);
        }
    }
}

const LISTEN: &str =
    "{type: energy_check, channel: Local/a@x, context: c, exten: s, priority: 1, timeout: 2}";

#[tokio::test]
async fn a_call_listens_and_the_next_user_event_says_how_the_sound_is() {
    for (event, outcome) in [
        ("UserEvent: SoundCheck\nStatus: pass", Outcome::Passed),
        ("UserEvent: soundcheck\nStatus: passed", Outcome::Failed),
        ("UserEvent: soundcheck", Outcome::Failed),
    ] {
        let (account, path) = checked("auto-stop: True", "r.1.wav", LISTEN, async |alone| {
            alone.event(1, "Event: UserEvent\nUserEvent: soundcheck\nStatus: early").await;
            alone.event(1, TRIGGER).await;
            let call = alone.action(1).await;
            let header = |name| call.text(name).unwrap();
            assert_eq!((&*header("Channel"), &*header("Timeout")), ("Local/a@x", "2000"));
            assert!(header("Variable").ends_with("/r.1"), "{}", header("Variable"));
            alone.event(1, "Event: UserEvent\nUserEvent: other\nStatus: fail").await;
            assert!(!alone.is_ended());
            alone.event(1, &format!("Event: UserEvent\n{event}")).await;
            alone.ended().await;
        })
        .await;
        assert_eq!(account.outcome, outcome, "{event}: {:?}", account.reasons);
        if event.ends_with("passed") {
            let told = format!(
                "test-config.yaml:2: {path}/r.1.wav has the Status \"passed\", expected \"pass\""
            );
            assert_eq!(account.reasons[0].what, told);
        }
    }
}

#[tokio::test]
async fn a_refused_call_ends_the_test() {
    let action = "{type: energy_check, channel: refused}";
    let (account, _) = checked("", "r.1.wav", action, async |alone| {
        alone.event(1, TRIGGER).await;
        alone.ended().await;
    })
    .await;
    assert_eq!(account.outcome, Outcome::Failed);
    let told = &account.reasons[0].what;
    assert!(told.contains("test-config.yaml:2: the call that listens to"), "{told}");
    assert!(told.contains("this was refused"), "{told}");
}

#[tokio::test]
async fn what_was_waited_for_is_told() {
    let (account, _) = checked("", "r.1.wav", LISTEN, async |_| ()).await;
    assert_eq!(account.reasons[0].what, "the test ended without a verdict");
    let told = "this file was not checked: no Hangup with channel \"Local/rec.*;2\" came";
    let nearest = "nearest: Hangup Channel=Local/other@x;2: channel is";
    let is_told = |told: &str| account.notes.iter().any(|it| it.contains(told));
    assert!(is_told(told) && is_told(nearest), "{:?}", account.notes);
    let (account, path) = checked("", "r.1.wav", LISTEN, async |alone| {
        alone.event(1, TRIGGER).await;
        alone.action(1).await;
    })
    .await;
    let told = format!("no user event soundcheck said how {path}/r.1.wav is");
    assert!(account.notes.iter().any(|it| it.contains(&told)), "{:?}", account.notes);
}

#[test]
fn mistakes_are_refused() {
    let file = |entry: &str| format!("sound-file-config: [{{{entry}}}]");
    let trigger = "trigger: {match: {event: A}}";
    for (yaml, told) in [
        ("{}".to_owned(), "expected `sound-file-config:`"),
        (file("a: b"), "expected `trigger:`"),
        (
            file("trigger: {match: {Event: A}}, sound-file: {actions: []}"),
            "the name of an `event:`",
        ),
        (file(&format!("{trigger}, id: 1")), "awaited on 0, and the file is on 1"),
        (file(trigger), "expected `sound-file:`"),
        (file(&format!("{trigger}, sound-file: {{file-name: a}}")), "expected `actions:`"),
        (
            file(&format!(
                "{trigger}, sound-file: {{file-name: a, file-path-type: absolute, actions: []}}"
            )),
            "expected `absolute-path:`",
        ),
        (
            file(&format!(
                "{trigger}, sound-file: {{file-name: a, file-path-type: odd, actions: []}}"
            )),
            "is odd, expected relative or absolute",
        ),
        (
            file(&format!("{trigger}, sound-file: {{file-name: a, actions: [{{type: odd}}]}}")),
            "expected size_check or energy_check",
        ),
        (
            file(&format!(
                "{trigger}, sound-file: {{file-name: a, actions: [{{type: size_check, size: 1}}]}}"
            )),
            "expected `tolerance:`",
        ),
    ] {
        let error = build(&section(&yaml)).err().unwrap().to_string();
        assert!(error.contains(told), "{yaml}: {error}");
    }
}
