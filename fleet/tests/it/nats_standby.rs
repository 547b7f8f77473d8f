//! Two bridges of the same servers: one publishes, the other takes over.

use std::time::Duration;

use ami::Action;
use async_nats::jetstream;
use fleet::nats::{Config, Role};
use instance::{Instance, nats};
use tokio::time::sleep;

use crate::nats_bridge_kit::{
    Maker, PATIENCE, Reader, Running, STAMPED, end, fleet, make, nats, pbx, random, within,
};
use crate::nats_bridge_relay::{Mode, Relay};

const LEASE: Duration = Duration::from_millis(600);

/// Boots the servers, and makes the stream. It forgets the ids of its messages soon, so that they
/// do not hide what is published twice.
async fn servers(general: &str) -> (nats::Instance, Instance) {
    let (nats, pbx) = tokio::join!(nats(), pbx(general));
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let config = jetstream::stream::Config {
        name: "AMI".to_owned(),
        subjects: ["ami.ev.berlin.>", "ami.ctl.berlin.>"].map(str::to_owned).into(),
        duplicate_window: Duration::from_millis(100),
        ..jetstream::stream::Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    (nats, pbx)
}

fn config(nats: &nats::Instance) -> Config {
    Config::new(nats.url()).lease(LEASE)
}

fn start(nats: &nats::Instance, pbx: &Instance) -> Running {
    Running::start(fleet([("berlin", &*pbx.ami_address())]), config(nats))
}

/// Starts a bridge that stands by and has the events that are made from here on.
async fn stand_by(nats: &nats::Instance, pbx: &Instance) -> Running {
    let standby = start(nats, pbx);
    standby.until(Role::Standby).await;
    standby.until_up().await;
    standby
}

/// Takes the control items of the stream that say how each takeover went.
fn exact(reader: &Reader) -> Vec<bool> {
    reader.controls("Takeover").iter().map(|it| it["exact"] == true).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_bridges_leave_no_hole_no_duplicate_and_no_inversion() {
    let (nats, pbx) = servers(STAMPED).await;
    let mut leader = start(&nats, &pbx);
    leader.until(Role::Leader).await;
    let maker = Maker::start(&pbx);
    let mut reader = Reader::open(&nats, "AMI").await;
    for _ in 0..5 {
        let standby = stand_by(&nats, &pbx).await;
        // Something that was made since is in the stream.
        let made = maker.made();
        reader.until(|stored| stored.number() > Some(made)).await;
        sleep(Duration::from_millis(random(100))).await;
        drop(leader);
        standby.until(Role::Leader).await;
        leader = standby;
    }
    let made = maker.stop().await;
    reader.until(|stored| stored.number() == Some(made - 1)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..made));
    assert_eq!(exact(&reader), [true; 6]);
    drop(leader);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_standby_behind_the_leader_waits_for_what_is_in_the_stream() {
    let (nats, pbx) = servers(STAMPED).await;
    let leader = start(&nats, &pbx);
    leader.until(Role::Leader).await;
    let relay = Relay::start(pbx.ami_address(), Mode::Pass).await;
    let slow = fleet([("berlin", &*relay.address.to_string())]);
    let standby = Running::start(slow, config(&nats));
    standby.until(Role::Standby).await;
    standby.until_up().await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    relay.set(Mode::Hold);
    make(&pbx, 10..60).await;
    reader.until(|stored| stored.number() == Some(59)).await;
    drop(leader);
    standby.until(Role::Leader).await;
    // Time to do the wrong thing. The test passes also without it.
    sleep(Duration::from_millis(300)).await;
    make(&pbx, 60..70).await;
    relay.set(Mode::Delay(Duration::from_millis(300)));
    reader.until(|stored| stored.number() == Some(69)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..70));
    assert_eq!(exact(&reader), [true; 2]);
    drop(standby);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_standby_that_has_missed_the_last_events_waits_for_none_that_cannot_come() {
    let (nats, pbx) = servers(STAMPED).await;
    let leader = start(&nats, &pbx);
    leader.until(Role::Leader).await;
    let relay = Relay::start(pbx.ami_address(), Mode::Pass).await;
    let cut = fleet([("berlin", &*relay.address.to_string())]);
    let standby = Running::start(cut, config(&nats).hold(Duration::from_secs(3600)));
    standby.until(Role::Standby).await;
    standby.until_up().await;
    make(&pbx, 0..20).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(19)).await;
    relay.set(Mode::Cut);
    make(&pbx, 20..40).await;
    reader.until(|stored| stored.number() == Some(39)).await;
    drop(leader);
    make(&pbx, 40..47).await;
    relay.set(Mode::Pass);
    standby.until(Role::Leader).await;
    reader.until(|stored| stored.is_control("Takeover")).await;
    make(&pbx, 47..50).await;
    reader.until(|stored| stored.number() == Some(49)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter((0..40).chain(47..50)));
    assert_eq!(exact(&reader), [true, false]);
    assert_eq!(reader.controls("Gap").len(), 1);
    drop(standby);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_bridge_that_wakes_up_after_its_lease_writes_nothing_more() {
    let (nats, pbx) = servers(STAMPED).await;
    let relay = Relay::start(nats.address().to_string(), Mode::Pass).await;
    let address = pbx.ami_address();
    let through = Config::new(format!("nats://{}", relay.address)).lease(LEASE);
    let zombie = Running::start(fleet([("berlin", &*address)]), through);
    zombie.until(Role::Leader).await;
    let standby = stand_by(&nats, &pbx).await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    // All of that is the business of the other one.
    within(async {
        while standby.bridge.stats().spooled > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    relay.set(Mode::Hold);
    // The zombie sends these to the relay.
    make(&pbx, 10..200).await;
    standby.until(Role::Leader).await;
    make(&pbx, 200..250).await;
    reader.until(|stored| stored.number() == Some(249)).await;
    relay.set(Mode::Pass);
    zombie.until(Role::Standby).await;
    make(&pbx, 250..300).await;
    reader.until(|stored| stored.number() == Some(299)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..300));
    assert_eq!(exact(&reader), [true; 2]);
    drop((zombie, standby));
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_bridge_that_stops_gives_the_lease_to_the_standby_at_once() {
    let (nats, pbx) = servers(STAMPED).await;
    let address = pbx.ami_address();
    let hour = Duration::from_secs(3600);
    let start = || {
        let config = Config::new(nats.url()).lease(hour);
        Running::start(fleet([("berlin", &*address)]), config)
    };
    let leader = start();
    leader.until(Role::Leader).await;
    let standby = start();
    standby.until(Role::Standby).await;
    standby.until_up().await;
    make(&pbx, 0..100).await;
    assert_eq!(leader.bridge.stop(PATIENCE).await, 0);
    standby.until(Role::Leader).await;
    make(&pbx, 100..120).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(119)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..120));
    assert_eq!(exact(&reader), [true; 2]);
    drop(standby);
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn a_bridge_without_its_server_gives_the_lease_to_one_that_has_it() {
    let (nats, pbx) = servers(STAMPED).await;
    let relay = Relay::start(pbx.ami_address(), Mode::Pass).await;
    let far = fleet([("berlin", &*relay.address.to_string())]);
    let leader = Running::start(far, config(&nats));
    leader.until(Role::Leader).await;
    leader.until_up().await;
    let standby = stand_by(&nats, &pbx).await;
    make(&pbx, 0..10).await;
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(9)).await;
    drop(relay);
    standby.until(Role::Leader).await;
    leader.until(Role::Standby).await;
    make(&pbx, 10..20).await;
    reader.until(|stored| stored.number() == Some(19)).await;
    assert_eq!(reader.numbers("berlin"), Vec::from_iter(0..20));
    drop((leader, standby));
    end(nats, [pbx]).await;
}

#[tokio::test]
async fn without_stamps_a_takeover_tells_that_events_may_be_missing() {
    let (nats, pbx) = servers("").await;
    let leader = start(&nats, &pbx);
    leader.until(Role::Leader).await;
    let standby = stand_by(&nats, &pbx).await;
    make(&pbx, 0..25).await;
    // The standby has these, too, before it has the others.
    standby.fleet.server("berlin").unwrap().call(Action::new("Ping")).await.unwrap();
    let mut reader = Reader::open(&nats, "AMI").await;
    reader.until(|stored| stored.number() == Some(24)).await;
    make(&pbx, 25..50).await;
    reader.until(|stored| stored.number() == Some(49)).await;
    drop(leader);
    standby.until(Role::Leader).await;
    make(&pbx, 50..60).await;
    reader.until(|stored| stored.number() == Some(59)).await;
    assert_eq!(exact(&reader), [true, false]);
    let numbers = reader.numbers("berlin");
    assert_eq!(numbers[..50], Vec::from_iter(0..50));
    // What was published before the last event is not published again, but for those that came in
    // the same moment.
    assert!(numbers[50..].iter().all(|number| *number >= 25), "{numbers:?}");
    drop(standby);
    end(nats, [pbx]).await;
}
