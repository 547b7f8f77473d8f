//! Actions that are sent over NATS: a request to `ami.do.<origin>.<Action>`, and a reply that says
//! what became of it.
//!
//! An action is executed at most once. Core NATS stores no request and delivers it to one bridge of
//! the queue group; the bridge hands it to the client once, and the client sends nothing twice. A
//! request that is not executed is answered with `never-sent`, for whatever reason. A bridge is
//! subscribed only while the server is up, so a request that nobody can execute fails at once with
//! "no responders" of NATS itself.

#[cfg(test)]
mod proof;
mod reply;
mod request;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ami::{Client, State};
use async_nats::{Message, PublishErrorKind, Subscriber};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::reply::{Outcome, Reply};
use self::request::{Request, RequestError};
pub(in crate::nats) use self::settings::Commands;
use super::subject::{Subjects, unescape};
use crate::origin::Origin;

/// The queue group of all bridges, so that one of them gets a request.
const GROUP: &str = "bridges";

/// The time behind the time-out of an action in which its client reports whether it was sent.
const GRACE: Duration = Duration::from_millis(500);

/// A request that is refused before it is read.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the action {0:?} is not among those that the bridge allows")]
    NotAllowed(String),
    #[error("{0} actions are in progress on this server, which is the limit")]
    TooMany(usize),
    #[error("the server is {0:#}")]
    NotUp(State),
    #[error("the bridge is about to stop")]
    Stopping,
    #[error("the request is malformed")]
    Malformed(#[source] RequestError),
    #[error("the answer was not complete within {0:?}")]
    Incomplete(Duration),
    #[error("the reply has {0} bytes, more than the NATS server takes")]
    TooLarge(usize),
}

/// The part of a bridge that answers requests.
#[derive(Debug)]
pub(in crate::nats) struct Responder {
    nats: async_nats::Client,
    subjects: Subjects,
    bridge: String,
    commands: Commands,
    sent: AtomicU64,
}

/// A server, as long as its requests are answered.
struct Desk {
    responder: Arc<Responder>,
    origin: Origin,
    client: Client,
    places: Arc<Semaphore>,
}

impl Responder {
    /// Creates the part of a bridge, whose name is in its replies.
    pub(in crate::nats) fn new(
        nats: async_nats::Client,
        subjects: Subjects,
        bridge: impl Into<String>,
        commands: Commands,
    ) -> Arc<Self> {
        Arc::new(Self { nats, subjects, bridge: bridge.into(), commands, sent: AtomicU64::new(0) })
    }

