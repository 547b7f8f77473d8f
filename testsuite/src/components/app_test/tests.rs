use std::time::Duration;

use ami::Action;
use tokio::time::{Instant, pause};

use super::build;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

/// The halves of the call of a channel.
const APP: &str = "Local/a@t-00000001;2";
const CONTROLLER: &str = "Local/a@t-00000001;1";

async fn played(yaml: &str, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(1).await;
    alone.add("apptest.AppTest", build(&section(yaml)).unwrap(), true);
    alone
        .play(async |alone| {
            alone.connect(1).await;
            story(alone).await;
        })
        .await
}

#[track_caller]
fn passed(account: &Account) {
    assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
}

/// Fails unless the test failed and its reasons contain all texts.
#[track_caller]
fn failed(account: &Account, texts: &[&str]) {
    assert_eq!(account.outcome, Outcome::Failed, "{account:?}");
    let told = format!("{:#?}", account.reasons).replace("\\\"", "\"");
    for text in texts {
        assert!(told.contains(text), "{text}: {told}");
    }
}

/// A test with one channel, which is called at once, and its events.
fn one(events: &str) -> String {
    scenarios(&[events])
}

/// A scenario for each text, with a channel that is called at once and has these events.
fn scenarios(of: &[&str]) -> String {
    let channel =
        "channel-id: A, channel-name: Local/a@t, testuniqueid: id-a, start-on-create: True";
    let scenario = |events: &&str| format!("    - channels: [{{{channel}, events: [{events}]}}]\n");
    format!("app: Read\nscenarios:\n{}", of.iter().map(scenario).collect::<String>())
}

/// An event that is waited for, with actions.
fn on(event: &str, actions: &str) -> String {
    format!(
        "{{type: headermatch, conditions: {{match: {{Event: {event}}}}}, actions: [{actions}]}}"
    )
}

const OK: &str = "{action-type: set-expected-result, expected-result: ok}";

/// The call of a channel whose events say which half is which, as a server has them.
async fn call(alone: &mut Alone) {
    let originate = alone.action(1).await;
    assert_eq!(originate.name(), "Originate");
    associate(alone).await;
}

async fn associate(alone: &mut Alone) {
    for channel in [CONTROLLER, APP] {
        alone.event(1, &format!("Event: Newchannel\nChannel: {channel}")).await;
    }
    let set = "Event: VarSet\nVariable: testuniqueid\nValue: id-a";
    for channel in [CONTROLLER, APP] {
        alone.event(1, &format!("{set}\nChannel: {channel}")).await;
    }
    alone.event(1, &format!("Event: Newexten\nApplication: Read\nChannel: {APP}")).await;
}

fn fields(action: &Action, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| action.text(name).unwrap_or_default().into_owned()).collect()
}

/// A redirect, by its channel and its destination.
async fn redirect(alone: &mut Alone) -> Vec<String> {
    let action = alone.action(1).await;
    assert_eq!(action.name(), "Redirect", "{action:?}");
    fields(&action, &["Channel", "Context", "Exten", "Priority"])
}

#[tokio::test]
async fn a_call_is_made_and_an_event_of_its_channel_sets_the_result() {
    let yaml = one(&on("UserEvent", OK));
    let account = played(&yaml, async |alone| {
        let originate = alone.action(1).await;
        let names = ["Channel", "Context", "Exten", "Priority", "Variable", "Async"];
        let expected = ["Local/a@t", "default", "wait", "1", "testuniqueid=id-a", ""];
        assert_eq!(fields(&originate, &names), expected);
        associate(alone).await;
        alone.event(1, &format!("Event: UserEvent\nChannel: {APP}")).await;
        alone.ended().await;
    })
    .await;
    passed(&account);
    // The sibling: the event is of another channel.
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent\nChannel: Local/b@t-00000002;2").await;
    })
    .await;
    let halves = format!("channel A: {APP} runs the application, {CONTROLLER} controls it");
    failed(
        &account,
        &[
            "test-config.yaml:3: scenario 1 of 1: results missing: \"ok\"",
            "test-config.yaml:3: UserEvent came, but not of its channel",
            &halves,
        ],
    );
}

