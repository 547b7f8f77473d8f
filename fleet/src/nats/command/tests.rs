//! Requests over a real NATS server, to a scripted peer in place of an Asterisk server.

use std::time::Duration;

use ami::testing::{Reply as Answer, Script, Server};
use ami::{Client, Config, Reconnect};
use async_nats::RequestErrorKind;
use bytes::Bytes;
use instance::nats;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;

/// The longest wait for what has to come. A test that passes never waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A NATS server, a bridge's answers, and someone who asks.
struct Bench {
    nats: nats::Instance,
    asks: async_nats::Client,
    responder: Arc<Responder>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Bench {
    async fn new(client: &Client, commands: Commands) -> Self {
        Self::with(client, commands, "").await
    }

    async fn with(client: &Client, commands: Commands, configuration: &str) -> Self {
        let server = nats::Server::find().await.unwrap();
        let nats = nats::Builder::new(server).configuration(configuration).boot().await.unwrap();
        let answers = async_nats::connect(nats.url()).await.unwrap();
        let asks = async_nats::connect(nats.url()).await.unwrap();
        let responder = Responder::new(answers, Subjects::default(), "test", commands);
        let stop = CancellationToken::new();
        let origin = Origin::new("berlin").unwrap();
        let serve = Arc::clone(&responder).serve(origin, client.clone(), stop.clone());
        Self { nats, asks, responder, stop, serving: tokio::spawn(serve) }
    }

    /// Sends a request, again while nobody is subscribed yet. Such a request was never sent.
    async fn ask(&self, action: &str, body: impl AsRef<[u8]>) -> Value {
        let body = Bytes::copy_from_slice(body.as_ref());
        let asked = async {
            loop {
                match self.asks.request(format!("ami.do.berlin.{action}"), body.clone()).await {
                    Ok(reply) => return serde_json::from_slice(&reply.payload).unwrap(),
                    Err(error) if error.kind() == RequestErrorKind::NoResponders => {}
                    Err(error) => panic!("{error}"),
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, asked).await.unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
        self.nats.stop().await.unwrap();
    }
}

fn config() -> Config {
    let reconnect = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(20));
    Config::new("user", "secret").reconnect(reconnect)
}

#[tokio::test]
async fn a_reply_has_every_shape_of_answer() {
    let script = Script::new()
        .answer("Ping", Answer::success().field("Ping", "Pong"))
        .answer("CoreShowChannels", Answer::list(["CoreShowChannel: \nChannel: A", "X: "]))
        .answer("Command", Answer::success().field("Output", "a\tb").field("Output", b"\xff"))
        .answer("Hangup", Answer::error("No such channel"));
    let server = Server::bind().await.unwrap().script(script);
    let all = ["Ping", "coreShowChannels", "Command", "Hangup"];
    server
        .serve_until(async {
            let client = config().connect(server.address()).await.unwrap();
            let bench = Bench::new(&client, Commands::allow(all).unwrap()).await;

            let reply = bench.ask("pInG", "").await;
            let members = ["v", "bridge", "origin", "action", "outcome"].map(|it| &reply[it]);
            let expected = [json!(1), json!("test"), json!("berlin"), json!("pInG")];
            assert_eq!(members[..4], expected.iter().collect::<Vec<_>>());
            assert_eq!(*members[4], "answered");
            let pong = json!(["Ping", "Pong"]);
            assert!(reply["response"]["lines"].as_array().unwrap().contains(&pong), "{reply}");

            let reply = bench.ask("CoreShowChannels", "{}").await;
            assert_eq!(reply["outcome"], "answered", "{reply}");
            assert_eq!(reply["items"].as_array().unwrap().len(), 2, "{reply}");
            assert!(reply["complete"].to_string().contains("Complete"), "{reply}");

            let reply = bench.ask("Command", r#"{"fields":{"Command":"core show x"}}"#).await;
            assert_eq!(reply["output"], json!(["a\tb", [255]]), "{reply}");
            assert!(!reply["response"].to_string().contains("Output"), "{reply}");

            let reply = bench.ask("Hangup", r#"{"fields":[["Channel","x"]]}"#).await;
            assert_eq!(reply["outcome"], "refused", "{reply}");
            assert!(reply["error"].as_str().unwrap().contains("No such channel"), "{reply}");
            assert!(reply["response"].to_string().contains("No such channel"), "{reply}");
            assert_eq!(reply.get("delivery"), None, "{reply}");

            assert_eq!(bench.responder.sent(), 4);
            bench.end().await;
        })
        .await
        .unwrap();
    let hangup = server.received().into_iter().find(|it| it.is("Hangup")).unwrap();
    assert_eq!(hangup.get("Channel"), Some(&b"x"[..]));
}

#[tokio::test]
async fn what_is_not_executed_is_answered_with_never_sent() {
    let server = Server::bind().await.unwrap().script(Script::new());
    server
        .serve_until(async {
            let client = config().connect(server.address()).await.unwrap();
            let commands = Commands::allow(["Setvar"]).unwrap();
            let bench = Bench::new(&client, commands).await;
            let large = format!(r#"{{"fields":{{"A":"hush{}"}}}}"#, "x".repeat(300_000));
            for (action, body, why) in [
                ("Originate", "", "not among those"),
                // A token is decoded once, and what comes out is compared as a whole.
                ("Setvar%0D%0AAction%3A%20Logoff", "", "not among those"),
                ("Setvar%20", "", "not among those"),
                ("Setvar.x", "", "not among those"),
                ("Setvar%zz", "", "not among those"),
                ("Setvar", "hush", "no JSON"),
                ("Setvar", r#"["hush"]"#, "no JSON object"),
                (
                    "Setvar",
                    r#"{"fields":{"Value":"hush\r\n\r\nAction: Logoff"}}"#,
                    "cannot be sent",
                ),
                ("Setvar", r#"{"fields":{"Value\nAction":"hush"}}"#, "cannot be sent"),
                ("%53etvar", r#"{"fields":{"Action":"hush"}}"#, "cannot be sent"),
                ("Setvar", r#"{"timeout":"hush"}"#, "timeout"),
                ("Setvar", &large, "bytes, more than"),
            ] {
                let reply = bench.ask(action, body).await;
                let (outcome, delivery) = (&reply["outcome"], &reply["delivery"]);
                assert_eq!(
                    (outcome, delivery),
                    (&json!("failed"), &json!("never-sent")),
                    "{reply}"
                );
                let error = reply["error"].as_str().unwrap();
                assert!(error.contains(why) && !error.contains("hush"), "{action} {reply}");
            }
            assert_eq!(bench.responder.sent(), 0);
            bench.end().await;
        })
        .await
        .unwrap();
    assert!(!server.received().iter().any(|it| it.is("Setvar") || it.is("Logoff")));
}

#[tokio::test]
async fn a_timeout_and_a_lost_connection_say_that_the_action_may_have_been_executed() {
    let server = Server::bind().await.unwrap();
    let (client, mut peer) = server.connect(&config()).await.unwrap();
    let bench = Bench::new(&client, Commands::allow(["UserEvent"]).unwrap()).await;

    let asked = bench.ask("UserEvent", r#"{"timeout":0.05}"#);
    let (reply, action) = tokio::join!(asked, peer.expect("UserEvent"));
    assert_eq!(reply["delivery"], "may-have-been-executed", "{reply}");
    // A late answer is nobody's.
    peer.respond(&action.unwrap(), Answer::success()).await.unwrap();

    let cut = async {
        peer.expect("UserEvent").await.unwrap();
        drop(peer);
    };
    let (reply, ()) = tokio::join!(bench.ask("UserEvent", ""), cut);
    assert_eq!(reply["delivery"], "may-have-been-executed", "{reply}");
    assert_eq!(reply["outcome"], "failed", "{reply}");
    drop(client);
    bench.end().await;
}

#[tokio::test]
async fn a_reply_that_began_ends_with_the_timeout() {
    let server = Server::bind().await.unwrap();
    let (client, mut peer) = server.connect(&config()).await.unwrap();
    let commands = Commands::allow(["CoreShowChannels"]).unwrap();
    let bench = Bench::new(&client, commands.timeout(Duration::from_millis(50))).await;
    let drips = async {
        let action = peer.expect("CoreShowChannels").await.unwrap();
        let start = Answer::success().field("EventList", "start");
        peer.respond(&action, start).await.unwrap();
        // Each item starts the client's own time-out anew.
        loop {
            let item = Answer::none().event("CoreShowChannel").field("Channel", "x");
            peer.respond(&action, item).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let reply = tokio::select! {
        reply = bench.ask("CoreShowChannels", r#"{"timeout":3600}"#) => reply,
        () = drips => unreachable!(),
    };
    assert_eq!(reply["delivery"], "may-have-been-executed", "{reply}");
    bench.end().await;
}

#[tokio::test]
async fn too_many_at_once_are_answered_at_once() {
    let script = Script::new().answer("UserEvent", Answer::success());
    let server = Server::bind().await.unwrap().script(script);
    let (client, mut peer) = server.connect(&config()).await.unwrap();
    let commands = Commands::allow(["UserEvent"]).unwrap().at_once(2);
    let bench = Bench::new(&client, commands).await;
    assert_eq!(bench.ask("Originate", "").await["delivery"], "never-sent");
    // NATS delivers the requests of a connection in order, and the server reads nothing yet.
    let (is_refused, refused) = oneshot::channel();
    let asked = async {
        let held = async { tokio::join!(bench.ask("UserEvent", ""), bench.ask("UserEvent", "")) };
        let beyond = async {
            let reply = bench.ask("UserEvent", "").await;
            assert_eq!(reply["delivery"], "never-sent", "{reply}");
            assert!(reply["error"].as_str().unwrap().contains("2 actions are in progress"));
            is_refused.send(()).unwrap();
        };
        let ((one, two), ()) = tokio::join!(held, beyond);
        assert_eq!([&one["outcome"], &two["outcome"]], ["answered"; 2]);
        // Their places are free again.
        assert_eq!(bench.ask("UserEvent", "").await["outcome"], "answered");
    };
    let served = async {
        refused.await.unwrap();
        peer.serve().await.unwrap();
    };
    tokio::select! {
        () = asked => {}
        () = served => panic!("the client has gone"),
    }
    bench.end().await;
}

#[tokio::test]
async fn nobody_responds_while_the_server_is_down() {
    let server = Server::bind().await.unwrap();
    let (client, peer) = server.connect(&config()).await.unwrap();
    let bench = Bench::new(&client, Commands::allow(["UserEvent"]).unwrap()).await;
    let refused = bench.ask("Originate", "").await;
    assert_eq!(refused["delivery"], "never-sent");
    drop(peer);
    // While the unsubscription is on its way, the bridge itself says that it is never sent.
    let down = async {
        loop {
            match bench.asks.request("ami.do.berlin.UserEvent", "".into()).await {
                Err(error) if error.kind() == RequestErrorKind::NoResponders => return,
                Err(error) => panic!("{error}"),
                Ok(reply) => {
                    let reply: Value = serde_json::from_slice(&reply.payload).unwrap();
                    assert_eq!(reply["delivery"], "never-sent", "{reply}");
                }
            }
        }
    };
    timeout(PATIENCE, down).await.unwrap();
    // It is up again, and so are the commands.
    let mut peer = server.accept().await.unwrap();
    let reply = peer.serve_until(bench.ask("UserEvent", "")).await.unwrap();
    assert_eq!(reply["outcome"], "refused", "{reply}");
    // The end of the client ends it as well.
    peer.serve_until(client.close()).await.unwrap().unwrap();
    timeout(PATIENCE, bench.serving).await.unwrap().unwrap();
    bench.nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_reply_that_nats_does_not_take_says_so() {
    let answer = Answer::list((0..100).map(|it| format!("CoreShowChannel: \nChannel: {it:0100}")));
    let script = Script::new().answer("CoreShowChannels", answer);
    let server = Server::bind().await.unwrap().script(script);
    server
        .serve_until(async {
            let client = config().connect(server.address()).await.unwrap();
            let commands = Commands::allow(["CoreShowChannels"]).unwrap();
            let bench = Bench::with(&client, commands, "max_payload: 4096").await;
            let reply = bench.ask("CoreShowChannels", "").await;
            assert_eq!(reply["delivery"], "may-have-been-executed", "{reply}");
            assert!(reply["error"].as_str().unwrap().contains("more than the NATS server takes"));
            bench.end().await;
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_message_without_a_reply_subject_executes_nothing() {
    let script = Script::new().answer("UserEvent", Answer::success());
    let server = Server::bind().await.unwrap().script(script);
    server
        .serve_until(async {
            let client = config().connect(server.address()).await.unwrap();
            let bench =
                Bench::new(&client, Commands::allow(["UserEvent", "Setvar"]).unwrap()).await;
            assert_eq!(bench.ask("UserEvent", "").await["outcome"], "answered");
            bench.asks.publish("ami.do.berlin.Setvar", "".into()).await.unwrap();
            // The same connection and subscription: the message is there before this request.
            assert_eq!(bench.ask("UserEvent", "").await["outcome"], "answered");
            bench.end().await;
        })
        .await
        .unwrap();
    assert!(!server.received().iter().any(|it| it.is("Setvar")));
}

#[tokio::test]
async fn two_bridges_execute_a_request_once() {
    let script = Script::new().answer("UserEvent", Answer::success());
    let server = Server::bind().await.unwrap().script(script);
    server
        .serve_until(async {
            let one = config().connect(server.address()).await.unwrap();
            let two = config().connect(server.address()).await.unwrap();
            let bench = Bench::new(&one, Commands::allow(["UserEvent"]).unwrap()).await;
            let answers = async_nats::connect(bench.nats.url()).await.unwrap();
            let commands = Commands::allow(["UserEvent"]).unwrap();
            let other = Responder::new(answers, Subjects::default(), "other", commands);
            let origin = Origin::new("berlin").unwrap();
            let serving = Arc::clone(&other).serve(origin, two, bench.stop.clone());
            let serving = tokio::spawn(serving);
            let mut asked = 0;
            while other.sent() == 0 || bench.responder.sent() == 0 {
                assert_eq!(bench.ask("UserEvent", "").await["outcome"], "answered");
                asked += 1;
            }
            assert_eq!(other.sent() + bench.responder.sent(), asked);
            let events = server.received().iter().filter(|it| it.is("UserEvent")).count();
            assert_eq!(events as u64, asked);
            bench.end().await;
            serving.await.unwrap();
        })
        .await
        .unwrap();
}
