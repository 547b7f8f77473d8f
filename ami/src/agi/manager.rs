//! AsyncAGI: the commands of one channel on their way over AMI, and its end.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::coop::unconstrained;
use uuid::Uuid;

use super::env::Env;
use super::error::AgiError;
use super::link::Link;
use super::reply::Reply;
use crate::client::Client;
use crate::error::Error;
use crate::events::{Filter, Lost, Subscription};
use crate::state::State;
use crate::wire::{Action, Event, EventClass, percent_decode};

/// The events that end a session, or announce its end.
const ENDS: [&str; 4] = ["AsyncAGIEnd", "Hangup", "HangupRequest", "SoftHangupRequest"];

/// The number of commands that are sent to get the rest of a reply that was cut off.
const RESTS: usize = 8;

/// The transport of AsyncAGI: actions and events of AMI.
pub struct Manager {
    client: Client,
    channel: String,
    unique_id: String,
    env: Env,
    /// The random part of the ids of this session's commands.
    id: String,
    count: AtomicU64,
    fate: Mutex<Fate>,
}

/// The state of a session, as far as its events are read.
struct Fate {
    events: Subscription,
    /// `true` once somebody has asked to hang up.
    hanging_up: bool,
    over: Option<AgiError>,
}

impl Fate {
    /// Reads the events that have arrived.
    fn read(&mut self) {
        while self.over.is_none() {
            let next = now(next_of(&mut self.events));
            match next {
                Poll::Ready(Ok(event)) => self.note(&event),
                Poll::Ready(Err(lost)) => self.over = Some(lost.into()),
                Poll::Pending => return,
            }
        }
    }

    fn note(&mut self, event: &Event) {
        if event.is("AsyncAGIEnd") {
            let end = if self.hanging_up { AgiError::HungUp } else { AgiError::Ended };
            self.over.get_or_insert(end);
        } else if event.is("Hangup") {
            self.over.get_or_insert(AgiError::HungUp);
        } else {
            self.hanging_up = true;
        }
    }
}

/// Returns `true` if an event announces the end of a channel, and is not the end yet.
fn is_request(event: &Event) -> bool {
    event.is("HangupRequest") || event.is("SoftHangupRequest")
}

/// Waits for the next event of a channel. A session only needs the class `agi`: without the others
/// it cannot tell a hang-up from another end.
async fn next_of(events: &mut Subscription) -> Result<Event, Lost> {
    loop {
        match events.next_event().await {
            Err(Lost::Withheld(it)) if !it.classes.contains(&EventClass::Agi) => {}
            event => return event,
        }
    }
}

/// Polls a future once. The task's budget is not charged, because this does not wait.
pub(super) fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(unconstrained(future)).poll(&mut Context::from_waker(Waker::noop()))
}

impl Manager {
    /// Creates the transport of a channel, from an event that has the channel in it. What happened
    /// to the channel before now is not known.
    pub(super) fn new(client: &Client, event: &Event) -> Self {
        let text = |name| event.text(name).unwrap_or_default().into_owned();
        let unique_id = text("Uniqueid");
        let events = client.subscribe(Filter::named(ENDS).field("Uniqueid", &unique_id));
        let fate = Fate { events, hanging_up: false, over: None };
        Self {
            client: client.clone(),
            channel: text("Channel"),
            unique_id,
            env: Env::decode(event.get("Env").unwrap_or_default()),
            id: Uuid::new_v4().simple().to_string(),
            count: AtomicU64::new(0),
            fate: Mutex::new(fate),
        }
    }

    /// Returns the client.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a command and waits for its result.
    async fn send(&self, command: &str) -> Result<Reply, AgiError> {
        let Self { client, id, count, unique_id, .. } = self;
        let id = format!("{id}-{}", count.fetch_add(1, Ordering::Relaxed));
        let names = ENDS.into_iter().chain(["AsyncAGIExec"]);
        let mut events = client.subscribe(Filter::named(names).field("Uniqueid", unique_id));
        self.check()?;
        let action = Action::new("AGI")
            .field("Channel", unique_id)
            .field("Command", command)
            .field("CommandID", &id);
        let mut call = pin!(client.call(action));
        let mut accepted = false;
        loop {
            tokio::select! {
                biased;
                event = next_of(&mut events) => {
                    if let Some(result) = self.result(&event?, &id) {
                        return result;
                    }
                }
                answer = &mut call, if !accepted => {
                    answer.map_err(|error| self.refusal(error))?;
                    accepted = true;
                    // An end that was being delivered when the events were subscribed to has come
                    // before this answer. A result can have come before the end.
                    if let Err(over) = self.check() {
                        let known = || match now(next_of(&mut events)) {
                            Poll::Ready(Ok(event)) => Some(self.result(&event, &id)),
                            _ => None,
                        };
                        let result = std::iter::from_fn(known).find_map(|result| result);
                        return result.unwrap_or(Err(over));
                    }
                }
                error = self.down() => return Err(error.into()),
            }
        }
    }

