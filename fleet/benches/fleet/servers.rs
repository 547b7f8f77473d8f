//! Real servers that raise numbered events all at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ami::{Action, Client, Filter};
use fleet::{Fleet, What};
use instance::{Builder, Instance, Modules, Server, Want};

use crate::on_two_threads;

/// The versions of the servers.
const VERSIONS: [u32; 5] = [22, 16, 22, 16, 22];

/// The number of events of each server.
const EVENTS: usize = 20_000;

/// The longest time without an event.
const PATIENCE: Duration = Duration::from_secs(60);

async fn boot(major: u32) -> Instance {
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), said).await.unwrap();
    Builder::new(server).modules(Modules::list(["app_userevent"])).boot().await.unwrap()
}

/// Makes a server raise its events, as fast as it can.
async fn raise(client: Client) {
    for n in 0..EVENTS {
        let action = Action::user_event("Flood").field("Count", n.to_string());
        // The answers are not needed.
        client.send(action).await.unwrap();
    }
}

/// Reads the events of all servers. Each has to send exactly its own, in order.
async fn read(mut events: fleet::Subscription) {
    let mut next: HashMap<String, usize> = HashMap::new();
    while next.values().filter(|it| **it == EVENTS).count() < VERSIONS.len() {
        let item = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap();
        match item.what {
            What::Event(event) if event.text("UserEvent").as_deref() == Some("Flood") => {
                let next = next.entry(item.origin.to_string()).or_default();
                let number: usize = event.text("Count").unwrap().parse().unwrap();
                assert_eq!(number, *next, "{}", item.origin);
                *next += 1;
            }
            What::Event(_) | What::Up(_) => {}
            other => panic!("{}: {other}", item.origin),
        }
    }
}

pub(crate) fn measure() {
    let runtime = on_two_threads();
    runtime.block_on(async {
        let fleet = Fleet::new();
        let mut instances = Vec::new();
        for (n, &major) in VERSIONS.iter().enumerate() {
            let instance = boot(major).await;
            let config = ami::Config::new("user", "mysecret");
            let server = ami::Server::new(instance.ami_address(), config);
            fleet.add(&*format!("pbx{n}"), &server).unwrap().client().ready().await.unwrap();
            instances.push(instance);
        }
        let reader = tokio::spawn(read(fleet.subscribe(Filter::all())));
        let begun = Instant::now();
        let mut raising = tokio::task::JoinSet::new();
        for instance in &instances {
            raising.spawn(raise(instance.ami().clone()));
        }
        raising.join_all().await;
        reader.await.unwrap();
        let took = begun.elapsed();
        let total = EVENTS * VERSIONS.len();
        println!(
            "servers: {total} events of {} servers, each exactly once and in order, in {took:.1?}: \
             {:.0} a second",
            VERSIONS.len(),
            total as f64 / took.as_secs_f64()
        );
        for instance in instances {
            instance.kill().await;
            instance.stop().await.unwrap();
        }
    });
}
