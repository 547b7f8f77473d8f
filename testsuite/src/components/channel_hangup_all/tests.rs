//! Tests of the rules, without a server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::job::Account;

async fn played(yaml: &str, story: impl AsyncFnOnce(&mut Alone)) -> Account {
    let alone = Alone::new(2).await;
    alone.add("pluggable_modules.AMIChannelHangupAll", build(&section(yaml)).unwrap(), false);
    alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.connect(2).await;
            story(alone).await;
        })
        .await
}

async fn hung_up(alone: &mut Alone) -> String {
    let hangup = alone.action(1).await;
    assert_eq!(hangup.name(), "Hangup");
    hangup.text("Channel").unwrap().into_owned()
}

#[tokio::test]
async fn each_event_hangs_up_all_channels_that_are_up_by_their_names_now() {
    let yaml = "{conditions: {match: {Event: A}}, count: 2}";
    let account = played(yaml, async |alone| {
        for channel in ["a", "b", "c"] {
            alone.event(1, &format!("Event: Newchannel\nChannel: {channel}")).await;
        }
        alone.event(2, "Event: Newchannel\nChannel: other").await;
        alone.event(1, "Event: Rename\nChannel: b\nNewname: refused").await;
        alone.event(1, "Event: Hangup\nChannel: a").await;
        alone.event(1, "Event: A").await;
        assert_eq!([hung_up(alone).await, hung_up(alone).await], ["refused", "c"]);
        alone.settle(1).await;
        alone.event(1, "Event: Hangup\nChannel: c").await;
        alone.event(1, "Event: A").await;
        assert_eq!(hung_up(alone).await, "refused");
        alone.settle(1).await;
        assert!(alone.no_action(1) && alone.no_action(2));
    })
    .await;
    let told = format!("{:?}", account.reasons);
    assert!(told.contains("without a verdict"), "{told}");
    assert!(account.notes[0].contains("the hangup of refused: "), "{:?}", account.notes);
}

#[tokio::test]
async fn a_count_is_judged_and_an_event_that_never_came_is_told() {
    let account = played("{conditions: {match: {Event: A}}, count: 2}", async |_| {}).await;
    let told = format!("{:?}", account.reasons);
    assert!(told.contains("A came never, expected 2"), "{told}");
    let account = played("conditions: {match: {Event: A}}", async |_| {}).await;
    assert!(
        account.notes[0].contains("no channel was hung up: A never came"),
        "{:?}",
        account.notes
    );
}

#[test]
fn a_delay_is_a_warning() {
    let section = section("{type: headermatch, delay: 1, conditions: {match: {Event: A}}}");
    build(&section).map(drop).unwrap();
    assert!(section.warnings()[0].to_string().contains("delay has no effect here"));
}
