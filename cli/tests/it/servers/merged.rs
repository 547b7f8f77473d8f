//! The events of several servers in one stream.

use ami::testing::{Peer, Server};
use serde_json::json;

use super::kit::{Contexts, nobody, three};
use crate::events::kit::{Running, scripted, start};

/// The program that follows two servers and knows of a third one, which is not there.
struct Followed {
    running: Running,
    berlin: (Server, Peer),
    paris: (Server, Peer),
    _contexts: Contexts,
}

impl Followed {
    /// Starts the program, and waits until it has told that it is ready.
    async fn start(arguments: &[&str]) -> Self {
        let (berlin, paris) = (scripted().await, scripted().await);
        let contexts = three(&berlin, &paris);
        let mut running = start(contexts.ami(&[arguments, &["--ready"]].concat()));
        let (one, other) = tokio::join!(berlin.accept(), paris.accept());
        let (mut one, mut other) = (one.unwrap(), other.unwrap());
        let ready = running.tells("ready");
        one.serve_until(other.serve_until(ready)).await.unwrap().unwrap();
        Self { running, berlin: (berlin, one), paris: (paris, other), _contexts: contexts }
    }
}

/// The end of the line of an event with the cause 16.
fn end_of(form: &str) -> &'static str {
    if form == "--json" { "\"16\"]]}\n" } else { "16\n" }
}

#[tokio::test]
async fn events_of_all_servers_come_with_their_names() {
    let words = ["tail", "--servers", "all", "-n", "2", "Hangup"];
    for form in ["--json", "--color=always"] {
        let mut followed = Followed::start(&[&words[..], &[form]].concat()).await;
        followed.berlin.1.event("Event: Hangup\nCause: 16").await.unwrap();
        let first = followed.running.shows(end_of(form)).await;
        followed.paris.1.event("Event: Hangup\nCause: 17").await.unwrap();
        let ended = followed.running.end().await;
        // A third one is not there, and those of it may be missing.
        assert_eq!(ended.code, Some(9), "{ended:?}");
        if form == "--json" {
            let objects: Vec<serde_json::Value> =
                first.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let [rome, berlin] = &objects[..] else { panic!("{first}") };
            assert_eq!((&rome["server"], &rome["exit"]), (&json!("rome"), &json!(3)), "{rome}");
            let event = json!({ "v": 1, "server": "berlin",
                                "lines": [["Event", "Hangup"], ["Cause", "16"]] });
            assert_eq!(*berlin, event);
            assert_eq!(ended.objects()[0]["server"], "paris");
        } else {
            assert!(first.starts_with("\x1b[1mberlin\x1b[0m  \x1b[2m"), "{first:?}");
            assert!(ended.text().starts_with("\x1b[1mparis \x1b[0m  \x1b[2m"), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_gap_is_told_of_the_server_that_has_it() {
    let words = ["tail", "--servers", "berlin,paris", "-n", "2", "Hangup"];
    for form in ["--json", "--color=always"] {
        let Followed { mut running, berlin, mut paris, _contexts } =
            Followed::start(&[&words[..], &[form]].concat()).await;
        let (server, peer) = berlin;
        drop(peer);
        running.tells("berlin: the connection is lost, connecting again").await;
        paris.1.event("Event: Hangup\nCause: 16").await.unwrap();
        let shown = running.shows(end_of(form)).await;
        assert!(shown.contains("paris") && !shown.contains("missing"), "{shown}");
        let mut peer = server.accept().await.unwrap();
        peer.event("Event: Hangup\nCause: 17").await.unwrap();
        let ended = peer.serve_until(running.end()).await.unwrap();
        assert_eq!(ended.code, Some(7), "{ended:?}");
        if form == "--json" {
            let [gap, event] = &ended.objects()[..] else { panic!("{ended:?}") };
            assert_eq!((&gap["v"], &gap["server"]), (&json!(1), &json!("berlin")), "{gap}");
            assert_eq!(gap["gap"]["restarted"], false, "{gap}");
            assert!(gap["gap"]["made"].is_null() && gap["gap"]["seconds"].is_f64(), "{gap}");
            assert_eq!(event["server"], "berlin");
        } else {
            let red = "\x1b[1mberlin\x1b[0m  \x1b[31m--- events are missing here: ";
            assert!(ended.text().starts_with(red), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_ends_leaves_the_others_and_the_last_one_ends_the_program() {
    let words = ["tail", "--servers", "berlin,paris", "Hangup"];
    let Followed { mut running, berlin, paris, _contexts } = Followed::start(&words).await;
    let refuse = async |(server, peer): (Server, Peer)| {
        drop(peer);
        let mut peer = server.accept_silent().await.unwrap();
        peer.refuse_login("Authentication failed").await.unwrap();
        (server, peer)
    };
    let _berlin = refuse(berlin).await;
    running.tells("error: berlin: ").await;
    let _paris = refuse(paris).await;
    let ended = running.end().await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("error: paris: "), "{ended:?}");
}

#[tokio::test]
async fn one_event_of_any_server_is_enough_to_wait_for() {
    let words = ["wait", "Hangup", "--servers"];
    let with = |servers: &'static str, timeout: &'static str| {
        [&words[..], &[servers, "--timeout", timeout]].concat()
    };
    let mut followed = Followed::start(&with("all", "60s")).await;
    followed.paris.1.event("Event: Hangup\nCause: 16").await.unwrap();
    let ended = followed.running.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.text().starts_with("paris   "), "{ended:?}");

    // It may have been an event of the server that is not there.
    // The time is that for connecting, too, and a machine that is busy needs some.
    let late = async |servers, code| {
        let ended = Followed::start(&with(servers, "4s")).await.running.end().await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
    };
    tokio::join!(late("all", 7), late("berlin,paris", 8));
    let contexts = Contexts::new(&[("a", nobody()), ("b", nobody())]);
    let ended = crate::events::kit::run(contexts.ami(&["wait", "X", "--servers", "all"])).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
}
