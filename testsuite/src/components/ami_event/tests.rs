//! Tests of the rules, without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

async fn judged(yaml: &str, connections: u32, events: &[(usize, &str)]) -> Account {
    let alone = Alone::new(connections).await;
    alone.add("ami.AMIEventModule", build(&section(yaml)).unwrap(), false);
    alone
        .play(async |alone| {
            for number in 1..=connections {
                alone.connect(number as usize).await;
            }
            for (number, event) in events {
                alone.event(*number, &format!("Event: {event}")).await;
            }
        })
        .await
}

async fn passes(yaml: &str, events: &[(usize, &str)]) {
    let account = judged(yaml, 2, events).await;
    assert_eq!(account.outcome, Outcome::Passed, "{yaml}: {:?}", account.reasons);
}

async fn fails(yaml: &str, events: &[(usize, &str)], why: &str) {
    let account = judged(yaml, 2, events).await;
    assert_eq!(account.outcome, Outcome::Failed, "{yaml}");
    let told = format!("{:?}", account.reasons);
    assert!(told.contains(why), "{yaml}: {told}");
}

#[tokio::test]
async fn a_header_with_blanks_around_its_name_is_that_header() {
    // As `UserEvent(X, Status: y)` in a dialplan makes it.
    let event = [(1, "UserEvent\nUserEvent: X\n Status:  y")];
    let conditions = |value: &str| {
        format!("[{{conditions: {{match: {{Event: UserEvent, Status: {value}$}}}}, count: 1}}]")
    };
    passes(&conditions("y"), &event).await;
    let why = "test-config.yaml:1: UserEvent with Status \\\"z$\\\" came never, expected 1";
    fails(&conditions("z"), &event, why).await;
    let none = "[{conditions: {match: {Event: UserEvent, Status: y}}, count: '0'}]";
    fails(none, &event, "came once, expected 0").await;
}

#[tokio::test]
async fn an_event_on_a_connection_that_is_not_there_fails_whatever_its_count() {
    for count in ["", ", count: '0'", ", count: '<2'"] {
        let yaml = |id: &str| format!("[{{conditions: {{match: {{Event: A}}}}, id: {id}{count}}}]");
        passes(&yaml("'2,1'"), &[]).await;
        let why =
            "test-config.yaml:1: A cannot come: the test is not logged in to a server with id 2";
        fails(&yaml("'2'"), &[(1, "A")], why).await;
    }
}

#[tokio::test]
async fn of_several_headers_the_last_counts_and_names_have_no_case() {
    let event = [(1, "Hangup\nCause: 17\nCAUSE: 16")];
    let required = |cause: &str| {
        format!(
            "[{{conditions: {{match: {{Event: Hangup}}}}, requirements: {{match: {{cause: {cause}}}}}}}]"
        )
    };
    passes(&required("'16$'"), &event).await;
    fails(&required("'17$'"), &event, "cause is \\\"16\\\", expected to be \\\"17$\\\"").await;
}

#[tokio::test]
async fn counts_are_of_the_first_connection_that_is_named() {
    let on = |id: &str| format!("[{{conditions: {{match: {{Event: A}}}}, id: {id}, count: '>2'}}]");
    let events = [(1, "A"), (2, "A"), (2, "A")];
    passes(&on("'1'"), &events).await;
    passes(&on("[1]"), &events).await;
    fails(&on("'0,1'"), &events, "A came once, expected at least 2").await;
}

#[tokio::test]
async fn what_is_for_callbacks_alone_has_no_effect_on_others() {
    let yaml = "[{conditions: {match: {Event: A}}, start: fail, count: 1}]";
    passes(yaml, &[(1, "A")]).await;
    fails(yaml, &[], "A came never, expected 1").await;
    let told = "test-config.yaml:1: start has no effect on events of type headermatch";
    assert_eq!(warnings(yaml), [told]);
}

fn warnings(yaml: &str) -> Vec<String> {
    let section = section(yaml);
    build(&section).map(drop).unwrap();
    section.warnings().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn numbers_and_truths_without_quotes_are_their_texts_and_a_warning() {
    let yaml = "[{conditions: {match: {Event: A, Cause: 16, Up: True}}, count: 1}]";
    passes(yaml, &[(1, "A\nCause: 16\nUp: True"), (1, "A\nCause: 17\nUp: True")]).await;
    fails(yaml, &[(1, "A\nCause: 16\nUp: 1")], "Up is \\\"1\\\"").await;
    let told = warnings(yaml);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("16 has no quotes"), "{told:?}");
    assert!(warnings("[{conditions: {match: {Event: A, Cause: '16', Up: 'True'}}}]").is_empty());
}

#[tokio::test]
async fn escaped_patterns_are_plain_texts_at_the_start() {
    let yaml = "[{conditions: {match: {Event: A, X: 'a.(b'}}, escape-pattern: True, count: 1}]";
    passes(yaml, &[(1, "A\nX: a.(bc"), (1, "A\nX: axc")]).await;
    fails(yaml, &[(1, "A\nX: xa.(b")], "A with X \\\"a.(b\\\" came never").await;
    let not =
        "[{conditions: {match: {Event: A}, nomatch: {X: a.}}, escape-pattern: True, count: 1}]";
    passes(not, &[(1, "A\nX: ax"), (1, "A\nX: a.x")]).await;
}

