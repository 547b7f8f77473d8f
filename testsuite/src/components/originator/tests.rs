//! Tests of the rules, without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

async fn played(yaml: &str, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(2).await;
    alone.add("pluggable_modules.Originator", build(&section(yaml)).unwrap(), false);
    alone.play(story).await
}

fn texts(action: &ami::Action) -> Vec<String> {
    let fields = action.fields().filter(|(name, _)| *name != "ActionID");
    fields.map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect()
}

#[tokio::test]
async fn a_login_makes_the_call_to_an_application_or_into_the_dialplan() {
    for (yaml, sent) in [
        ("channel: Local/a@b", "Channel=Local/a@b Application=Echo Data= Async=False"),
        (
            "{application: Playback, data: beep, async: True, timeout: 1.5, account: me, codecs: ulaw}",
            "Channel=Local/s@default Application=Playback Data=beep Async=True Timeout=1500 Account=me Codecs=ulaw",
        ),
        (
            "{context: c, exten: e, priority: 1, async: 'False'}",
            "Channel=Local/s@default Context=c Exten=e Priority=1 Async=False",
        ),
    ] {
        let yaml = format!("{{trigger: ami_connect, id: 1, {}}}", yaml.trim_matches(['{', '}']));
        let account = played(&yaml, async |alone| {
            alone.connect(1).await;
            assert!(alone.no_action(1), "{yaml}");
            alone.connect(2).await;
            assert_eq!(texts(&alone.action(2).await).join(" "), sent, "{yaml}");
        })
        .await;
        // The call alone is no verdict.
        assert_eq!(account.outcome, Outcome::Failed);
        assert!(account.notes.is_empty(), "{:?}", account.notes);
    }
}

#[tokio::test]
async fn a_refused_call_fails_the_test_and_does_not_end_it() {
    for (ignore, fails) in
        [("", true), ("'no'", true), ("no", true), ("'yes'", false), ("True", false)]
    {
        let yaml = format!(
            "{{channel: refused, context: c, exten: e, priority: 1, trigger: ami_connect, ignore-originate-failure: {ignore}}}"
        );
        let account = played(&yaml, async |alone| {
            alone.connect(1).await;
            alone.action(1).await;
            alone.settle(1).await;
            assert!(!alone.is_ended());
        })
        .await;
        let told = "test-config.yaml:1: the call of refused to e@c:1: ";
        let found = if fails { format!("{:?}", account.reasons) } else { account.notes.join(" ") };
        assert!(found.contains(told) && found.contains("this was refused"), "{yaml}: {account:?}");
    }
}

const EVENT: &str =
    "trigger: event, event: {conditions: {match: {Event: A, Channel: x}}, count: '>1'";

#[tokio::test]
async fn each_event_makes_the_call_again_and_is_judged() {
    let account = played(&format!("{{{EVENT}}}}}"), async |alone| {
        alone.event(1, "Event: A\nChannel: x").await;
        alone.connect(1).await;
        // Before the login there is nobody who listens.
        assert!(alone.no_action(1));
        for _ in 0..2 {
            alone.event(1, "Event: A\nChannel: x").await;
            assert_eq!(alone.action(1).await.name(), "Originate");
        }
        alone.event(2, "Event: A\nChannel: x").await;
        alone.event(1, "Event: A\nChannel: y").await;
        assert!(alone.no_action(1));
    })
    .await;
    assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
    let account = played(&format!("{{{EVENT}}}}}"), async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A\nChannel: y").await;
    })
    .await;
    assert_eq!(account.outcome, Outcome::Failed);
    let told = format!("{:?}", account.reasons);
    assert!(told.contains("came never, expected at least 1"), "{told}");
    let told = account.notes.join(" ");
    assert!(
        told.contains("it was not made: A with Channel \"x\" never came; nearest: A Channel=y"),
        "{told}"
    );
}

