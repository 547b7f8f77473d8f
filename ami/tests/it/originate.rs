//! Calls that are placed, against a peer whose outcomes come in odd orders, late or not at all.

use std::time::Duration;

use ami::{Client, Error, EventClass, Filter, Originate, Placed, Reason};

use crate::peer::{Peer, assert_like, id, next_name, quiet_config};

#[tokio::test]
async fn an_originate_ends_with_its_own_outcome() {
    let (client, mut peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::named(["OriginateResponse"]));
    let server = async {
        peer.show_user("all").await;
        let mut actions = Vec::new();
        for _ in 0..3 {
            actions.push(peer.action().await);
        }
        let of = |channel| id(actions.iter().find(|action| action.contains(channel)).unwrap());
        let (first, second) = (of("Local/1@a"), of("Local/2@a"));
        // In the order of the actions, as servers answer.
        for action in &actions {
            let (status, text) = match action.contains("Channel: bad") {
                true => ("Error", "Invalid channel"),
                false => ("Success", "queued"),
            };
            let id = id(action);
            peer.send(format!("Response: {status}\r\nActionID: {id}\r\nMessage: {text}\r\n\r\n"))
                .await;
        }
        // Somebody else's, then ours in another order.
        peer.send("Event: OriginateResponse\r\nActionID: 1\r\nResponse: Success\r\n\r\n").await;
        peer.send(format!("Event: OriginateResponse\r\nActionID: {second}\r\nResponse: Failure\r\nReason: 5\r\n\r\n")).await;
        peer.send(format!("Event: OriginateResponse\r\nActionID: {first}\r\nResponse: Success\r\nReason: 4\r\nUniqueid: u.1\r\n\r\n")).await;
    };
    let originate = |channel| client.originate(Originate::to_application(channel, "Echo", ""));
    let calls =
        async { tokio::join!(originate("Local/1@a"), originate("Local/2@a"), originate("bad")) };
    let ((first, second, third), ()) = tokio::join!(calls, server);
    assert_eq!(first.unwrap().unique_id(), "u.1");
    let busy = second.unwrap_err();
    assert!(matches!(&busy, Error::Originate { reason: Reason::Busy, .. }), "{busy:?}");
    assert_eq!(busy.to_string(), "originate failed: busy");
    assert_like(&third.unwrap_err(), "Rejected");
    for _ in 0..3 {
        assert_eq!(next_name(&mut events).await, "OriginateResponse");
    }
}

#[tokio::test(start_paused = true)]
async fn an_originate_without_an_outcome_ends() {
    let config = quiet_config("user", "mysecret").timeout(Duration::from_secs(2));
    let (client, mut peer) = Peer::with_config(config).await;
    let server = async {
        peer.show_user("call").await;
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\n\r\n")).await;
    };
    let call = Originate::to_application("Local/1@a", "Echo", "").timeout(Duration::from_secs(5));
    let begun = tokio::time::Instant::now();
    let (result, ()) = tokio::join!(client.originate(call), server);
    assert!(result.unwrap_err().is_timeout());
    assert_eq!(begun.elapsed().as_secs(), 7);
    assert_eq!(client.in_flight(), 0);
}

/// A call that was placed, and the peer with its id and that of the channel.
async fn placed(client: &Client, peer: &mut Peer) -> (Placed, String, String) {
    let mut call = client.place(Originate::to_application("Local/1@a", "Echo", ""));
    let action = tokio::select! {
        outcome = call.outcome() => panic!("{outcome:?}"),
        action = async {
            peer.show_user("all").await;
            peer.answer("Originate", "").await
        } => action,
    };
    let unique_id = call.unique_id().to_owned();
    (call, id(&action), unique_id)
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_call_that_failed_is_waited_for_as_long_as_there_is_a_channel() {
    let (client, mut peer) = Peer::with_client().await;
    let (mut call, id, channel) = placed(&client, &mut peer).await;
    let server = async {
        for half in ["", ";2"] {
            peer.send(format!("Event: Newchannel\r\nUniqueid: {channel}{half}\r\n\r\n")).await;
        }
        peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\nUniqueid: {channel}\r\n\r\n")).await;
        peer.send(format!("Event: Hangup\r\nUniqueid: {channel}\r\nCause: 0\r\n\r\n")).await;
        // What the dialplan does behind the call takes its time.
        tokio::time::sleep(Duration::from_secs(30)).await;
        peer.send(format!("Event: Hangup\r\nUniqueid: {channel};2\r\nCause: 17\r\n\r\n")).await;
    };
    let (end, ()) = tokio::join!(call.end(), server);
    let end = end.unwrap();
    assert_eq!((end.halves.len(), end.cause().number()), (2, 17));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_can_know_is_an_error() {
    let config = quiet_config("user", "mysecret").max_message(1024);
    let (client, mut peer) = Peer::with_config(config).await;
    let (mut call, id, channel) = placed(&client, &mut peer).await;
    peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nUniqueid: {channel}\r\n\r\n")).await;
    let long = "x".repeat(2000);
    peer.send(format!("Event: Hangup\r\nUniqueid: {channel}\r\nX: {long}\r\n\r\n")).await;
    for _ in 0..2 {
        let end = call.end().await;
        assert!(matches!(end, Err(Error::Missed(1))), "{end:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_channel_with_another_id_is_not_waited_for() {
    let (client, mut peer) = Peer::with_client().await;
    let (mut call, id, _) = placed(&client, &mut peer).await;
    peer.send(format!(
        "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nUniqueid: 1.2\r\n\r\n"
    ))
    .await;
    let end = call.end().await;
    assert!(matches!(end, Err(Error::OtherChannel)), "{end:?}");
}

#[tokio::test]
async fn what_was_kept_back_from_originate_says_by_which_mask() {
    let config = quiet_config("user", "mysecret").event_mask(EventClass::User);
    let (client, _peer) = Peer::with_config(config).await;
    let call = Originate::to_application("Local/1@a", "Echo", "");
    let error = client.originate(call).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "events of class call do not come to this connection: the event mask user leaves it out"
    );
}
