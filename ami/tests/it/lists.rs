//! Lists and other replies of more than one message, against a peer that sends what servers of all ages send.

use std::time::Duration;

use ami::{Action, Client, Collected, Error, Filter, ListError};
use tokio::io::DuplexStream;

use crate::peer::{Peer, assert_like, next_name, taken};

/// A client of a server with that banner, with a time-out that no test waits for.
async fn with_banner(banner: &str) -> (Client, Peer) {
    let (near, mut peer): (DuplexStream, Peer) = Peer::new();
    let config = ami::Config::new("user", "mysecret").login(ami::Login::Plain);
    let config = config.timeout(Duration::from_secs(600));
    let server = async {
        peer.send(format!("{banner}\r\n")).await;
        peer.action().await;
        peer.send("Response: Success\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    (client.unwrap(), peer)
}

/// Collects a list that the peer answers with `reply`, and then with the fence. `#` stands for the list's id.
async fn collect(
    banner: &str,
    action: &str,
    reply: &str,
) -> (Result<Collected, ListError>, Client) {
    let (client, mut peer) = with_banner(banner).await;
    let server = async {
        let id = peer.fenced().await;
        peer.send(reply.replace("#", &id)).await;
        peer.send(format!("Response: Success\r\nActionID: {id}f\r\nPing: Pong\r\n\r\n")).await;
        peer.send("Event: Behind\r\n\r\n").await;
    };
    let mut behind = client.subscribe(Filter::named(["Behind"]));
    let (list, ()) = tokio::join!(client.list(Action::new(action)).collect(), server);
    // All of the reply is through then.
    assert_eq!(next_name(&mut behind).await, "Behind");
    assert_eq!(client.in_flight(), 0);
    (list, client)
}

const NEW: &str = "Asterisk Call Manager/11.0.0";
const OLD: &str = "Asterisk Call Manager/1.3";

const BEGIN: &str =
    "Response: Success\r\nActionID: #\r\nEventList: start\r\nMessage: will follow\r\n\r\n";
const ITEM: &str = "Event: Item\r\nActionID: #\r\nN: 1\r\n\r\n";
const LATE: &str = "Response: Error\r\nActionID: #\r\nMessage: late\r\n\r\n";
const END: &str =
    "Event: ItemsComplete\r\nActionID: #\r\nEventList: Complete\r\nListItems: 7\r\n\r\n";

#[tokio::test]
async fn a_list_is_its_items_between_its_beginning_and_its_end() {
    for end in [END.to_owned(), END.replace("Complete\r\nL", "cancelled\r\nL")] {
        let reply = format!("{BEGIN}{ITEM}{ITEM}{end}");
        let (list, client) = collect(NEW, "Things", &reply).await;
        let list = list.unwrap();
        assert_eq!(list.items.len(), 2);
        assert!(list.items.iter().all(|item| item.is("Item")));
        assert!(list.complete.as_ref().unwrap().is("ItemsComplete"));
        assert_eq!(list.response.as_ref().unwrap().message(), "will follow");
        // Exposed, and not judged.
        assert_eq!(list.list_items(), Some(7));
        assert_eq!(client.stats().unmatched, 0);
    }
}

#[tokio::test]
async fn an_empty_list_may_begin_in_another_spelling_or_not_at_all() {
    let reply = format!("{}{END}", BEGIN.replace("start", "Start"));
    assert!(collect(NEW, "FAXSessions", &reply).await.0.unwrap().items.is_empty());
    let none = "Response: Success\r\nActionID: #\r\nMessage: There are no voicemail users currently defined.\r\n\r\n";
    let list = collect(NEW, "VoicemailUsersList", none).await.0.unwrap();
    assert!(list.items.is_empty() && list.complete.is_none() && list.response.is_some());
}

#[tokio::test]
async fn a_refused_list_is_an_error() {
    let error = collect(NEW, "PJSIPShowEndpoints", &LATE.replace("late", "none\n")).await.0;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server refused the action: none (after 0 items of the list)"
    );
    assert!(error.partial.response.is_none());
}

#[tokio::test]
async fn an_error_in_the_middle_is_told_with_what_came() {
    // `ShowDialPlan` ends so.
    let error = collect(NEW, "ShowDialPlan", &format!("{BEGIN}{ITEM}{LATE}")).await.0.unwrap_err();
    assert_like(&error.error, "Rejected");
    assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, false));
    // And `PJSIPShowEndpoint` so.
    let reply = format!("{BEGIN}{LATE}{ITEM}{END}");
    let error = collect(NEW, "PJSIPShowEndpoint", &reply).await.0.unwrap_err();
    assert_like(&error.error, "Rejected");
    assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, true));
    assert!(error.partial.response.is_some());
}

