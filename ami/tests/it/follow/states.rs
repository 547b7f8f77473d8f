//! Refreshing a follow, and dropping it in every state.

use ami::testing::{Peer, Reply, Script};
use ami::{EventClass, EventMask, Filter};

use super::{actions, ask, begun, end, event, list, now, through, until};
use crate::cancelled::polled;
use crate::lists::{NEW, with_banner};
use crate::peer::quiet_config;

#[tokio::test]
async fn all_lists_come_again_on_request_without_a_loss() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One", "Two"]));
    for _ in 0..3 {
        follow.refresh();
        assert!(!follow.is_current());
        ask(&mut follow);
        let (one, two) = (peer.fenced().await, peer.fenced().await);
        peer.send([list(&one, &["x"]), event("A"), list(&two, &["y"])].concat()).await;
        through(&client, &mut peer).await;
        assert_eq!(now(&mut follow), ["0:x", "A", "1:y", "current"]);
    }
}

#[tokio::test]
async fn a_refresh_while_lists_are_on_their_way_asks_again_behind_them() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    ask(&mut follow);
    let one = peer.fenced().await;
    peer.send(begun(&one, &["x"])).await;
    follow.refresh();
    peer.send(end(&one, 1)).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:x"]);
    let one = peer.fenced().await;
    peer.send(list(&one, &["y"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:y", "current"]);
}

#[tokio::test]
async fn a_follow_dropped_in_any_state_leaves_nothing() {
    let script = Script::new()
        .answer("One", Reply::list(["Event: Item\nName: x", "Event: Item\nName: y"]))
        .answer("Two", Reply::error("No such thing"))
        .answer("Three", Reply::none());
    let (client, mut peer) =
        Peer::connect_with(&quiet_config("user", "mysecret"), script).await.unwrap();
    let program = async {
        for times in 0..40 {
            let mut follow = client.follow(Filter::all(), actions(["One", "Two", "Three"]));
            let ended = polled(async { while follow.next().await.is_some() {} }, times).await;
            assert!(ended.is_none());
            assert_eq!(client.stats().subscriptions, 1);
            drop(follow);
            assert_eq!((client.stats().subscriptions, client.in_flight()), (0, 0), "{times}");
        }
        client.call(ami::Action::new("Ping")).await.unwrap();
    };
    peer.serve_until(program).await.unwrap();
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn a_mask_that_lets_classes_in_again_is_a_reason_to_ask_again() {
    let script = Script::new()
        .answer("One", Reply::list(["Event: Item\nName: x"]))
        .answer("Events", Reply::success().field("Events", "On"));
    let (client, mut peer) =
        Peer::connect_with(&quiet_config("user", "mysecret"), script).await.unwrap();
    let program = async {
        let mut follow = client.follow(Filter::named(["Newchannel", "Hangup"]), actions(["One"]));
        assert_eq!(until(&mut follow, "current").await, ["0:x", "current"]);
        let [few, other] = [EventClass::System, EventClass::Agent].map(|it| EventMask::of([it]));
        for mask in [few, other, EventMask::of([EventClass::Call])] {
            client.set_event_mask(mask).await.unwrap();
        }
        let said = until(&mut follow, "current").await;
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(said[0].starts_with("Withheld"), "{said:?}");
        assert_eq!(said[1..], ["restored", "0:x", "current"]);
    };
    peer.serve_until(program).await.unwrap();
}
