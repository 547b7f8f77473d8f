//! Follows of a client that connects in the background, and follows without lists.

use std::time::Duration;

use ami::{Buffer, Filter, Login, State};

use super::{actions, ask, event, list, now, through, until};
use crate::background::client;
use crate::peer::{BOOTED, Peer};
use crate::reconnect::{Server, config};

#[tokio::test]
async fn lists_are_asked_for_once_the_client_is_up() {
    let server = Server::new().await;
    let client = client(&server, config().timeout(Duration::from_secs(5)));
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    ask(&mut follow);
    drop(Peer::accept(&server.listener).await);
    client.state().wait_for(|state| matches!(state, State::Down(_))).await.unwrap();
    // A failed attempt is no loss, and nothing waits for a connection meanwhile.
    ask(&mut follow);
    let mut peer = Peer::accept(&server.listener).await;
    peer.log_in_and_say(&event("A")).await;
    peer.answer("Ping", "").await;
    peer.show_user("all").await;
    assert_eq!(until(&mut follow, "A").await, ["A"]);
    ask(&mut follow);
    peer.send(BOOTED).await;
    let serve = async {
        let one = peer.fenced().await;
        peer.send([list(&one, &["x"]), event("B")].concat()).await;
    };
    let (said, ()) = tokio::join!(until(&mut follow, "B"), serve);
    assert_eq!(said, ["FullyBooted", "0:x", "current", "B"]);
}

#[tokio::test(start_paused = true)]
async fn lists_wait_for_the_first_connection_without_a_time_out() {
    let seconds = Duration::from_secs;
    let config = config().timeout(seconds(1)).connect_timeout(seconds(100)).login(Login::Plain);
    let (near, mut peer) = Peer::wide();
    let client = config.handshake(near).in_background();
    let mut follow = client.follow(Filter::named(["A"]), actions(["One"]));
    ask(&mut follow);
    tokio::time::sleep(seconds(50)).await;
    ask(&mut follow);
    peer.log_in_and_say(BOOTED).await;
    let serve = async {
        let one = peer.fenced().await;
        peer.send(list(&one, &["x"])).await;
    };
    let (said, ()) = tokio::join!(until(&mut follow, "current"), serve);
    assert_eq!(said, ["0:x", "current"]);
}

#[tokio::test]
async fn a_follow_of_no_lists_says_current_with_the_connection_and_losses_at_their_places() {
    let server = Server::new().await;
    let client = client(&server, config());
    let mut follow = client.follow_with(Filter::named(["A", "B"]), actions([]), Buffer::bounded(1));
    ask(&mut follow);
    drop(Peer::accept(&server.listener).await);
    client.state().wait_for(|state| matches!(state, State::Down(_))).await.unwrap();
    ask(&mut follow);
    let mut peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    peer.send(event("A")).await;
    assert_eq!(until(&mut follow, "A").await, ["current", "A"]);
    assert!(follow.is_current());
    peer.send([event("A"), event("B"), event("A")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "missed 2", "current"]);
    drop(peer);
    assert_eq!(until(&mut follow, "down").await, ["down"]);
    assert_eq!(now(&mut follow), Vec::<String>::new(), "it is current without a connection");
    assert!(!follow.is_current());
    let mut peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    peer.send(event("B")).await;
    assert_eq!(until(&mut follow, "B").await, ["gap 1", "current", "B"]);
    // One who reads too late learns of the gap alone.
    drop(peer);
    client.state().wait_for(|state| !state.is_up()).await.unwrap();
    let mut peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    peer.send(event("A")).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["gap 1", "current", "A"]);
    drop(client);
    assert!(!now(&mut follow).contains(&"end".to_owned()), "a follow keeps its client");
}

#[tokio::test]
async fn a_follow_of_a_client_that_never_connects_ends_without_current() {
    let server = Server::new().await;
    let client = client(&server, config());
    let mut follow = client.follow(Filter::all(), actions([]));
    ask(&mut follow);
    client.close().await.unwrap();
    assert_eq!(now(&mut follow), ["end"]);
}