#[tokio::test]
async fn events_count_without_a_channel_of_no_channel_and_as_long_as_no_half_is_known() {
    let own = one(&on("UserEvent", OK));
    let of_none = format!(
        "app: Read\nscenarios: [{{channels: [{{channel-id: A, channel-name: LOCAL/a@t, events: []}}], events: [{}]}}]",
        on("UserEvent", OK)
    );
    for (yaml, is_associated, event) in [
        (&own, true, "Event: UserEvent"),
        (&own, false, "Event: UserEvent\nChannel: Local/b@t-00000002;2"),
        (&of_none, false, "Event: UserEvent\nChannel: Local/b@t-00000002;2"),
    ] {
        let account = played(yaml, async |alone| {
            if is_associated {
                call(alone).await;
            }
            alone.event(1, event).await;
            alone.ended().await;
        })
        .await;
        passed(&account);
    }
}

#[tokio::test]
async fn a_channel_can_ignore_all_before_its_call() {
    let yaml = |ignores: &str| {
        format!(
            "app: Read\nscenarios: [{{channels: [{{channel-id: A, channel-name: Local/a@t, {ignores} events: [{}]}}]}}]",
            on("UserEvent", OK)
        )
    };
    let event = "Event: UserEvent\nChannel: Local/b@t-00000002;2";
    let account = played(&yaml(""), async |alone| alone.event(1, event).await).await;
    passed(&account);
    let account =
        played(&yaml("ignore-until-started: True,"), async |alone| alone.event(1, event).await)
            .await;
    failed(
        &account,
        &[
            "UserEvent came, but not of its channel",
            "channel A: its call was not made, no channel has testuniqueid=",
        ],
    );
}

