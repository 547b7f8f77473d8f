//! A follow with a scripted server: snapshots and events in one order.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ami::{
    Action, Buffer, Client, Connected, EventClass, Filter, Follow, Followed, Overflow, Snapshot,
    Stale,
};

use crate::lists::{NEW, with_banner};
use crate::peer::{Peer, quiet_config};

mod background;
mod connections;
mod further;
mod losses;
mod states;

/// Returns an item of a follow in a word.
fn word(told: &Followed) -> String {
    match told {
        Followed::Snapshot(Snapshot { list, collected, .. }) => {
            let names = collected.items.iter().map(|it| it.text("Name").unwrap_or_default());
            format!("{list}:{}", names.collect::<Vec<_>>().join("+"))
        }
        Followed::Failed(failed) => {
            format!("failed {}{}", failed.list, if failed.again { " again" } else { "" })
        }
        Followed::Current => "current".to_owned(),
        Followed::Event(event) => event.name().into_owned(),
        Followed::Stale(Stale::Missed(missed)) => format!("missed {missed}"),
        Followed::Stale(Stale::Gap(gap)) => format!("gap {}", gap.times),
        Followed::Stale(Stale::Down(_)) => "down".to_owned(),
        Followed::Stale(Stale::Restored) => "restored".to_owned(),
        Followed::Stray(_) => "stray".to_owned(),
        Followed::Connected(Connected { reconnects, restarts, started, .. }) => {
            format!("connected {reconnects} {restarts}{}", if started.is_some() { "" } else { "?" })
        }
        other => format!("{other:?}"),
    }
}

/// Returns the items of a follow from now on, up to a word.
async fn until(follow: &mut Follow, last: &str) -> Vec<String> {
    let mut words = Vec::new();
    while words.last().is_none_or(|it| it != last) {
        match follow.next().await {
            Some(told) => words.push(word(&told)),
            None => panic!("{words:?}, and the end"),
        }
    }
    words
}

/// Returns the items of a follow that are there now.
fn now(follow: &mut Follow) -> Vec<String> {
    let mut words = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match pin!(follow.next()).poll(&mut cx) {
            Poll::Ready(Some(told)) => words.push(word(&told)),
            Poll::Ready(None) => {
                words.push("end".to_owned());
                return words;
            }
            Poll::Pending => return words,
        }
    }
}

/// Sends the actions of a follow. It says nothing yet.
fn ask(follow: &mut Follow) {
    assert_eq!(now(follow), Vec::<String>::new());
}

/// An event.
fn event(name: &str) -> String {
    format!("Event: {name}\r\n\r\n")
}

/// The beginning of a list, and some of its items.
fn begun(id: &str, names: &[&str]) -> String {
    let mut text = format!("Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\n");
    for name in names {
        text += &format!("Event: Item\r\nActionID: {id}\r\nName: {name}\r\n\r\n");
    }
    text
}

/// The end of a list.
fn end(id: &str, items: usize) -> String {
    format!(
        "Event: ItemsComplete\r\nActionID: {id}\r\nEventList: Complete\r\nListItems: {items}\r\n\r\n"
    )
}

fn list(id: &str, names: &[&str]) -> String {
    format!("{}{}", begun(id, names), end(id, names.len()))
}

fn refusal(id: &str) -> String {
    format!("Response: Error\r\nActionID: {id}\r\nMessage: No such thing\r\n\r\n")
}

/// Waits until everything that the peer has sent is with those that it is for.
async fn through(client: &Client, peer: &mut Peer) {
    let (pong, _) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
}

fn actions<const N: usize>(names: [&str; N]) -> [Action; N] {
    names.map(Action::new)
}

#[tokio::test]
async fn events_stand_before_between_and_behind_the_lists_as_the_server_sent_them() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One", "Two"]));
    let expected = ["A", "0:x+y", "B", "1:z", "current", "C"];
    let server = async {
        let (one, two) = (peer.fenced().await, peer.fenced().await);
        let parts =
            [event("A"), list(&one, &["x", "y"]), event("B"), list(&two, &["z"]), event("C")];
        peer.send(parts.concat()).await;
        peer
    };
    let (said, mut peer) = tokio::join!(until(&mut follow, "C"), server);
    assert_eq!(said, expected);
    assert!(follow.is_current());

    // The same for one who reads when everything is there. What is there is no longer asked for.
    let mut follow = client.follow(Filter::all(), actions(["One", "Two"]));
    ask(&mut follow);
    let (one, two) = (peer.fenced().await, peer.fenced().await);
    for part in [event("A"), list(&one, &["x", "y"]), event("B"), list(&two, &["z"]), event("C")] {
        peer.send(part).await;
    }
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), expected);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn an_answer_comes_behind_the_snapshots_before_it() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    ask(&mut follow);
    let called = tokio::spawn(client.call(Action::new("Next")));
    let one = peer.fenced().await;
    let next = peer.id().await;
    let answer = format!("Response: Success\r\nActionID: {next}\r\n\r\n");
    peer.send([event("A"), list(&one, &["x"]), event("B"), answer, event("C")].concat()).await;
    called.await.unwrap().unwrap();
    let said = now(&mut follow);
    assert_eq!(said[..4], ["A", "0:x", "current", "B"]);
}

