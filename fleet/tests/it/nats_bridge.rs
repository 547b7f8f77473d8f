//! One bridge: what comes into the stream, and what a bridge without a standby tells.

use std::collections::HashSet;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull;
use fleet::Fleet;
use fleet::nats::{Config, Format, Role};
use futures_util::StreamExt;
use instance::{Instance, nats};

use crate::nats_bridge_kit::{
    PATIENCE, Reader, Running, STAMPED, Stored, end, fleet, make, nats, pbx, within,
};

fn start(nats: &nats::Instance, pbx: &Instance) -> Running {
    Running::start(fleet([("berlin", &*pbx.ami_address())]), Config::new(nats.url()))
}

#[tokio::test]
async fn a_bridge_publishes_each_event_once_and_in_order() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let running = start(&nats, &pbx);
    running.until(Role::Leader).await;
    make(&pbx, 0..300).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(299)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..300));
    let ids: HashSet<_> = reader.read.iter().map(|stored| &stored.id).collect();
    assert_eq!(ids.len(), reader.read.len());
    let takeover = reader.controls("Takeover");
    assert_eq!(takeover.len(), 1);
    assert!(takeover[0]["exact"] == true && takeover[0]["first"] == true, "{takeover:?}");
    let Running { bridge, fleet } = running;
    assert_eq!(bridge.stop(PATIENCE).await, 0);
    drop(fleet);
    end(nats, [pbx]).await;
}

/// Publishes events, is killed, and is started again after a few more events. Returns the takeover
/// of the second run, the last event before it, and the first behind it.
async fn pause(general: &str, nats: &nats::Instance) -> (Stored, Stored, Stored) {
    let pbx = pbx(general).await;
    let mut reader = {
        let running = start(nats, &pbx);
        running.until(Role::Leader).await;
        running.until_up().await;
        make(&pbx, 0..10).await;
        let mut reader = Reader::open(nats, "AMI").await;
        reader.until(|stored| stored.number() == Some(9)).await;
        reader
    };
    make(&pbx, 10..30).await;
    let running = start(nats, &pbx);
    running.until_up().await;
    make(&pbx, 30..40).await;
    reader.until(|stored| stored.number() == Some(39)).await;
    let is_event = |stored: &&Stored| stored.control().is_none();
    let takeovers = reader.read.iter().enumerate().filter(|(_, it)| it.is_control("Takeover"));
    let [_, (at, takeover)] = takeovers.collect::<Vec<_>>()[..] else {
        panic!("not two takeovers: {:?}", reader.controls("Takeover"))
    };
    let before = reader.read[..at].iter().rfind(is_event).unwrap().clone();
    let after = reader.read[at..].iter().find(|it| it.sequence_number().is_some());
    let after = after.or_else(|| reader.read[at..].iter().find(is_event)).unwrap().clone();
    let takeover = takeover.clone();
    drop(running);
    pbx.kill().await;
    pbx.stop().await.unwrap();
    (takeover, before, after)
}

#[tokio::test]
async fn a_bridge_that_was_away_tells_how_many_events_are_missing() {
    let nats = nats().await;
    let (takeover, before, after) = pause(STAMPED, &nats).await;
    let made = after.sequence_number().unwrap() - before.sequence_number().unwrap() - 1;
    let takeover = takeover.control().unwrap();
    assert!(takeover["exact"] == false && takeover["first"] == false, "{takeover}");
    assert_eq!(takeover["made"], made);
    assert!(made >= 20, "{made}");
    end(nats, []).await;
}

#[tokio::test]
async fn a_server_without_stamps_and_numbers_leaves_a_hole_of_unknown_size() {
    let nats = nats().await;
    let (takeover, ..) = pause("", &nats).await;
    let takeover = takeover.control().unwrap();
    assert!(takeover["exact"] == false && takeover["first"] == false, "{takeover}");
    assert_eq!(takeover["made"], serde_json::Value::Null);
    end(nats, []).await;
}

