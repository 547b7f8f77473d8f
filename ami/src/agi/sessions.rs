//! The sessions of all channels that enter AsyncAGI.

use std::collections::VecDeque;
use std::fmt;
use std::task::Poll;

use tokio::time::timeout;
use uuid::Uuid;

use super::error::AgiError;
use super::manager::{Manager, now};
use super::session::Session;
use crate::client::Client;
use crate::error::{Error, Withheld};
use crate::events::{Filter, Lost, Subscription};
use crate::wire::{Action, Event, EventClass};

impl Client {
    /// Returns the sessions of the channels that enter `AGI(agi:async)` from now on. See
    /// [`agi`](crate::agi).
    ///
    /// # Errors
    ///
    /// Returns [`Error::Withheld`] if the server says that the user may not read events of class
    /// `agi`, [`Error::Forbidden`] if the user may not send AGI commands, [`Error::Rejected`] if
    /// `res_agi` is not loaded, and an error if there is no connection within the client's
    /// time-out. If the server does not tell what the user may read, sessions may never arrive.
    pub async fn async_agi(&self) -> Result<Sessions, Error> {
        Sessions::new(self, Filter::named(EVENTS)).await
    }

    /// Returns the sessions of one channel: one for each time that it enters `AGI(agi:async)` from
    /// now on.
    ///
    /// The unique id can be known before the channel exists: that of a [placed
    /// call](crate::Placed::unique_id), with `;2` appended for the half of a `Local` channel that
    /// runs the dialplan.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`async_agi`](Self::async_agi).
    pub async fn async_agi_of(&self, unique_id: &str) -> Result<Sessions, Error> {
        Sessions::new(self, Filter::named(EVENTS).field("Uniqueid", unique_id)).await
    }

    /// Returns a session of a channel that is in `AGI(agi:async)` already, as after a restart of
    /// the program or a loss of the connection. The channel is named by its name or its unique id.
    ///
    /// The session sends the command `NOOP`, and waits for its result, at most for the client's
    /// time-out.
    ///
    /// # Errors
    ///
    /// Returns [`AgiError::HungUp`] if there is no such channel, and [`AgiError::Ended`] if it was
    /// never in AGI. A channel that was in AGI before, and one that is busy with a command of
    /// another program, end in [`AgiError::Timeout`].
    pub async fn attach_agi(&self, channel: &str) -> Result<Session, AgiError> {
        check_classes(self).await?;
        let limit = self.timeout();
        timeout(limit, attach(self, channel)).await.unwrap_or(Err(AgiError::Timeout(limit)))
    }
}

const EVENTS: [&str; 2] = ["AsyncAGIStart", "AsyncAGIEnd"];

/// Checks that the server sends events of AGI and accepts commands, as far as the server tells: a
/// caller whose session can send nothing could not even be returned to the dialplan.
async fn check_classes(client: &Client) -> Result<(), Error> {
    let class = EventClass::Agi;
    match client.withheld(class).await? {
        None | Some(Withheld::Unknown) => {}
        Some(why) => return Err(Error::Withheld { class, why }),
    }
    let permissions = client.permissions().await?;
    if !permissions.knows_actions() || permissions.may_send("AGI") == Some(true) {
        return Ok(());
    }
    // The action is not listed: the user may not send it, or no module has it. No channel has this
    // name, so a server that accepts the action says that it does not exist.
    let action = Action::new("AGI").field("Channel", "none").field("Command", "NOOP");
    match client.call(action).await {
        Err(Error::Rejected(response)) if response.message().contains("does not exist") => Ok(()),
        answer => answer.map(drop),
    }
}

