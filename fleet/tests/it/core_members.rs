//! Servers that are added, found, watched and removed.

use std::time::SystemTime;

use ami::testing::Server;
use ami::{Action, Error, Filter, State};
use fleet::{AddError, Fleet, Health};
use tokio::time::timeout;

use crate::core_kit::{AGES, Scripted, add, now, quick, shorts};

#[tokio::test]
async fn servers_are_found_by_their_names() {
    let fleet = Fleet::new();
    assert_eq!(
        fleet.server("berlin").unwrap_err().to_string(),
        "no server \"berlin\" in this fleet, which has none"
    );
    let server = |address: &str| ami::Server::new(address, quick("user"));
    fleet.add("tokyo", &server("127.0.0.1:1")).unwrap();
    let berlin = fleet.add("Berlin", &server("127.0.0.1:2")).unwrap();
    assert_eq!((berlin.origin().as_str(), berlin.address()), ("Berlin", "127.0.0.1:2"));
    let names: Vec<_> = fleet.servers().iter().map(|it| it.origin().to_string()).collect();
    assert_eq!(names, ["Berlin", "tokyo"]);
    assert_eq!(fleet.server("BERLIN").unwrap().address(), "127.0.0.1:2");
    let none = fleet.server("rome").unwrap_err();
    assert_eq!(none.to_string(), "no server \"rome\" in this fleet, which has Berlin, tokyo");
    assert_eq!(none.known().len(), 2);

    let taken = fleet.add("berlin", &server("127.0.0.1:3")).unwrap_err();
    assert_eq!(taken.to_string(), "the name Berlin is taken by the server 127.0.0.1:2");
    let odd = fleet.add("a.b", &server("127.0.0.1:3")).unwrap_err();
    assert!(matches!(odd, AddError::Origin(_)), "{odd}");
    assert_eq!(fleet.servers().len(), 2);
    // Nothing in what is printed for a person who looks for a mistake is secret.
    let shown =
        format!("{fleet:?} {berlin:?} {:?} {:?}", fleet.subscribe(Filter::all()), berlin.health());
    assert!(shown.contains("127.0.0.1:2") && !shown.contains("mysecret"), "{shown}");
}

#[tokio::test]
async fn servers_come_and_go_while_events_are_read() {
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::named(["A"]));
    let mut other = fleet.subscribe(Filter::none());
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    let mut tokyo = Scripted::add(&fleet, "tokyo").await;
    for each in [&mut berlin, &mut tokyo] {
        each.through().await;
    }
    let mut told = now(&mut events);
    told.sort_unstable();
    assert_eq!(told, ["berlin 1.1.0 Up", "tokyo 1.1.0 Up"]);
    berlin.send(["Event: A".to_owned()]).await;
    berlin.through().await;
    assert!(fleet.remove("BERLIN") && !fleet.remove("berlin"));
    assert!(fleet.server("berlin").is_err());
    // The client logs off, and its items end behind what was there.
    let (told, served) = tokio::join!(shorts(&mut events, 2), berlin.peer.serve());
    served.unwrap();
    assert_eq!(told, ["berlin 1.1.1 A", "berlin 1.1.1 Ended"]);
    assert!(berlin.peer.received().iter().any(|action| action.is("Logoff")));
    let error = berlin.member.call(Action::new("Ping")).await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error:?}");
    // The name is free, and what has it now is another server.
    let mut again = Scripted::add(&fleet, "berlin").await;
    again.through().await;
    tokyo.send(["Event: A".to_owned()]).await;
    tokyo.through().await;
    let mut told = now(&mut events);
    told.sort_unstable();
    assert_eq!(told, ["berlin 1.1.0 Up", "tokyo 1.1.1 A"]);
    let mut told = now(&mut other);
    told.sort_unstable();
    let begins = ["berlin 1.1.0 Up", "berlin 1.1.0 Ended", "berlin 1.1.0 Up", "tokyo 1.1.0 Up"];
    let mut begins = begins.map(str::to_owned);
    begins.sort_unstable();
    assert_eq!(told, begins);
}

#[tokio::test]
async fn the_end_of_a_fleet_is_the_end_of_its_clients_whoever_else_has_them() {
    let fleet = Fleet::new();
    let handle = fleet.clone();
    let mut events = fleet.subscribe(Filter::none());
    let mut changes = fleet.health_changes();
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    let waiting = add(&fleet, "waiting", Server::bind().await.unwrap().address());
    drop(fleet);
    assert_eq!(shorts(&mut events, 1).await, ["berlin 1.1.0 Up"]);
    drop(handle);
    let (told, served) = tokio::join!(shorts(&mut events, 2), berlin.peer.serve());
    served.unwrap();
    let mut told = told;
    told.sort_unstable();
    assert_eq!(told, ["berlin 1.1.0 Ended", "waiting 0.0.0 Ended"]);
    assert!(events.next().await.is_none());
    for member in [&berlin.member, &waiting] {
        timeout(AGES, member.client().ended()).await.unwrap();
    }
    assert!(timeout(AGES, changes.next()).await.unwrap().is_none());
    // A subscription of a fleet that has gone ends also if it never had a server.
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::all());
    assert!(now(&mut events).is_empty());
    drop(fleet);
    assert_eq!(now(&mut events), ["end"]);
}

#[tokio::test]
async fn the_health_of_each_server_is_told_with_its_changes() {
    let fleet = Fleet::new();
    let mut changes = fleet.health_changes();
    assert!(changes.next().await.unwrap().is_empty());
    let begun = SystemTime::now();
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    let mut health = async |wanted: &dyn Fn(&Health) -> bool| loop {
        let mut all = timeout(AGES, changes.next()).await.unwrap().unwrap();
        let health = all.remove(0);
        if wanted(&health) {
            return health;
        }
    };
    berlin.through().await;
    let up = health(&|it| it.state.is_up()).await;
    assert_eq!((up.origin.as_str(), up.boot, up.connection, up.lost), ("berlin", 1, 1, 0));
    assert!(begun <= up.since && up.since <= SystemTime::now());
    assert!(up.last_event.unwrap() > begun - std::time::Duration::from_millis(1));
    assert_eq!(up.stats.events, 1);

    drop(berlin.server);
    drop(berlin.peer);
    let down = health(&|it| matches!(it.state, State::Down(Error::Connect { .. }))).await;
    assert_eq!((down.boot, down.connection, down.lost), (1, 1, 1));
    assert!(down.since >= up.since);
    assert_eq!(fleet.health()[0].lost, 1);
    assert!(fleet.remove("berlin"));
    assert!(timeout(AGES, changes.next()).await.unwrap().unwrap().is_empty());
    berlin.member.client().ended().await;
    assert!(fleet.health().is_empty());
}
