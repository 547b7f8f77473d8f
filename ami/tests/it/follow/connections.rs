//! Follows that are told of the begin of each connection.

use std::time::{Duration, SystemTime};

use ami::testing::{Peer, Script, Server};
use ami::{Action, Client, Config, Connected, Filter, Follow, Followed, Reconnect, State};

use super::{actions, until};

fn config() -> Config {
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    Config::new("user", "mysecret").reconnect(soon)
}

fn connections(client: &Client, filter: Filter) -> Follow {
    client.follow(filter.with_connections(), actions([]))
}

/// Returns what the follow says now. Without lists, `Current` says nothing.
fn now(follow: &mut Follow) -> Vec<String> {
    super::now(follow).into_iter().filter(|word| word != "current").collect()
}

/// Waits until the client has taken what the peer has sent.
async fn through(client: &Client, peer: &mut Peer) {
    peer.serve_until(client.call(Action::new("Ping"))).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_begin_of_a_connection_stands_before_all_that_it_brings() {
    let server = Server::bind().await.unwrap();
    let connect = config().connect(server.address());
    let mut first = connect.follow_with(Filter::all().with_connections(), ami::Buffer::default());
    let client = connect.in_background();
    let mut plain = client.follow(Filter::all(), actions([]));
    let mut peer = server.accept().await.unwrap();
    through(&client, &mut peer).await;
    let begin = ["connected 0 0", "FullyBooted"];
    assert_eq!(now(&mut first), begin);
    assert_eq!(now(&mut plain), begin[1..], "only those that ask for it are told");
    // One that is made later is told at once, also if nothing of that connection is for it.
    let mut late = connections(&client, Filter::none());
    assert_eq!(now(&mut late), ["connected 0 0"]);

    drop(peer);
    let mut peer = server.accept().await.unwrap();
    peer.event("Event: A").await.unwrap();
    through(&client, &mut peer).await;
    assert_eq!(now(&mut first), ["gap 1", "connected 1 0", "FullyBooted", "A"]);
    assert_eq!(now(&mut late), ["gap 1", "connected 1 0"]);
    assert_eq!(client.stats().restarts, 0);
    // While there is no connection, there is nothing to tell.
    drop((peer, server));
    client.state().wait_for(|state| matches!(state, State::Down(_))).await.unwrap();
    assert_eq!(now(&mut first), ["down"]);
    assert_eq!(now(&mut connections(&client, Filter::all())), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_is_booting_again_counts_as_restarted() {
    let server = Server::bind().await.unwrap();
    let client = config().connect(server.address()).in_background();
    let mut follow = connections(&client, Filter::all());
    let peer = server.accept().await.unwrap();
    let said = until(&mut follow, "FullyBooted").await;
    assert!(said.ends_with(&["connected 0 0".to_owned(), "FullyBooted".to_owned()]), "{said:?}");
    let began = SystemTime::now() - Duration::from_secs(24 * 3600);
    let mut late = connections(&client, Filter::none());
    let started = loop {
        match late.next().await {
            Some(Followed::Connected(Connected { started, .. })) => break started,
            Some(Followed::Current) => {}
            other => panic!("{other:?}"),
        }
    };
    let difference = began.duration_since(started.unwrap()).unwrap();
    assert!(difference < Duration::from_secs(60), "the script says that it was up for a day");

    drop(peer);
    let mut peer = server.accept_silent().await.unwrap().script(Script::new().booting());
    peer.log_in().await.unwrap();
    peer.event("Event: A").await.unwrap();
    peer.event("Event: FullyBooted\nUptime: 0").await.unwrap();
    let said = peer.serve_until(until(&mut follow, "FullyBooted")).await.unwrap();
    let said: Vec<_> = said.into_iter().filter(|word| word != "current").collect();
    assert_eq!(said[said.len() - 4..], ["gap 1", "connected 1 1?", "A", "FullyBooted"]);
    let stats = client.stats();
    assert_eq!((stats.reconnects, stats.restarts), (1, 1));
    assert!(stats.last_event.unwrap() > began);
}
