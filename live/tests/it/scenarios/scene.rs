//! One scenario at a time: people act, and what the state tells of it is collected.

use std::pin::pin;
use std::time::Duration;

use ami::{Action, Config, Matcher, Reconnect};
use instance::Instance;
use live::{Change, Changes, Live, State};
use tokio::time::timeout;

use super::names::person as person_of;
use super::office;
use super::phone::Phone;
use super::{text, up};
use crate::kit::{PATIENCE, VERSIONS};

/// A PBX with its telephones, and its state.
pub(crate) struct Office {
    pub(crate) pbx: Instance,
    pub(crate) phones: Instance,
    pub(crate) live: Live,
    pub(crate) version: u32,
}

impl Office {
    pub(crate) async fn open(version: u32) -> Self {
        let (pbx, phones) = office::open(version).await;
        let moment = Duration::from_millis(5);
        let login = Config::new("user", "mysecret").ask_permissions(false);
        let login = login.reconnect(Reconnect::default().wait(moment, moment));
        let live = Live::start(&login.connect(pbx.ami_address()).await.unwrap());
        live.current().await.unwrap();
        // The server learns behind its boot that the telephones of the agents are not in use.
        let idle = timeout(PATIENCE, live.until(|state| up::up(state).is_empty())).await;
        idle.unwrap_or_else(|_| panic!("up behind the boot:\n{}", up::up(&live.state()))).unwrap();
        Self { pbx, phones, live, version }
    }

    /// Begins a scenario. Nothing is up.
    pub(crate) async fn scene(&self, name: &'static str) -> Scene<'_> {
        let (state, changes) = self.live.watch();
        assert_eq!(up::up(&state), "", "{name}: the scenario before has left this");
        Scene { office: self, name, changes, seen: Vec::new() }
    }

    pub(crate) async fn close(self) {
        let stopped = Instance::stop_all(vec![self.pbx, self.phones]).await;
        assert!(stopped.iter().all(Result::is_ok), "{stopped:?}");
    }
}

/// Plays scenarios on all versions at once, each with a PBX of its own.
pub(crate) async fn on_each_version(play: impl AsyncFn(&Office)) {
    let on = async |version| {
        let office = Office::open(version).await;
        play(&office).await;
        office.close().await;
    };
    let [newer, older] = VERSIONS;
    tokio::join!(on(newer), on(older));
}

/// A scenario under way.
pub(crate) struct Scene<'a> {
    pub(crate) office: &'a Office,
    name: &'static str,
    changes: Changes,
    seen: Vec<Change>,
}

impl<'a> Scene<'a> {
    /// Lets a person call an extension.
    pub(crate) async fn call(&self, person: &'static str, exten: &str) -> Phone<'a> {
        let address = self.office.pbx.sandbox().address();
        let phone = Phone::new(self.office, person);
        let call = Action::new("Originate")
            .field("Channel", format!("PJSIP/{person}/sip:{exten}@{address}"))
            .field("Application", "Wait")
            .field("Data", "600")
            .field("ChannelId", phone.id())
            .field("Async", "true");
        self.office.phones.ami().call(call).await.unwrap();
        phone
    }

    /// Waits until the telephone of a person rings.
    pub(crate) async fn rings(&mut self, person: &'static str) -> Phone<'a> {
        let rings = Matcher::event("Newexten")
            .header("Context", "ring")
            .header("Application", "Wait")
            .header("Extension", person);
        let event = self.office.phones.expect(rings, PATIENCE).await;
        let event = event.unwrap_or_else(|it| panic!("{}: {it:?}", self.name));
        let phone = Phone::called(self.office, person, &event);
        self.until(&format!("{person} rings"), |state| up::rings(state, person)).await;
        phone
    }

    /// Waits until these talk with each other, and nobody else: people of a group with `+`
    /// between, groups with a space between.
    pub(crate) async fn talk(&mut self, groups: &str) {
        self.until(&format!("talking: {groups:?}"), |state| up::talking(state) == groups).await;
    }

    /// Waits until a person has no channel.
    pub(crate) async fn gone(&mut self, person: &str) {
        let gone = |state: &State| {
            let mut channels = state.channels().unwrap().iter();
            channels.all(|it| person_of(&it.name) != Some(person))
        };
        self.until(&format!("{person} is gone"), gone).await;
    }

    /// Waits until a person is in a bridge.
    pub(crate) async fn joins(&mut self, person: &str) {
        let joined = |state: &State| {
            let mut channels = state.channels().unwrap().iter();
            channels.any(|it| person_of(&it.name) == Some(person) && it.bridge.is_some())
        };
        self.until(&format!("{person} joins"), joined).await;
    }

    /// Kills the PBX, and boots it again.
    pub(crate) async fn dies(&mut self) {
        self.office.pbx.kill().await;
        self.until("the state is stale", |state| !state.freshness().is_current()).await;
        self.office.pbx.restart().await.unwrap();
        office::log_in_agents(&self.office.pbx).await;
        self.until("the state is current", |state| state.freshness().is_current()).await;
    }

    /// Sends an action to the PBX.
    pub(crate) async fn act(&self, action: Action) {
        let shown = format!("{action:?}");
        if let Err(error) = self.office.pbx.ami().call(action).await {
            panic!("{}: {shown}: {error:?}", self.name);
        }
    }

    /// Returns the name of the channel that a person has at the PBX.
    pub(crate) fn channel(&self, person: &str) -> String {
        let state = self.office.live.state();
        let channels = state.channels().unwrap();
        let found = channels.iter().find(|it| person_of(&it.name) == Some(person));
        found.unwrap_or_else(|| panic!("{}: no channel of {person}", self.name)).name.to_string()
    }

    /// Waits until the state meets a condition.
    pub(crate) async fn until(&mut self, what: &str, condition: impl FnMut(&State) -> bool) {
        let live = &self.office.live;
        let (changes, seen) = (&mut self.changes, &mut self.seen);
        let met = async {
            let mut met = pin!(live.until(condition));
            loop {
                tokio::select! {
                    biased;
                    change = changes.next() => seen.push(change.unwrap().unwrap()),
                    state = &mut met => return state.unwrap(),
                }
            }
        };
        if timeout(PATIENCE, met).await.is_err() {
            let (state, told) = (live.state(), text::told(&self.seen));
            panic!("{}: not {what}\nup:\n{}told:\n{told}", self.name, up::up(&state));
        }
    }

    /// Waits until nothing is up, and compares what was told with what a person would write down.
    pub(crate) async fn ends(mut self, expected: &str) {
        let expected = lines(expected);
        let is_told = |seen: &[Change]| {
            text::is_over(seen) && lines(&text::told(seen)).len() >= expected.len()
        };
        // The last change may be told behind the state, and the server may tell of a conference
        // when it has told the end of the calls.
        while !is_told(&self.seen) {
            let Ok(next) = timeout(PATIENCE, self.changes.next()).await else { break };
            self.seen.push(next.unwrap().unwrap());
        }
        self.until("nothing is up", |state| up::up(state).is_empty()).await;
        let told = text::told(&self.seen);
        let told = lines(&told);
        if told != expected {
            let (name, version) = (self.name, self.office.version);
            panic!("{name} on Asterisk {version}:\n{}", text::diff(&expected, &told));
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|it| !it.is_empty()).collect()
}
