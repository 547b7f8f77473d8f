//! Events as results: how a subscription tells of its end.

use ami::{Client, Disconnect, Error, Filter, LoginError, Lost, Subscription, TryNextError};

use crate::peer::{Peer, quiet_config};

async fn ended(events: &mut Subscription) -> Disconnect {
    let lost = events.next_event().await.unwrap_err();
    assert!(lost.is_end() && matches!(events.try_next(), Err(TryNextError::Ended)));
    match (lost, events.next_event().await.unwrap_err()) {
        (Lost::Ended(reason), Lost::Ended(again)) => {
            assert_eq!(format!("{reason:?}"), format!("{again:?}"));
            reason
        }
        other => panic!("{other:?}"),
    }
}

/// The way that a program takes which does not care for losses, but must not overlook one.
async fn count(client: &Client) -> Result<u32, Error> {
    let mut events = client.subscribe(Filter::named(["Counted"]));
    let mut count = 0;
    while !events.next_event().await?.is("Last") {
        count += 1;
    }
    Ok(count)
}

#[tokio::test]
async fn a_loop_does_not_end_in_silence_when_the_connection_does() {
    let config = quiet_config("user", "mysecret").reconnect(None);
    let (client, mut peer) = Peer::with_config(config).await;
    let mut events = client.subscribe(Filter::all());
    let server = async {
        peer.send("Event: Counted\r\n\r\n").await;
        drop(peer);
    };
    let (counted, ()) = tokio::join!(count(&client), server);
    let error = counted.unwrap_err();
    assert!(matches!(error, Error::Lost(Disconnect::Eof)), "{error:?}");
    assert!(events.next_event().await.unwrap().is("Counted"), "what came before is there");
    assert!(matches!(ended(&mut events).await, Disconnect::Eof));
    let mut late = client.subscribe(Filter::all());
    assert!(matches!(ended(&mut late).await, Disconnect::Eof));
}

#[tokio::test]
async fn a_subscription_from_before_the_login_knows_why_there_is_no_client() {
    let config = quiet_config("user", "mysecret");
    let (near, peer) = Peer::new();
    let connect = config.handshake(near);
    let mut events = connect.subscribe(Filter::all());
    assert!(matches!(events.try_next(), Err(TryNextError::Empty)));
    drop(peer);
    connect.await.unwrap_err();
    let reason = ended(&mut events).await;
    let Disconnect::Refused(error) = &reason else { panic!("{reason:?}") };
    assert!(matches!(**error, Error::Login(LoginError::NoBanner)), "{error:?}");

    let (near, _peer) = Peer::new();
    let connect = config.handshake(near);
    let mut events = connect.subscribe(Filter::all());
    drop(connect);
    assert!(matches!(ended(&mut events).await, Disconnect::Closed));
}