#[tokio::test]
async fn a_dialplan_can_name_the_half_and_the_first_that_is_named_counts() {
    let yaml = one(&on("UserEvent", "{action-type: hangup}"));
    let account = played(&yaml, async |alone| {
        alone.action(1).await;
        let other = "Local/b@t-00000002;2";
        for channel in [CONTROLLER, APP, other] {
            alone.event(1, &format!("Event: Newchannel\nChannel: {channel}")).await;
        }
        let set = format!("Event: VarSet\nChannel: {APP}\nVariable");
        alone.event(1, &format!("{set}: testuniqueid\nValue: id-a")).await;
        // Another call, and a channel that was not created.
        alone.event(1, &format!("Event: Newexten\nApplication: Read\nChannel: {other}")).await;
        alone.event(1, &format!("{set}: appchannel\nValue: Local/a@t-000000010;2")).await;
        alone.event(1, &format!("{set}: appchannel\nValue: {CONTROLLER}")).await;
        // Neither another application nor the other half changes that.
        alone.event(1, &format!("Event: Newexten\nApplication: Read\nChannel: {APP}")).await;
        alone.event(1, &format!("Event: UserEvent\nChannel: {APP}")).await;
        assert_eq!(redirect(alone).await, [APP, "default", "hangup", "1"]);
        alone.ended().await;
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn actions_are_done_one_after_another() {
    let actions = "{action-type: send-dtmf, dtmf: '12#'}, {action-type: stream-audio, sound-file: beep}, {action-type: stream-audio-with-dtmf, sound-file: beep, dtmf: 12}, {action-type: send-ami-message, add-app-channel: True, fields: {action: Status, x: 1}}, {action-type: hangup}";
    let yaml = one(&format!("{}, {}", on("UserEvent", actions), on("Ready", OK)));
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        let set = ["Channel", "Variable", "Value"];
        let variable = alone.action(1).await;
        assert_eq!(fields(&variable, &set), [CONTROLLER, "DTMF_TO_SEND", "12#"]);
        assert_eq!(redirect(alone).await, [CONTROLLER, "default", "sendDTMF", "1"]);
        let variable = alone.action(1).await;
        assert_eq!(fields(&variable, &set), [CONTROLLER, "TALK_AUDIO", "beep"]);
        assert_eq!(redirect(alone).await, [CONTROLLER, "default", "sendAudio", "1"]);
        // What was set is not set again.
        assert_eq!(redirect(alone).await, [CONTROLLER, "default", "sendAudio", "1"]);
        let variable = alone.action(1).await;
        assert_eq!(fields(&variable, &set), [CONTROLLER, "DTMF_TO_SEND", "12"]);
        assert_eq!(redirect(alone).await, [CONTROLLER, "default", "sendDTMF", "1"]);
        let message = alone.action(1).await;
        assert_eq!((message.name(), message.text("x").as_deref()), ("Status", Some("1")));
        assert_eq!(message.text("Channel").as_deref(), Some(APP));
        let mut hangup = alone.action(1).await;
        if hangup.is("Ping") {
            // It marks the end of a list.
            hangup = alone.action(1).await;
        }
        assert_eq!(hangup.text("Exten").as_deref(), Some("hangup"));
        assert!(!alone.is_ended());
        alone.event(1, "Event: Ready").await;
        alone.ended().await;
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn a_variable_that_cannot_be_set_ends_the_actions() {
    let actions = format!("{{action-type: send-dtmf, dtmf: refused}}, {OK}");
    let yaml = one(&format!("{}, {}", on("UserEvent", &actions), on("Ready", OK)));
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        assert_eq!(alone.action(1).await.name(), "Setvar");
        // All results are set, yet an event has not run: only somebody else ends the test.
        alone.event(1, "Event: Ready").await;
        assert!(!alone.is_ended() && alone.no_action(1));
    })
    .await;
    passed(&account);
    let note = "scenario 1 of 1 has all results, and did not end: test-config.yaml:3: UserEvent came, and test-config.yaml:3: send-dtmf was refused: ";
    assert!(account.notes.iter().any(|it| it.starts_with(note)), "{:?}", account.notes);
}

#[tokio::test]
async fn delays_of_calls_and_actions_are_waited_for() {
    let channels = format!(
        "{{channel-id: A, channel-name: Local/a@t, start-on-create: True, delay: 2, events: [{}]}}, {{channel-id: B, channel-name: Local/b@t, context: c, exten: e, events: []}}",
        on("UserEvent", &format!("{{action-type: start-call, channel-id: B, delay: '1.5'}}, {OK}"))
    );
    let yaml = format!("apps: [Read, Echo]\nscenarios: [{{channels: [{channels}]}}]");
    let account = played(&yaml, async |alone| {
        pause();
        let begun = Instant::now();
        let call = alone.action(1).await;
        assert_eq!(fields(&call, &["Channel"]), ["Local/a@t"]);
        assert!(begun.elapsed() >= Duration::from_secs(2));
        let begun = Instant::now();
        // The event comes again, and nothing is hurried by that.
        for _ in 0..2 {
            alone.event(1, "Event: UserEvent").await;
        }
        let call = alone.action(1).await;
        assert_eq!(fields(&call, &["Channel", "Context", "Exten"]), ["Local/b@t", "c", "e"]);
        assert!(begun.elapsed() >= Duration::from_millis(1_500));
        alone.ended().await;
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn what_cannot_be_redirected_is_left_out_and_told() {
    let yaml = one(&format!(
        "{}, {}",
        on("UserEvent", "{action-type: hangup, channel-id: A}"),
        on("Never", OK)
    ));
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, &format!("Event: Hangup\nChannel: {APP}")).await;
        alone.event(1, "Event: UserEvent").await;
        assert!(alone.no_action(1));
    })
    .await;
    failed(
        &account,
        &[
            "test-config.yaml:3: Never did not come",
            "no other Never came",
            "test-config.yaml:3: hangup: the action is left out: channel A: it has hung up",
            "controls it; it has hung up",
        ],
    );
    let account = played(&yaml, async |alone| {
        alone.action(1).await;
        alone.event(1, "Event: UserEvent").await;
        assert!(alone.no_action(1));
        alone.event(1, "Event: VarSet\nVariable: testuniqueid\nValue: id-a\nChannel: X/1;1").await;
    })
    .await;
    failed(
        &account,
        &["channel A: its controller is not known", "channel A: no Newexten of Read came of X/1"],
    );
}

#[tokio::test]
async fn an_event_triggers_actions_before_it_tells_the_halves_apart() {
    let actions = format!("{{action-type: hangup}}, {OK}");
    let account = played(&one(&on("Newexten", &actions)), async |alone| {
        call(alone).await;
        alone.ended().await;
        assert!(alone.no_action(1));
    })
    .await;
    passed(&account);
}

#[tokio::test]
async fn a_call_to_no_channel_of_the_scenario_is_left_out_with_a_note() {
    let actions = format!("{OK}, {{action-type: start-call, channel-id: B}}");
    let account = played(&one(&on("UserEvent", &actions)), async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        alone.ended().await;
    })
    .await;
    passed(&account);
    let note = "start-call: the action is left out: the scenario has no channel with id B";
    assert!(account.notes.iter().any(|it| it.contains(note)), "{:?}", account.notes);
}

#[tokio::test]
async fn scenarios_follow_one_another_also_after_a_failure() {
    let bad = on("Bad", "{action-type: fail-test, message: 'that was bad', expected-result: x}");
    let first = format!("{}, {bad}", on("UserEvent", OK));
    let yaml = scenarios(&[&first, &first]);
    // The event that must not come is not waited for.
    let account = played(&yaml, async |alone| {
        for _ in 0..2 {
            assert!(!alone.is_ended());
            call(alone).await;
            alone.event(1, "Event: UserEvent").await;
        }
        alone.ended().await;
    })
    .await;
    passed(&account);
    // A result that it alone would set is missing.
    let odd = on(
        "Bad",
        "{action-type: set-expected-result, expected-result: x}, {action-type: fail-test}",
    );
    let account = played(&one(&format!("{}, {odd}", on("UserEvent", OK))), async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        assert!(!alone.is_ended());
    })
    .await;
    failed(&account, &["scenario 1 of 1: results missing: \"x\""]);
    // It ends its own scenario.
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, "Event: Bad\nHow: very").await;
        // What was known of the first is forgotten: the event is taken again.
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        alone.ended().await;
    })
    .await;
    failed(
        &account,
        &[
            "test-config.yaml:3: that was bad (scenario 1 of 2)",
            "Bad How=very",
            "scenario 1 of 2: results missing: \"ok\"",
        ],
    );
    assert_eq!(account.reasons.len(), 2, "{:?}", account.reasons);
}

