//! Lists whose items are for subscribers too, and what subscribers get of those that are not.

use ami::{Action, Error, Filter, Item};

use crate::lists::{BEGIN, END, ITEM, LATE, NEW, with_banner};
use crate::peer::{Peer, next_name, quiet_config, taken};

#[tokio::test]
async fn events_of_others_go_to_subscribers_and_items_do_not() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.fenced().await;
        // `WaitEvent` has events of all kinds inside of its reply.
        peer.send(format!(
            "Response: Success\r\nActionID: {id}\r\nMessage: Waiting for Event completed.\r\n\r\n\
             Event: UserEvent\r\nUserEvent: z\r\nActionID: foreign\r\n\r\n\
             Event: UserEvent\r\nUserEvent: z\r\nActionID: {id}\r\n\r\n\
             Event: WaitEventComplete\r\nActionID: {id}\r\n\r\n"
        ))
        .await;
        let id = peer.fenced().await;
        // The event of the list has the name of a real one.
        peer.send(
            format!("{BEGIN}Event: DeviceStateChange\r\nActionID: #\r\n\r\n{END}")
                .replace("#", &id),
        )
        .await;
        peer.send("Event: DeviceStateChange\r\n\r\n").await;
    };
    let calls = async {
        let waited = client.list(Action::new("WaitEvent").field("Timeout", "1")).collect().await;
        let waited = waited.unwrap();
        assert_eq!((waited.items.len(), waited.complete.is_some()), (0, true));
        let states = client.list(Action::new("DeviceStateList")).collect().await.unwrap();
        assert_eq!(states.items.len(), 1);
    };
    tokio::join!(server, calls);
    for expected in ["UserEvent", "UserEvent", "DeviceStateChange"] {
        assert_eq!(next_name(&mut all).await, expected);
    }
    assert_eq!(taken(&mut all), Vec::<String>::new());
}

#[tokio::test]
async fn a_list_for_subscribers_too_comes_to_both_in_the_order_of_the_wire() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let mut ends = client.subscribe(Filter::named(["ItemsComplete"]).field("ListItems", "0"));
    let mut others = client.subscribe(Filter::named(["ItemsComplete"]).field("ListItems", "1"));
    let server = async {
        let id = peer.fenced().await;
        let reply = format!("Event: Before\r\n\r\n{BEGIN}{ITEM}{ITEM}{END}Event: Behind\r\n\r\n");
        peer.send(reply.replace("#", &id)).await;
        let next = peer.fenced().await;
        peer.send(format!("{BEGIN}{ITEM}{END}Event: Last\r\n\r\n").replace("#", &next)).await;
        id
    };
    let lists = async {
        let shared = client.list(Action::new("Things")).also_to_subscribers().collect().await;
        // The next one is for its caller alone again.
        let own = client.list(Action::new("Things")).collect().await;
        (shared.unwrap(), own.unwrap())
    };
    let (id, (shared, own)) = tokio::join!(server, lists);
    assert_eq!((shared.items.len(), own.items.len()), (2, 1));
    assert!(shared.complete.is_some());
    for expected in ["Before", "Item", "Item", "ItemsComplete", "Behind", "Last"] {
        assert_eq!(next_name(&mut all).await, expected);
    }
    let Some(Item::Event(end)) = ends.next().await else { panic!("no end") };
    assert_eq!(end.action_id(), Some(id.as_bytes()));
    assert_eq!(taken(&mut ends), Vec::<String>::new());
    assert_eq!(taken(&mut others), Vec::<String>::new());
    assert_eq!(client.stats().unmatched, 0);
}

#[tokio::test]
async fn items_without_an_id_and_an_end_by_its_name_are_for_subscribers_too() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.fenced().await;
        let reply = format!(
            "{BEGIN}Event: PeerEntry\r\nObjectName: a\r\n\r\n\
             Event: PeerlistComplete\r\nActionID: #\r\nEventList: Complete\r\n\r\n"
        );
        peer.send(reply.replace("#", &id)).await;
        let id = peer.fenced().await;
        // A refusal begins nothing.
        peer.send(LATE.replace("#", &id)).await;
        peer.send("Event: Behind\r\n\r\n").await;
    };
    let lists = async {
        let peers = client.list(Action::new("IAXpeers")).also_to_subscribers().collect().await;
        assert_eq!(peers.unwrap().items.len(), 1);
        let refused = client.list(Action::new("Things")).also_to_subscribers().collect().await;
        assert!(matches!(refused.unwrap_err().error, Error::Rejected(_)));
    };
    tokio::join!(server, lists);
    for expected in ["PeerEntry", "PeerlistComplete", "Behind"] {
        assert_eq!(next_name(&mut all).await, expected);
    }
}

#[tokio::test]
async fn a_dropped_list_that_has_begun_goes_to_its_end_for_subscribers() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let dropped = async {
        let mut list = client.list(Action::new("Things")).also_to_subscribers();
        assert!(list.next().await.unwrap().is_ok());
    };
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("{BEGIN}{ITEM}").replace("#", &id)).await;
        id
    };
    let ((), first) = tokio::join!(dropped, server);
    peer.send(format!("{ITEM}{END}").replace("#", &first)).await;
    let second = tokio::select! {
        list = client.list(Action::new("Things")).also_to_subscribers().collect() => panic!("{list:?}"),
        id = peer.fenced() => id,
    };
    peer.send(format!("{BEGIN}{ITEM}{END}Event: Behind\r\n\r\n").replace("#", &second)).await;
    for expected in ["Item", "Item", "ItemsComplete", "Behind"] {
        assert_eq!(next_name(&mut all).await, expected);
    }
    assert_eq!((client.in_flight(), client.stats().unmatched), (0, 3), "nobody's alone");
}

#[tokio::test]
async fn an_item_that_is_too_large_is_missed_by_subscribers_of_its_list() {
    let long = format!("Event: Item\r\nActionID: #\r\nX: {}\r\n\r\n", "x".repeat(1000));
    let (near, mut peer) = Peer::new();
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).max_message(500);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("{BEGIN}{ITEM}{long}{END}").replace("#", &id)).await;
    };
    let list = client.list(Action::new("Things")).also_to_subscribers().collect();
    let (list, ()) = tokio::join!(list, server);
    assert!(matches!(list.unwrap_err().error, Error::TooLarge(_)));
    assert_eq!(next_name(&mut all).await, "Item");
    assert!(matches!(all.next().await, Some(Item::Missed(1))));
    assert_eq!(next_name(&mut all).await, "ItemsComplete");
}
