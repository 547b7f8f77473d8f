//! `ami bridge`, with a real nats-server.

use std::fs;

use ami::testing::{Peer, Script, Server};
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{Contexts, nobody};
use super::nats::{self, Nats};
use crate::events::kit::{ami, offline, run, scripted, scripted_by};
use crate::views::office::Printing;

/// The words for a private server and no other one.
fn words<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["bridge", "--nats", url], more].concat()
}

#[tokio::test]
async fn a_command_line_that_makes_no_sense_is_refused_before_anything_is_done() {
    for (more, says) in [
        (&["bridge"][..], "no NATS server is named"),
        (&["bridge", "--nats", "nats://user:mysecret@host"], "a secret is no part of an argument"),
        (&["bridge", "--try", "--nats", "nats://host"], "cannot be used with"),
        (&["bridge", "--nats", "host", "--raw"], "use --format raw"),
        (&["bridge", "--nats", "host", "--nats-user", "x"], "no password of the NATS user"),
        (&["bridge", "--nats", "host", "--nats-creds", "not-there"], "not-there cannot be read"),
        (&["bridge", "--nats", "host", "--allow", "a b"], "expected the name of an action"),
        (&["bridge", "--nats", "host", "--filter", "=x"], "--filter"),
    ] {
        let ended = run(ami("127.0.0.1:1", more)).await;
        assert_eq!(ended.code, Some(2), "{more:?}: {ended:?}");
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("mysecret"), "{ended:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open");
    fs::write(&open, "secret\n").unwrap();
    let file = open.to_str().unwrap();
    let ended = run(ami(
        "127.0.0.1:1",
        &words("host", &["--nats-user", "x", "--nats-password-file", file]),
    ))
    .await;
    assert!(ended.code == Some(2) && ended.stderr.contains("chmod 600"), "{ended:?}");
    let help = run(offline(&["bridge", "--help"])).await.text();
    assert!(help.contains("Exit codes: 0 ended by a signal"), "{help}");
}

/// A bridge of one scripted server that publishes.
async fn leader(server: &Server, command: Command) -> (Printing, Peer, Vec<Value>) {
    let mut bridge = Printing::start(command);
    let mut peer = server.accept().await.unwrap();
    let told = bridge.objects(|it| it["role"] == "leader");
    let told = peer.serve_until(told).await.unwrap();
    (bridge, peer, told)
}

fn is_of(role: &'static str) -> impl Fn(&Value) -> bool {
    move |object| object["role"] == role
}

#[tokio::test]
async fn a_bridge_that_ends_gives_its_role_to_the_standby() {
    let nats = nats::boot().await;
    let server = scripted().await;
    let url = nats.url();
    let command = || ami(server.address(), &words(&url, &["--json"]));
    let (mut first, _one, told) = leader(&server, command()).await;
    assert!(told.iter().any(|it| it["server"] == "asterisk" && it["state"] == "up"), "{told:?}");
    let mut second = Printing::start(command());
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(second.objects(is_of("standby"))).await.unwrap();
    first.interrupt();
    peer.serve_until(second.objects(is_of("leader"))).await.unwrap();
    let ended = first.objects(is_of("ended")).await.pop().unwrap();
    assert_eq!((first.end().await.0, &ended["left"]), (Some(0), &json!(0)), "{ended}");
    let mut seen = Nats::subscribe(&nats.address().to_string(), "", "ami.ev.>").await;
    peer.event("Event: X\nPrivilege: call,all").await.unwrap();
    while seen.next().await.0 != "ami.ev.asterisk.call.X" {}
    second.interrupt();
    let ended = second.objects(is_of("ended")).await.pop().unwrap();
    assert_eq!((second.end().await.0, &ended["left"]), (Some(0), &json!(0)), "{ended}");
    nats::end(nats).await;
}

#[tokio::test]
async fn servers_that_are_away_are_told_and_another_set_needs_another_stream() {
    let nats = nats::boot().await;
    let server = scripted().await;
    let contexts = Contexts::new(&[("here", server.address().to_string()), ("gone", nobody())]);
    let url = nats.url();
    let command = |servers: &str| contexts.ami(&words(&url, &["--servers", servers, "--json"]));
    let (bridge, mut peer, mut told) = leader(&server, command("here,gone")).await;
    let is_gone = |it: &Value| it["server"] == "gone" && it["state"] == "down";
    let mut bridge = bridge;
    if !told.iter().any(is_gone) {
        told.extend(peer.serve_until(bridge.objects(is_gone)).await.unwrap());
    }
    let why = told.iter().find(|it| is_gone(it)).unwrap();
    assert!(why["why"].as_str().unwrap().contains("failed to connect"), "{why}");

    let other = run(command("here"));
    let (ended, accepted) = tokio::join!(other, server.accept());
    drop(accepted);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the stream AMI belongs to the bridge"), "{ended:?}");
    bridge.interrupt();
    assert_eq!(bridge.end().await.0, Some(0));
    nats::end(nats).await;
}

