//! Tests of what the documents show: the consumers, the permissions, and a request to a bridge.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use async_nats::jetstream::{self, consumer};
use async_nats::{Client, ConnectOptions, RequestErrorKind};
use fleet::nats::{Config, Role};
use futures_util::StreamExt;
use instance::nats;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::nats_bridge_kit::{Running, STAMPED, end, fleet, make, nats, pbx, within};

/// Runs a consumer until it has printed as many events as are expected, and returns their lines.
async fn consumed(mut command: Command, events: usize) -> Vec<String> {
    let child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn();
    let mut child = child.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut found = Vec::new();
    while found.len() < events {
        let line = within(lines.next_line()).await.unwrap().expect("the consumer goes on");
        if line.contains("UserEvent") {
            found.push(line);
        }
    }
    found
}

/// Returns the example in Rust. A run of all tests has built it, one of this file alone has not.
async fn consumer_in_rust() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples/consumer");
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--example", "consumer"]);
        assert!(build.status().await.unwrap().success());
    }
    program
}

#[tokio::test]
async fn the_consumers_of_the_examples_go_on_where_they_stopped() {
    let (nats, pbx) = (nats().await, pbx(STAMPED).await);
    let running = Running::start(fleet([("berlin", &*pbx.ami_address())]), Config::new(nats.url()));
    running.until(Role::Leader).await;
    let consumers = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/consumers");
    let (host, port) = (nats.address().ip().to_string(), nats.address().port().to_string());
    let shell = || {
        let mut shell = Command::new(consumers.join("consumer.sh"));
        shell.args([&host, &port]);
        shell
    };
    let program = consumer_in_rust().await;
    let rust = || {
        let mut rust = Command::new(&program);
        rust.arg(nats.url());
        rust
    };
    make(&pbx, 0..3).await;
    let lines = consumed(shell(), 3).await;
    assert!(lines[2].starts_with("ami.ev.berlin.user.UserEvent {"), "{lines:?}");
    assert!(lines[2].contains(r#"["N","2"]"#), "{lines:?}");
    assert_eq!(consumed(rust(), 3).await, ["berlin UserEvent "; 3]);
    make(&pbx, 3..4).await;
    let lines = consumed(shell(), 1).await;
    assert!(lines[0].contains(r#"["N","3"]"#), "{lines:?}");
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_bridge_executes_what_it_allows() {
    let (nats, pbx) = (nats().await, pbx(STAMPED).await);
    let config = Config::new(nats.url()).allow("Command");
    let running = Running::start(fleet([("berlin", &*pbx.ami_address())]), config);
    running.until(Role::Leader).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let body = r#"{"fields":{"Command":"core show version"}}"#;
    let reply = within(ask(&client, "ami.do.berlin.Command", body)).await;
    assert_eq!(reply["outcome"], "answered", "{reply}");
    assert!(reply["output"][0].as_str().unwrap().contains("Asterisk"), "{reply}");
    let reply = within(ask(&client, "ami.do.berlin.Originate", "")).await;
    assert_eq!(reply["delivery"], "never-sent", "{reply}");
    // The counts are brought up to date now and then.
    within(async {
        while running.bridge.stats().commands != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(running);
    end(nats, [pbx]).await;
}

/// Sends a request, again while nobody is there to answer.
async fn ask(client: &Client, subject: &'static str, body: &'static str) -> Value {
    loop {
        match client.request(subject, body.into()).await {
            Ok(reply) => return serde_json::from_slice(&reply.payload).unwrap(),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => {}
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Returns the configuration in the page, with a password for everyone.
fn configuration() -> String {
    let page = include_str!("../../docs/operating.md");
    let (_, text) = page.split_once("```text\n").unwrap();
    let (text, _) = text.split_once("```").unwrap();
    let text = text.replace("ev.*.agent.>", "ev.*.user.>").replace("Originate", "Ping");
    let passwords = ["BRIDGE", "BERLIN", "WALLBOARD", "DIALER", "ADMIN"];
    passwords.into_iter().fold(text, |text, user| text.replace(&format!("${user}_PASSWORD"), "x"))
}

/// Connects a user, who is told of what is denied.
async fn user(nats: &nats::Instance, name: &str) -> (Client, tokio::sync::mpsc::Receiver<String>) {
    let (told, denied) = tokio::sync::mpsc::channel(16);
    let options = ConnectOptions::with_user_and_password(name.to_owned(), "x".to_owned())
        .custom_inbox_prefix(format!("_INBOX_{name}"))
        .event_callback(move |event| {
            let told = told.clone();
            async move {
                if let async_nats::Event::ServerError(error) = event {
                    told.send(error.to_string().to_lowercase()).await.ok();
                }
            }
        });
    (options.connect(nats.url()).await.unwrap(), denied)
}

#[tokio::test]
async fn each_user_of_the_page_can_do_its_own_and_nothing_else() {
    let server = nats::Server::find().await.unwrap();
    let nats = nats::Builder::new(server).configuration(configuration()).boot().await.unwrap();
    let pbx = pbx(STAMPED).await;
    let config = Config::new(nats.url()).user("bridge", "x").allow("Ping").allow("UserEvent");
    let servers = [("berlin", &*pbx.ami_address()), ("essen", &*pbx.ami_address())];
    let running = Running::start(fleet(servers), config);
    running.until(Role::Leader).await;

    let (wallboard, mut denied) = user(&nats, "wallboard").await;
    let mut seen = wallboard.subscribe("ami.ev.*.user.>").await.unwrap();
    wallboard.subscribe("ami.ev.berlin.>").await.unwrap();
    assert!(within(denied.recv()).await.unwrap().contains("ami.ev.berlin.>"));
    make(&pbx, 0..1).await;
    assert!(within(seen.next()).await.unwrap().subject.ends_with(".user.UserEvent"));
    wallboard.publish("ami.ev.berlin.user.UserEvent", "forged".into()).await.unwrap();
    assert!(within(denied.recv()).await.unwrap().contains("ami.ev.berlin.user.userevent"));

    let (berlin, mut denied) = user(&nats, "berlin").await;
    let context = jetstream::new(berlin);
    let reads = |filter: &str| consumer::pull::Config {
        durable_name: Some("berlin".to_owned()),
        filter_subject: filter.to_owned(),
        ..Default::default()
    };
    let made = context.create_consumer_on_stream(reads("ami.*.berlin.>"), "AMI").await;
    let mut messages = within(made.unwrap().messages()).await.unwrap();
    loop {
        let message = within(messages.next()).await.unwrap().unwrap();
        assert!(message.subject.contains(".berlin."), "{}", message.subject);
        message.double_ack().await.unwrap();
        if message.subject.ends_with("UserEvent") {
            break;
        }
    }
    drop(messages);
    let other = context.create_consumer_on_stream(reads("ami.*.essen.>"), "AMI");
    tokio::select! {
        _ = other => panic!("neither allowed nor denied"),
        denied = within(denied.recv()) => assert!(denied.unwrap().contains("essen")),
    }

    let (dialer, mut denied) = user(&nats, "dialer").await;
    assert_eq!(within(ask(&dialer, "ami.do.berlin.Ping", "")).await["outcome"], "answered");
    for other in ["ami.do.berlin.UserEvent", "ami.do.berlin.ping", "ami.do.essen.Ping"] {
        tokio::select! {
            _ = dialer.request(other, "".into()) => panic!("neither allowed nor denied"),
            denied = within(denied.recv()) => {
                assert!(denied.unwrap().contains(&other.to_lowercase()));
            }
        }
    }
    drop(running);
    end(nats, [pbx]).await;
}