#[tokio::test]
async fn ordered_requirements_follow_the_events_that_are_counted() {
    let yaml = "[{type: orderedheadermatch, conditions: {match: {Event: A}}, requirements: [{match: {N: 1}}, {match: {N: 2}}]}]";
    passes(yaml, &[(1, "A\nN: 1"), (1, "B\nN: 9"), (1, "A\nN: 2"), (1, "A\nN: 7")]).await;
    fails(yaml, &[(1, "A\nN: 2")], "N is \\\"2\\\", expected to be \\\"1\\\"").await;
}

#[tokio::test]
async fn the_least_number_of_events_stops_the_test() {
    let yaml = "[{conditions: {match: {Event: A}}, count: '>2', action: stop}]";
    let alone = Alone::new(1).await;
    alone.add("ami.AMIEventModule", build(&section(yaml)).unwrap(), false);
    let account = alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.event(1, "Event: A").await;
            assert!(!alone.is_ended());
            alone.event(1, "Event: A").await;
            alone.ended().await;
        })
        .await;
    assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
}

#[test]
fn what_python_can_do_and_we_cannot_is_no_mistake() {
    let refused = |yaml: &str| build(&section(yaml)).err().unwrap();
    for (yaml, unsupported, told) in [
        (
            "[{type: callback, callbackModule: own, callbackMethod: check}]",
            true,
            "needs the Python callback own.check",
        ),
        ("[{type: callback}]", true, "needs the Python callback that is not named"),
        ("[{type: hedermatch}]", false, "there is no type hedermatch of events"),
        ("[{conditions: {match: {Event: A, X: '(?=a)'}}}]", true, "look-around"),
        ("[{conditions: {match: {Event: A, X: '('}}}]", false, "unclosed group"),
        ("[{conditions: {match: {X: a}}}]", false, "the name of an `Event:`"),
        ("{}", false, "expected a list of events, found a mapping"),
    ] {
        let error = refused(yaml);
        assert_eq!(error.is_unsupported(), unsupported, "{yaml}: {error:#}");
        assert!(format!("{error:#}").contains(told), "{yaml}: {error:#}");
    }
}

const CALL: &str = "[{type: cel, conditions: {match: {Channel: 'a.*;2'}}, requirements: [{id: up, match: {EventName: ANSWER}}, {match: {EventName: 'HANGUP|END', Peer: b}}]}]";

/// An event of a channel event's name, of the channel `a;2`.
macro_rules! cel {
    ($name:expr) => {
        (1, concat!("CEL\nChannel: a;2\nEventName: ", $name))
    };
}

#[tokio::test]
async fn channel_events_meet_requirements_one_after_another_and_others_are_skipped() {
    passes(CALL, &[cel!("CHAN_START"), cel!("ANSWER"), cel!("APP_END"), cel!("HANGUP")]).await;
    // Of another channel; one that has a header that does not match.
    let other = [(1, "CEL\nChannel: b;2\nEventName: ANSWER"), cel!("HANGUP")];
    let why =
        "requirement 1 of 2 was not met: EventName \\\"ANSWER\\\"; one event was skipped since";
    fails(CALL, &other, why).await;
    let peer = [cel!("ANSWER"), cel!("HANGUP\nPeer: c"), cel!("END\nPeer: b")];
    passes(CALL, &peer).await;
    let why = "skipped: HANGUP of a;2: Peer is \\\"c\\\", expected \\\"b\\\"";
    fails(CALL, &peer[..2], why).await;
    fails(CALL, &peer[..1], "requirement 2 of 2 was not met").await;
    fails(CALL, &peer[..1], "no event came since").await;
}

#[tokio::test]
async fn values_of_channel_events_match_as_a_whole() {
    let yaml = "[{type: cel, conditions: {match: }, count: '>1', requirements: [{match: {EventName: 'a|ab'}}]}]";
    passes(yaml, &[(1, "CEL\nEventName: ab")]).await;
    fails(yaml, &[(1, "CEL\nEventName: abc")], "requirement 1 of 1 was not met").await;
    fails(yaml, &[], "CEL came never, expected at least 1").await;
    let named = "[{type: cel, conditions: {match: {Event: Hangup}}}]";
    passes(named, &[(1, "CEL\nEventName: a")]).await;
    let told = "test-config.yaml:1: events of this type are CEL events, whatever `Event:` says";
    assert_eq!(warnings(named), [told]);
}

