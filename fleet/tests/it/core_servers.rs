//! The merged stream of real servers: floods, lost links, and a server that is killed.

use std::collections::HashMap;
use std::time::Duration;

use ami::{Action, Client, Error, Filter, Originate, State};
use fleet::{Fleet, Gap, Item, Subscription, What};
use instance::{Builder, Instance, Modules, Server, Want};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::core_kit::{AGES, next, quick};

/// The number of events that each server makes in a flood.
const FLOOD: usize = 2_000;

const DIALPLAN: &str = "
[default]
exten => up,1,Answer()
same => n,Wait(600)
exten => brief,1,Wait(60)
";

/// A link to a server that can be cut, and stays so until it is mended.
struct Link {
    address: String,
    /// `true` while the link is up.
    up: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Link {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let up = watch::Sender::new(true);
        let seen = up.subscribe();
        let task = tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (server, mut up) = (server.clone(), seen.clone());
                tokio::spawn(async move {
                    up.wait_for(|&up| up).await.unwrap();
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = up.wait_for(|&up| !up) => {}
                    }
                });
            }
        });
        Self { address, up, task }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that numbers its events, with its link to the fleet.
struct Pbx {
    name: &'static str,
    instance: Instance,
    link: Link,
    /// A client that sees all events.
    judge: Client,
}

impl Pbx {
    async fn boot(name: &'static str, major: u32, stamps: &str) -> Self {
        let said = |progress| eprintln!("{progress}");
        let server = Server::find_or_fetch(&Want::Major(major), said).await.unwrap();
        let instance = Builder::new(server)
            .modules(Modules::list(["pbx_config", "app_echo", "codec_alaw"]))
            .dialplan(DIALPLAN)
            .section("manager.conf", "general", [("debug", "on"), ("timestampevents", stamps)])
            .section(
                "manager.conf",
                "judge",
                [
                    ("secret", "mysecret"),
                    ("read", "all"),
                    ("write", "all"),
                    ("writetimeout", "5000"),
                ],
            )
            .boot()
            .await
            .unwrap();
        let link = Link::before(instance.ami_address()).await;
        let judge = ami::Config::new("judge", "mysecret").connect(instance.ami_address());
        Self { name, judge: judge.await.unwrap(), link, instance }
    }

    async fn uptime(&self) -> u64 {
        let told = self.judge.command("core show uptime seconds").await.unwrap().to_string();
        let seconds = told.lines().find_map(|it| it.strip_prefix("System uptime: "));
        seconds.map_or(0, |it| it.trim().parse().unwrap())
    }

    /// Waits until the server has been up for so many seconds. In the second around a login nobody
    /// knows whether the server was restarted.
    async fn up_for(&self, seconds: u64) {
        while self.uptime().await < seconds {
            // A phone that rings is a clock of the server's own.
            let ring = Originate::to_application("Local/brief@default", "Echo", "");
            let ring = self.judge.originate(ring.timeout(Duration::from_millis(100))).await;
            assert!(matches!(ring, Err(Error::Originate { .. })), "{ring:?}");
        }
    }

    /// Makes the server raise numbered events.
    async fn raise(&self, mark: &str, count: usize) {
        let raise =
            |n: usize| self.judge.call(Action::user_event(mark).field("Count", n.to_string()));
        let calls: Vec<_> = (0..count).map(raise).collect();
        for call in calls {
            call.await.unwrap();
        }
    }

    /// Cuts the link while the server makes events. Returns how many of all classes it made between
    /// two numbers, as a function of them.
    async fn cut(
        &self,
        fleet: &Fleet,
        mark: &str,
        count: usize,
    ) -> impl Fn(i64, i64) -> u64 + use<> {
        let mut seen = self.judge.subscribe(Filter::all());
        self.raise("Before", 1).await;
        self.link.up.send_replace(false);
        let mut state = fleet.server(self.name).unwrap().client().state();
        timeout(AGES, state.wait_for(|it| matches!(it, State::Down(_)))).await.unwrap().unwrap();
        self.raise(mark, count).await;
        self.link.up.send_replace(true);
        let mut numbers = Vec::new();
        // The event behind the gap is that of the new login.
        let mut logins = 0;
        while logins < 1 {
            let event = timeout(AGES, seen.next_event()).await.unwrap().unwrap();
            numbers.extend(event.sequence_number().unwrap());
            logins += usize::from(event.is("SuccessfulAuth"));
        }
        move |from, to| {
            let between =
                |&&number: &&u64| (from + 1..to).contains(&i64::try_from(number).unwrap());
            numbers.iter().filter(between).count() as u64
        }
    }
}

/// The events of each server, and the control items in between, in short.
async fn read(events: &mut Subscription, mark: &str, count: usize) -> HashMap<String, Vec<usize>> {
    let mut came: HashMap<String, Vec<usize>> = HashMap::new();
    let mut places: HashMap<String, u64> = HashMap::new();
    while came.len() < 3 || came.values().any(|it| it.len() < count) {
        let Item { origin, position, what, .. } = next(events).await;
        let before = places.insert(origin.to_string(), position);
        match what {
            What::Event(event) => {
                assert_eq!(position, before.unwrap() + 1, "{origin}");
                if event.text("UserEvent").as_deref() == Some(mark) {
                    let number = event.text("Count").unwrap().parse().unwrap();
                    came.entry(origin.to_string()).or_default().push(number);
                }
            }
            What::Up(_) => {}
            other => panic!("{origin}: {other}"),
        }
    }
    came
}

