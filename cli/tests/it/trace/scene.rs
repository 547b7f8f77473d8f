//! Calls as people make them, at the PBX and the telephones of the tests of `live`.

use std::sync::atomic::{AtomicU32, Ordering};

use ami::value::ChannelState;
use ami::{Action, Config, Matcher};
use instance::Instance;
use live::{Live, State};
use tokio::time::timeout;

use super::office;
use crate::events::kit::AGES;

/// A PBX with its telephones, and its state.
pub(crate) struct Office {
    pub(crate) pbx: Instance,
    pub(crate) phones: Instance,
    pub(crate) live: Live,
}

impl Office {
    pub(crate) async fn open(version: u32) -> Self {
        let (pbx, phones) = office::open(version).await;
        let login = Config::new("user", "mysecret").connect(pbx.ami_address());
        let live = Live::start(&login.await.unwrap());
        live.current().await.unwrap();
        Self { pbx, phones, live }
    }

    pub(crate) async fn close(self) {
        let stopped = Instance::stop_all(vec![self.pbx, self.phones]).await;
        assert!(stopped.iter().all(Result::is_ok), "{stopped:?}");
    }

    /// Lets a person call an extension.
    pub(crate) async fn call(&self, person: &'static str, exten: &str) -> Phone<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let id = format!("phone-{person}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let address = self.pbx.sandbox().address();
        let call = Action::new("Originate")
            .field("Channel", format!("PJSIP/{person}/sip:{exten}@{address}"))
            .field("Application", "Wait")
            .field("Data", "600")
            .field("ChannelId", &id)
            .field("Async", "true");
        self.phones.ami().call(call).await.unwrap();
        Phone { office: self, id }
    }

    /// Waits until the telephone of a person rings.
    pub(crate) async fn rings(&self, person: &'static str) -> Phone<'_> {
        let rings = Matcher::event("Newexten")
            .header("Context", "ring")
            .header("Application", "Wait")
            .header("Extension", person);
        let event = self.phones.expect(rings, AGES).await.unwrap();
        let id = event.text("Uniqueid").unwrap().into_owned();
        self.until(&format!("{person} rings"), |state| {
            let mut channels = state.channels().unwrap().iter();
            channels.any(|it| who(&it.name) == person && it.state == ChannelState::Ringing)
        })
        .await;
        Phone { office: self, id }
    }

    /// Waits until these people talk with each other, and nobody else.
    pub(crate) async fn talk(&self, people: &str) {
        self.until(&format!("{people} talk"), |state| talking(state) == people).await;
    }

    pub(crate) async fn gone(&self, person: &str) {
        self.until(&format!("{person} is gone"), |state| {
            state.channels().unwrap().iter().all(|it| who(&it.name) != person)
        })
        .await;
    }

    pub(crate) async fn until(&self, what: &str, condition: impl FnMut(&State) -> bool) {
        let met = timeout(AGES, self.live.until(condition)).await;
        met.unwrap_or_else(|_| panic!("not {what}")).unwrap();
    }
}

/// Returns the person of a channel, or its name.
fn who(channel: &str) -> &str {
    let person = channel.strip_prefix("PJSIP/").and_then(|it| it.rsplit_once('-'));
    person.map_or(channel, |(person, _)| person)
}

fn talking(state: &State) -> String {
    let channels = state.channels().unwrap();
    let calls = state.calls().unwrap();
    let groups = calls.iter().flat_map(|call| state.talking(&call.id));
    let groups = groups.map(|group| {
        let names = group.iter().filter_map(|id| channels.get(id)).map(|it| who(&it.name));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names.join("+")
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort();
    groups.dedup();
    groups.join(" ")
}

/// One call at a telephone.
pub(crate) struct Phone<'a> {
    office: &'a Office,
    id: String,
}

impl Phone<'_> {
    pub(crate) async fn answer(&self) {
        let action = Action::new("Redirect").field("Channel", &self.id).field("Context", "act");
        self.act(action.field("Exten", "answer").field("Priority", "1")).await;
    }

    /// Hangs up, or refuses a call, with a cause such as 17 (busy).
    pub(crate) async fn hang_up(&self, cause: u32) {
        let action = Action::new("Hangup").field("Channel", &self.id);
        self.act(action.field("Cause", cause.to_string())).await;
    }

    /// Waits until a call of this telephone is answered also for the telephone.
    pub(crate) async fn is_up(&self) {
        let up = Matcher::event("OriginateResponse").header("Uniqueid", &self.id);
        self.office.phones.expect(up, AGES).await.unwrap();
    }

    /// Presses keys, one after another.
    pub(crate) async fn press(&self, keys: &str) {
        for key in keys.chars() {
            let action = Action::new("PlayDTMF").field("Channel", &self.id);
            self.act(action.field("Digit", key.to_string()).field("Duration", "60")).await;
        }
    }

    async fn act(&self, action: Action) {
        let shown = format!("{action:?}");
        let done = self.office.phones.ami().call(action).await;
        done.unwrap_or_else(|error| panic!("{shown}: {error:?}"));
    }
}
