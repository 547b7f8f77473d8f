//! Servers that go away, and other things that no server does on command.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ami::testing::{Reply, Script};

use super::recordings::event;
use crate::events::kit::{ami, decoded, run, scripted, scripted_by, start};

const UP: &str = "Event: CoreShowChannel\nChannel: SIP/11-1\nUniqueid: 1.1\nLinkedid: 1.1\n\
    ChannelState: 6\nChannelStateDesc: Up\nCallerIDNum: 11\nApplication: Wait\n\
    ApplicationData: 600\nDuration: 00:01:05";

fn begun() -> String {
    let more = "Linkedid: 1.1\nCallerIDNum: 11\nContext: all\nExten: 100";
    event("Newchannel", "1700000000.0", "SIP/11-1", "1.1", more).trim_end().to_owned()
}

fn ended() -> String {
    let more = "Linkedid: 1.1\nCause: 16";
    event("Hangup", "1700000009.0", "SIP/11-1", "1.1", more).trim_end().to_owned()
}

/// A server on which one call is up the first times that it is asked.
fn up(times: usize) -> Script {
    let asked = Arc::new(AtomicUsize::new(0));
    Script::new().answer_with("CoreShowChannels", move |_| {
        let is_up = asked.fetch_add(1, Ordering::Relaxed) < times;
        Reply::list(is_up.then_some(UP))
    })
}

#[tokio::test]
async fn a_server_that_goes_away_is_a_red_row() {
    let server = scripted().await;
    let words = ["trace", "--next", "--color", "always", "--timeout", "300ms"];
    let mut trace = start(ami(server.address(), &words));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(trace.tells("waiting for the next call")).await.unwrap();
    peer.event(begun()).await.unwrap();
    trace.shows("calls 100@all").await;
    drop((peer, server));
    let ended = trace.end().await;
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(ended.text().contains("\x1b[31m── the connection is lost: "), "{ended:?}");
    assert!(ended.text().contains("── the call is up"), "{ended:?}");
}

#[tokio::test]
async fn a_call_is_followed_over_a_gap() {
    for (times, told) in [(2, "\"step\":\"call ended\""), (1, "\"step\":\"call is up\"")] {
        let server = scripted_by(up(times)).await;
        let mut trace = start(ami(server.address(), &["trace", "11", "--json"]));
        let mut peer = server.accept().await.unwrap();
        let shown = peer.serve_until(trace.shows("\n")).await.unwrap();
        assert!(shown.contains("up, since 1:05 min, in Wait(600)"), "{shown}");
        drop(peer);
        let mut peer = server.accept().await.unwrap();
        if times == 2 {
            peer.serve_until(trace.shows("events are missing here")).await.unwrap();
            peer.event(ended()).await.unwrap();
        }
        let ended = peer.serve_until(trace.end()).await.unwrap();
        assert_eq!(ended.code, Some(7), "{ended:?}");
        assert!(ended.text().contains(told), "{ended:?}");
        assert!(ended.text().contains("\"complete\":false"), "{ended:?}");
    }
}

#[tokio::test]
async fn every_wait_ends() {
    let server = scripted_by(up(usize::MAX)).await;
    let traced = async |words: &[&str]| {
        let command = ami(server.address(), &[&["trace"], words].concat());
        server.serve_until(run(command)).await.unwrap()
    };
    let ended = traced(&["--next", "--for", "50ms"]).await;
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("no call has begun in that time"), "{ended:?}");
    let ended = traced(&["SIP/11-1", "--for", "50ms"]).await;
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.text().ends_with("── the call is up\n"), "{ended:?}");
    let ended = traced(&["12"]).await;
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("there are: 1.1: SIP/11 (up)"), "{ended:?}");
}

#[tokio::test]
async fn an_interrupt_prints_what_is_known() {
    let server = scripted().await;
    let mut trace = start(ami(server.address(), &["trace", "--next", "11"]));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(trace.tells("waiting for the next call")).await.unwrap();
    peer.event(begun()).await.unwrap();
    trace.shows("calls 100@all").await;
    trace.interrupt();
    let ended = trace.end().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(ended.text(), "── the call is up\n");
}

#[tokio::test]
async fn raw_is_a_recording_of_the_call() {
    let server = scripted().await;
    let trace = start(ami(server.address(), &["trace", "--next", "Exten=100", "--raw"]));
    let mut peer = server.accept().await.unwrap();
    let other = "Event: Newchannel\nChannel: SIP/12-2\nUniqueid: 1.2\nLinkedid: 1.2\nExten: 200";
    let variable = "Event: VarSet\nChannel: SIP/11-1\nUniqueid: 1.1\nVariable: X\nValue: 1";
    for event in [other, &begun(), variable, &ended()] {
        peer.event(event).await.unwrap();
    }
    let ended = peer.serve_until(trace.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, events) = decoded(&ended.stdout);
    let names: Vec<_> = events.iter().map(|it| it.name().into_owned()).collect();
    assert_eq!(names, ["Newchannel", "VarSet", "Hangup"], "{ended:?}");
}

#[tokio::test]
async fn raw_has_the_events_of_a_call_that_begins_behind_a_gap() {
    let server = scripted().await;
    let mut trace = start(ami(server.address(), &["trace", "--next", "--raw"]));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(trace.tells("waiting for the next call")).await.unwrap();
    drop(peer);
    let mut peer = server.accept().await.unwrap();
    for event in [begun(), ended()] {
        peer.event(event).await.unwrap();
    }
    let ended = peer.serve_until(trace.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(decoded(&ended.stdout).1.len(), 2, "{ended:?}");
}
