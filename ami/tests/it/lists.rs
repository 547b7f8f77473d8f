//! Lists, against a peer that sends what servers of all ages send.

use std::time::Duration;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use ami::{Action, Client, Collected, Error, Filter, Item, ListError, Stray};
use tokio::io::DuplexStream;

use crate::peer::{Peer, assert_like, next_name, quiet_config};

/// A client of a server with that banner, with a time-out that no test waits for.
pub(crate) async fn with_banner(banner: &str) -> (Client, Peer) {
    let (near, mut peer): (DuplexStream, Peer) = Peer::new();
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain);
    let config = config.timeout(Duration::from_secs(600));
    let server = async {
        peer.send(format!("{banner}\r\n")).await;
        peer.action().await;
        peer.send("Response: Success\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    (client.unwrap(), peer)
}

/// Collects a list that the peer answers with `reply`, and then with the fence. `#` stands for the
/// list's id.
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

pub(crate) const NEW: &str = "Asterisk Call Manager/11.0.0";
const OLD: &str = "Asterisk Call Manager/1.3";

pub(crate) const BEGIN: &str =
    "Response: Success\r\nActionID: #\r\nEventList: start\r\nMessage: will follow\r\n\r\n";
pub(crate) const ITEM: &str = "Event: Item\r\nActionID: #\r\nN: 1\r\n\r\n";
pub(crate) const LATE: &str = "Response: Error\r\nActionID: #\r\nMessage: late\r\n\r\n";
pub(crate) const END: &str =
    "Event: ItemsComplete\r\nActionID: #\r\nEventList: Complete\r\nListItems: 0\r\n\r\n";

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
        // Fewer than came is no loss.
        assert_eq!(list.list_items(), Some(0));
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
    assert_eq!(format!("{error:#}"), "the list did not begin: the server refused the action: none");
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
    // One that has such a name already may have lost its id; another was cut off, or is forged.
    let known = "Event: Item\r\nN: 2\r\n\r\n";
    let (list, _) = collect(NEW, "Things", &format!("{BEGIN}{ITEM}{known}{END}")).await;
    assert_eq!(list.unwrap().items.len(), 2);
    let (list, _) = collect(NEW, "Things", &format!("{BEGIN}{items}{ITEM}{END}")).await;
    let error = list.unwrap_err();
    assert!(
        matches!(&error.error, Error::ListBroken(it) if it.head() == b"PeerEntry"),
        "{error:?}"
    );
    assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, true));
}