async fn attach(client: &Client, channel: &str) -> Result<Session, AgiError> {
    let name = channel.as_bytes().to_vec();
    let same = move |event: &Event| {
        ["Uniqueid", "Channel"].iter().any(|field| event.get(field) == Some(&name))
    };
    let mut events = client.subscribe(Filter::named(["AsyncAGIExec", "AsyncAGIEnd"]).when(same));
    let id = Uuid::new_v4().simple().to_string();
    let action = Action::new("AGI").field("Channel", channel).field("Command", "NOOP");
    match client.call(action.field("CommandID", &id)).await {
        Err(Error::Rejected(response)) if response.message().contains("does not exist") => {
            return Err(AgiError::HungUp);
        }
        Err(Error::Rejected(response)) if response.message().contains("Failed to add") => {
            return Err(AgiError::Ended);
        }
        answer => drop(answer?),
    }
    loop {
        let event = events.next_event().await?;
        if event.get("CommandId") == Some(id.as_bytes()) {
            let session = Session::new(Manager::new(client, &event));
            // An end that the session has not seen comes before the answer.
            client.call(Action::new("Ping")).await?;
            while let Poll::Ready(event) = now(events.next_event()) {
                let event = event?;
                if event.is("AsyncAGIEnd") {
                    session.link().note(&event)?;
                }
            }
            return Ok(session);
        }
    }
}

/// The sessions of the channels that enter `AGI(agi:async)`.
/// [`Client::async_agi`](crate::Client::async_agi) returns them. Dropping this does not affect the
/// sessions that were taken.
pub struct Sessions {
    client: Client,
    events: Subscription,
    /// Sessions whose end may have come before they subscribed to it.
    fresh: Vec<Session>,
    ready: VecDeque<Result<Session, Lost>>,
}

impl Sessions {
    async fn new(client: &Client, filter: Filter) -> Result<Self, Error> {
        let events = client.subscribe(filter);
        let (fresh, ready) = (Vec::new(), VecDeque::new());
        let sessions = Self { client: client.clone(), events, fresh, ready };
        check_classes(client).await?;
        Ok(sessions)
    }

    /// Waits for the next channel. Returns `None` when the client has ended.
    ///
    /// A channel that was hung up meanwhile is returned, too: its [`Env`](super::Env) tells who
    /// called, and its first command fails.
    ///
    /// Cancel safe: no session is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`Lost::Missed`] or [`Lost::Gap`] where events are missing, so that channels may
    /// have entered that are not known. The next call continues.
    pub async fn next(&mut self) -> Option<Result<Session, Lost>> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Some(next);
            }
            if self.fresh.is_empty() {
                let item = self.events.next_event().await;
                if let Err(Lost::Full | Lost::Ended(_)) = item {
                    return None;
                }
                self.note(item);
                self.read();
            } else {
                self.settle().await;
            }
        }
    }

    /// Makes fresh sessions ready. An end that a session has not seen comes before the answer to an
    /// action that is sent after the session has subscribed.
    async fn settle(&mut self) {
        let settled = self.fresh.len();
        if let Err(error) = self.client.call(Action::new("Ping")).await {
            tracing::debug!(%error, "no answer behind the beginning of AGI sessions");
        }
        self.read();
        self.ready.extend(self.fresh.drain(..settled).map(Ok));
    }

    /// Notes the events that have arrived.
    fn read(&mut self) {
        while let Poll::Ready(item) = now(self.events.next_event()) {
            let ended = matches!(item, Err(Lost::Full | Lost::Ended(_)));
            self.note(item);
            if ended {
                return;
            }
        }
    }

    fn note(&mut self, item: Result<Event, Lost>) {
        match item {
            Ok(event) if event.is("AsyncAGIStart") => {
                self.fresh.push(Session::new(Manager::new(&self.client, &event)));
            }
            Ok(event) => {
                let id = event.text("Uniqueid").unwrap_or_default();
                for session in self.fresh.iter().filter(|it| it.unique_id() == id) {
                    // The session tells it.
                    drop(session.link().note(&event));
                }
            }
            Err(lost) => {
                for session in &self.fresh {
                    session.link().lose(lost.clone().into());
                }
                if !lost.is_end() {
                    self.ready.push_back(Err(lost));
                }
            }
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("events", &self.events).finish_non_exhaustive()
    }
}
