//! Replies of any shape, against a peer that sends what servers of all ages send.

use std::time::Duration;

use ami::{Action, Error, Filter};

use crate::lists::{BEGIN, END, ITEM, LATE, NEW, with_banner};
use crate::peer::{Peer, next_name, quiet_config, taken};

#[tokio::test]
async fn a_fence_whose_id_stands_in_front_ends_an_exchange() {
    let (client, mut peer) = with_banner(NEW).await;
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("ActionID: {id}\r\nResponse: Success\r\n\r\n")).await;
        peer.send(format!("ActionID: {id}f\r\nResponse: Success\r\n\r\n")).await;
    };
    let exchange = async { client.exchange(Action::new("Any")).await };
    let (messages, ()) = tokio::join!(exchange, server);
    let messages = messages.unwrap();
    assert!(messages.len() == 1 && messages[0].has_our_id(), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_somebody_elses_does_not_keep_an_exchange_waiting() {
    let (client, mut peer) = with_banner(NEW).await;
    let server = async {
        peer.fenced().await;
        loop {
            peer.send("stray: line\r\n\r\n").await;
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    };
    let exchange = client.exchange(Action::new("Any")).timeout(Duration::from_secs(5));
    tokio::select! {
        messages = exchange => assert!(messages.unwrap_err().is_timeout()),
        () = server => {}
    }
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
        // Whatever the action is called.
        ("Other", "<?xml ?>\r\nMessage: a\r\n\r\n".to_owned(), vec!["a"]),
        ("Other", "Response: Success\r\nMessage: b\r\n\r\n".to_owned(), vec!["b"]),
        ("Other", LATE.replace("late", "x\r\n\r\nMessage: rest"), vec!["x", "rest"]),
        // What came before the response is no part of it.
        ("Other", format!("Message: of an event\r\n\r\n{LATE}"), vec!["late"]),
        // Inside of a list nothing else comes.
        ("Other", format!("{BEGIN}Message: x\r\n\r\n{END}"), vec!["will follow", "x", ""]),
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
        let marked = texts.iter().filter(|it| !it.has_our_id()).count();
        let without = texts.iter().filter(|it| it.action_id().is_none()).count();
        assert_eq!(marked, without, "{action}");
        let texts: Vec<_> = texts.iter().map(|it| it.text("Message").unwrap_or_default()).collect();
        assert_eq!(texts, expected, "{action}");
        assert_eq!(next_name(&mut foreign).await, "Foreign");
        assert_eq!(taken(&mut foreign), Vec::<String>::new(), "{action}");
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test]
async fn an_exchange_is_not_given_what_belongs_to_an_earlier_call_or_to_nobody() {
    let (near, mut peer) = Peer::new();
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).max_message(1024);
    let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
    let client = client.unwrap();
    let server = async {
        let call = peer.id().await;
        let id = peer.fenced().await;
        // While the call is not answered, it is not the turn of the exchange.
        peer.send("Message: of the call\r\n\r\n").await;
        peer.send(format!("Response: Success\r\nActionID: {call}\r\n\r\n")).await;
        // A foreign event is none of its reply, however large.
        peer.send(format!("Event: Big\r\nX: {}\r\n\r\n", "x".repeat(3000))).await;
        peer.send("(None) 1\r\nMessage: bare\r\n\r\n").await;
        peer.send(format!("Response: Success\r\nActionID: {id}f\r\n\r\n")).await;
    };
    let calls = async {
        let call = client.call(Action::new("Getvar"));
        let exchange = async { client.exchange(Action::new("Other")).await };
        tokio::join!(call, exchange)
    };
    let ((answer, exchange), ()) = tokio::join!(calls, server);
    answer.unwrap();
    let exchange = exchange.unwrap();
    assert_eq!(exchange.len(), 1, "{exchange:?}");
    assert_eq!(exchange[0].text("Message").unwrap(), "bare");
}

#[tokio::test]
async fn a_call_that_the_server_is_silent_about_ends_with_its_fence() {
    for action in ["IAXnetstats", "queues", "Events", "DataGet", "SKINNYshowline"] {
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