    /// Answers the requests to one server until `stop` is cancelled or the client has ended. Then
    /// the actions in progress are answered, which takes at most their time-outs.
    ///
    /// Dropping the future leaves the actions in progress without a reply.
    pub(in crate::nats) async fn serve(
        self: Arc<Self>,
        origin: Origin,
        client: Client,
        stop: CancellationToken,
    ) {
        if self.commands.is_empty() {
            return;
        }
        let places = Arc::new(Semaphore::new(self.commands.at_once));
        let desk = Arc::new(Desk { responder: self, origin, client, places });
        let mut running = JoinSet::new();
        let mut state = desk.client.state();
        while reached(&mut state, &stop, State::is_up).await {
            match desk.subscribe().await {
                Ok(subscriber) => desk.take_all(subscriber, &mut state, &stop, &mut running).await,
                Err(error) => {
                    warn!(origin = %desk.origin, %error, "cannot subscribe to commands");
                    break;
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Returns the number of actions that were sent to servers.
    pub(in crate::nats) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}

/// Waits for a state. Returns `false` if there is nothing to wait for any more: `stop` is
/// cancelled, or the client has ended.
async fn reached(
    state: &mut watch::Receiver<State>,
    stop: &CancellationToken,
    wanted: impl Fn(&State) -> bool,
) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        reached = state.wait_for(|state| state.is_closed() || wanted(state)) => {
            reached.is_ok_and(|state| !state.is_closed())
        }
    }
}

impl Desk {
    async fn subscribe(&self) -> Result<Subscriber, async_nats::SubscribeError> {
        let subject = self.responder.subjects.actions_of(&self.origin);
        self.responder.nats.queue_subscribe(subject, GROUP.to_owned()).await
    }

    /// Takes requests while the server is up.
    async fn take_all(
        self: &Arc<Self>,
        mut subscriber: Subscriber,
        state: &mut watch::Receiver<State>,
        stop: &CancellationToken,
        running: &mut JoinSet<()>,
    ) {
        loop {
            tokio::select! {
                biased;
                _ = reached(state, stop, |state| !state.is_up()) => break,
                Some(_) = running.join_next() => {}
                request = subscriber.next() => match request {
                    Some(request) => self.take(request, running).await,
                    None => break,
                },
            }
        }
        // The requests that NATS has delivered already are answered too. That can last until NATS
        // is there again, so it must not hold up the next subscription.
        if subscriber.drain().await.is_ok() {
            let desk = Arc::clone(self);
            running.spawn(async move {
                while let Some(request) = subscriber.next().await {
                    let state = desk.client.state().borrow().clone();
                    let refusal = match state {
                        State::Up => Refusal::Stopping,
                        state => Refusal::NotUp(state),
                    };
                    let reply = Reply::never_sent(&refusal);
                    desk.answer(&request, &desk.action(&request), reply).await;
                }
            });
        }
    }

    /// Begins with a request. Whatever does not wait for the server is answered here, so that the
    /// number of tasks is bounded.
    async fn take(self: &Arc<Self>, message: Message, running: &mut JoinSet<()>) {
        let name = self.action(&message);
        if message.reply.is_none() {
            // Nobody could be told what became of it.
            warn!(origin = %self.origin, action = ?name, "a command without a reply subject is not executed");
            return;
        }
        if self.reply_to(&message).is_none() {
            warn!(origin = %self.origin, action = ?name, reply = ?message.reply, "a command whose reply subject is reserved is not executed");
            return;
        }
        let refusal = match self.admit(&name, &message.payload) {
            Ok((request, place)) => {
                let desk = Arc::clone(self);
                running.spawn(async move {
                    let reply = desk.execute(request).await;
                    desk.answer(&message, &name, reply).await;
                    drop(place);
                });
                return;
            }
            Err(refusal) => refusal,
        };
        self.answer(&message, &name, Reply::never_sent(&refusal)).await;
    }

    /// Returns the request if it may be executed now, with its place among those in progress.
    fn admit(
        &self,
        name: &str,
        body: &[u8],
    ) -> Result<(Request, tokio::sync::OwnedSemaphorePermit), Refusal> {
        let commands = &self.responder.commands;
        if !commands.allows(name) {
            return Err(Refusal::NotAllowed(name.to_owned()));
        }
        let request = Request::parse(name, body).map_err(Refusal::Malformed)?;
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Refusal::TooMany(commands.at_once))?;
        Ok((request, place))
    }

    async fn execute(&self, request: Request) -> Reply {
        let state = self.client.state().borrow().clone();
        if !state.is_up() {
            return Reply::never_sent(&Refusal::NotUp(state));
        }
        let longest = self.responder.commands.timeout;
        let limit = request.timeout.map_or(longest, |it| it.min(longest));
        // The client's time-out is for each message of a reply, and tells whether the action was
        // sent. Beyond it only an action can last that has begun to answer.
        let sent = self.client.exchange(request.action).timeout(limit);
        match timeout(limit.saturating_add(GRACE), sent).await {
            Ok(sent) => Reply::of(sent),
            Err(_) => Reply::maybe_executed(&Refusal::Incomplete(limit)),
        }
    }

    /// Publishes a reply, and logs the request without its fields.
    async fn answer(&self, request: &Message, action: &str, reply: Reply) {
        let outcome = reply.outcome;
        if outcome != Outcome::NeverSent {
            self.responder.sent.fetch_add(1, Relaxed);
        }
        info!(origin = %self.origin, ?action, %outcome, "command");
        let Some(to) = self.reply_to(request) else { return };
        let bridge = &self.responder.bridge;
        let reply = reply.signed(bridge, &self.origin, action);
        let body = reply.body();
        let bytes = body.len();
        let published = self.responder.nats.publish(to.clone(), body).await;
        let published = match published {
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                let short = reply.too_large(&Refusal::TooLarge(bytes));
                let short = short.signed(bridge, &self.origin, action);
                self.responder.nats.publish(to.clone(), short.body()).await
            }
            published => published,
        };
        if let Err(error) = published {
            warn!(origin = %self.origin, ?action, %error, "cannot publish the reply to a command");
        }
    }

    /// Returns the subject of the reply to a request, unless it is one of NATS itself, as
    /// `$JS.API.STREAM.PURGE.AMI`, or of this bridge: the requester chooses it, but the reply is
    /// published with the bridge's permissions. A request that a consumer delivers has one of these
    /// too, and could come twice.
    fn reply_to<'a>(&self, request: &'a Message) -> Option<&'a async_nats::Subject> {
        let own = self.responder.subjects.prefix();
        let is_own =
            |subject: &str| subject.strip_prefix(own).is_some_and(|it| it.starts_with('.'));
        request.reply.as_ref().filter(|subject| !subject.starts_with('$') && !is_own(subject))
    }

    /// Returns the name of the action in the subject of a request. What is no token of a name is
    /// returned as it is, and is the name of no action.
    fn action(&self, request: &Message) -> String {
        let subject = request.subject.as_str();
        let pattern = self.responder.subjects.actions_of(&self.origin);
        let token = subject.strip_prefix(pattern.trim_end_matches('>')).unwrap_or(subject);
        let name = unescape(token).filter(|name| !name.cut);
        let name = name.and_then(|name| String::from_utf8(name.bytes).ok());
        name.unwrap_or_else(|| token.to_owned())
    }
}