#[tokio::test]
async fn a_list_that_a_value_has_cut_is_told_so_and_nothing_of_it_is_lost() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all().with_strays());
    let server = async {
        let id = peer.fenced().await;
        let cut = "Event: DBGetResponse\r\nVal: a\r\n\r\nb\r\nActionID: #\r\n\r\n";
        peer.send(format!("{BEGIN}{cut}{END}").replace("#", &id)).await;
        peer.send("Event: Behind\r\n\r\n").await;
    };
    let (list, ()) = tokio::join!(client.list(Action::new("DBGet")).collect(), server);
    let error = list.unwrap_err();
    assert!(
        matches!(&error.error, Error::ListBroken(it) if it.get("Val") == Some(b"a")),
        "{error:?}"
    );
    assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (0, true));
    assert!(error.error.may_have_been_executed());
    let mut read = Vec::new();
    while read.last().is_none_or(|last| last != "Behind") {
        read.push(match all.next().await.unwrap() {
            Item::Event(event) => event.name().into_owned(),
            Item::Stray(stray) => match *stray {
                Stray::Message(message) => format!("stray {:?}", message.lines().next()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(read, ["DBGetResponse", "stray Some(Bare([98]))", "Behind"]);
}

#[tokio::test]
async fn a_value_cannot_end_a_list_nor_answer_for_it() {
    for forged in [
        // An end without an id, one with somebody else's, and a response.
        "Event: ItemsComplete\r\nEventList: Complete\r\n\r\n",
        "Event: ItemsComplete\r\nActionID: x\r\nEventList: Complete\r\n\r\n",
        "Event: Item\r\nEventList: Complete\r\n\r\n",
        "Response: Error\r\nMessage: forged\r\n\r\n",
        // An end inside of an item.
        "Event: Item\r\nActionID: #\r\nV: x\nEventList: Complete\r\n\r\n",
        "Event: Item\r\nActionID: #\r\nV: x\r\nEventList: Complete\r\n\r\n",
        // The id of the list itself, in front.
        "ActionID: #\r\nResponse: Error\r\n\r\n",
    ] {
        let (list, client) =
            collect(NEW, "Things", &format!("{BEGIN}{ITEM}{forged}{ITEM}{END}")).await;
        let items = match list {
            Ok(list) => list.items,
            Err(error) => {
                assert!(matches!(error.error, Error::ListBroken(_)), "{forged}: {error:?}");
                assert!(error.partial.complete.is_some(), "{forged}");
                error.partial.items
            }
        };
        let real = items.iter().filter(|item| item.get("N").is_some()).count();
        assert_eq!((real, client.in_flight()), (2, 0), "{forged}");
    }
}

#[tokio::test]
async fn an_event_with_somebody_elses_id_is_no_item_whatever_its_name() {
    let foreign = "Event: Item\r\nActionID: foreign\r\nN: 2\r\n\r\n";
    let (list, _) = collect(NEW, "Things", &format!("{BEGIN}{ITEM}{foreign}{END}")).await;
    let error = list.unwrap_err();
    assert!(matches!(error.error, Error::ListBroken(_)), "{error:?}");
    assert_eq!(error.partial.items.len(), 1);
}

#[tokio::test]
async fn what_is_too_large_and_says_nothing_of_itself_belongs_where_it_came() {
    let (near, mut peer) = Peer::new();
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).max_message(1024);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let (long, head) = ("x".repeat(3000), "line: 1\r\n");
    let server = async {
        for reply in [
            format!("{BEGIN}{ITEM}{long}\r\n\r\n{END}"),
            format!("{long}\r\n\r\n"),
            format!("{BEGIN}{ITEM}{head}{long}\r\n\r\n{END}"),
            format!("{head}{long}\r\n\r\n"),
        ] {
            let id = peer.fenced().await;
            peer.send(reply.replace("#", &id)).await;
            peer.send(format!("Response: Success\r\nActionID: {id}f\r\n\r\n")).await;
        }
    };
    let calls = async {
        for _ in 0..2 {
            let error = client.list(Action::new("Things")).collect().await.unwrap_err();
            assert!(matches!(error.error, Error::TooLarge(_)), "{error:?}");
            assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, true));
            let exchange = client.exchange(Action::new("Other")).await;
            assert!(matches!(exchange, Err(Error::TooLarge(_))), "{exchange:?}");
        }
    };
    tokio::join!(server, calls);
}

#[tokio::test]
async fn a_value_cannot_begin_a_list() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        let answer = "Response: Success\r\nActionID: #\r\nValue: a\nEventList: start\r\n\r\n";
        let event = "Event: Newchannel\r\nActionID: #\r\n\r\n";
        peer.send(format!("{answer}{event}").replace("#", &id)).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("Getvar")), server);
    answer.unwrap();
    assert_eq!(next_name(&mut all).await, "Newchannel");
}

#[tokio::test]
async fn items_of_an_old_list_that_nobody_asked_for_are_no_events() {
    let (client, mut peer) = with_banner(OLD).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        let answer =
            "Response: Success\r\nActionID: #\r\nMessage: Channel status will follow\r\n\r\n";
        let items =
            "Event: Status\r\nActionID: #\r\n\r\nEvent: StatusComplete\r\nActionID: #\r\n\r\n";
        peer.send(format!("{answer}{items}Event: Real\r\n\r\n").replace("#", &id)).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("Status")), server);
    answer.unwrap();
    assert_eq!(next_name(&mut all).await, "Real");
    assert_eq!(client.stats().unmatched, 2);
    // An event that only has the id of its action is one.
    let server = async {
        let id = peer.id().await;
        let answer = "Response: Success\r\nActionID: #\r\nMessage: will qualify\r\n\r\n";
        let event = "Event: SIPQualifyPeerDone\r\nActionID: #\r\n\r\n";
        peer.send(format!("{answer}{event}").replace("#", &id)).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("SIPqualifypeer")), server);
    answer.unwrap();
    assert_eq!(next_name(&mut all).await, "SIPQualifyPeerDone");
}

