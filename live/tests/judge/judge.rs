//! The judge: asks the server, waits for a fence, and compares.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use live::ami::value::DeviceState;
use live::ami::{Buffer, Client, Error, Event, Filter, Item, Subscription};
use live::{Changes, Live, State};

use super::fence::Fence;
use super::shadow::{self, Shadow};
use super::view::{Key, Value, View};
use super::{invariants, known, told};

/// The device whose state is the fence.
pub(crate) const FENCE: &str = "Custom:fence";

/// The number of events that are kept to explain a difference.
const EVENTS: usize = 30_000;

/// The number of events of one entity that are printed.
const PRINTED: usize = 15;

/// The number of checks for which a change may wait for an event that says more of it.
const LATE: usize = 3;

/// The number of further lists that a difference has to be in.
const LISTS: usize = 3;

/// The number of times that the server is asked about a field that goes on changing.
const ROUNDS: usize = 40;

/// Compares the state with what the server tells.
pub(crate) struct Judge {
    live: Live,
    /// The events that the client of the state reads, to explain differences.
    events: Subscription,
    latest: VecDeque<Event>,
    /// The file that all events are written to, if `JUDGE_EVENTS` names one.
    file: Option<File>,
    changes: Changes,
    shadow: Shadow,
    /// The fields whose change was not told when the state had it, and for how many checks.
    late: BTreeMap<Key, usize>,
    fences: usize,
    /// The number of events before the last loss.
    lost_at: u64,
    /// The fields that are known to differ.
    known: BTreeSet<Key>,
    pub(crate) tally: Tally,
}

/// The numbers of comparisons and differences.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The number of comparisons by kind and field.
    pub(crate) comparisons: BTreeMap<(&'static str, &'static str), u64>,
    pub(crate) checks: u64,
    pub(crate) events: u64,
    /// The fields that differed in a first list.
    pub(crate) suspects: u64,
    /// The differences from what the server has told nobody, by kind and field.
    pub(crate) untold: BTreeMap<(&'static str, &'static str), u64>,
    /// The number of changes, and of comparisons with what changes alone tell.
    pub(crate) changes: u64,
    pub(crate) shadow_comparisons: u64,
    /// The differences, as they are printed.
    pub(crate) differences: Vec<String>,
    /// The number of differences by kind and field.
    pub(crate) by_field: BTreeMap<(&'static str, &'static str), u64>,
}

impl Tally {
    pub(crate) fn total(&self) -> u64 {
        self.comparisons.values().sum()
    }
}