#[tokio::test]
async fn without_a_count_a_start_other_than_pass_wants_the_event() {
    for (start, comes, outcome) in [
        ("", false, Outcome::Passed),
        ("start: pass", false, Outcome::Passed),
        ("start: fail", false, Outcome::Failed),
        ("start: fail", true, Outcome::Passed),
    ] {
        let yaml = format!(
            "{{id: '1', trigger: event, event: {{conditions: {{match: {{Event: A}}}}, {start}}}}}"
        );
        let account = played(&yaml, async |alone| {
            alone.connect(1).await;
            alone.connect(2).await;
            if comes {
                alone.event(2, "Event: A").await;
                alone.action(2).await;
            }
        })
        .await;
        assert_eq!(account.outcome, outcome, "{yaml}");
    }
}

#[tokio::test]
async fn starts_of_scenarios_make_the_call() {
    for (yaml, calls) in [
        ("application: Echo", vec![1, 2, 3]),
        ("scenario-name: sub/a.xml", vec![1, 3]),
        ("scenario-trigger-after: '2'", vec![2]),
        ("scenario-name: c.xml", vec![]),
    ] {
        let account = played(&format!("{{{yaml}}}"), async |alone| {
            alone.connect(1).await;
            for (number, name) in [(1, "sub/a.xml"), (2, "b.xml"), (3, "sub/a.xml")] {
                let started = Signal::new(sipp::STARTED).with("number", number);
                let started = Happening::Signal(started.with("scenario", name).into());
                alone.tell(&started).await;
                let stopped = Signal::new(sipp::STOPPED).with("scenario", name);
                alone.tell(&Happening::Signal(stopped.into())).await;
                if calls.contains(&number) {
                    assert_eq!(alone.action(1).await.name(), "Originate", "{yaml} {number}");
                }
                assert!(alone.no_action(1), "{yaml} {number}");
            }
        })
        .await;
        let told = account.notes.join(" ");
        let never = told.contains("it was not made: no scenario c.xml started");
        assert_eq!(never, calls.is_empty(), "{yaml} {told}");
    }
}

#[tokio::test]
async fn an_event_of_one_connection_makes_a_call_on_another() {
    let yaml = "{trigger: event, id: 1, event: {id: 0, conditions: {match: {Event: A}}}}";
    played(yaml, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A").await;
        // The login that it needs is still to come.
        assert!(alone.no_action(2));
        alone.connect(2).await;
        assert_eq!(alone.action(2).await.name(), "Originate");
        assert!(alone.no_action(1));
    })
    .await;
}

#[tokio::test]
async fn an_empty_section_does_nothing_and_a_login_that_never_comes_fails() {
    let account = played("{}", async |alone| {
        alone.connect(1).await;
        assert!(alone.no_action(1));
    })
    .await;
    assert!(account.notes.is_empty(), "{:?}", account.notes);
    let account =
        played("{id: 1, trigger: ami_connect}", async |alone| alone.connect(1).await).await;
    assert_eq!(account.outcome, Outcome::Failed);
    let told = format!("{:?}", account.reasons);
    assert!(
        told.contains("it cannot be made: the test is not logged in to a server with id 1"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_right_is_refused() {
    for (yaml, told) in [
        ("trigger: never", "expected ami_connect, event or scenario_start as trigger"),
        ("trigger: event", "expected `event:`"),
        ("{scenario-name: a, scenario-trigger-after: b}", "not both"),
        ("scenario-trigger-after: b", "scenario-trigger-after is b, not a whole number"),
        ("[a]", "expected a call, found a list"),
        ("{trigger: ami_connect, timeout: soon}", "timeout is soon, not a number"),
    ] {
        let error = build(&section(yaml)).err().unwrap();
        assert!(!error.is_unsupported() && error.to_string().contains(told), "{yaml}: {error}");
    }
    let section = section("{trigger: ami_connect, ignore-originate-failure: no}");
    build(&section).map(drop).unwrap();
    assert!(section.warnings()[0].to_string().contains("`no` needs quotes"));
}
