//! Tests of the rules, without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::{Account, Outcome};

async fn played(yaml: &str, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(2).await;
    alone.add("pluggable_modules.AMIChannelHangup", build(&section(yaml)).unwrap(), false);
    alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.connect(2).await;
            story(alone).await;
        })
        .await
}

#[tokio::test]
async fn the_channel_of_the_first_event_that_has_one_is_hung_up_once() {
    let yaml = "{type: headermatch, id: '1', conditions: {match: {Event: A}}}";
    let account = played(yaml, async |alone| {
        alone.event(1, "Event: A\nChannel: other").await;
        alone.event(2, "Event: A").await;
        alone.event(2, "Event: A\nChannel: first").await;
        let hangup = alone.action(2).await;
        assert_eq!((hangup.name(), hangup.text("Channel").as_deref()), ("Hangup", Some("first")));
        alone.event(2, "Event: A\nChannel: second").await;
        // An action that the component has begun comes before one of two.
        alone.settle(2).await;
        alone.settle(2).await;
        assert!(alone.no_action(1) && alone.no_action(2));
    })
    .await;
    // Nothing was said of a verdict.
    let told = format!("{:?}", account.reasons);
    assert!(told.contains("without a verdict"), "{told}");
    assert!(account.notes.is_empty(), "{:?}", account.notes);
}

#[tokio::test]
async fn a_refused_hangup_is_a_note_and_a_count_is_judged() {
    let yaml = "{conditions: {match: {Event: A}}, count: 1}";
    let account = played(yaml, async |alone| {
        alone.event(1, "Event: A\nChannel: refused").await;
        alone.action(1).await;
        alone.settle(1).await;
        alone.event(1, "Event: A").await;
    })
    .await;
    assert_eq!(account.outcome, Outcome::Failed);
    let told = format!("{:?}", account.reasons);
    assert!(told.contains("A came 2 times, expected 1"), "{told}");
    let told = account.notes.join(" ");
    assert!(
        told.contains("the hangup of refused: ") && told.contains("this was refused"),
        "{told}"
    );
}

#[tokio::test]
async fn an_event_that_never_came_is_told() {
    let yaml = "conditions: {match: {Event: A, Channel: x}}";
    let account = played(yaml, async |alone| alone.event(1, "Event: A\nChannel: y").await).await;
    let told = account.notes.join(" ");
    let expected = "no channel was hung up: A with Channel \"x\" never came; nearest: A Channel=y";
    assert!(told.contains(expected), "{told}");
}