#[tokio::test]
async fn a_list_without_an_end_is_told_with_what_came() {
    let error = collect(NEW, "Things", &format!("{BEGIN}{ITEM}{ITEM}")).await.0.unwrap_err();
    assert!(matches!(error.error, Error::ListIncomplete), "{error:?}");
    assert_eq!(error.partial.items.len(), 2);
    let error = collect(NEW, "Things", "").await.0.unwrap_err();
    assert!(matches!(error.error, Error::NoResponse), "{error:?}");
}

#[tokio::test]
async fn old_servers_mark_a_list_by_words_and_names() {
    let reply = "Response: Success\r\nActionID: #\r\nMessage: Queue status will follow\r\n\r\n\
                 Event: QueueParams\r\nQueue: q\r\nActionID: #\r\n\r\n\
                 Event: QueueStatusComplete\r\nActionID: #\r\n\r\n";
    let list = collect(OLD, "queuestatus", reply).await.0.unwrap();
    assert_eq!(list.items.len(), 1);
    assert!(list.complete.unwrap().is("QueueStatusComplete"));
    // A new server would have marked it: this is one response, and two events for those who asked.
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.fenced().await;
        peer.send(reply.replace("#", &id)).await;
    };
    let (list, ()) = tokio::join!(client.list(Action::new("QueueStatus")).collect(), server);
    assert_eq!(list.unwrap().items.len(), 0);
    assert_eq!(next_name(&mut all).await, "QueueParams");
    assert_eq!(next_name(&mut all).await, "QueueStatusComplete");
}

#[tokio::test]
async fn items_without_an_id_belong_to_the_list_that_has_such() {
    let items = "Event: PeerEntry\r\nObjectName: p\r\n\r\n";
    let (list, _) = collect(NEW, "IAXpeers", &format!("{BEGIN}{items}{items}{END}")).await;
    assert_eq!(list.unwrap().items.len(), 2);
    let (list, _) = collect(NEW, "Things", &format!("{BEGIN}{items}{ITEM}{END}")).await;
    assert_eq!(list.unwrap().items.len(), 1);
}

#[tokio::test]
async fn one_event_and_no_more_can_be_a_list() {
    let reply = "Response: Success\r\nActionID: #\r\nMessage: FAX Statistics event will follow\r\n\r\n\
                 Event: FAXStats\r\nActionID: #\r\nCurrentSessions: 0\r\n\r\n";
    let list = collect(NEW, "FAXStats", reply).await.0.unwrap();
    assert_eq!(list.items[0].get("CurrentSessions"), Some(&b"0"[..]));
}

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
async fn what_is_left_of_a_dropped_list_is_counted_and_goes_to_nobody() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    // One dropped after its beginning, and one before its response.
    let dropped = async {
        let mut list = client.list(Action::new("Things"));
        assert!(list.next().await.unwrap().is_ok());
    };
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("{BEGIN}{ITEM}").replace("#", &id)).await;
        id
    };
    let ((), first) = tokio::join!(dropped, server);
    assert_eq!(client.in_flight(), 0);
    peer.send(format!("{ITEM}{END}").replace("#", &first)).await;
    let second = tokio::select! {
        list = client.list(Action::new("Things")).collect() => panic!("{list:?}"),
        id = peer.fenced() => id,
    };
    assert_eq!(client.in_flight(), 0);
    peer.send(format!("{BEGIN}{ITEM}{END}").replace("#", &second)).await;
    peer.send("Event: Behind\r\n\r\n").await;
    assert_eq!(next_name(&mut all).await, "Behind");
    assert_eq!(client.stats().unmatched, 2 + 3);
}

#[tokio::test]
async fn a_call_gives_the_beginning_of_a_list_and_nobody_takes_its_items_for_events() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        peer.send(format!("{BEGIN}{ITEM}{END}Event: Behind\r\n\r\n").replace("#", &id)).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("DeviceStateList")), server);
    assert_eq!(answer.unwrap().message(), "will follow");
    assert_eq!(next_name(&mut all).await, "Behind");
}

