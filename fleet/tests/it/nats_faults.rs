//! Tests of a bridge whose stream and buckets are changed by others, and of wrong requests.

use std::fs;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::{self, kv};
use fleet::nats::{Config, Role};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::time::sleep;

use crate::nats_bridge_kit::{
    PATIENCE, Reader, Running, STAMPED, end, fleet, make, nats, pbx, within,
};
use crate::nats_bridge_relay::{Mode, Relay};

const LEASE: Duration = Duration::from_millis(600);

async fn client(nats: &instance::nats::Instance) -> async_nats::Client {
    async_nats::connect(nats.url()).await.unwrap()
}

#[tokio::test]
async fn a_bridge_makes_anew_what_is_deleted() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let address = pbx.ami_address();
    let start = || {
        let config = Config::new(nats.url()).lease(LEASE);
        Running::start(fleet([("berlin", &*address)]), config)
    };
    let leader = start();
    leader.until(Role::Leader).await;
    let standby = start();
    standby.until(Role::Standby).await;
    standby.until_up().await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    // As a server that has lost its store.
    let jetstream = jetstream::new(client(&nats).await);
    for stream in ["KV_AMI_LEASES", "KV_AMI_STATE", "AMI"] {
        jetstream.delete_stream(stream).await.unwrap();
    }
    make(&pbx, 10..20).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(19)).await;
    // The lease is there again, so that the standby can have it.
    assert_eq!(leader.bridge.stop(PATIENCE).await, 0);
    standby.until(Role::Leader).await;
    make(&pbx, 20..30).await;
    reader.until(|stored| stored.number() == Some(29)).await;
    assert_eq!(
        reader.numbers("berlin").split_off(1),
        Vec::from_iter(reader.numbers("berlin")[0] + 1..30)
    );
    drop(standby);
    end(nats, [pbx]).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_stream_that_has_lost_its_end_is_told() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let servers = fleet([("berlin", &*pbx.ami_address())]);
    let running = Running::start(servers, Config::new(nats.url()).lease(LEASE));
    running.until(Role::Leader).await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    nats.kill().await;
    let earlier = tempfile::tempdir().unwrap();
    copy(nats.store(), earlier.path());
    nats.restart().await.unwrap();
    make(&pbx, 10..20).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(19)).await;
    within(async {
        while running.bridge.stats().spooled > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    nats.kill().await;
    fs::remove_dir_all(nats.store()).unwrap();
    copy(earlier.path(), nats.store());
    nats.restart().await.unwrap();
    make(&pbx, 20..30).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(29)).await;
    let kept = reader.numbers("berlin");
    assert_eq!(kept, Vec::from_iter((0..10).chain(20..30)));
    let takeovers = reader.controls("Takeover");
    let last = takeovers.last().unwrap();
    assert!(last["exact"] == false && last["made"].as_u64() >= Some(10), "{takeovers:?}");
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn subjects_that_are_taken_out_of_the_stream_come_back() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let servers = fleet([("berlin", &*pbx.ami_address())]);
    let running = Running::start(servers, Config::new(nats.url()));
    running.until(Role::Leader).await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    let jetstream = jetstream::new(client(&nats).await);
    let mut config = jetstream.get_stream("AMI").await.unwrap().cached_info().config.clone();
    config.subjects = vec!["other".into()];
    jetstream.update_stream(config).await.unwrap();
    make(&pbx, 10..20).await;
    reader.until(|stored| stored.number() == Some(19)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..20));
    assert!(reader.controls("Takeover").iter().all(|it| it["exact"] == true));
    drop(running);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_server_that_is_removed_while_it_is_slow_holds_up_nobody() {
    let (nats, one, other) = tokio::join!(nats(), pbx(STAMPED), pbx(STAMPED));
    let relay = Relay::start(one.ami_address(), Mode::Pass).await;
    let servers = fleet([("berlin", &*relay.address.to_string()), ("rome", &*other.ami_address())]);
    let running = Running::start(servers, Config::new(nats.url()));
    running.until(Role::Leader).await;
    running.until_up().await;
    make(&one, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    let store = jetstream::new(client(&nats).await).get_key_value("AMI_STATE").await.unwrap();
    let mut states = within(store.watch_with_history("berlin")).await.unwrap();
    within(async {
        while running.bridge.stats().spooled > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The answer to the logoff takes its time, and the end of the client comes behind it.
    relay.set(Mode::Delay(Duration::from_millis(300)));
    running.fleet.remove("berlin");
    reader.until(|stored| stored.is_control("Ended")).await;
    make(&other, 10..20).await;
    reader.until(|stored| stored.number() == Some(19)).await;
    assert_eq!(reader.numbers("rome"), Vec::from_iter(10..20));
    let ended = async {
        while let Some(entry) = states.next().await {
            let state: Value = serde_json::from_slice(&entry.unwrap().value).unwrap();
            if state["state"] == "ended" {
                return;
            }
        }
    };
    within(ended).await;
    drop(running);
    end(nats, [one, other]).await;
}

#[tokio::test]
async fn a_bucket_that_keeps_leases_for_ever_is_a_problem_that_is_told() {
    let nats = nats().await;
    let jetstream = jetstream::new(client(&nats).await);
    let settings = kv::Config { bucket: "AMI_LEASES".into(), ..kv::Config::default() };
    jetstream.create_key_value(settings).await.unwrap();
    let running = Running::start(fleet([]), Config::new(nats.url()));
    let problem = within(async {
        loop {
            if let Some(problem) = running.bridge.stats().problem {
                return problem;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(problem.await.contains("expected a `max_age`"));
    drop(running);
    end(nats, []).await;
}

#[tokio::test]
async fn a_bridge_that_stops_answers_the_actions_in_progress() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let relay = Relay::start(pbx.ami_address(), Mode::Pass).await;
    let servers = fleet([("berlin", &*relay.address.to_string())]);
    let running = Running::start(servers, Config::new(nats.url()).allow("Ping"));
    running.until(Role::Leader).await;
    running.until_up().await;
    let client = client(&nats).await;
    within(async {
        // Nobody answers until the bridge has subscribed.
        while client.request("ami.do.berlin.Ping", "".into()).await.is_err() {}
    })
    .await;
    relay.set(Mode::Hold);
    let asked = tokio::spawn(async move { client.request("ami.do.berlin.Ping", "".into()).await });
    within(async {
        while running.fleet.health()[0].stats.in_flight == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let Running { bridge, fleet } = running;
    let stopped = tokio::spawn(bridge.stop(PATIENCE));
    // The time to do the wrong thing: to end without the answer.
    sleep(Duration::from_millis(200)).await;
    relay.set(Mode::Pass);
    let answer = within(asked).await.unwrap().unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(answer["outcome"], "answered");
    assert_eq!(within(stopped).await.unwrap(), 0);
    drop(fleet);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_reply_is_published_to_no_subject_that_is_reserved() {
    let (nats, pbx) = tokio::join!(nats(), pbx(STAMPED));
    let servers = fleet([("berlin", &*pbx.ami_address())]);
    let running = Running::start(servers, Config::new(nats.url()).allow("Ping"));
    running.until(Role::Leader).await;
    running.until_up().await;
    let client = client(&nats).await;
    within(async {
        // Nobody answers until the bridge has subscribed.
        while client.request("ami.do.berlin.Ping", "".into()).await.is_err() {}
    })
    .await;
    let mut wrong = client.subscribe("ami.ev.berlin.call.Forged").await.unwrap();
    let mut other = client.subscribe("$KV.>").await.unwrap();
    for reply in ["ami.ev.berlin.call.Forged", "$KV.AMI_LEASES.OTHER"] {
        // What is not allowed is refused at once, before the next request.
        client.publish_with_reply("ami.do.berlin.Logoff", reply, "".into()).await.unwrap();
    }
    let answer = client.request("ami.do.berlin.Logoff", "".into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(answer["delivery"], "never-sent");
    assert!(wrong.next().now_or_never().is_none());
    while let Some(Some(message)) = other.next().now_or_never() {
        assert_ne!(message.subject.as_str(), "$KV.AMI_LEASES.OTHER");
    }
    drop(running);
    end(nats, [pbx]).await;
}
