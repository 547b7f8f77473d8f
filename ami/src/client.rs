//! The handle that programs hold.

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::action::Action;
use crate::call::{Call, Exchange, List, Single};
use crate::codec::Banner;
use crate::command::CommandOutput;
use crate::config::Config;
use crate::driver::{self, LoggedIn};
use crate::error::{Delivery, Disconnect, Error, Withheld};
use crate::filter::Filter;
use crate::mask::{self, Class};
use crate::message::Event;
use crate::originate::{Originate, Originated};
use crate::queue::Buffer;
use crate::router::Expect;
use crate::server_filter::{self, EventFilter};
use crate::session::Core;
use crate::shared::{Handle, Shared, State};
use crate::stats::Stats;
use crate::subscription::Subscription;

impl Config {
    /// Connects over TCP and logs in. `address` is a host and a port, or a host alone for 5038 (5039 with TLS). A name is
    /// resolved now, and again whenever the client connects again; its addresses are tried one after another, in the time
    /// that there is for all.
    ///
    /// # Errors
    ///
    /// If there is no connection or no login within [`connect_timeout`](Self::connect_timeout). The first connection is not
    /// tried again.
    pub async fn connect(&self, address: impl ToString) -> Result<Client, Error> {
        let address = address.to_string();
        let logged_in = driver::connect(&address, self, self.events.as_deref()).await?;
        Ok(Client::start(logged_in, self, Some(&address)))
    }

    /// Logs in over a connection that is already there, as it is: what the config says of TLS is for
    /// [`connect`](Self::connect). It cannot be made anew: the client ends with it.
    ///
    /// # Errors
    ///
    /// If the login does not succeed within [`connect_timeout`](Self::connect_timeout).
    pub async fn handshake<T>(&self, io: T) -> Result<Client, Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let logged_in = driver::log_in(io, self, self.events.as_deref()).await?;
        Ok(Client::start(logged_in, self, None))
    }
}