#[tokio::test]
async fn what_may_not_be_in_the_stream_is_told_at_the_end() {
    let nats = nats::boot().await;
    for (flush, second) in [("100ms", false), ("60s", true)] {
        let server = scripted().await;
        let command = ami(server.address(), &words(&nats.url(), &["--json", "--flush", flush]));
        let mut seen = Nats::subscribe(&nats.address().to_string(), "", "ami.ev.>").await;
        let (mut bridge, mut peer, _) = leader(&server, command).await;
        peer.event("Event: X\nPrivilege: call,all").await.unwrap();
        while seen.next().await.0 != "ami.ev.asterisk.call.X" {}
        nats.pause();
        peer.event("Event: Y\nPrivilege: call,all").await.unwrap();
        // All that came before the end of the connection has been read.
        drop(peer);
        bridge.objects(|it| it["state"] == "down").await;
        bridge.interrupt();
        bridge.objects(is_of("ending")).await;
        if second {
            bridge.interrupt();
            assert_eq!(bridge.end().await.0, Some(130));
        } else {
            let ended = bridge.objects(is_of("ended")).await.pop().unwrap();
            assert!(ended["left"].as_u64().unwrap() > 0, "{ended}");
            assert_eq!(bridge.end().await.0, Some(7));
        }
        nats.resume();
    }
    nats::end(nats).await;
}

#[tokio::test]
async fn a_login_that_is_refused_ends_it() {
    let nats = nats::boot_with(|builder| builder.token("mysecret")).await;
    let server = scripted().await;
    let url = nats.url();
    // NATS refuses.
    let refused = run(ami(server.address(), &words(&url, &[])));
    let (refused, accepted) = tokio::join!(refused, server.accept());
    drop(accepted);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("refused the credentials"), "{refused:?}");

    // AMI refuses.
    let refuses = scripted_by(Script::new().refuse_login("Authentication failed")).await;
    let mut command = ami(refuses.address(), &words(&url, &[]));
    command.env("NATS_TOKEN", "mysecret");
    let (ended, _) = tokio::join!(run(command), refuses.accept());
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.text().contains("asterisk is ended: "), "{ended:?}");
    assert!(!format!("{ended:?}{refused:?}").contains("mysecret"), "{ended:?}");
    nats::end(nats).await;
}

#[tokio::test]
async fn a_private_nats_server_is_there_to_try_it() {
    let server = scripted().await;
    let command = ami(server.address(), &["bridge", "--try", "--json", "--prefix", "pbx"]);
    let (mut bridge, mut peer, told) = leader(&server, command).await;
    let url = told[0]["nats"].as_str().unwrap();
    let (token, address) = url.strip_prefix("nats://").unwrap().split_once('@').unwrap();
    let mut seen = Nats::subscribe(address, token, "pbx.ev.>").await;
    peer.event("Event: X\nPrivilege: call,all").await.unwrap();
    let body = loop {
        let (subject, body) = seen.next().await;
        if subject == "pbx.ev.asterisk.call.X" {
            break body;
        }
    };
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["event"]["lines"][0], json!(["Event", "X"]));
    bridge.interrupt();
    bridge.objects(is_of("ended")).await;
    assert_eq!(bridge.end().await.0, Some(0));
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the server is still there");

    let command = ami(server.address(), &["bridge", "--try"]);
    let mut bridge = Printing::start(command);
    let mut peer = server.accept().await.unwrap();
    let lines = peer.serve_until(bridge.until("leader: this one publishes")).await.unwrap();
    assert!(lines[0].starts_with("NATS is at nats://"), "{lines:?}");
    // The line for a terminal works as it is.
    let line = lines.iter().find(|it| it.starts_with("  bash -c ")).unwrap();
    let mut look = Command::new("sh");
    look.args(["-c", line]).stdin(std::process::Stdio::null());
    let mut look = Printing::start(look);
    look.until("INFO ").await;
    loop {
        peer.event("Event: X\nPrivilege: call,all").await.unwrap();
        if look.line().await.contains("MSG ami.ev.asterisk.call.X") {
            break;
        }
    }
    bridge.interrupt();
    assert_eq!(bridge.end().await.0, Some(0));
}