impl Judge {
    /// Begins with a state that is current. `client` is the one that the state reads.
    pub(crate) fn new(live: Live, client: &Client) -> Self {
        let events = client.subscribe_with(Filter::all(), Buffer::default());
        let (changes, shadow) = (live.changes(), Shadow::new(&live.state()));
        Self {
            live,
            events,
            latest: VecDeque::new(),
            file: std::env::var_os("JUDGE_EVENTS").map(|it| File::create(it).unwrap()),
            changes,
            shadow,
            late: BTreeMap::new(),
            fences: 0,
            lost_at: 0,
            known: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Asks the server and compares. `asked` is the client that asks.
    pub(crate) async fn check(&mut self, asked: &Client, when: &str) -> Result<(), Error> {
        let server = told::lists(asked).await?;
        let state = self.fence(asked).await?;
        self.holds(&state, when);
        self.follows(when);
        let mut after = known::view(&state).unwrap();
        self.tally.checks += 1;
        for key in common(&server, &after) {
            *self.tally.comparisons.entry((key.kind, key.field)).or_default() += 1;
        }
        let mut suspects = differing(&server, &after);
        self.tally.suspects += suspects.len() as u64;
        for round in 0..ROUNDS {
            if suspects.is_empty() {
                break;
            }
            let before = after;
            // A thread of the server may be between its own table and the event, and may not get a
            // processor for so long.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let server = told::lists(asked).await?;
            let mut state = self.fence(asked).await?;
            if round + 1 >= LISTS {
                let fences: BTreeSet<_> =
                    suspects.iter().filter_map(|it| Fence::of(it.kind)).collect();
                for fence in fences {
                    fence.wait(&self.live, asked).await?;
                    state = self.fence(asked).await?;
                }
            }
            after = known::view(&state).unwrap();
            let still = differing(&server, &after);
            suspects.retain(|key| still.contains(key));
            // A field that changed while the server was asked says nothing about a list that was
            // written before or behind that.
            let (settled, moving): (BTreeSet<_>, BTreeSet<_>) =
                suspects.into_iter().partition(|key| {
                    let is_same = before.fields.get(key) == after.fields.get(key);
                    (is_same && round + 1 >= LISTS) || round + 1 == ROUNDS
                });
            for key in settled {
                let live = after.fields.get(&key);
                let is_untold = self.is_untold(&key, live)
                    || is_dissolved(&server, &key, live)
                    || self.is_listed_alone(&server, &key, live);
                let server = server.fields.get(&key);
                if is_untold {
                    *self.tally.untold.entry((key.kind, key.field)).or_default() += 1;
                } else {
                    self.differs(&key, &format!("server {server:?}, live {live:?}"), when);
                }
            }
            suspects = moving;
        }
        Ok(())
    }

    /// Returns `true` if the server has told no other value, though it has one.
    fn is_untold(&self, key: &Key, live: Option<&Value>) -> bool {
        let id = key.id.rsplit_once(' ').map_or(&*key.id, |(_, it)| it);
        let last = |is: &dyn Fn(&Event) -> bool| self.latest.iter().rev().find(|it| is(it));
        match (key.kind, key.field) {
            // A channel that is sent elsewhere in the dialplan is told with the application that
            // it leaves. The one that it executes from then on at the same place is not told.
            ("channel", "application" | "application data") => {
                let field = if key.field == "application" { "Application" } else { "AppData" };
                let is = |it: &Event| it.is("Newexten") && told::get(it, "Uniqueid") == id;
                last(&is).map(|it| Value::Text(told::get(it, field))).as_ref() == live
            }
            // The list names a bridge that the channel was told to have left.
            ("channel", "bridge") => {
                let is = |it: &Event| {
                    (it.is("BridgeEnter") || it.is("BridgeLeave"))
                        && told::get(it, "Uniqueid") == id
                };
                live == Some(&Value::Text(String::new()))
                    && last(&is).is_some_and(|it| it.is("BridgeLeave"))
            }
            ("bridge", "existence") => {
                let is =
                    |it: &Event| it.is("BridgeDestroy") && told::get(it, "BridgeUniqueid") == id;
                live.is_none() && last(&is).is_some()
            }
            // The list leaves out most states of channels inside of the server, which it does not
            // keep. Events tell them.
            ("device", "existence") => {
                const NOT_KEPT: &[&str] = &["Local/", "CBAnn/", "CBRec/"];
                let is =
                    |it: &Event| it.is("DeviceStateChange") && told::get(it, "Device") == key.id;
                NOT_KEPT.iter().any(|it| key.id.starts_with(it)) && last(&is).is_some()
            }
            // The caller is that of the channel, which is not even told where a Local channel takes
            // it over from its other half.
            ("queue caller" | "conference member" | "parked call", "number" | "name") => {
                let field = if key.field == "number" { "CallerIDNum" } else { "CallerIDName" };
                let told = self.latest.iter().rev().find_map(|it| caller(it, id, field));
                told.is_none_or(|it| live == Some(&Value::Text(it)))
            }
            // A member of a conference is told when it has heard the announcements.
            ("conference member", "existence") => {
                let names = ["ConfbridgeJoin", "ConfbridgeLeave", "Newexten"];
                let is = |it: &Event| {
                    names.iter().any(|name| it.is(name)) && told::get(it, "Uniqueid") == id
                };
                last(&is).is_none_or(|it| !it.is("ConfbridgeJoin")) && live.is_none()
            }
            // A call whose party is sent elsewhere is counted before it is told to be over. Of
            // calls at the same time, the server counts those that began in the second of the
            // latest one, and no event tells that second.
            ("queue member", "calls taken" | "in call" | "last call") | ("queue", "completed") => {
                has_calls(&self.latest, &key.id)
            }
            _ => false,
        }
    }

    /// Returns `true` if the server alone can know what differs. One case are channels that its
    /// list has put into a bridge behind a loss of events, though it has told that they left
    /// it: the list names that bridge until the channel goes on, and no further event comes
    /// then.
    fn is_listed_alone(&self, server: &View, key: &Key, live: Option<&Value>) -> bool {
        let (Some(Value::Text(live)), Some(Value::Text(server))) = (live, server.fields.get(key))
        else {
            return false;
        };
        match (key.kind, key.field) {
            ("channel", "bridge") => server.is_empty() && self.has_left(&key.id, live),
            // A caller who is taken from a queue before the joining is told is counted.
            ("queue", "abandoned") => {
                let number = |it: &str| it.parse::<u32>().unwrap();
                number(server) > number(live)
            }
            ("bridge", "members") => {
                let (live, server): (BTreeSet<_>, BTreeSet<_>) = (
                    live.split(' ').collect(),
                    server.split(' ').filter(|it| !it.is_empty()).collect(),
                );
                live.is_superset(&server)
                    && live.difference(&server).all(|it| self.has_left(it, &key.id))
            }
            _ => false,
        }
    }

    /// Returns `true` if a channel was told to leave a bridge that it entered before the last loss.
    fn has_left(&self, channel: &str, bridge: &str) -> bool {
        let first = self.tally.events - self.latest.len() as u64;
        let of = |it: &Event, name| {
            it.is(name)
                && told::get(it, "Uniqueid") == channel
                && told::get(it, "BridgeUniqueid") == bridge
        };
        let position = |name| self.latest.iter().rposition(|it| of(it, name)).map(|it| it as u64);
        position("BridgeLeave").is_some_and(|left| {
            let entered = position("BridgeEnter");
            entered.is_none_or(|it| it < left && first + it < self.lost_at)
        })
    }

    /// Compares the state with what the changes alone make of the former one.
    fn follows(&mut self, when: &str) {
        while let Some(change) = now(self.changes.next()) {
            self.shadow.apply(&change.unwrap().unwrap());
            self.tally.changes += 1;
        }
        // The task of the state cannot run meanwhile: the runtime has one thread.
        let state = self.live.state();
        let told = shadow::told(&state);
        self.tally.shadow_comparisons += common(&self.shadow.view, &told).len() as u64;
        let mut late = BTreeMap::new();
        for key in differing(&self.shadow.view, &told) {
            let mut checks = self.late.remove(&key).unwrap_or(0);
            // How a caller left is known at the next step of its channel.
            let channel = key.id.rsplit_once(' ').map_or("", |(_, it)| it);
            if key.kind != "queue caller" || !state.channels().unwrap().contains(channel) {
                checks += 1;
            }
            if checks > LATE {
                let (changes, live) = (self.shadow.view.fields.get(&key), told.fields.get(&key));
                self.differs(&key, &format!("changes {changes:?}, live {live:?}"), when);
            }
            late.insert(key, checks);
        }
        self.late = late;
    }

    /// Checks that nothing is left behind of calls that have ended.
    pub(crate) fn is_empty(&mut self, state: &State, when: &str) {
        const LASTING: &[&str] =
            &["bridge", "queue", "queue member", "parking lot", "device", "extension", "presence"];
        let calls = state.calls().unwrap().iter().map(|it| ("call", it.id.to_string()));
        let view = known::view(state).unwrap();
        let left = view.fields.into_keys().filter(|it| it.field == "existence");
        let left = left.filter(|it| !LASTING.contains(&it.kind)).map(|it| (it.kind, it.id));
        for (kind, id) in calls.chain(left).collect::<Vec<_>>() {
            self.differs(&Key { kind, id, field: "end" }, "it is left behind", when);
        }
    }

    /// Checks that the parts of a state agree with each other.
    fn holds(&mut self, state: &State, when: &str) {
        for (kind, id, what) in invariants::broken(state) {
            let key = Key { kind, id, field: "agreement" };
            self.differs(&key, &what, when);
        }
    }

    /// Waits until the state has seen what the server told up to now, and returns the state.
    ///
    /// The fence is the state of a device, which comes by the server's bus as all else does. The
    /// next fence is another state of it.
    pub(crate) async fn fence(&mut self, client: &Client) -> Result<State, Error> {
        const FENCES: &[DeviceState] = &[DeviceState::InUse, DeviceState::NotInUse];
        self.fences += 1;
        let fence = FENCES[self.fences % FENCES.len()];
        let name = format!("DEVICE_STATE({FENCE})");
        client.set_global_variable(&name, fence.name().unwrap()).await?;
        let is_set = |state: &State| {
            state.devices().is_ok_and(|it| it.get(FENCE).is_some_and(|it| it.state == fence))
        };
        let state = self.live.until(is_set).await.unwrap();
        while let Some(item) = now(self.events.next()) {
            match item.unwrap() {
                Item::Event(event) => self.keep(event),
                Item::Gap(_) => self.lost_at = self.tally.events,
                lost => panic!("{lost:?}"),
            }
        }
        Ok(state)
    }

    fn keep(&mut self, event: Event) {
        if let Some(file) = &mut self.file {
            file.write_all(event.raw()).unwrap();
        }
        self.tally.events += 1;
        if self.latest.len() == EVENTS {
            self.latest.pop_front();
        }
        self.latest.push_back(event);
    }

    fn differs(&mut self, key: &Key, what: &str, when: &str) {
        // What stays different is told once.
        if !self.known.insert(key.clone()) {
            return;
        }
        *self.tally.by_field.entry((key.kind, key.field)).or_default() += 1;
        let mut text = format!("{when}: {key}: {what}\n");
        let mut events: Vec<_> = self
            .latest
            .iter()
            .rev()
            .filter(|it| !it.is("VarSet") && names(it, &key.id))
            .take(PRINTED)
            .collect();
        events.reverse();
        for event in events {
            let _ = writeln!(text, "    {}", line(event));
        }
        self.tally.differences.push(text);
    }
}

/// Returns what a future yields if it is ready.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let future = pin!(tokio::task::unconstrained(future));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => Some(it),
        Poll::Pending => None,
    }
}

