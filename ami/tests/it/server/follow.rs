//! A set of channels kept with a follow, while channels come and go on real servers.

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ami::action::{CoreShowChannels, Setvar};
use ami::{Action, Client, Event, Filter, Follow, Followed, Stale};
use instance::Instance;
use tokio::time::timeout;

use super::{AGES, VERSIONS, answered, builder, connect, end, quick};

/// Channels that end by themselves, each after another time.
const BRIEF: &str = "
[default]
exten => answer,1,Answer()
same => n,Wait(600)
exten => _brief.,1,Wait(0.${EXTEN:5})
";

/// The number of calls in a round, each of two channels.
const CALLS: usize = 15;

/// The channels that are up, as a follow says.
struct Channels {
    follow: Follow,
    up: BTreeSet<String>,
    /// The channel that was hung up last.
    hung_up: String,
    gaps: usize,
    snapshots: usize,
}

fn id(event: &Event) -> String {
    event.text("Uniqueid").unwrap().into_owned()
}

fn ids(events: &[Event]) -> BTreeSet<String> {
    events.iter().map(id).collect()
}

impl Channels {
    fn new(client: &Client) -> Self {
        // The list can leave out a channel that is just changing, so the event of the change counts
        // as a sign that the channel is up, unless it comes directly behind the end.
        let filter = concat!(
            "Newchannel,Newstate,Newexten,NewCallerid,NewConnectedLine,Hangup,",
            "VarSet Variable=FENCE",
        );
        let filter = Filter::parse(filter).unwrap();
        let follow = client.follow(filter, [CoreShowChannels::new()]);
        Self { follow, up: BTreeSet::new(), hung_up: String::new(), gaps: 0, snapshots: 0 }
    }

    /// Goes on to the value of the fence, and until the list is in. Asks for the list again and
    /// again, if `refreshes` says so.
    async fn go_on(&mut self, fence: &str, refreshes: bool) {
        let mut passed = false;
        while !passed || !self.follow.is_current() {
            let told = timeout(AGES, self.follow.next()).await.unwrap().unwrap();
            passed |= self.apply(told).as_deref() == Some(fence);
            if refreshes && !passed && self.follow.is_current() {
                self.follow.refresh();
            }
        }
    }

    /// Asks for the list, and reads nothing of the answer.
    fn refresh_and_read_later(&mut self) {
        self.follow.refresh();
        let mut cx = Context::from_waker(Waker::noop());
        let told = pin!(self.follow.next()).poll(&mut cx);
        if let Poll::Ready(told) = told {
            self.apply(told.unwrap());
        }
    }

    /// Changes the set. Returns the value of a fence.
    fn apply(&mut self, told: Followed) -> Option<String> {
        match told {
            Followed::Snapshot(snapshot) => {
                self.snapshots += 1;
                self.up = ids(&snapshot.collected.items);
            }
            Followed::Event(event) if event.is("VarSet") => {
                return Some(event.text("Value").unwrap().into_owned());
            }
            Followed::Event(event) if event.is("Hangup") => {
                self.hung_up = id(&event);
                self.up.remove(&self.hung_up);
            }
            Followed::Event(event) if id(&event) == self.hung_up => {}
            Followed::Event(event) => drop(self.up.insert(id(&event))),
            Followed::Current | Followed::Stale(Stale::Down(_)) => {}
            Followed::Stale(Stale::Gap(_)) => self.gaps += 1,
            other => panic!("{other:?}"),
        }
        None
    }

    /// Compares the channels with those of the server. A list can be ahead of the events, even
    /// behind a fence, so a difference counts if it is still there behind a second one.
    async fn compare(&mut self, client: &Client, number: usize) {
        for part in ["a", "b"] {
            let fence = format!("{number}{part}");
            client.call(Setvar::new("FENCE", &fence)).await.unwrap();
            self.go_on(&fence, false).await;
            let listed = ids(&list(client).await);
            if self.up == listed {
                return;
            }
            assert!(part == "a", "{number}: {:?} instead of {listed:?}", self.up);
        }
    }
}

async fn list(client: &Client) -> Vec<Event> {
    client.list(Action::new("CoreShowChannels")).collect().await.unwrap().items
}

/// Waits until the brief calls have ended.
async fn settled(client: &Client) {
    let brief = |event: &Event| event.text("Channel").unwrap().contains("brief");
    while timeout(AGES, list(client)).await.unwrap().iter().any(brief) {}
}

/// Places brief calls, each as soon as the server has accepted the one before.
async fn churn(client: &Client) {
    for n in 1..=CALLS {
        let action = Action::new("Originate")
            .field("Channel", format!("Local/brief{n:02}@default"))
            .field("Application", "Wait")
            .field("Data", "1")
            .field("Async", "true");
        client.call(action).await.unwrap();
    }
}

async fn keeps_step(major: u32) {
    let server = builder(major).await.file("extensions.conf", BRIEF).build().unwrap();
    let instance: Instance = server.boot().await.unwrap();
    let client = connect(&instance, quick()).await.unwrap();
    // Actions of its own, so that its lists come in between.
    let other = connect(&instance, quick()).await.unwrap();
    let mut channels = Channels::new(&client);
    for round in 0..10 {
        if round == 5 {
            other.originate(answered()).await.unwrap();
        }
        let fence = round.to_string();
        let calls = async {
            settled(&other).await;
            other.call(Setvar::new("FENCE", &fence)).await.unwrap();
        };
        if round % 2 == 0 {
            let calls = async {
                churn(&other).await;
                calls.await;
            };
            tokio::join!(calls, channels.go_on(&fence, true));
        } else {
            // All events are there, before and behind the list, when the first of them is read.
            churn(&other).await;
            channels.refresh_and_read_later();
            calls.await;
            channels.go_on(&fence, false).await;
        }
        channels.compare(&other, round).await;
    }
    assert!(channels.snapshots > 50, "{}", channels.snapshots);
    assert!(channels.up.len() >= 2 && channels.gaps == 0);

    let before = channels.up.clone();
    churn(&other).await;
    instance.kill().await;
    let again = async {
        instance.restart().await.unwrap();
        other.originate(answered()).await.unwrap();
        // The client may be back later than the other, and has to be back for the fence.
        client.call(Setvar::new("FENCE", "again")).await.unwrap();
    };
    tokio::join!(again, channels.go_on("again", false));
    channels.compare(&other, 10).await;
    assert_eq!((channels.gaps, channels.up.len()), (1, 2), "{major}");
    assert!(channels.up.is_disjoint(&before), "those of the former server are gone");
    end(instance).await;
}

#[tokio::test]
async fn a_set_of_channels_is_that_of_the_server_while_they_come_and_go_and_behind_a_restart() {
    tokio::join!(keeps_step(VERSIONS[0]), keeps_step(VERSIONS[1]));
}
