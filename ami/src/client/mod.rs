//! The client: the handle that programs hold, how it is connected, calls placed with it, and
//! variables.

mod connect;
mod follow;
mod permissions;
mod place;
mod subscribe;
mod variables;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use self::connect::Connect;
pub use self::follow::{Failed, Follow, Followed, Snapshot, Stale};
pub use self::place::{End, Half, Placed};
use crate::config::Config;
use crate::connection::filters::{self, EventFilter};
use crate::connection::ready::{self, Unknown};
use crate::error::{Disconnect, Error};
use crate::request::{Callable, Caller, Command, Exchange, List, Originate, Originating, mask};
use crate::state::{Handle, Shared, State};
use crate::stats::Stats;
use crate::wire::{Action, Banner, EventMask};

/// A client of one Asterisk server.
///
/// [`Config::connect`] returns a client. A task on the Tokio runtime owns the connection; the
/// client and its clones are handles to that task. Cloning is cheap, and clones share the
/// connection. Calls use the timers of Tokio, so they have to be awaited within a runtime.
///
/// # Order of actions
///
/// - Actions are sent in the order in which their futures are first polled. Nothing is sent before
///   the first poll.
/// - Several futures in flight are pipelined on the one connection. The server executes the actions
///   one after another and answers in the same order.
/// - After a login the client first asks what the user may send ([`Config::ask_permissions`]).
///   Actions that are called meanwhile are sent once the server has answered, in the same order.
/// - Futures that have to wait, for a connection or because [`Config::max_in_flight`] calls are in
///   flight, may be sent in another order. [`originate`](Self::originate) may ask the server a
///   question first. Where the order matters, await one call before the next.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// use ami::Action;
///
/// let first = client.call(Action::new("CoreStatus"));
/// let second = client.call(Action::new("CoreSettings"));
/// // Both actions are sent before the first answer arrives.
/// let (status, settings) = tokio::try_join!(first, second)?;
/// # Ok(())
/// # }
/// ```
///
/// # Dropping a future
///
/// Dropping the future of an action takes the action back if it is not yet written. Otherwise the
/// server executes it, and the reply is ignored. Other calls are not affected.
///
/// # Reconnecting
///
/// When the connection is lost, every call in flight ends with [`Error::Disconnected`]. No action
/// is sent twice. The client reconnects, unless its [`Config`] says otherwise. Calls made in the
/// meantime wait for the new connection, within their own time-outs, and subscriptions continue
/// after an [`Item::Gap`](crate::Item::Gap). A restarted server accepts logins before its modules
/// are loaded, so calls wait until it is fully booted, at most for the client's time-out
/// ([`State::Booting`]).
///
/// # The end of a client
///
/// The client ends
///
/// - when it is [closed](Self::close),
/// - when its last clone is dropped (each call, list, [`Placed`], [`Follow`] and
///   [`agi::Session`](crate::agi::Session) holds one, and [`agi::Sessions`](crate::agi::Sessions)),
/// - when the server refuses the login while reconnecting, or while connecting [in the
///   background](Connect::in_background),
/// - when its connection is lost and it does not reconnect.
///
/// All subscriptions end then, and later calls fail with [`Error::Disconnected`].
///
/// # One server
///
/// A client relies on a server that answers in the order of the actions. Behind a proxy that mixes
/// the answers of several servers, calls end with [`Error::NoResponse`], and lists break or go to
/// subscribers.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    /// Creates a client without a task.
    fn new(config: &Config) -> Self {
        let (shared, cancel) = (Arc::new(Shared::new(config)), CancellationToken::new());
        Self { handle: Arc::new(Handle { shared, cancel }) }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// Returns the banner of the current or latest connection. A client that connects [in the
    /// background](Connect::in_background) has an empty one before its first login.
    pub fn banner(&self) -> Banner {
        self.shared().wishes().banner.clone()
    }

    /// Sends an action, and returns the future of its reply.
    ///
    /// The reply follows from the action ([`Callable`] has the table). For a raw [`Action`] it is
    /// one response:
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::Action;
    ///
    /// let pong = client.call(Action::new("Ping")).await?;
    /// assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A [typed action](crate::action) knows whether it is answered with one response, a list of
    /// typed events, the output of a command, or something else:
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use std::time::Duration;
    ///
    /// use ami::action::{AbsoluteTimeout, Status};
    ///
    /// let minute = Duration::from_secs(60);
    /// client.call(AbsoluteTimeout::new("PJSIP/alice-00000001", minute)).await?;
    /// let mut channels = client.call(Status::new());
    /// while let Some(channel) = channels.next().await {
    ///     println!("{:?}", channel?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nothing is sent before the reply is first polled; the futures say what dropping them does
    /// ([`Call`](crate::Call), [`List`], [`Command`], [`Exchange`], [`Originating`]).
    ///
    /// If a raw action is answered with a list, use [`list`](Self::list). This method returns only
    /// the response; the items go to nobody but subscriptions that ask for [strays](crate::Stray),
    /// and a warning is traced.
    ///
    /// The server works on one action at a time and sends nothing else meanwhile. A long action,
    /// such as `WaitEvent` or an `Originate` without `Async`, delays every other call and every
    /// event of this client. Use [`originate`](Self::originate), or a client of its own with a long
    /// enough [time-out](crate::Call::timeout).
    ///
    /// # Errors
    ///
    /// The reply is an error if the action cannot be sent, the user may not send it
    /// ([`Error::Forbidden`]), the server refuses it, or no answer arrives.
    /// [`Error::may_have_been_executed`] tells whether the server may have acted.
    #[inline]
    pub fn call<A: Callable>(&self, action: A) -> A::Reply {
        action.call(Caller::new(&self.handle))
    }

    /// Sends an action that is answered with a list, such as `CoreShowChannels` or `QueueStatus`.
    ///
    /// The events of the list go to the returned [`List`] only, not to subscribers, unless it is
    /// told to [share them](List::also_to_subscribers). Nothing is sent before the list is first
    /// polled.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::Action;
    ///
    /// let channels = client.list(Action::new("CoreShowChannels")).collect().await?;
    /// for channel in &channels.items {
    ///     println!("{}", channel.text("Channel").unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A `Ping` is sent right after the action. Its answer marks the end of the list where the
    /// server forgets to send one.
    ///
    /// The items are passed on as the server sends them. While a channel changes,
    /// `CoreShowChannels` of Asterisk 22 can list it twice, in its old state and in its new one.
    pub fn list(&self, action: Action) -> List {
        List::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action and waits for the whole reply, whatever its shape: several responses
    /// (`ModuleLoad`, `JabberSend`), lines that are not an AMI message (`IAXnetstats`), or nothing
    /// at all.
    ///
    /// A `Ping` is sent right after the action. Its answer marks the end of the reply. A response
    /// that reports an error is part of the reply here, not an [`Error`].
    ///
    /// All messages between the action and that answer that are not events are part of the reply,
    /// even without an ActionID. [`Replied::has_our_id`](crate::Replied::has_our_id) tells them
    /// apart. They can include the rest of an event that a value with line ends has cut in two, and
    /// messages forged that way. Once a response with the ActionID arrives, earlier messages
    /// without it are discarded.
    ///
    /// # Errors
    ///
    /// Returns an error if the action cannot be sent, the reply does not end within the time-out,
    /// or a part of it is lost ([`Error::TooLarge`], [`Error::Unread`]).
    pub fn exchange(&self, action: Action) -> Exchange {
        Exchange::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action with the ActionID that it [has](Action::with_action_id), or without one, and
    /// waits for no reply.
    ///
    /// Whatever answers the action belongs to no call. The response goes to subscriptions that ask
    /// for [strays](crate::Stray), and the items of a list are events of all subscribers. This is
    /// for programs that have to see their own ActionIDs in events; for all others
    /// [`call`](Self::call) and [`list`](Self::list) match replies with actions.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::{Action, Filter};
    ///
    /// let mut items = client.subscribe(Filter::named(["EndpointList"]).field("ActionID", "mine"));
    /// client.send(Action::new("PJSIPShowEndpoints").with_action_id("mine")).await?;
    /// let first = items.next().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The action is in the queue of the connection when the future is done, behind all actions
    /// sent before. If a connection is up, that is at the first poll. Cancel safe: a future that is
    /// dropped before it is done has sent nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the action cannot be sent, the user may not send it
    /// ([`Error::Forbidden`]), or there is no connection within the time-out.
    pub async fn send(&self, action: Action) -> Result<(), Error> {
        action.check()?;
        let shared = self.shared();
        loop {
            let connection = shared.connection_within(shared.timeout).await?;
            match connection.send_as_it_is(&action) {
                // The connection has just ended, and there may be another one.
                Err(Error::Disconnected { .. }) => shared.lost(&connection).await,
                sent => return sent,
            }
        }
    }

    /// Runs a CLI command and returns its output. Needs the write class `command`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call). If the command fails, or the server does not
    /// know it, returns [`Error::Command`] with the first line of the output.
    pub fn command(&self, command: impl Into<String>) -> Command {
        Command::new(Arc::clone(&self.handle), command.into())
    }

    /// Places a call and waits until it is answered or has failed. Needs the write class
    /// `originate`, and the read class `call` for the outcome.
    ///
    /// The wait lasts as long as the server lets the channel ring ([`Originate::timeout`]), plus
    /// the client's time-out. Before the first originate of a connection, the server is asked for
    /// the user's read classes (`manager show user`). Without the write class `command` the server
    /// does not tell them; if the outcome cannot be seen then, the time-out ends the wait.
    ///
    /// Dropping the future does not hang up: the channel keeps ringing. [`place`](Self::place)
    /// returns a handle that can [hang up](crate::Placed::hang_up), and that also reports why the
    /// call ended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call), [`Error::Originate`] if the channel was not
    /// answered, and [`Error::Withheld`] if the server would not report the outcome; the call is
    /// not placed then.
    pub fn originate(&self, originate: Originate) -> Originating {
        Originating::new(Arc::clone(&self.handle), originate)
    }

    /// Sets a filter in the server, now and after every reconnect. Needs the write class `system`.
    ///
    /// The filter affects all clones of this client, and cannot be removed.
    ///
    /// Once the server has been asked, the operation continues even if this future is dropped.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call), and [`Error::Filter`] if the filter would
    /// exclude events that calls wait for.
    ///
    /// If the connection is lost after the server has accepted the filter, the next connection has
    /// it nevertheless. If the server does not answer in time, it is unknown whether it has the
    /// filter: the client gives up the connection, and the next one does not have it.
    pub async fn add_event_filter(&self, filter: EventFilter) -> Result<(), Error> {
        let filters = filter.with_company()?;
        let connection = self.shared().connection_within(self.shared().timeout).await?;
        let shared = Arc::clone(self.shared());
        settled(async move {
            let _settings = shared.settings.lock().await;
            // The filters are set as one unit: a part of them would hold back events that calls
            // wait for.
            let set = filters::set(&connection, filters, shared.timeout, |filters| {
                let wishes = &mut shared.wishes().filters;
                for filter in filters {
                    if !wishes.contains(filter) {
                        wishes.push(filter.clone());
                    }
                }
            });
            let set = set.await;
            connection.unless_settled(&set);
            set
        })
        .await
    }

    /// Sets which events the server sends, now and after every reconnect. [`Config::event_mask`]
    /// sets the mask for the login.
    ///
    /// Once the server has been asked, the operation continues even if this future is dropped.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call), and [`Error::EventMask`] if the server knows
    /// none of the classes. The former mask stays in effect then.
    ///
    /// If the server does not answer in time, it is unknown which mask it has: the client gives up
    /// the connection, and the next one has the former mask.
    pub async fn set_event_mask(&self, mask: impl Into<EventMask>) -> Result<(), Error> {
        let mask = mask.into();
        let connection = self.shared().connection_within(self.shared().timeout).await?;
        let shared = Arc::clone(self.shared());
        settled(async move {
            let _settings = shared.settings.lock().await;
            let former = shared.wishes().mask;
            let set = mask::set_event_mask(&connection, &mask, former, shared.timeout).await;
            if set.is_ok() {
                shared.wishes().mask = Some(mask);
                shared.subscribers.set_mask(Some(mask));
            }
            connection.unless_settled(&set);
            set
        })
        .await
    }

    /// Returns the time-out of calls that have none of their own.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared().timeout
    }

    /// Waits until the server is fully booted, at most for the client's time-out.
    ///
    /// The server reports the boot with the event `FullyBooted` of class `system`, which a client
    /// that logs in later receives at once. Where that event cannot arrive, the server is asked
    /// with the CLI command `core waitfullybooted`, which needs the write class `command`. Until it
    /// is booted, the server does nothing else for this client then.
    ///
    /// The future can be dropped and the method called again at any time.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Withheld`] if the event cannot arrive and the server does not let the
    /// client ask; [`Error::NotBooted`] if the time-out ends first, also if it is unknown whether
    /// the event can arrive; and [`Error::Disconnected`] if the client ends.
    pub async fn ready(&self) -> Result<(), Error> {
        self.ready_or(Unknown::Wait).await
    }

    /// Waits as [`ready`](Self::ready) does. `unknown` decides what to do if it is unknown whether
    /// the event can arrive.
    pub(crate) async fn ready_or(&self, unknown: Unknown) -> Result<(), Error> {
        let limit = self.shared().timeout;
        let late = |_| Err(Error::NotBooted(limit));
        timeout(limit, self.until_ready(unknown)).await.unwrap_or_else(late)
    }

    async fn until_ready(&self, unknown: Unknown) -> Result<(), Error> {
        loop {
            let connection = self.shared().connection().await?;
            let limit = &self.timeout();
            let ready = tokio::select! {
                biased;
                ready = ready::booted(&connection, *limit, unknown) => ready,
                () = self.shared().lost(&connection) => continue,
            };
            match ready {
                Err(Error::Disconnected { .. }) => {}
                ready => return ready,
            }
        }
    }

    /// Returns a receiver of the connection's state. It has the current state and is notified of
    /// changes; a slow receiver sees only the latest one.
    ///
    /// `borrow` and `wait_for` of the receiver return a read lock. Release it soon: the client
    /// waits for it before its next change of state.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) {
    /// let mut state = client.state();
    /// while state.changed().await.is_ok() {
    ///     let now = state.borrow_and_update().clone();
    ///     println!("{now:?}");
    /// }
    /// # }
    /// ```
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared().state()
    }

    /// Waits until the client has ended, and returns the reason. The future can be dropped and the
    /// method called again at any time.
    pub async fn ended(&self) -> Disconnect {
        let mut state = self.state();
        // The sender lives as long as the client, so `wait_for` does not fail.
        match state.wait_for(State::is_closed).await.as_deref() {
            Ok(State::Closed(reason)) => reason.clone(),
            _ => Disconnect::Closed,
        }
    }

    /// Returns the number of calls that are waiting for an answer.
    pub fn in_flight(&self) -> usize {
        self.shared().in_flight()
    }

    /// Returns the counters of this client.
    pub fn stats(&self) -> Stats {
        let shared = self.shared();
        Stats {
            in_flight: shared.in_flight(),
            subscriptions: shared.subscribers.count(),
            ..shared.counters.stats()
        }
    }

    /// Logs off, if the client is connected, and waits until the client has ended, for all its
    /// clones. Calls in flight end with [`Error::Disconnected`].
    ///
    /// If this future is dropped, the client may stay open. Call `close` again to end it.
    ///
    /// # Errors
    ///
    /// Returns an error if the server did not answer the `Logoff` in time or refused it, as it does
    /// while it shuts down. The client has ended nevertheless.
    pub async fn close(&self) -> Result<(), Error> {
        let answer = match self.shared().connection_now() {
            Some(connection) => {
                connection.ask(&Action::new("Logoff"), self.shared().timeout).await.map(drop)
            }
            None => Ok(()),
        };
        self.handle.cancel.cancel();
        self.ended().await;
        match answer {
            // The server closes the connection right after its answer, and the end may overtake the
            // answer.
            Err(Error::Disconnected { .. }) => Ok(()),
            answer => answer,
        }
    }
}

/// Runs a task to its end, even if the caller is dropped.
async fn settled(
    task: impl Future<Output = Result<(), Error>> + Send + 'static,
) -> Result<(), Error> {
    tokio::spawn(task).await.unwrap_or_else(|_| Err(Error::Lost(Disconnect::Closed)))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("banner", &self.banner()).finish_non_exhaustive()
    }
}