/// Returns the fields of an event that say what changed, on one line.
fn line(event: &Event) -> String {
    let told = |name: &str| {
        ["Channel", "Linkedid", "Uniqueid", "BridgeUniqueid", "BridgeType", "ChannelState", "Exten"]
            .contains(&name)
            || [
                "Application",
                "Variable",
                "Value",
                "Newname",
                "Cause",
                "Conference",
                "Queue",
                "Interface",
                "Status",
                "Paused",
                "Result",
                "DialStatus",
                "State",
                "Device",
                "Parkinglot",
                "ParkingSpace",
                "ParkeeChannel",
                "Position",
                "Count",
                "AppData",
                "ConnectedLineNum",
                "CallerIDNum",
                "BridgeNumChannels",
                "ToBridgeUniqueid",
                "FromBridgeUniqueid",
                "DestChannel",
                "LocalOneChannel",
                "LocalTwoChannel",
            ]
            .contains(&name)
    };
    let mut text = event.name().into_owned();
    for (name, value) in event.fields() {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        if told(&name) {
            let _ = write!(text, " {name}={value}");
        }
    }
    text
}

/// Returns `true` if the server's list of channels has the members of a bridge that the bridge does
/// not list any more: it is being dissolved.
fn is_dissolved(server: &View, key: &Key, live: Option<&Value>) -> bool {
    let Some(Value::Text(members)) = live.filter(|_| key.field == "members") else { return false };
    let bridge = Some(Value::Text(key.id.clone()));
    members.split(' ').all(|member| {
        let key = Key { kind: "channel", id: member.to_owned(), field: "bridge" };
        server.fields.get(&key).cloned() == bridge
    })
}

