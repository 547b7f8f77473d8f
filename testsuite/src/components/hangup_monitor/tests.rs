//! Tests of the rules, without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::Outcome;

/// Plays events, and returns the number of those after which the test has ended, with its notes.
async fn ended(yaml: &str, events: &[(usize, &str)]) -> (Option<usize>, Vec<String>) {
    let alone = Alone::new(2).await;
    alone.add("pluggable_modules.HangupMonitor", build(&section(yaml)).unwrap(), false);
    let mut ended = None;
    let account = alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.connect(2).await;
            for (at, (number, event)) in events.iter().enumerate() {
                alone.event(*number, &format!("Event: {event}")).await;
                if alone.is_ended() && ended.is_none() {
                    ended = Some(at + 1);
                }
            }
        })
        .await;
    (ended, account.notes)
}

#[tokio::test]
async fn ids_of_no_login_are_told() {
    for (ids, why) in [("'1'", None), ("[0, 5]", None), ("'2,5'", Some("with id 2 or 5"))] {
        let alone = Alone::new(2).await;
        let built = build(&section(&format!("ids: {ids}"))).unwrap();
        alone.add("pluggable_modules.HangupMonitor", built, false);
        let account = alone
            .play(async |alone| {
                alone.test.set_passed(true);
                alone.connect(1).await;
                alone.connect(2).await;
            })
            .await;
        let told = format!("{:?}", account.notes);
        assert_eq!(account.outcome, Outcome::Passed, "{ids}: {:?}", account.reasons);
        assert_eq!(why.is_some(), told.contains("not logged in"), "{told}");
        assert!(told.contains(why.unwrap_or_default()), "{told}");
    }
}

const A: &str = "Newchannel\nChannel: a";
const B: &str = "Newchannel\nChannel: b";
const A_GOES: &str = "Hangup\nChannel: a";
const B_GOES: &str = "Hangup\nChannel: b";

#[tokio::test]
async fn the_test_ends_when_no_channel_is_left_on_all_connections() {
    for ids in ["'0,1'", "['0', 1]", "[0, 1]"] {
        let yaml = format!("ids: {ids}");
        let events = [(1, A), (2, B), (1, A_GOES), (2, B_GOES)];
        assert_eq!(ended(&yaml, &events).await.0, Some(4), "{yaml}");
        // A channel of the same name on another server is another.
        let events = [(1, A), (2, A), (2, A_GOES), (2, A_GOES), (1, A_GOES)];
        assert_eq!(ended(&yaml, &events).await.0, Some(5), "{yaml}");
    }
    assert_eq!(ended("ids: '0'", &[(1, A), (2, B), (1, A_GOES)]).await.0, Some(3));
    assert_eq!(ended("ids: '1'", &[(1, A), (1, A_GOES)]).await.0, None);
}

#[tokio::test]
async fn so_many_channels_have_to_hang_up_at_least() {
    let yaml = "{ids: '0', min_calls: 2}";
    let events = [(1, A), (1, A_GOES), (1, A_GOES), (1, B), (1, B_GOES)];
    assert_eq!(ended(yaml, &events).await.0, Some(5));
    let (none, notes) = ended(yaml, &events[..4]).await;
    assert_eq!(none, None);
    assert_eq!(notes, ["HangupMonitor: 1 of 2 channels hung up, still up: b"]);
    let (_, notes) = ended("ids: '0'", &[]).await;
    assert_eq!(notes, ["HangupMonitor: 0 channels hung up, still up: none"]);
    assert!(ended(yaml, &events).await.1.is_empty());
}

#[tokio::test]
async fn a_renamed_channel_is_the_same_and_one_that_nobody_knows_is_none() {
    let renamed = |from: &str, to: &str| format!("Rename\nChannel: {from}\nNewname: {to}");
    let (to_b, ghost) = (renamed("a", "b"), renamed("x", "y"));
    let events = [(1, A), (1, &*to_b), (1, &*ghost), (1, A_GOES), (1, B_GOES)];
    assert_eq!(ended("ids: '0'", &events).await.0, Some(5));
}

#[test]
fn ids_have_to_be_there() {
    let error = build(&section("min_calls: 2")).err().unwrap();
    assert_eq!(error.to_string(), "test-config.yaml:1: expected `ids:`");
    let section = section("{ids: '0', min-calls: 2}");
    build(&section).map(drop).unwrap();
    assert!(section.unread()[0].to_string().contains("no min-calls; is it min_calls?"));
}
