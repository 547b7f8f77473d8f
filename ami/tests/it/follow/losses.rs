//! Losses and failures, and the lists that are asked for again.

use std::pin::pin;
use std::time::Duration;

use ami::{Buffer, Config, Error, Filter, Followed};
use tokio::time::Instant;

use super::{actions, ask, begun, end, event, list, now, refusal, through, until, word};
use crate::lists::{NEW, with_banner};
use crate::peer::{Peer, quiet_config};
use crate::reconnect::{Server, config};

/// Settings for a clock that jumps.
fn patient() -> Config {
    quiet_config("user", "mysecret").keepalive(None).timeout(Duration::from_secs(100))
}

#[tokio::test]
async fn a_slow_reader_gets_the_lists_again_behind_what_it_missed() {
    let (client, mut peer) = with_banner(NEW).await;
    let buffer = Buffer::bounded(2);
    let mut follow = client.follow_with(Filter::all(), actions(["One", "Two"]), buffer);
    ask(&mut follow);
    let (one, two) = (peer.fenced().await, peer.fenced().await);
    let parts = [
        event("A"),
        list(&one, &["x"]),
        event("B"),
        event("C"),
        // The second list is newer than what is missing before it, but not than what is behind.
        list(&two, &["y"]),
        event("D"),
    ];
    peer.send(parts.concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "0:x", "B", "missed 1", "1:y", "missed 1"]);
    assert!(!follow.is_current());
    // The first loss has asked for the first list, the second one asks for the other.
    let again = peer.fenced().await;
    assert_ne!(again, one);
    let server = async {
        peer.send([event("E"), list(&again, &["z"])].concat()).await;
        let other = peer.fenced().await;
        peer.send([list(&other, &["w"]), event("F")].concat()).await;
    };
    let (said, ()) = tokio::join!(until(&mut follow, "F"), server);
    assert_eq!(said, ["E", "0:z", "1:w", "current", "F"]);
}