/// Returns the number or name of a caller, if an event says that of a channel.
fn caller(event: &Event, id: &str, field: &str) -> Option<String> {
    const TELL: &[&str] = &["NewCallerid", "Newchannel", "QueueCallerJoin", "ConfbridgeJoin"];
    const PARKING: &[&str] = &["ParkedCall", "ParkedCallSwap"];
    let of =
        |names: &[&str], name| names.iter().any(|it| event.is(it)) && told::get(event, name) == id;
    if of(TELL, "Uniqueid") {
        return Some(told::get(event, field));
    }
    of(PARKING, "ParkeeUniqueid").then(|| told::get(event, &format!("Parkee{field}")))
}

/// Returns `true` if a member has a call, or had calls at the same time: any member of a queue, or
/// one whose number of calls was not told since.
fn has_calls(events: &VecDeque<Event>, id: &str) -> bool {
    let (mut open, mut found) = (BTreeMap::new(), false);
    for event in events {
        let (queue, interface) = (told::get(event, "Queue"), told::get(event, "Interface"));
        let is_member = id == format!("{queue} {interface}");
        if id != queue && !is_member {
            continue;
        }
        let calls: &mut u32 = open.entry(interface).or_default();
        if event.is("AgentConnect") {
            *calls += 1;
            found |= *calls > 1;
        } else if event.is("AgentComplete") {
            *calls = calls.saturating_sub(1);
        } else if event.is("QueueMemberRemoved") {
            found |= *calls > 0;
        } else if is_member && *calls == 0 && event.get("CallsTaken").is_some() {
            found = false;
        }
    }
    found || open.values().any(|&it| it > 0)
}

/// Returns `true` if an event is about an entity. What is one of many, such as a caller of a queue,
/// has its own identifier behind that of the group.
fn names(event: &Event, id: &str) -> bool {
    let id = id.rsplit_once(' ').map_or(id, |(_, it)| it);
    event.fields().any(|(name, value)| value == id.as_bytes() && !name.ends_with(b"Linkedid"))
}

/// Returns the fields that both sides tell, and the existence of what one side lacks.
fn common<'a>(one: &'a View, other: &'a View) -> BTreeSet<&'a Key> {
    let told = |key: &&Key| {
        key.field == "existence"
            || (one.fields.contains_key(*key) && other.fields.contains_key(*key))
    };
    one.fields.keys().chain(other.fields.keys()).filter(told).collect()
}

fn differing(one: &View, other: &View) -> BTreeSet<Key> {
    let differ = |key: &&Key| one.fields.get(*key) != other.fields.get(*key);
    common(one, other).into_iter().filter(differ).cloned().collect()
}