/// A client of one server. Clones share it.
///
/// It has a task of its own on the runtime that connected it. When the connection is lost, every call in flight ends with
/// [`Error::Disconnected`], nothing is sent twice, and the client connects again, unless its [`Config`] says otherwise:
/// calls made in the meantime wait for that, and subscriptions go on behind an [`Item::Gap`](crate::Item::Gap).
///
/// It ends with [`close`](Self::close), when the last clone is dropped (a call or a list has one), when the server refuses to
/// have it back, and with a connection that is not to be made anew. Then every subscription ends, and so do calls made later.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    fn start(first: LoggedIn, config: &Config, address: Option<&str>) -> Self {
        let cancel = CancellationToken::new();
        let shared = driver::start(first, config, address, cancel.clone());
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
    /// The events of an action that is answered with a list come to nobody this way; [`list`](Self::list) gives them.
    ///
    /// The server works on one action after another, and says nothing else while it does. An action that takes long, such as
    /// `WaitEvent` or an `Originate` without `Async`, holds up every other call and every event of this client: use
    /// [`originate`](Self::originate), or a client of its own, and give it a [time-out](Call::timeout) that is long enough.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent as it is, the server refuses it, or there is no answer: [`Error`] tells which, and
    /// whether the server may have acted.
    pub fn call(&self, action: Action) -> Call {
        Call::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action that is answered with a list, such as `CoreShowChannels` or `QueueStatus`. Its events come to the list
    /// alone, not to subscribers; nothing is sent before the list is first polled.
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
    /// A `Ping` is sent right behind the action. Its answer shows the end where the server forgets to send one.
    pub fn list(&self, action: Action) -> List {
        List::new(Arc::clone(&self.handle), action)
    }

    /// Sends an action and waits for everything that the server says in reply, whatever its shape: several responses
    /// (`ModuleLoad`, `JabberSend`), lines that are no message of AMI's (`IAXnetstats`), or nothing at all.
    ///
    /// A `Ping` is sent right behind the action. Its answer shows that the server is through. Errors that the server answers
    /// with are messages here.
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
    /// As [`call`](Self::call). A command that the server does not know is refused.
    pub async fn command(&self, command: &str) -> Result<CommandOutput, Error> {
        CommandOutput::new(self.call(Action::new("Command").field("Command", command)).await?)
    }

    /// Places a call and waits until it is answered or has failed. Needs the write class `originate`, and the read class
    /// `call` for the outcome.
    ///
    /// It waits as long as the server does ([`Originate::timeout`]), and the client's own time-out on top. Before the first
    /// originate of a connection, the server is asked for the user's read classes (`manager show user`); if it does not
    /// tell, for that takes the write class `command`, the time-out is what is left.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); [`Error::Originate`] if the channel was not answered; [`Error::Withheld`] if the outcome
    /// could not be seen, and nothing was sent.
    pub async fn originate(&self, originate: Originate) -> Result<Originated, Error> {
        let (action, ringing) = originate.into_action();
        action.check()?;
        let core = self.core().await?;
        let mask = self.shared().wishes().mask.clone();
        // Several at once ask one after another, if the server does not answer.
        let withheld = timeout(self.shared().timeout, self.withheld(&core, mask, mask::CALL));
        if let Ok(Some(why)) = withheld.await {
            return Err(Error::Withheld { class: mask::CALL.name, why });
        }
        let limit = ringing.saturating_add(self.shared().timeout);
        let outcome =
            Single::new(Arc::clone(&self.handle), action, Expect::Originate, limit).await?;
        Ok(Originated::new(Event::new(outcome)))
    }

    /// Subscribes to events. It gets those that the reader hands out from now on, and holds up to 4,096 of them; beyond
    /// that it [tells](crate::Item::Missed) how many are missing.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events, with another limit, or none.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        Subscription::new(&self.shared().subscribers, filter, buffer)
    }

    /// Has the server keep events back, now and after every reconnect. Needs the write class `system`. It is for all who use
    /// this client, and cannot be taken back. Once the server is asked it goes on also if this future is dropped.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::Filter`] if calls could not end any more. If the connection is lost behind the
    /// server's consent, the next one has the filter all the same.
    pub async fn add_event_filter(&self, filter: EventFilter) -> Result<(), Error> {
        let filters = filter.with_company()?;
        let core = self.core().await?;
        let shared = Arc::clone(self.shared());
        let set = async move {
            server_filter::set(&core, filters, shared.timeout, |filters| {
                let wishes = &mut shared.wishes().filters;
                for filter in filters {
                    if !wishes.contains(filter) {
                        wishes.push(filter.clone());
                    }
                }
            })
            .await
        };
        // A half of them would keep back what calls wait for.
        let set = tokio::spawn(set).await;
        set.unwrap_or_else(|_| Err(Error::Lost(Disconnect::Closed)))
    }

    /// Sets which events the server sends, now and after every reconnect, as [`Config::event_mask`] does for the beginning.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::Rejected`] if the server knows none of the classes. The mask stays as it was
    /// then.
    pub async fn set_event_mask(&self, mask: &str) -> Result<(), Error> {
        let action = |mask: &str| Action::new("Events").field("EventMask", mask);
        match self.call(action(mask)).await {
            Ok(answer) => {
                let off = answer.get("Events").is_some_and(|it| it.eq_ignore_ascii_case(b"Off"));
                if off && !mask::is_nothing(mask) {
                    // A server that knows none of the classes takes that for no events at all, and calls it a success.
                    let former = self.shared().wishes().mask.clone();
                    match self.call(action(former.as_deref().unwrap_or("on"))).await {
                        Ok(_) | Err(Error::NoResponse) => {}
                        Err(error) => return Err(error),
                    }
                    return Err(Error::Rejected(Box::new(answer)));
                }
            }
            // With `brokeneventsaction` the server does what it is told, and says nothing.
            Err(Error::NoResponse) => {}
            Err(error) => return Err(error),
        }
        self.shared().wishes().mask = Some(mask.into());
        Ok(())
    }

    /// The connection, once there is one, within the client's time-out.
    async fn core(&self) -> Result<Arc<Core>, Error> {
        let waited = self.shared().timeout;
        let late = |_| Err(Error::Timeout { waited, delivery: Delivery::NeverSent });
        timeout(waited, self.shared().core()).await.unwrap_or_else(late)
    }

    /// Waits until the server is fully booted: it says so in an event of class `system`, at once to a client that logs in
    /// later. Where that event cannot come, the server is asked (`core waitfullybooted`, which takes the write class
    /// `command`); until it has booted, it does nothing else for this client then.
    ///
    /// # Errors
    ///
    /// [`Error::Withheld`] if the event mask leaves the event out and the server does not let us ask; [`Error::NotBooted`] if
    /// the client's time-out is over, or nobody knows that the event cannot come; or if the client ends.
    pub async fn ready(&self) -> Result<(), Error> {
        let limit = self.shared().timeout;
        let late = |_| Err(Error::NotBooted(limit));
        timeout(limit, self.until_ready()).await.unwrap_or_else(late)
    }

    async fn until_ready(&self) -> Result<(), Error> {
        loop {
            let core = self.shared().core().await?;
            let mut booted = core.router.booted();
            let ready = tokio::select! {
                biased;
                _ = booted.wait_for(|&booted| booted) => Ok(()),
                ready = self.ask_whether_ready(&core) => ready,
                () = self.shared().lost(&core) => continue,
            };
            match ready {
                Err(Error::Disconnected { .. }) => {}
                ready => return ready,
            }
        }
    }

    /// Finds out in another way whether the server is ready, if the event cannot come; else it never ends.
    async fn ask_whether_ready(&self, core: &Arc<Core>) -> Result<(), Error> {
        let limit = self.shared().timeout;
        // A server that has booted said so before it answers this.
        match core.ask(&Action::new("Ping"), limit).await {
            Ok(_) | Err(Error::Rejected(_)) => {}
            Err(Error::Timeout { .. }) => return std::future::pending().await,
            Err(error) => return Err(error),
        }
        // It says so right after the login or not at all, whatever the mask is now.
        let Some(why) = self.withheld(core, core.mask.clone(), mask::SYSTEM).await else {
            return std::future::pending().await;
        };
        let wait = Action::new("Command").field("Command", "core waitfullybooted");
        match core.ask(&wait, limit).await.map(drop) {
            Err(Error::Rejected(_)) => Err(Error::Withheld { class: mask::SYSTEM.name, why }),
            // Our own time-out is about to say so.
            Err(Error::Timeout { .. }) => std::future::pending().await,
            ready => ready,
        }
    }

    /// What is known to keep events of a class from us.
    async fn withheld(
        &self,
        core: &Core,
        mask: Option<Arc<str>>,
        class: Class,
    ) -> Option<Withheld> {
        if let Some(mask) = mask.filter(|mask| !mask::admits(mask, class)) {
            return Some(Withheld::Mask(mask));
        }
        let read = core.read.get_or_try_init(|| self.ask_for_read(core)).await.ok()?;
        let read = read.as_deref()?;
        (!mask::allows(read, class)).then_some(Withheld::User)
    }

    /// The user's `read`, if the server tells.
    async fn ask_for_read(&self, core: &Core) -> Result<Option<Arc<str>>, Error> {
        let user = &self.shared().user;
        if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
            return Ok(None);
        }
        let show = Action::new("Command").field("Command", format!("manager show user {user}"));
        let answer = match core.ask(&show, self.shared().timeout).await {
            Ok(answer) => answer,
            Err(Error::Rejected(_) | Error::Action(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let read = answer.command_output().find_map(|line| {
            let line = str::from_utf8(line).ok()?.trim();
            line.strip_prefix("read perm:").map(str::trim)
        });
        Ok(read.map(Arc::from))
    }

    /// How the client stands with its server, now and from now on.
    ///
    /// What `borrow` and `wait_for` give of the receiver is a lock: the client waits with its next change for whoever holds
    /// it.
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

    /// Logs off and waits until the client has ended. Calls in flight end with [`Error::Disconnected`].
    ///
    /// # Errors
    ///
    /// If the server did not answer the logoff, or refused it, as it does while it shuts down. The client has ended all the
    /// same.
    pub async fn close(&self) -> Result<(), Error> {
        let answer = match self.shared().core_now() {
            Some(core) => core.ask(&Action::new("Logoff"), self.shared().timeout).await.map(drop),
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

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("banner", &self.banner()).finish_non_exhaustive()
    }
}