#[tokio::test]
async fn a_plain_success_is_an_empty_list_at_its_place() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    ask(&mut follow);
    let one = peer.fenced().await;
    let success = format!("Response: Success\r\nActionID: {one}\r\nMessage: None\r\n\r\n");
    peer.send([event("A"), success, event("B")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "0:", "current", "B"]);
}

#[tokio::test]
async fn a_follow_of_no_lists_is_current_at_once() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::named(["A"]), actions([]));
    assert_eq!(now(&mut follow), ["current"]);
    peer.send([event("A"), event("B")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A"]);
    follow.refresh();
    assert_eq!(now(&mut follow), ["current"]);
}

#[tokio::test]
async fn items_with_the_names_of_events_are_no_events_of_the_follow() {
    let (client, mut peer) = with_banner(NEW).await;
    let filter = Filter::named(["QueueMember"]);
    let mut follow = client.follow(filter, [ami::action::QueueStatus::new()]);
    ask(&mut follow);
    let one = peer.fenced().await;
    let items = list(&one, &["x"]).replace("Event: Item\r", "Event: QueueMember\r");
    peer.send([event("QueueMember"), items, event("QueueMember")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["QueueMember", "0:x", "current", "QueueMember"]);
}

#[tokio::test]
async fn each_follow_has_its_own_lists_and_the_same_events() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut first = client.follow(Filter::all(), actions(["One"]));
    let mut second = client.follow(Filter::all(), actions(["One", "Two"]));
    let mut plain = client.subscribe(Filter::all());
    ask(&mut first);
    ask(&mut second);
    let ids = [peer.fenced().await, peer.fenced().await, peer.fenced().await];
    let lists = ids.iter().zip(["x", "y", "z"]).map(|(id, name)| list(id, &[name]));
    peer.send(lists.map(|it| event("A") + &it).collect::<String>() + &event("B")).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut first), ["A", "0:x", "current", "A", "A", "B"]);
    assert_eq!(now(&mut second), ["A", "A", "0:y", "A", "1:z", "current", "B"]);
    // Marks are for follows alone.
    assert_eq!(crate::peer::taken(&mut plain), ["A", "A", "A", "B"]);
}

#[tokio::test]
async fn strays_and_classes_that_do_not_come_are_told() {
    let config = quiet_config("user", "mysecret").event_mask(EventClass::System);
    let (client, mut peer) = Peer::with_config(config).await;
    let filter = Filter::named(["Hangup"]).with_strays();
    let mut follow = client.follow(filter, actions([]));
    peer.send("Mystery: x\r\n\r\n").await;
    through(&client, &mut peer).await;
    let said = now(&mut follow);
    assert_eq!((said.len(), &*said[0], &*said[2]), (3, "current", "stray"));
    assert!(said[1].starts_with("Withheld("), "{said:?}");
}

#[tokio::test]
async fn messages_that_others_forge_move_no_mark() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One"]));
    ask(&mut follow);
    let one = peer.fenced().await;
    let foreign = format!("{}-99", &one[..16]);
    // Ends before the list has begun, of nobody's list, and with an id that does not exist yet.
    let forged = [end(&one, 0), end("foreign", 0), end(&foreign, 0), event("ItemsComplete")];
    peer.send(forged.concat()).await;
    peer.send([event("A"), list(&one, &["x"]), event("B")].concat()).await;
    // And again, behind its end.
    peer.send(end(&one, 0)).await;
    through(&client, &mut peer).await;
    let end = "ItemsComplete";
    assert_eq!(now(&mut follow), [end, end, end, end, "A", "0:x", "current", "B", end]);
}

#[tokio::test]
async fn a_follow_ends_with_its_client_behind_everything_that_came() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["One", "Two"]));
    ask(&mut follow);
    let (one, two) = (peer.fenced().await, peer.fenced().await);
    peer.send([list(&one, &["x"]), event("A"), begun(&two, &["y"])].concat()).await;
    drop(peer);
    client.ended().await;
    assert_eq!(now(&mut follow), ["0:x", "A", "down", "end"]);
    follow.refresh();
    assert_eq!(now(&mut follow), ["end"]);
    assert!(!follow.is_current());
    let mut late = client.follow(Filter::all(), actions(["One"]));
    assert_eq!(now(&mut late), ["end"]);
}

#[tokio::test]
async fn a_follow_that_may_miss_nothing_ends_where_it_does() {
    let (client, mut peer) = with_banner(NEW).await;
    let buffer = Buffer::bounded(1).overflow(Overflow::Close);
    let mut follow = client.follow_with(Filter::all(), actions(["One"]), buffer);
    ask(&mut follow);
    let one = peer.fenced().await;
    peer.send([event("A"), event("B"), list(&one, &["x"]), event("C")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "missed 1", "end"]);
}