#[tokio::test]
async fn a_part_that_is_too_large_is_missed() {
    let long = format!("Event: Item\r\nActionID: #\r\nX: {}\r\n\r\n", "x".repeat(1000));
    let (near, mut peer) = Peer::new();
    let config = ami::Config::new("user", "mysecret").login(ami::Login::Plain).max_message(500);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let server = async {
        for _ in 0..2 {
            let id = peer.fenced().await;
            let reply = format!("{BEGIN}{ITEM}{long}{END}").replace("#", &id);
            peer.send(reply).await;
            peer.send(format!("Response: Success\r\nActionID: {id}f\r\n\r\n")).await;
        }
    };
    let calls = async {
        let error = client.list(Action::new("Things")).collect().await.unwrap_err();
        assert!(matches!(error.error, Error::TooLarge(bytes) if bytes > 1000), "{error:?}");
        assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, true));
        let exchange = client.exchange(Action::new("Things")).await;
        assert!(matches!(exchange, Err(Error::TooLarge(_))), "{exchange:?}");
    };
    tokio::join!(server, calls);
}

#[tokio::test]
async fn the_items_come_one_by_one_and_the_error_last() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut list = client.list(Action::new("Things"));
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("{BEGIN}{ITEM}").replace("#", &id)).await;
    };
    let (first, ()) = tokio::join!(list.next(), server);
    assert!(first.unwrap().unwrap().is("Item"));
    drop(peer);
    assert_like(&list.next().await.unwrap().unwrap_err(), "Disconnected");
    assert!(list.next().await.is_none());
    assert!(list.response().is_some() && list.complete().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_time_out_of_a_list_is_for_its_silence() {
    let (client, mut peer) = with_banner(NEW).await;
    let limit = Duration::from_secs(5);
    let server = async {
        let id = peer.fenced().await;
        peer.send(BEGIN.replace("#", &id)).await;
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            peer.send(ITEM.replace("#", &id)).await;
        }
    };
    let list = client.list(Action::new("Things")).timeout(limit).collect();
    let (list, ()) = tokio::join!(list, server);
    let error = list.unwrap_err();
    assert!(error.error.is_timeout() && error.error.may_have_been_executed(), "{error:?}");
    assert_eq!((error.partial.items.len(), client.in_flight()), (10, 0));
}

#[tokio::test]
async fn an_exchange_is_everything_up_to_the_fence() {
    for (action, reply, expected) in [
        // Three errors for one action.
        ("ModuleLoad", LATE.repeat(3), vec!["late"; 3]),
        ("IAXnetstats", "\r\n".to_owned(), vec![]),
        ("IAXnetstats", "(None) 1 2 3\r\nL 4 5 6\r\n\r\n".to_owned(), vec![""]),
        ("DataGet", "Event: DataGet Tree\r\nActionID: #\r\n\r\n".to_owned(), vec![""]),
        ("Events", String::new(), vec![]),
        ("IAXpeers", format!("{BEGIN}Event: PeerEntry\r\n\r\n{END}"), vec!["will follow", "", ""]),
        ("Things", format!("{BEGIN}{ITEM}{END}"), vec!["will follow", "", ""]),
        // Lines of another's event are not part of an answer that is a response.
        ("JabberSend", format!("{BEGIN}garbage\r\n\r\n{LATE}"), vec!["will follow", "late"]),
    ] {
        let (client, mut peer) = with_banner(NEW).await;
        let mut foreign = client.subscribe(Filter::all());
        let server = async {
            let id = peer.fenced().await;
            peer.send("Event: Foreign\r\n\r\n").await;
            peer.send(reply.replace("#", &id)).await;
            peer.send(format!("Response: Success\r\nActionID: {id}f\r\n\r\n")).await;
        };
        let exchange = async { client.exchange(Action::new(action)).await };
        let (messages, ()) = tokio::join!(exchange, server);
        let texts: Vec<_> = messages.unwrap();
        let texts: Vec<_> = texts.iter().map(|it| it.text("Message").unwrap_or_default()).collect();
        assert_eq!(texts, expected, "{action}");
        assert_eq!(next_name(&mut foreign).await, "Foreign");
        assert_eq!(taken(&mut foreign), Vec::<String>::new(), "{action}");
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test]
async fn a_call_that_the_server_is_silent_about_ends_with_its_fence() {
    for action in ["IAXnetstats", "queues", "Events", "DataGet"] {
        let (client, mut peer) = with_banner(NEW).await;
        let server = async {
            let id = peer.fenced().await;
            peer.send(format!("\r\nResponse: Success\r\nActionID: {id}f\r\n\r\n")).await;
        };
        let call = async { client.call(Action::new(action)).await };
        let (result, ()) = tokio::join!(call, server);
        assert!(matches!(result, Err(Error::NoResponse)), "{action}: {result:?}");
    }
}