/// Reads on to the gap of a server. Returns it, and the numbers of the events around it.
async fn gap_of(events: &mut Subscription, name: &str) -> (Gap, i64, i64) {
    let (mut last, mut gap) = (0, None);
    loop {
        let item = next(events).await;
        if item.origin.as_str() != name {
            continue;
        }
        match item.what {
            What::Event(event) => {
                let number = event.sequence_number().unwrap();
                match (number.map(|it| i64::try_from(it).unwrap()), gap.take()) {
                    (Some(number), Some(gap)) => return (gap, last, number),
                    (Some(number), None) => last = number,
                    (None, waiting) => gap = waiting,
                }
            }
            What::Gap(told) => gap = Some(told),
            What::Down(_) | What::Up(_) => {}
            other => panic!("{other}"),
        }
    }
}

/// The next item of a server.
async fn next_of(events: &mut Subscription, name: &str) -> Item {
    loop {
        let item = next(events).await;
        if item.origin.as_str() == name {
            return item;
        }
    }
}

/// Kills a server that has calls, and boots it again.
async fn killed(pbx: &Pbx, events: &mut Subscription) {
    for _ in 0..10 {
        let call = Originate::to_application("Local/up@default", "Echo", "");
        pbx.judge.originate(call).await.unwrap();
    }
    let (mut last, mut channels) = (0, 0);
    while channels < 20 {
        let Item { position, what, .. } = next_of(events, pbx.name).await;
        let What::Event(event) = what else { panic!("{what}") };
        last = position;
        let channel = event.text("Channel").unwrap_or_default();
        channels += usize::from(event.is("Newchannel") && channel.starts_with("Local/up@"));
    }
    pbx.instance.kill().await;
    pbx.instance.restart().await.unwrap();
    let mut told = Vec::new();
    loop {
        let item = next_of(events, pbx.name).await;
        let Item { boot, connection, position, .. } = item;
        match item.what {
            What::Event(_) if told.is_empty() => last = position,
            // That of the new server.
            What::Event(_) => {
                assert_eq!((boot, connection, position), (2, 3, 1), "{}", pbx.name);
                break;
            }
            What::Gap(gap) => {
                let Gap { restarted, made, .. } = gap;
                told.push(format!("Gap {restarted:?} {made:?} {boot}.{connection}.{position}"));
            }
            What::Down(_) => told.push(format!("Down {boot}.{connection}.{position}")),
            What::Up(_) => told.push(format!("Up {boot}.{connection}.{position}")),
            other => panic!("{other}"),
        }
    }
    let expected = [
        format!("Down 1.2.{last}"),
        format!("Gap Some(true) None 1.2.{last}"),
        "Up 2.3.0".to_owned(),
    ];
    assert_eq!(told, expected, "{}", pbx.name);
}

#[tokio::test]
async fn events_of_several_servers_stand_at_their_places_through_floods_cuts_and_restarts() {
    let (one, two, three) = tokio::join!(
        Pbx::boot("one", 22, "yes"),
        Pbx::boot("two", 16, "no"),
        Pbx::boot("three", 22, "no"),
    );
    let all = [one, two, three];
    let fleet = Fleet::with(fleet::Config::default().count_wait(AGES));
    for pbx in &all {
        pbx.up_for(1).await;
        let config = quick("judge");
        fleet.add(pbx.name, &ami::Server::new(&pbx.link.address, config)).unwrap();
    }
    let mut events = fleet.subscribe(Filter::all());
    for member in fleet.servers() {
        member.client().ready().await.unwrap();
    }
    // All at once: of each server exactly its events, in order.
    let raise = async {
        let [one, two, three] = all.each_ref().map(|pbx| pbx.raise("Flood", FLOOD));
        tokio::join!(one, two, three);
    };
    let (came, ()) = tokio::join!(read(&mut events, "Flood", FLOOD), raise);
    for (name, numbers) in came {
        assert!(numbers.iter().copied().eq(0..FLOOD), "{name}");
    }
    // What is made while a link is down is counted, also if it is not for the subscriber.
    for (pbx, count) in all.iter().zip([0, 1, 300]) {
        let made = pbx.cut(&fleet, "Gone", count).await;
        let (gap, last, first) = gap_of(&mut events, pbx.name).await;
        assert_eq!((gap.restarted, gap.times), (Some(false), 1), "{}", pbx.name);
        assert_eq!(gap.made, Some(made(last, first)), "{}: {gap:?}", pbx.name);
        assert!(gap.made >= Some(count as u64), "{}: {gap:?}", pbx.name);
    }
    for pbx in &all[..2] {
        pbx.up_for(pbx.uptime().await + 2).await;
        killed(pbx, &mut events).await;
    }
    drop(fleet);
    for pbx in all {
        pbx.instance.kill().await;
        pbx.instance.stop().await.unwrap();
    }
}
