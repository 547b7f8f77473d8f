//! Tests of the module without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

async fn played(yaml: &str, connections: u32, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(connections).await;
    let built = build(&section(yaml)).unwrap_or_else(|error| panic!("{yaml}: {error:#}"));
    alone.add("pluggable_modules.EventActionModule", built, false);
    alone.play(story).await
}

/// The texts of all reasons with their details, and of all notes.
fn told(account: &Account) -> String {
    format!("{:?} {:?}", account.reasons, account.notes)
}

fn passed(account: &Account) {
    assert_eq!(account.outcome, Outcome::Passed, "{}", told(account));
}

fn failed(account: &Account, why: &str) {
    assert_eq!(account.outcome, Outcome::Failed, "{}", told(account));
    assert!(told(account).contains(why), "{}", told(account));
}

/// Sends two actions at each `A`, with a header of it.
const PAIR: &str = "ami-events: {conditions: {match: {Event: A}}}\nami-actions: [{action: {Action: Hangup, Channel: '{channel}'}}, {action: {Action: Next}}]";

#[tokio::test]
async fn each_event_does_all_actions_of_its_set_in_order_and_every_time() {
    let account = played(PAIR, 1, async |alone| {
        alone.connect(1).await;
        for channel in ["SIP/a", "SIP/b"] {
            alone.event(1, &format!("Event: A\nChannel: {channel}")).await;
            let hangup = alone.action(1).await;
            assert_eq!((hangup.name(), &*hangup.text("Channel").unwrap()), ("Hangup", channel));
            assert_eq!(alone.action(1).await.name(), "Next");
        }
        alone.event(1, "Event: B\nChannel: SIP/c").await;
        assert!(alone.no_action(1));
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn events_of_a_server_that_is_not_there_fail() {
    let why = "the test is not logged in to a server with id 1";
    for event in ["ami-start: {id: 1}", "ami-events: {id: 1, conditions: {match: {Event: A}}}"] {
        let yaml = format!("{event}\nstop_test:");
        let play = async |alone: &mut Alone| {
            alone.test.set_passed(true);
            alone.connect(1).await;
        };
        failed(&played(&yaml, 1, play).await, why);
    }
}

#[tokio::test]
async fn events_and_actions_of_other_sets_and_connections_are_left_alone() {
    let yaml = "- {ami-events: {conditions: {match: {Event: A}}, id: '1'}, ami-actions: {action: {Action: One}, id: 0}}\n- {ami-events: {conditions: {match: {Event: B}}}, ami-actions: {action: {Action: Two}, id: '1'}}";
    let account = played(yaml, 2, async |alone| {
        alone.connect(1).await;
        alone.connect(2).await;
        alone.event(1, "Event: A").await;
        alone.event(2, "Event: B").await;
        assert!(alone.no_action(1) && alone.no_action(2));
        alone.event(2, "Event: A").await;
        assert_eq!(alone.action(1).await.name(), "One");
        alone.event(1, "Event: B").await;
        assert_eq!(alone.action(2).await.name(), "Two");
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn headers_in_a_list_keep_their_order_and_an_own_action_id_is_sent() {
    let yaml = "ami-start:\nami-actions: {action: [{Action: Originate}, {Variable: a=1}, {ActionID: mine}, {Variable: b=2}, {Priority: 1}]}";
    played(yaml, 1, async |alone| {
        alone.connect(1).await;
        let action = alone.action(1).await;
        assert_eq!((action.name(), action.action_id()), ("Originate", Some("mine")));
        let fields: Vec<_> = action.fields().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(fields, ["Variable", "Variable", "Priority"]);
        let variables: Vec<_> = action.get_all("variable").collect();
        assert_eq!(variables, [b"a=1", b"b=2"]);
        // A later login is none.
        alone.connect(1).await;
        assert!(alone.no_action(1));
    })
    .await;
}

#[tokio::test]
async fn a_failed_requirement_fails_the_test_and_the_event_triggers_nothing_any_more() {
    let yaml = "ami-events: {conditions: {match: {Event: A}}, requirements: {match: {Ok: y}}}\nami-actions: {action: {Action: Next}}";
    let account = played(yaml, 1, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A\nOk: yes").await;
        assert_eq!(alone.action(1).await.name(), "Next");
        alone.event(1, "Event: A\nOk: no").await;
        alone.event(1, "Event: A\nOk: yes").await;
        assert!(alone.no_action(1));
    })
    .await;
    failed(&account, "Ok is \\\"no\\\", expected to be \\\"y\\\"");
}

#[tokio::test]
async fn the_count_is_judged_and_can_be_what_triggers() {
    let yaml = "ami-events: {conditions: {match: {Event: A}}, count: '>2', trigger-on-count: True}\nami-actions: {action: {Action: Next}}";
    let account = played(yaml, 1, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A").await;
        assert!(alone.no_action(1));
        alone.event(1, "Event: A").await;
        assert_eq!(alone.action(1).await.name(), "Next");
        alone.event(1, "Event: A").await;
        assert!(alone.no_action(1));
    })
    .await;
    passed(&account);
    let account = played(yaml, 1, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A").await;
    })
    .await;
    failed(&account, "A came once, expected at least 2");
    failed(&account, "no event triggered ami-actions");
    // Without a least number it never triggers.
    for count in ["", ", count: '0'", ", count: '<2'"] {
        let yaml = format!(
            "ami-events: {{conditions: {{match: {{Event: A}}}}, trigger-on-count: True{count}}}\nstop_test:"
        );
        played(&yaml, 1, async |alone| {
            alone.connect(1).await;
            alone.event(1, "Event: A").await;
            assert!(!alone.is_ended(), "{yaml}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_event_that_need_not_come_passes_and_a_login_alone_does_not() {
    passed(&played(PAIR, 1, async |alone| alone.connect(1).await).await);
    let account = played("ami-start:\nstop_test:", 1, async |alone| {
        alone.connect(1).await;
        alone.ended().await;
    })
    .await;
    failed(&account, "the test ended without a verdict");
}

#[tokio::test]
async fn what_an_event_does_not_have_fails_the_test_and_leaves_out_the_rest() {
    let account = played(PAIR, 1, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A\nUniqueid: 7").await;
        alone.event(1, "Event: A\nChannel: SIP/a").await;
        // The next time all are done again.
        assert_eq!(alone.action(1).await.name(), "Hangup");
        assert_eq!(alone.action(1).await.name(), "Next");
    })
    .await;
    let why = "test-config.yaml:1: ami-actions failed: `{channel}` has no value in the event A";
    failed(&account, why);
    let either = format!("ami-start:\n{PAIR}");
    let account = played(&either, 1, async |alone| alone.connect(1).await).await;
    failed(&account, "`{channel}` has no value in ami-start");
}

#[test]
fn fields_of_what_has_none_are_no_actions() {
    for (events, action) in [
        ("ami-start: ", "ami-actions: {action: {Action: Hangup, Channel: '{channel}'}}"),
        ("ami-start: ", "ami-actions: {action: {Action: '{channel}'}}"),
        ("test-start: , ami-start: ", "cli-cmds: [{cmd: a}, {cmd: 'hangup {channel}'}]"),
        ("ami-restart: ", "logger: {message: '{channel}'}"),
        ("ari-start: ", "validate-log: {logfile: '{channel}', pass-if-present: no}"),
        ("ari-start: ", "ari-requests: {method: get, uri: 'channels/{channel}'}"),
        ("ari-start: ", "ari-requests: {method: get, uri: channels, params: {a: '{channel}'}}"),
    ] {
        let error = build(&section(&format!("{{{events},\n{action}}}"))).err().unwrap();
        let error = error.to_string();
        assert!(error.starts_with("test-config.yaml:2: `{channel}` of "), "{error}");
        assert!(error.ends_with(" has no value: the set has no event with fields"), "{error}");
    }
}

#[tokio::test]
async fn braces_behind_a_backslash_stay() {
    let yaml = r"ami-start:
ami-actions: {action: {Action: SendText, Message: '\{a\} {'}}";
    played(yaml, 1, async |alone| {
        alone.connect(1).await;
        assert_eq!(alone.action(1).await.text("Message").as_deref(), Some(r"\{a\} {"));
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_told_and_no_failure() {
    let yaml = "ami-events: {conditions: {match: {Event: A}}}\nami-actions: {action: {Action: Hangup, Channel: refused}}";
    let account = played(yaml, 1, async |alone| {
        alone.connect(1).await;
        alone.event(1, "Event: A").await;
        alone.action(1).await;
        // It comes behind the answer.
        alone.ast(1).ami().call(ami::Action::new("Ping")).await.unwrap();
    })
    .await;
    passed(&account);
    let note = "test-config.yaml:2: Hangup was refused: this was refused";
    assert!(account.notes.iter().any(|it| it == note), "{}", told(&account));
}

#[tokio::test]
async fn actions_on_a_server_that_is_not_there_fail_the_test() {
    let yaml = "ami-start:\nami-actions: {action: {Action: Next}, id: 3}";
    let account = played(yaml, 1, async |alone| alone.connect(1).await).await;
    failed(&account, "ami-actions failed: the test has no server 3");
}

#[tokio::test]
async fn the_start_of_a_test_is_before_its_logins() {
    let account = played("test-start:\nstop_test:", 1, async |alone| alone.ended().await).await;
    failed(&account, "the test ended without a verdict");
}

#[tokio::test]
async fn later_logins_trigger_and_are_counted_and_never_pass() {
    let yaml =
        |keys: &str| format!("ami-restart: {{{keys}}}\nami-actions: {{action: {{Action: Next}}}}");
    let again = async |yaml: String, logins: usize, sent: usize| {
        played(&yaml, 1, async |alone| {
            alone.connect(1).await;
            for _ in 0..logins {
                alone.tell(&Happening::Reconnected(alone.ast(1).clone())).await;
            }
            for _ in 0..sent {
                alone.action(1).await;
            }
            assert!(alone.no_action(1), "{yaml}");
        })
        .await
    };
    failed(&again(yaml(""), 2, 2).await, "the test ended without a verdict");
    let on_count = yaml("count: '>2', trigger-on-count: True");
    failed(&again(on_count.clone(), 3, 1).await, "the test ended without a verdict");
    failed(&again(on_count, 1, 0).await, "logged in to again once, expected at least 2");
}

#[test]
fn what_python_or_others_have_to_do_is_said() {
    for (yaml, unsupported, why) in [
        ("{mapping: x, events: [], actions: []}", true, "name Python of the test's own"),
        (
            "{ami-start: , callback: {module: own, method: f}}",
            true,
            "needs the Python callback own.f",
        ),
        (
            "{ami-start: , callback: {module: extension_bank, method: bob_wait}}",
            false,
            "the extension bank has no method bob_wait; is it bob_waits?",
        ),
        ("{ari-events: , stop_test: }", false, "expected `match:`, `nomatch:` and `count:`"),
        ("{ari-events: {match: [a]}}", false, "match is a list, expected the keys of an event"),
        ("{ari-start: , ari-requests: {uri: a}}", false, "expected `method:`"),
        ("{sipp-start: [a], stop_test: }", false, "expected `name:` or `count:`, found a list"),
        ("{sipp-start: {count: a}, stop_test: }", false, "count"),
        ("{ami-start: , sipp: }", false, "expected `scenarios:`"),
        ("{ami-start: , sipp: {scenarios: []}}", false, "there are no scenarios"),
        ("{ami-start: , sipp: {scenarios: a}}", false, "expected a list"),
        ("{ami-start: , sipp: {scenarios: [{}]}}", false, "`key-args:` with the name of its file"),
        (
            "{event: {type: matcher_listener.Ari}}",
            true,
            "matcher_listener.Ari does not run natively",
        ),
        ("{event: {type: matcher_listener.Udp}}", false, "expected `conditions:`"),
        (
            "{event: {type: matcher_listener.Udp, conditions: [{count: 1}]}}",
            false,
            "expected `match:`",
        ),
        ("{event: {type: matcher_listener.Udp, conditions: ['(']}}", false, "unclosed group"),
        (
            "{event: {type: matcher_listener.Udp, port: 70000, conditions: []}}",
            false,
            "70000 is no port",
        ),
        ("{stop_test: }", false, "a set needs an event"),
        (
            "{ami-start: , stop-test: }",
            false,
            "there is no event or action stop-test; is it stop_test?",
        ),
        ("{ami-start: , ami-actions: {}}", false, "expected `action:`"),
        ("{ami-start: , ami-actions: {action: {Channel: a}}}", false, "the name of an action"),
        ("{ami-start: , ami-actions: {action: {Action: X, 'a:b': c}}}", false, "a:b"),
        ("{ami-start: , validate-log: {logfile: x}}", false, "expected `pass-if-present:`"),
        ("[]", false, "expected a set of events and actions"),
        ("[x]", false, "expected events and actions, found a value"),
    ] {
        let error = build(&section(yaml)).err().unwrap_or_else(|| panic!("{yaml} was built"));
        assert_eq!(error.is_unsupported(), unsupported, "{yaml}: {error:#}");
        assert!(format!("{error:#}").contains(why), "{yaml}: {error:#}");
    }
}

#[test]
fn matchers_need_servers_that_unload_their_modules() {
    let needs = |yaml: &str| {
        let mut needs = Needs::default();
        build(&section(yaml)).unwrap().needs(&mut needs);
        needs.unloads()
    };
    assert!(needs("event: {type: matcher_listener.Udp, conditions: [a]}"));
    assert!(!needs(PAIR));
}