#[tokio::test]
async fn losses_in_a_row_are_one_reason_to_ask() {
    let (client, mut peer) = with_banner(NEW).await;
    let filter = Filter::all().with_strays();
    let mut follow = client.follow_with(filter, actions(["One"]), Buffer::bounded(1));
    ask(&mut follow);
    let one = peer.fenced().await;
    peer.send(list(&one, &["x"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:x", "current"]);
    peer.send([event("A"), event("B"), event("C")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "missed 2"]);
    let one = peer.fenced().await;
    peer.send(list(&one, &["y"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:y", "current"]);
}

#[tokio::test]
async fn a_list_on_its_way_is_newer_than_a_loss_before_it() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow_with(Filter::all(), actions(["One"]), Buffer::bounded(1));
    ask(&mut follow);
    let one = peer.fenced().await;
    peer.send([event("A"), event("B"), list(&one, &["x"])].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "missed 1", "0:x", "current"]);
    assert_eq!(client.in_flight(), 0, "nothing is asked for again");
}

#[tokio::test]
async fn a_connection_lost_within_the_lists_is_told_at_once_and_all_are_asked_for_again() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut follow = client.follow(Filter::all(), actions(["One", "Two"]));
    ask(&mut follow);
    let (one, two) = (peer.fenced().await, peer.fenced().await);
    peer.send([list(&one, &["x"]), event("A"), begun(&two, &["y"])].concat()).await;
    drop(peer);
    // It is told before there is another connection.
    assert_eq!(until(&mut follow, "down").await, ["0:x", "A", "down"]);
    let serve = async {
        let mut peer = server.accept_again().await;
        let (again, other) = (peer.fenced().await, peer.fenced().await);
        assert_ne!(again[..16], one[..16]);
        // What comes late with an id of the former connection ends nothing.
        peer.send([end(&two, 1), list(&again, &["z"]), list(&other, &["w"])].concat()).await;
        peer.send(event("B")).await;
        peer
    };
    let (said, _peer) = tokio::join!(until(&mut follow, "B"), serve);
    let expected = ["gap 1", "FullyBooted", "ItemsComplete", "0:z", "1:w", "current", "B"];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_second_loss_before_the_lists_are_in_is_told_and_gives_up_what_was_asked_between() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut follow = client.follow(Filter::named(["A"]), actions(["One"]));
    ask(&mut follow);
    let one = peer.fenced().await;
    peer.send(list(&one, &["x"])).await;
    assert_eq!(until(&mut follow, "current").await, ["0:x", "current"]);
    drop(peer);
    assert_eq!(until(&mut follow, "down").await, ["down"]);
    // Asked for without a connection: the end of the loss gives it up.
    assert_eq!(follow.ask(ami::Action::new("Early")), 1);
    let mut peer = server.accept_again().await;
    assert_eq!(until(&mut follow, "gap 1").await, ["gap 1"]);
    follow.refresh();
    assert_eq!(follow.ask(ami::Action::new("Late")), 2);
    ask(&mut follow);
    let (one, late) = (peer.fenced().await, peer.fenced().await);
    peer.send([list(&one, &["y"]), begun(&late, &["l"])].concat()).await;
    drop(peer);
    assert_eq!(until(&mut follow, "down").await, ["0:y", "down"]);
    let serve = async {
        let mut peer = server.accept_again().await;
        let one = peer.fenced().await;
        peer.send([list(&one, &["z"]), event("A")].concat()).await;
        peer
    };
    let (said, _peer) = tokio::join!(until(&mut follow, "A"), serve);
    assert_eq!(said, ["gap 1", "0:z", "current", "A"]);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn one_who_reads_too_late_learns_of_the_gap_alone() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    drop(peer);
    client.state().wait_for(|state| !state.is_up()).await.unwrap();
    let mut peer = server.accept_again().await;
    client.state().wait_for(ami::State::is_up).await.unwrap();
    let serve = async {
        let one = peer.fenced().await;
        peer.send([list(&one, &["x"]), event("A")].concat()).await;
    };
    let (said, ()) = tokio::join!(until(&mut follow, "A"), serve);
    assert_eq!(said, ["gap 1", "FullyBooted", "0:x", "current", "A"]);
}

#[tokio::test]
async fn what_the_server_refuses_is_asked_for_again_after_a_loss_alone() {
    let (client, mut peer) = with_banner(NEW).await;
    let buffer = Buffer::bounded(1);
    let mut follow = client.follow_with(Filter::all(), actions(["One", "Two"]), buffer);
    let forbidden = "Response: Error\r\nActionID: #\r\nMessage: Permission denied\r\n\r\n";
    for round in 0..2 {
        ask(&mut follow);
        let (one, two) = (peer.fenced().await, peer.fenced().await);
        let refused = if round == 0 { refusal(&one) } else { forbidden.replace("#", &one) };
        peer.send([refused, list(&two, &["x"])].concat()).await;
        let Some(Followed::Failed(failed)) = follow.next().await else { panic!("it came") };
        assert!(!failed.again && failed.list == 0);
        assert!(format!("{failed:#}").starts_with("list 0 of a follow: the list did not begin: "));
        assert_eq!(until(&mut follow, "current").await, ["1:x", "current"]);
        // Nothing is asked for, and the follow waits for no time.
        ask(&mut follow);
        assert_eq!(client.in_flight(), 0);
        peer.send([event("A"), event("B")].concat()).await;
        through(&client, &mut peer).await;
        assert_eq!(follow.next().await.map(|it| word(&it)).as_deref(), Some("A"));
        assert_eq!(follow.next().await.map(|it| word(&it)).as_deref(), Some("missed 1"));
    }
}

/// A reply that is no list, and what the error is.
type Failure = (String, fn(&Error) -> bool);

fn failures(id: &str) -> Vec<Failure> {
    let fence = format!("Response: Success\r\nActionID: {id}f\r\nPing: Pong\r\n\r\n");
    let broken = begun(id, &["x"]) + "Response: Success\r\n\r\n" + &end(id, 1);
    vec![
        (broken, |it| matches!(it, Error::ListBroken(_))),
        (begun(id, &["x"]) + &fence, |it| matches!(it, Error::ListIncomplete)),
        (begun(id, &["x"]) + &end(id, 2), |it| matches!(it, Error::ListShort { .. })),
        (begun(id, &["x"]) + &refusal(id) + &end(id, 1), |it| matches!(it, Error::Rejected(_))),
        (fence, |it| matches!(it, Error::NoResponse)),
        (begun(id, &["x"]), Error::is_timeout),
        (String::new(), Error::is_timeout),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_is_asked_for_again_after_a_pause_and_current_waits_for_it() {
    for case in 0..failures("").len() {
        let (client, mut peer) = Peer::with_config(patient()).await;
        let mut follow = client.follow(Filter::all(), actions(["One", "Things"]));
        ask(&mut follow);
        let begun = Instant::now();
        let (one, two) = (peer.fenced().await, peer.fenced().await);
        let (text, is_like) = failures(&two).swap_remove(case);
        peer.send([list(&one, &["x"]), text].concat()).await;
        let came = follow.next().await.map(|told| word(&told));
        assert_eq!(came.as_deref(), Some("0:x"), "{case}");
        let Some(Followed::Failed(failed)) = follow.next().await else { panic!("{case}: it came") };
        assert!(failed.again && failed.list == 1 && is_like(&failed.error.error), "{failed:?}");
        assert!(!follow.is_current());
        let serve = async {
            let again = peer.fenced().await;
            assert!(again != two && begun.elapsed() >= Duration::from_secs(1), "{case}");
            peer.send(list(&again, &["y"])).await;
        };
        let (said, ()) = tokio::join!(until(&mut follow, "current"), serve);
        assert_eq!(said, ["1:y", "current"]);
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_pauses_between_losses_grow_to_a_minute_and_begin_again() {
    let (client, mut peer) = Peer::with_config(patient()).await;
    let mut follow = client.follow_with(Filter::all(), actions(["One"]), Buffer::bounded(1));
    let mut pauses = Vec::new();
    for round in 0..10 {
        let begun = Instant::now();
        let serve = async {
            let one = peer.fenced().await;
            pauses.push(begun.elapsed().as_secs());
            peer.send(list(&one, &["x"])).await;
            if round == 8 {
                tokio::time::sleep(Duration::from_secs(600)).await;
            }
            peer.send([event("A"), event("B"), event("C")].concat()).await;
            through(&client, &mut peer).await;
        };
        let mut serve = pin!(serve);
        let mut said = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = &mut serve => break,
                told = follow.next(), if !follow.is_current() => said.push(word(&told.unwrap())),
            }
        }
        said.extend(now(&mut follow));
        assert_eq!(said[..], ["0:x", "current", "A", "missed 2"]);
    }
    assert_eq!(pauses, [0, 0, 1, 2, 4, 8, 16, 32, 60, 0]);
}
