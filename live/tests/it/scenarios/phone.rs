//! A telephone, and what a person does with it.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use ami::{Action, Event, Matcher};

use super::scene::Office;
use crate::kit::PATIENCE;

/// One call at a telephone.
pub(crate) struct Phone<'a> {
    office: &'a Office,
    pub(crate) person: &'static str,
    /// The identifier of the channel that the telephone is.
    id: String,
    /// `true` while the telephone calls, and the call is not known to be up.
    calls: Cell<bool>,
}

impl<'a> Phone<'a> {
    /// A telephone that is about to call.
    pub(crate) fn new(office: &'a Office, person: &'static str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { office, person, id: format!("phone-{person}-{number}"), calls: Cell::new(true) }
    }

    /// A telephone that is called.
    pub(crate) fn called(office: &'a Office, person: &'static str, event: &Event) -> Self {
        Self {
            office,
            person,
            id: event.text("Uniqueid").unwrap().into_owned(),
            calls: Cell::new(false),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Answers.
    pub(crate) async fn answer(&self) {
        self.go_to("answer").await;
    }

    /// Forwards the call to another person instead of answering.
    pub(crate) async fn forward(&self, to: &str) {
        self.go_to(&format!("forward-{to}")).await;
    }

    /// Speaks, so that sound passes through the PBX.
    pub(crate) async fn speak(&self) {
        self.go_to("speak").await;
    }

    /// Hangs up once the call is up.
    pub(crate) async fn hang_up(&self) {
        self.is_up().await;
        self.refuse(16).await;
    }

    /// Gives up a call that nobody has answered.
    pub(crate) async fn give_up(&self) {
        self.refuse(16).await;
    }

    /// Refuses a call for a cause, such as 17 (busy).
    pub(crate) async fn refuse(&self, cause: u32) {
        let action = Action::new("Hangup").field("Channel", &self.id);
        self.act(action.field("Cause", cause.to_string())).await;
    }

    /// Waits until a call of this telephone is answered also for the telephone.
    async fn is_up(&self) {
        if self.calls.take() {
            let up = Matcher::event("OriginateResponse").header("Uniqueid", &self.id);
            self.office.phones.expect(up, PATIENCE).await.unwrap();
        }
    }

    /// Presses keys, one after another, once the call is up.
    pub(crate) async fn press(&self, keys: &str) {
        self.is_up().await;
        for key in keys.chars() {
            let action = Action::new("PlayDTMF").field("Channel", &self.id);
            self.act(action.field("Digit", key.to_string()).field("Duration", "60")).await;
        }
    }

    async fn go_to(&self, exten: &str) {
        let action = Action::new("Redirect").field("Channel", &self.id).field("Context", "act");
        self.act(action.field("Exten", exten).field("Priority", "1")).await;
    }

    async fn act(&self, action: Action) {
        let shown = format!("{action:?}");
        if let Err(error) = self.office.phones.ami().call(action).await {
            panic!("{}: {shown}: {error:?}", self.person);
        }
    }
}