    /// Returns the result of a command, if an event has it or ends the session.
    fn result(&self, event: &Event, id: &str) -> Option<Result<Reply, AgiError>> {
        if !event.is("AsyncAGIExec") {
            let over = self.note(event).err();
            return over.filter(|_| !is_request(event)).map(Err);
        }
        let ours = event.get("CommandId") == Some(id.as_bytes());
        let result = event.get("Result").unwrap_or_default();
        ours.then(|| Ok(Reply::new(percent_decode(result).into_owned())))
    }

    /// Waits until the connection is lost. The gap in the events comes only when the client has
    /// reconnected.
    async fn down(&self) -> Error {
        let mut state = self.client.state();
        if let Ok(State::Down(error)) =
            state.wait_for(|state| matches!(state, State::Down(_))).await.as_deref()
        {
            return error.clone();
        }
        // The client has ended, which the events tell.
        std::future::pending().await
    }

    /// Returns the error of an action that was not accepted.
    fn refusal(&self, error: Error) -> AgiError {
        let Error::Rejected(response) = &error else { return error.into() };
        let message = response.message();
        if let Err(over) = self.check() {
            over
        } else if message.contains("does not exist") {
            AgiError::HungUp
        } else if message.contains("Failed to add") {
            AgiError::Ended
        } else {
            error.into()
        }
    }

    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an error if the session is known to be over.
    pub(super) fn check(&self) -> Result<(), AgiError> {
        let mut fate = self.fate();
        fate.read();
        fate.over.clone().map_or(Ok(()), Err)
    }

    /// Notes an event of the channel. Returns an error if the session is over.
    pub(super) fn note(&self, event: &Event) -> Result<(), AgiError> {
        let mut fate = self.fate();
        fate.read();
        fate.note(event);
        fate.over.clone().map_or(Ok(()), Err)
    }

    /// Ends the session, because the events after its beginning are incomplete.
    pub(super) fn lose(&self, error: Error) {
        self.fate().over.get_or_insert_with(|| error.into());
    }
}

impl Link for Manager {
    async fn execute(&self, command: &str) -> Result<Reply, AgiError> {
        let reply = self.send(command).await?;
        if !reply.is_complete() {
            // The rest would be taken for the replies to the next commands.
            for _ in 0..RESTS {
                if self.send("NOOP").await?.is_complete() {
                    break;
                }
            }
            return Err(AgiError::Unreadable(reply));
        }
        Ok(reply)
    }

    async fn end(&self) -> Result<(), AgiError> {
        self.execute("ASYNCAGI BREAK").await?.accepted().map(drop)
    }

    async fn over(&self) -> AgiError {
        let Self { client, unique_id, .. } = self;
        let mut events = client.subscribe(Filter::named(ENDS).field("Uniqueid", unique_id));
        // An end that is being delivered comes before the answer.
        let mut ping = pin!(client.call(Action::new("Ping")));
        let mut pinged = false;
        loop {
            if let Err(over) = self.check() {
                return over;
            }
            tokio::select! {
                biased;
                event = next_of(&mut events) => match event {
                    Ok(event) => drop(self.note(&event)),
                    Err(lost) => return lost.into(),
                },
                _ = &mut ping, if !pinged => pinged = true,
                error = self.down() => return error.into(),
            }
        }
    }

    async fn is_hanging_up(&self) -> bool {
        let mut fate = self.fate();
        fate.read();
        fate.hanging_up || matches!(fate.over, Some(AgiError::HungUp))
    }

    fn channel(&self) -> &str {
        &self.channel
    }

    fn unique_id(&self) -> &str {
        &self.unique_id
    }

    fn env(&self) -> &Env {
        &self.env
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("unique_id", &self.unique_id).finish_non_exhaustive()
    }
}