#[tokio::test]
async fn scenarios_that_are_left_at_the_end_are_told() {
    let yaml = scenarios(&[&on("UserEvent", OK), &on("UserEvent", OK), &on("UserEvent", OK)]);
    let account = played(&yaml, async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        call(alone).await;
    })
    .await;
    failed(
        &account,
        &[
            "scenario 2 of 3: results missing: \"ok\"",
            "the test ended before these began: scenario 3 of 3",
        ],
    );
}

#[tokio::test]
async fn what_is_pending_when_a_scenario_ends_is_forgotten() {
    let late = on("Late", "{action-type: hangup, delay: 1}");
    let bad = on("Bad", "{action-type: fail-test}");
    let yaml = scenarios(&[&format!("{late}, {bad}"), &on("UserEvent", OK)]);
    let account = played(&yaml, async |alone| {
        call(alone).await;
        pause();
        alone.event(1, "Event: Late").await;
        alone.event(1, "Event: Bad").await;
        call(alone).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(alone.no_action(1));
        alone.event(1, "Event: UserEvent").await;
        alone.ended().await;
    })
    .await;
    failed(&account, &["an event came that must not (scenario 1 of 2)"]);
    assert_eq!(account.reasons.len(), 1, "{:?}", account.reasons);
}

#[tokio::test]
async fn counts_are_judged_and_requirements_are_not() {
    let event = "{count: 2, conditions: {match: {Event: UserEvent}}, requirements: {match: {X: y}}, actions: [{action-type: set-expected-result, expected-result: ok}]}";
    let account = played(&one(event), async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent\nX: z").await;
        alone.ended().await;
        alone.event(1, "Event: UserEvent\nX: z").await;
    })
    .await;
    passed(&account);
    let account = played(&one(event), async |alone| {
        call(alone).await;
        alone.event(1, "Event: UserEvent").await;
        alone.ended().await;
    })
    .await;
    failed(&account, &["test-config.yaml:3: UserEvent came once, expected 2"]);
}

#[tokio::test]
async fn a_refused_call_or_redirect_is_a_note() {
    let yaml = "app: Read\nscenarios: [{channels: [{channel-id: A, channel-name: Local/a@t, context: refused, start-on-create: True, events: [{conditions: {match: {Event: UserEvent}}}]}]}]";
    let account = played(yaml, async |alone| {
        alone.action(1).await;
        alone.event(1, "Event: UserEvent").await;
        alone.ended().await;
    })
    .await;
    // A scenario without results passes when its events have come.
    passed(&account);
    let note = "the call of A to Local/a@t was refused: ";
    assert!(account.notes.iter().any(|it| it.starts_with(note)), "{:?}", account.notes);
}