#[tokio::test]
async fn where_nobody_waits_for_a_list_events_are_events() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut all = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        let real = "Event: Item\r\nReal: yes\r\n\r\n";
        peer.send(format!("{BEGIN}{ITEM}{real}").replace("#", &id)).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("Things")), server);
    answer.unwrap();
    assert_eq!(next_name(&mut all).await, "Item");
}

#[tokio::test]
async fn a_list_of_fewer_items_than_the_server_says_is_an_error() {
    let end = END.replace("ListItems: 0", "ListItems: 3");
    let error = collect(NEW, "Things", &format!("{BEGIN}{ITEM}{end}")).await.0.unwrap_err();
    assert!(matches!(error.error, Error::ListShort { said: 3, came: 1 }), "{error:?}");
    assert_eq!((error.partial.items.len(), error.partial.complete.is_some()), (1, true));
    // Some servers count wrong.
    let end = END.replace("ListItems: 0", "ListItems: 1");
    for action in ["DBGetTree", "PJSIPShowEndpoints"] {
        assert!(collect(NEW, action, &format!("{BEGIN}{end}")).await.0.is_ok(), "{action}");
    }
}

#[tokio::test]
async fn a_list_that_nobody_reads_is_bounded() {
    let (near, mut peer) = Peer::wide();
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).keepalive(None);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let mut list = Box::pin(client.list(Action::new("Things")));
    // It is asked for, and then left alone.
    let begun = poll_fn(|cx| Poll::Ready(pin!(list.next()).poll(cx).is_pending()));
    assert!(begun.await);
    let id = peer.fenced().await;
    peer.send(BEGIN.replace("#", &id)).await;
    let item = format!("Event: Item\r\nActionID: {id}\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    for _ in 0..70 {
        peer.send(&item).await;
    }
    let (pong, _) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
    let (mut items, mut error) = (0, None);
    while let Some(item) = list.next().await {
        match item {
            Ok(_) => items += 1,
            Err(it) => error = Some(it),
        }
    }
    assert!(matches!(error, Some(Error::Unread(bytes)) if bytes < 66 << 20), "{error:?}");
    assert_eq!((items, client.in_flight()), (64, 0));
}

#[tokio::test(start_paused = true)]
async fn a_silence_within_the_time_out_of_a_list_does_not_cost_the_connection() {
    let (near, mut peer) = Peer::new();
    let second = Duration::from_secs(1);
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain);
    let config = config.keepalive(10 * second).timeout(5 * second);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let server = async {
        let id = peer.fenced().await;
        peer.send(BEGIN.replace("#", &id)).await;
        for _ in 0..3 {
            tokio::time::sleep(90 * second).await;
            peer.send(ITEM.replace("#", &id)).await;
        }
        peer.send(END.replace("#", &id)).await;
    };
    let list = client.list(Action::new("Things")).timeout(100 * second).collect();
    let (list, ()) = tokio::join!(list, server);
    assert_eq!(list.unwrap().items.len(), 3);
    assert!(client.state().borrow().is_up());
}

#[tokio::test]
async fn one_event_and_no_more_can_be_a_list() {
    let reply = "Response: Success\r\nActionID: #\r\nMessage: FAX Statistics event will follow\r\n\r\n\
                 Event: FAXStats\r\nActionID: #\r\nCurrentSessions: 0\r\n\r\n";
    let list = collect(NEW, "FAXStats", reply).await.0.unwrap();
    assert_eq!(list.items[0].get("CurrentSessions"), Some(&b"0"[..]));
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
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).max_message(500);
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