#[tokio::test]
async fn a_consumer_that_stands_still_holds_up_nobody() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let running = start(&nats, &pbx);
    running.until(Role::Leader).await;
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = jetstream.get_stream("AMI").await.unwrap();
    let durable = pull::Config { durable_name: Some("archive".into()), ..pull::Config::default() };
    let consumer = stream.create_consumer(durable).await.unwrap();
    // Of 36 calls an hour with some 50 events each.
    make(&pbx, 0..1800).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(1799)).await;
    within(async {
        while running.bridge.stats().spooled > 0 {
            tokio::task::yield_now().await
        }
    })
    .await;
    let health = running.fleet.health();
    assert_eq!((health[0].lost, running.bridge.stats().missed), (0, 0));
    let mut messages = consumer.messages().await.unwrap();
    for stored in &reader.read {
        let message = within(messages.next()).await.unwrap().unwrap();
        message.ack().await.unwrap();
        let id = message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap();
        assert_eq!(id.as_str(), stored.id);
    }
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn servers_come_and_go_while_a_bridge_runs() {
    let (nats, one, other) = tokio::join!(nats(), pbx(STAMPED), pbx(STAMPED));
    let running = start(&nats, &one);
    running.until(Role::Leader).await;
    let login = || ami::Config::new("user", "mysecret");
    running.fleet.add("rome", &ami::Server::new(other.ami_address(), login())).unwrap();
    running.until_up().await;
    make(&other, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    assert_eq!(reader.numbers("rome"), Vec::from_iter(0..10));
    running.fleet.remove("berlin");
    let ended = reader.until(|stored| stored.is_control("Ended")).await;
    assert_eq!(ended.subject, "ami.ctl.berlin.Ended");
    // Another stream can have it now.
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let free = async {
        loop {
            let subjects =
                jetstream.get_stream("AMI").await.unwrap().cached_info().config.subjects.clone();
            if subjects == ["ami.ev.rome.>", "ami.ctl.rome.>"] {
                return;
            }
        }
    };
    within(free).await;
    let lease = jetstream.get_key_value("AMI_LEASES").await.unwrap();
    within(async {
        loop {
            let value = lease.get("AMI").await.unwrap().unwrap();
            let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
            if value["origins"] == serde_json::json!(["rome"]) {
                return;
            }
        }
    })
    .await;
    drop(running);
    end(nats, [one, other]).await;
}

#[tokio::test]
async fn the_state_of_a_server_is_in_its_bucket() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let running = start(&nats, &pbx);
    running.until(Role::Leader).await;
    running.until_up().await;
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let state = |wanted: &'static str| {
        let jetstream = jetstream.clone();
        within(async move {
            loop {
                let Ok(bucket) = jetstream.get_key_value("AMI_STATE").await else { continue };
                let Some(value) = bucket.get("berlin").await.unwrap() else { continue };
                let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
                if value["state"] == wanted {
                    return value;
                }
            }
        })
    };
    let up = state("up").await;
    assert_eq!((&up["boot"], &up["connection"]), (&1.into(), &1.into()), "{up}");
    assert!(up["banner"].as_str().unwrap().starts_with("Asterisk Call Manager/"), "{up}");
    pbx.kill().await;
    let down = state("down").await;
    assert!(down["since"].as_str() > up["since"].as_str(), "{down}");
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn allowed_actions_are_executed_for_others() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let config = Config::new(nats.url()).allow("Ping");
    let running = Running::start(fleet([("berlin", &*pbx.ami_address())]), config);
    let client = async_nats::connect(nats.url()).await.unwrap();
    let reply = within(async {
        loop {
            // Nobody listens until the server is up.
            if let Ok(reply) = client.request("ami.do.berlin.Ping", "".into()).await {
                return reply;
            }
        }
    });
    let reply: serde_json::Value = serde_json::from_slice(&reply.await.payload).unwrap();
    assert_eq!(reply["outcome"], "answered", "{reply}");
    let reply = within(client.request("ami.do.berlin.CoreStatus", "".into())).await.unwrap();
    let reply: serde_json::Value = serde_json::from_slice(&reply.payload).unwrap();
    assert_eq!((&reply["outcome"], &reply["delivery"]), (&"failed".into(), &"never-sent".into()));
    within(async {
        while running.bridge.stats().commands != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(running);
    end(nats, [pbx]).await;
}

/// A server that is not there, for tests of NATS alone.
fn nobody() -> Fleet {
    fleet([("berlin", "127.0.0.1:1")])
}

/// Waits until a bridge has ended, and returns why.
async fn failure(running: &Running) -> String {
    let error = within(running.bridge.ended()).await.unwrap_err();
    let source = std::error::Error::source(&*error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[tokio::test]
async fn what_a_person_has_to_remove_ends_a_bridge() {
    let nats = nats().await;
    let first = Running::start(nobody(), Config::new(nats.url()));
    first.until(Role::Leader).await;

    let others = fleet([("berlin", "127.0.0.1:1"), ("rome", "127.0.0.1:1")]);
    let others = Running::start(others, Config::new(nats.url()));
    let text = failure(&others).await;
    assert!(text.starts_with("the stream AMI belongs to the bridge on "), "{text}");
    let end_of_it = "with the servers berlin, but this bridge has berlin, rome: bridges with \
                     different servers need streams of their own";
    assert!(text.ends_with(end_of_it), "{text}");

    let elsewhere = Running::start(nobody(), Config::new(nats.url()).stream("OTHER"));
    let expected = "the stream OTHER cannot be used: origin berlin is in stream AMI already";
    assert_eq!(failure(&elsewhere).await, expected);
    assert_eq!(*first.bridge.role().borrow(), Role::Leader);
    drop((first, others, elsewhere));
    end(nats, []).await;
}

#[tokio::test]
async fn refused_credentials_end_a_bridge_and_are_not_shown() {
    let server = nats::Server::find().await.unwrap();
    let nats = nats::Builder::new(server).user("bob", "hush").boot().await.unwrap();
    let refused = Running::start(nobody(), Config::new(nats.url()).user("bob", "wr0ng"));
    let text = failure(&refused).await;
    assert!(text.starts_with(&format!("the NATS server at {} refused", nats.url())), "{text}");
    let shown = format!("{text} {:?} {:?}", refused.bridge, refused.bridge.ended().await);
    assert!(!shown.contains("wr0ng"), "{shown}");
    let right = Running::start(nobody(), Config::new(nats.url()).user("bob", "hush"));
    right.until(Role::Leader).await;
    drop((refused, right));
    end(nats, []).await;
}

#[tokio::test]
async fn a_bridge_starts_while_nats_is_down_and_survives_its_restart() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    nats.kill().await;
    let config = Config::new(nats.url()).format(Format::Json);
    let running = Running::start(fleet([("berlin", &*pbx.ami_address())]), config);
    running.until_up().await;
    make(&pbx, 0..10).await;
    within(async {
        while running.bridge.stats().problem.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let problem = running.bridge.stats().problem.unwrap();
    assert!(problem.contains(&format!("no connection to the NATS server at {}", nats.url())));
    nats.restart().await.unwrap();
    running.until(Role::Leader).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    nats.kill().await;
    make(&pbx, 10..20).await;
    nats.restart().await.unwrap();
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(19)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..20));
    assert!(reader.controls("Takeover").iter().all(|it| it["exact"] == true));
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn impossible_settings_are_refused_at_once() {
    let refused =
        |config: Config| fleet::nats::Bridge::start(&Fleet::new(), config).unwrap_err().to_string();
    let config = || Config::new("nats://127.0.0.1:1");
    for (config, begin) in [
        (config().prefix("a b"), "the setting prefix is not possible: \"a b\""),
        (config().lease(std::time::Duration::ZERO), "the setting lease is not possible: 0ns"),
        (config().window(0, 1), "the setting window is not possible: "),
    ] {
        let text = refused(config);
        assert!(text.starts_with(begin), "{text}");
    }
}