#[tokio::test]
async fn extra_is_compared_name_by_name() {
    let yaml = "[{type: cel, conditions: {match: }, requirements: [{match: {extra: {HangupCause: '16', up: 'True', Who: ''}}}]}]";
    for (extra, told) in [
        (r#"{"hangupcause": 16, "up": true, "who": "", "more": 1}"#, None),
        (r#"{"hangupcause": 16}"#, None),
        ("", None),
        (r#"{"hangupcause": 17}"#, Some("Extra.HangupCause is \\\"17\\\", expected \\\"16\\\"")),
        (r#"{"up": false}"#, Some("Extra.up is \\\"False\\\"")),
        (r#"{"who": null}"#, Some("Extra.Who is \\\"None\\\"")),
        ("16", Some("expected an object of JSON")),
    ] {
        let event = format!("CEL\nEventName: HANGUP\nExtra: {extra}");
        match told {
            None => passes(yaml, &[(1, &event)]).await,
            Some(told) => fails(yaml, &[(1, &event)], told).await,
        }
    }
}

/// Two lists, the second of which names ids of the first.
fn ordered(order: &str) -> String {
    format!(
        "[{{type: cel, conditions: {{match: {{Channel: a}}}}, requirements: [{{id: x, match: {{EventName: A}}}}, {{id: x, match: {{EventName: A}}}}]}}, {{type: cel, conditions: {{match: {{Channel: b}}}}, requirements: [{{id: y, match: {{EventName: B}}, partialorder: {order}}}]}}]"
    )
}

#[tokio::test]
async fn partial_orders_are_those_of_all_lists_and_a_broken_one_fails_at_once() {
    let (a, b) = ((1, "CEL\nChannel: a;2\nEventName: A"), (1, "CEL\nChannel: b\nEventName: B"));
    let after = ordered("{after: x}");
    passes(&after, &[a, b, a]).await;
    passes(&after, &[a, a, b]).await;
    let why = "y, requirement 1 of 1, was met before x, expected after it";
    fails(&after, &[b, a, a], why).await;
    // One of two that have the id is open.
    let before = ordered("[{before: x}]");
    passes(&before, &[b, a, a]).await;
    passes(&before, &[a, b, a]).await;
    let why = "y, requirement 1 of 1, was met after x, expected before it";
    fails(&before, &[a, a, b], why).await;
    fails(&ordered("{before: x, after: x}"), &[b, a, a], "before x, expected after it").await;
    passes(&ordered("{before: x, after: x}"), &[a, b, a]).await;
}

#[tokio::test]
async fn partial_orders_are_those_of_all_modules_of_a_test() {
    let module = |channel: &str, requirement: &str| {
        let yaml = format!(
            "[{{type: cel, conditions: {{match: {{Channel: {channel}}}}}, requirements: [{requirement}]}}]"
        );
        build(&section(&yaml)).unwrap()
    };
    let story = async |order: &str, events: [&str; 2]| {
        let alone = Alone::new(1).await;
        // The ids of a module that comes later count as well.
        let ordered = format!("{{id: y, match: {{EventName: B}}, partialorder: {order}}}");
        alone.add("first", module("b", &ordered), false);
        alone.add("second", module("a", "{id: x, match: {EventName: A}}"), false);
        alone
            .play(async |alone| {
                alone.connect(1).await;
                for name in events {
                    let channel = name.to_lowercase();
                    let event = format!("Event: CEL\nChannel: {channel}\nEventName: {name}");
                    alone.event(1, &event).await;
                }
            })
            .await
    };
    for (order, right, wrong, why) in [
        ("{after: x}", ["A", "B"], ["B", "A"], "met before x, expected after it"),
        ("{before: x}", ["B", "A"], ["A", "B"], "met after x, expected before it"),
    ] {
        assert_eq!(story(order, right).await.outcome, Outcome::Passed, "{order}");
        let failed = story(order, wrong).await;
        assert_eq!(failed.outcome, Outcome::Failed, "{order}");
        assert!(format!("{:?}", failed.reasons).contains(why), "{:?}", failed.reasons);
    }
    for order in ["{after: z}", "{before: z}"] {
        let unknown = story(order, ["A", "B"]).await;
        assert_eq!(unknown.reasons.len(), 1, "{:?}", unknown.reasons);
        let told = format!("{:?}", unknown.reasons);
        assert!(told.contains("no requirement of the test has the id z"), "{told}");
    }
}

#[test]
fn orders_and_values_that_cannot_be_right_are_refused() {
    for (yaml, told) in [
        (ordered("[x]"), "expected `after:` or `before:` with an id"),
        ("[]".into(), "expected a list of events, found an empty list"),
        ("[{type: cel, conditions: {}}]".into(), "expected `match:`, with headers or empty"),
        (
            "[{type: cel, conditions: {match: }, requirements: [{id: a}]}]".into(),
            "expected `match:`",
        ),
        ("[{conditions: {match: {Event: A, X: }}}]".into(), "an empty text is ''"),
        ("[{conditions: {match: {Event: A}}, requirements: [a]}]".into(), "found a list"),
    ] {
        let error = build(&section(&yaml)).err().unwrap();
        assert!(
            !error.is_unsupported() && format!("{error:#}").contains(told),
            "{yaml}: {error:#}"
        );
    }
}
