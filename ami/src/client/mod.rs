//! The handle that programs hold.

mod connect;
mod place;

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use self::connect::Connect;
pub use self::place::{End, Half, Placed};
use crate::config::Config;
use crate::connection::filters::{self, EventFilter};
use crate::connection::ready::{self, Unknown};
use crate::driver::{self, LoggedIn};
use crate::error::{Disconnect, Error};
use crate::events::{Buffer, Filter, Subscribers, Subscription};
use crate::request::{Call, Command, Exchange, List, Originate, Originating, mask};
use crate::state::{Handle, Shared, State};
use crate::stats::Stats;
use crate::wire::{Action, Banner, EventMask};

/// A client of one server. Clones share it.
///
/// It has a task of its own on the runtime that connected it. When the connection is lost, every
/// call in flight ends with [`Error::Disconnected`], nothing is sent twice, and the client connects
/// again, unless its [`Config`] says otherwise: calls made in the meantime wait for that, and
/// subscriptions go on behind an [`Item::Gap`](crate::Item::Gap). A server that was started anew
/// takes logins before its modules are loaded; calls wait until it is fully booted, no longer than
/// the client's time-out ([`State::Booting`]).
///
/// It is for one server, which answers in the order of the actions. Behind a proxy that mixes the
/// answers of several servers, calls end with [`Error::NoResponse`], and lists are broken or go to
/// subscribers.
///
/// It ends with [`close`](Self::close), when the last clone is dropped (a call or a list has one),
/// when the server refuses to have it back, and with a connection that is not to be made anew. Then
/// every subscription ends, and so do calls made later.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    pub(crate) fn start(
        first: LoggedIn,
        config: &Config,
        address: Option<&str>,
        subscribers: Arc<Subscribers>,
    ) -> Self {
        let cancel = CancellationToken::new();
        let shared = driver::start(first, config, address, subscribers, cancel.clone());
        Self { handle: Arc::new(Handle { shared, cancel }) }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// What the server greeted with, the last time.
    pub fn banner(&self) -> Banner {
        self.shared().wishes().banner.clone()
    }

    /// Sends an action and waits for its response. Nothing is sent before the call is first polled.
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
    /// The events of an action that is answered with a list come to nobody this way, and a warning
    /// is traced; [`list`](Self::list) gives them. Subscriptions that ask for
    /// [strays](crate::Stray) get them, too.
    ///
    /// The server works on one action after another, and says nothing else while it does. An action
    /// that takes long, such as `WaitEvent` or an `Originate` without `Async`, holds up every
    /// other call and every event of this client: use [`originate`](Self::originate), or a
    /// client of its own, and give it a [time-out](Call::timeout) that is long enough.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent as it is, the server refuses it, or there is no answer:
    /// [`Error`] tells which, and whether the server may have acted.
    pub fn call(&self, action: Action) -> Call {
        Call::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action that is answered with a list, such as `CoreShowChannels` or `QueueStatus`.
    /// Its events come to the list alone, not to subscribers, unless they are
    /// [to go to both](List::also_to_subscribers); nothing is sent before the list is first polled.
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
    /// A `Ping` is sent right behind the action. Its answer shows the end where the server forgets
    /// to send one.
    ///
    /// The list is the server's: while a channel changes, `CoreShowChannels` of Asterisk 22 can
    /// have it twice, in its old state and in the new.
    pub fn list(&self, action: Action) -> List {
        List::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action and waits for everything that the server says in reply, whatever its shape:
    /// several responses (`ModuleLoad`, `JabberSend`), lines that are no message of AMI's
    /// (`IAXnetstats`), or nothing at all.
    ///
    /// A `Ping` is sent right behind the action. Its answer shows that the server is through.
    /// Errors that the server answers with are messages here.
    ///
    /// What is no event between the action and that answer is the reply, also without an ActionID:
    /// it is marked ([`Replied::has_our_id`](crate::Replied::has_our_id)). The rest of an event
    /// that a value with line ends has cut in two can be among it, and what somebody has forged
    /// so, unless there is a response with the id: only what comes behind that one counts then.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent as it is, or there is no end within the time-out.
    pub fn exchange(&self, action: Action) -> Exchange {
        Exchange::new(Arc::clone(&self.handle), action)
    }

    /// Runs a CLI command and gives what it prints. Needs the write class `command`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call). If the command fails, or the server does not know it,
    /// [`Error::Command`] has the first line of what it printed.
    pub fn command(&self, command: impl Into<String>) -> Command {
        Command::new(Arc::clone(&self.handle), command.into())
    }

    /// Places a call and waits until it is answered or has failed. Needs the write class
    /// `originate`, and the read class `call` for the outcome.
    ///
    /// It waits as long as the server does ([`Originate::timeout`]), and the client's own time-out
    /// on top. Before the first originate of a connection, the server is asked for the user's
    /// read classes (`manager show user`); if it does not tell, for that takes the write class
    /// `command`, the time-out is what is left.
    ///
    /// Dropping the future does not hang up: the phone goes on ringing. [`place`](Self::place)
    /// gives a handle that [hangs up](crate::Placed::hang_up), and that also knows why the call
    /// ended.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); [`Error::Originate`] if the channel was not answered;
    /// [`Error::Withheld`] if the outcome could not be seen, and nothing was sent.
    pub fn originate(&self, originate: Originate) -> Originating {
        Originating::new(Arc::clone(&self.handle), originate)
    }

    /// Subscribes to events. It gets those that the reader hands out from now on, and holds up to
    /// 16 MiB of them; beyond that it [tells](crate::Item::Missed) how many are missing. Those
    /// that come right behind the login are gone by now;
    /// [`Connect::subscribe`](crate::Connect::subscribe) is for them.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events, with another limit, or none.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        Subscription::new(&self.shared().subscribers, filter, buffer)
    }

    /// Has the server keep events back, now and after every reconnect. Needs the write class
    /// `system`. It is for all who use this client, and cannot be taken back. Once the server
    /// is asked it goes on also if this future is dropped.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::Filter`] if calls could not end any more. If the
    /// connection is lost behind the server's consent, the next one has the filter all the
    /// same. If the server does not answer in time, nobody knows whether it has the filter: the
    /// connection is given up, and the next one does not have it.
    pub async fn add_event_filter(&self, filter: EventFilter) -> Result<(), Error> {
        let filters = filter.with_company()?;
        let connection = self.shared().connection_within(self.shared().timeout).await?;
        let shared = Arc::clone(self.shared());
        settled(async move {
            let _settings = shared.settings.lock().await;
            // A half of them would keep back what calls wait for.
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

    /// Sets which events the server sends, now and after every reconnect, as [`Config::event_mask`]
    /// does for the beginning. Once the server is asked it goes on also if this future is
    /// dropped.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::EventMask`] if the server knows none of the classes.
    /// The mask stays as it was then. If the server does not answer in time, nobody knows which
    /// mask it has: the connection is given up, and the next one has the mask as it was.
    pub async fn set_event_mask(&self, mask: impl Into<EventMask>) -> Result<(), Error> {
        let mask = mask.into();
        let connection = self.shared().connection_within(self.shared().timeout).await?;
        let shared = Arc::clone(self.shared());
        settled(async move {
            let _settings = shared.settings.lock().await;
            let former = shared.wishes().mask.clone();
            let set = mask::set_event_mask(&connection, &mask, former, shared.timeout).await;
            if set.is_ok() {
                shared.wishes().mask = Some(mask);
            }
            connection.unless_settled(&set);
            set
        })
        .await
    }

    /// Waits until the server is fully booted: it says so in an event of class `system`, at once to
    /// a client that logs in later. Where that event cannot come, the server is asked (`connection
    /// waitfullybooted`, which takes the write class `command`); until it has booted, it does
    /// nothing else for this client then.
    ///
    /// # Errors
    ///
    /// [`Error::Withheld`] if the event mask leaves the event out and the server does not let us
    /// ask; [`Error::NotBooted`] if the client's time-out is over, or nobody knows that the
    /// event cannot come; or if the client ends.
    pub async fn ready(&self) -> Result<(), Error> {
        self.ready_or(Unknown::Wait).await
    }

    /// Waits as [`ready`](Self::ready) does; `unknown` decides where nobody can tell.
    pub(crate) async fn ready_or(&self, unknown: Unknown) -> Result<(), Error> {
        let limit = self.shared().timeout;
        let late = |_| Err(Error::NotBooted(limit));
        timeout(limit, self.until_ready(unknown)).await.unwrap_or_else(late)
    }

    async fn until_ready(&self, unknown: Unknown) -> Result<(), Error> {
        loop {
            let connection = self.shared().connection().await?;
            let Shared { user, timeout: limit, .. } = &**self.shared();
            let ready = tokio::select! {
                biased;
                ready = ready::booted(&connection, user, *limit, unknown) => ready,
                () = self.shared().lost(&connection) => continue,
            };
            match ready {
                Err(Error::Disconnected { .. }) => {}
                ready => return ready,
            }
        }
    }

    /// How the client stands with its server, now and from now on.
    ///
    /// What `borrow` and `wait_for` give of the receiver is a lock: the client waits with its next
    /// change for whoever holds it.
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared().state()
    }

    /// Waits until the client has ended, and says why.
    pub async fn ended(&self) -> Disconnect {
        let mut state = self.state();
        // The sender lives as long as the client.
        match state.wait_for(State::is_closed).await.as_deref() {
            Ok(State::Closed(reason)) => reason.clone(),
            _ => Disconnect::Closed,
        }
    }

    /// How many calls wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.shared().in_flight()
    }

    /// What has happened so far, in numbers.
    pub fn stats(&self) -> Stats {
        let shared = self.shared();
        Stats {
            in_flight: shared.in_flight(),
            subscriptions: shared.subscribers.count(),
            ..shared.counters.stats()
        }
    }

    /// Logs off, if the client is up, and waits until it has ended. Calls in flight end with
    /// [`Error::Disconnected`].
    ///
    /// # Errors
    ///
    /// If the server did not answer the logoff, or refused it, as it does while it shuts down. The
    /// client has ended all the same.
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
            // The server closes right behind its answer, and the end may overtake it.
            Err(Error::Disconnected { .. }) => Ok(()),
            answer => answer,
        }
    }
}

/// Runs something to its end, also if who waits for it does so no longer.
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
