//! The life cycle of a client: connect, log in, run the connection, report its end, wait, and
//! reconnect.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::config::{Config, Reconnect};
use crate::connection::dial::{Io, dial};
use crate::connection::login::Link;
use crate::connection::loss::{First, Loss};
use crate::connection::permissions::{self, Question};
use crate::connection::ready::{self, Unknown};
use crate::connection::run::{self, Keepalive};
use crate::connection::{Connection, filters};
use crate::error::{Disconnect, Error, LoginError};
use crate::state::{Handle, Shared};
use crate::wire::{Banner, EventClass, EventMask};

/// The shortest time-out of a login that is retried.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that is logged in.
pub(crate) struct LoggedIn {
    link: Link<Io>,
    banner: Banner,
    mask: Option<EventMask>,
    /// The random part of the ActionIDs.
    prefix: String,
    /// The times at which the login began and was done.
    dialled: Instant,
    at: Instant,
}

/// The future of a login.
pub(crate) type LoggingIn = dyn Future<Output = Result<LoggedIn, Error>> + Send;

/// The address, settings and policy for reconnecting.
struct Redial {
    address: String,
    config: Config,
    policy: Reconnect,
}

/// Logs in over an existing connection.
pub(crate) async fn log_in<T>(
    io: T,
    config: &Config,
    mask: Option<&EventMask>,
) -> Result<LoggedIn, Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let dialled = Instant::now();
    let (high, low) = Uuid::new_v4().as_u64_pair();
    // The two halves of a UUID have their fixed bits in different places. Combined, all 64 bits are
    // random.
    let prefix = format!("{:016x}", high ^ low.rotate_left(32));
    let io: Io = match &config.tap {
        Some(tap) => Box::new(tap.tee(io)),
        None => Box::new(io),
    };
    let mut link = Link::new(io, config.max_message);
    let id = format!("{prefix}-login");
    let login = link.log_in(config, mask, &id);
    let late = |_| Err(LoginError::Timeout(config.connect_timeout).into());
    let banner = timeout(config.connect_timeout, login).await.unwrap_or_else(late)?;
    tracing::debug!(banner = %banner.line().escape_ascii(), user = config.user, "logged in");
    Ok(LoggedIn { link, banner, mask: mask.cloned(), prefix, dialled, at: Instant::now() })
}

/// Connects and logs in.
pub(crate) async fn connect(
    address: &str,
    config: &Config,
    mask: Option<&EventMask>,
) -> Result<LoggedIn, Error> {
    let io = dial(address, config).await?;
    tracing::debug!(address, "connected");
    log_in(io, config, mask).await
}

/// Makes the first connection. Retries after a failure if the config says so.
pub(crate) async fn connect_first(
    shared: Arc<Shared>,
    address: String,
    config: Config,
) -> Result<LoggedIn, Error> {
    if !config.retries {
        return connect(&address, &config, config.events.as_ref()).await;
    }
    let redial = Redial::new(&address, &config);
    redial.keep_trying(&shared, &mut Waits::new(redial.policy)).await
}

/// Starts the task of a client that has logged in. The task ends when it is cancelled, or when a
/// connection ends and the client does not reconnect.
pub(crate) fn start(first: LoggedIn, handle: &Handle, config: &Config, address: Option<&str>) {
    let driver = Driver::new(handle, config);
    let redial = address.map(|address| Redial::new(address, config));
    let span = span(config, address);
    driver.shared.wishes().banner = first.banner.clone();
    let (connection, question) = driver.connection(&first, None);
    driver.shared.up(Arc::clone(&connection));
    let LoggedIn { link, at, .. } = first;
    tokio::spawn(driver.run(link, connection, question, at, redial).instrument(span));
}

/// Starts the task of a client that has not logged in yet. `first` is the first attempt, which is
/// followed by others if there is an address.
pub(crate) fn start_in_background(
    first: Pin<Box<LoggingIn>>,
    handle: &Handle,
    config: &Config,
    address: Option<&str>,
) {
    let driver = Driver::new(handle, config);
    let redial = address.map(|address| Redial::new(address, config));
    tokio::spawn(driver.run_in_background(first, redial).instrument(span(config, address)));
}

fn span(config: &Config, address: Option<&str>) -> tracing::Span {
    tracing::debug_span!("ami", address, user = config.user)
}

impl Redial {
    fn new(address: &str, config: &Config) -> Self {
        // Asterisk takes a second to refuse a login. A client with a shorter time-out would never
        // see the refusal and retry forever.
        let patience = config.connect_timeout.max(PATIENCE);
        let policy = config.reconnect.unwrap_or_default();
        let config = config.clone().connect_timeout(patience);
        Self { address: address.to_owned(), config, policy }
    }

    /// Notes that an attempt has failed. Another one follows.
    fn failed(&self, shared: &Shared, error: Error) {
        tracing::warn!(address = self.address, error = format!("{error:#}"), "connecting failed");
        shared.down(error);
    }

    /// Retries until a login succeeds, or fails with an error that is final.
    async fn keep_trying(&self, shared: &Shared, waits: &mut Waits) -> Result<LoggedIn, Error> {
        loop {
            shared.connecting();
            let mask = shared.wishes().mask;
            match connect(&self.address, &self.config, mask.as_ref()).await {
                Ok(logged_in) => return Ok(logged_in),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => self.failed(shared, error),
            }
            sleep(waits.next()).await;
        }
    }
}

struct Driver {
    shared: Arc<Shared>,
    keepalive: Keepalive,
    cancelled: CancellationToken,
}

/// A connection that has ended.
struct Ended {
    reason: Disconnect,
    /// The time of the login.
    begun: Instant,
    /// `true` if the server reported on this connection that it is fully booted.
    booted: bool,
    /// `true` if the server has reported this to the client on this connection or an earlier one.
    told: bool,
}

impl Ended {
    /// Returns the facts about the loss of this connection at `lost`, and about its successor.
    fn loss(&self, lost: Instant, next: &LoggedIn) -> Loss {
        let admits = |mask: &EventMask| mask.admits(EventClass::System);
        Loss {
            reason: self.reason.clone(),
            was_up: self.begun,
            lost,
            dialled: next.dialled,
            logged_in: next.at,
            tells_of_boot: self.booted && next.mask.as_ref().is_none_or(admits),
        }
    }
}

impl Driver {
    fn new(handle: &Handle, config: &Config) -> Self {
        let keepalive = Keepalive { idle: config.keepalive, limit: config.timeout };
        Self { shared: Arc::clone(&handle.shared), keepalive, cancelled: handle.cancel.clone() }
    }

    /// Creates a connection, and asks on it what the user may send.
    fn connection(
        &self,
        logged_in: &LoggedIn,
        loss: Option<Loss>,
    ) -> (Arc<Connection>, Option<Question>) {
        let LoggedIn { banner, mask, prefix, .. } = logged_in;
        let Shared { user, subscribers, counters, question, .. } = &*self.shared;
        subscribers.begin(user, *mask);
        let (subscribers, counters) = (Arc::clone(subscribers), Arc::clone(counters));
        let connection = Connection::new(user, prefix, banner, *mask, subscribers, counters, loss);
        let connection = Arc::new(connection);
        // A connection that has just begun takes every action.
        let question = question.and_then(|limit| Question::ask(&connection, limit).ok());
        if question.is_none() {
            connection.set_write(None);
        }
        (connection, question)
    }

    /// Runs a client until it ends. The end is reported even if the future is dropped, before its
    /// first poll or later.
    fn run(
        self,
        link: Link<Io>,
        connection: Arc<Connection>,
        question: Option<Question>,
        begun: Instant,
        redial: Option<Redial>,
    ) -> impl Future<Output = ()> {
        let session = self.session(link, Arc::clone(&connection));
        let shared = Arc::clone(&self.shared);
        let first = async move {
            let settled = async {
                settle(question).await;
                connection.tell_of_begin(First::Other);
                permissions::tell(&connection, &shared.subscribers, shared.timeout).await;
                std::future::pending().await
            };
            let reason = tokio::select! {
                biased;
                reason = session => reason,
                () = settled => Disconnect::Closed,
            };
            let booted = connection.is_booted();
            Ended { reason, begun, booted, told: booted }
        };
        let mut finish = Finish::new(&self.shared);
        async move {
            let ended = first.await;
            let waits = redial.as_ref().map(|redial| Waits::new(redial.policy));
            finish.because(self.live(ended, redial.zip(waits)).await);
        }
    }

    /// Makes the first connection, and runs the client until it ends. The end is reported as by
    /// [`run`](Self::run).
    fn run_in_background(
        self,
        first: Pin<Box<LoggingIn>>,
        redial: Option<Redial>,
    ) -> impl Future<Output = ()> {
        let mut finish = Finish::new(&self.shared);
        async move {
            let mut waits = redial.as_ref().map(|redial| Waits::new(redial.policy));
            let retries = redial.as_ref().zip(waits.as_mut());
            let logged_in = tokio::select! {
                logged_in = self.begin(first, retries) => logged_in,
                () = self.cancelled.cancelled() => return,
            };
            finish.because(match logged_in {
                Ok(logged_in) => {
                    let ended = self.again(logged_in, None).await;
                    self.live(ended, redial.zip(waits)).await
                }
                Err(error) => given_up(error),
            });
        }
    }

    /// Logs in for the first time.
    async fn begin(
        &self,
        first: Pin<Box<LoggingIn>>,
        retries: Option<(&Redial, &mut Waits)>,
    ) -> Result<LoggedIn, Error> {
        match (first.await, retries) {
            (Err(error), Some((redial, waits))) if !error.is_final() => {
                redial.failed(&self.shared, error);
                self.reconnect(redial, waits).await
            }
            (done, _) => done,
        }
    }

    fn session(
        &self,
        link: Link<Io>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Disconnect> + use<> {
        run::run(link, connection, self.keepalive, self.cancelled.clone())
    }

    /// Reconnects after the end of a connection, until the client ends.
    async fn live(&self, mut ended: Ended, redial: Option<(Redial, Waits)>) -> Disconnect {
        let reconnects = |redial: &(Redial, Waits)| redial.0.config.reconnect.is_some();
        let Some((redial, mut waits)) = redial.filter(reconnects) else { return ended.reason };
        loop {
            if matches!(ended.reason, Disconnect::Closed) || self.cancelled.is_cancelled() {
                return Disconnect::Closed;
            }
            if ended.begun.elapsed() >= redial.policy.stable {
                waits = Waits::new(redial.policy);
            }
            let (reason, lost) = (ended.reason.clone(), Instant::now());
            tracing::warn!(reason = format!("{reason:#}"), "the connection is lost");
            self.shared.down(Error::Lost(reason));
            let logged_in = tokio::select! {
                logged_in = self.reconnect(&redial, &mut waits) => logged_in,
                () = self.cancelled.cancelled() => return Disconnect::Closed,
            };
            ended = match logged_in {
                Ok(logged_in) => self.again(logged_in, Some((&ended, lost))).await,
                Err(error) => return given_up(error),
            };
        }
    }

    /// Waits, and retries as [`Redial::keep_trying`] does.
    async fn reconnect(&self, redial: &Redial, waits: &mut Waits) -> Result<LoggedIn, Error> {
        sleep(waits.next()).await;
        redial.keep_trying(&self.shared, waits).await
    }

    /// Runs a connection that was made in the background: one that replaces a lost one, `former`
    /// with the time of its loss, or the first one.
    async fn again(&self, logged_in: LoggedIn, former: Option<(&Ended, Instant)>) -> Ended {
        let begun = logged_in.at;
        let loss = former.map(|(former, lost)| former.loss(lost, &logged_in));
        // A user that got `FullyBooted` before gets it again.
        let told = former.is_some_and(|(former, _)| former.told);
        let unknown = if told { Unknown::Wait } else { Unknown::GiveUp };
        let (connection, question) = self.connection(&logged_in, loss);
        let wishes = {
            let mut wishes = self.shared.wishes();
            wishes.banner = logged_in.banner;
            wishes.clone()
        };
        self.shared.logged_in(&connection);
        if former.is_some() {
            self.shared.counters.reconnects.add(1);
            tracing::info!("connected again");
        }
        let restored = async {
            self.shared.booting(self.shared.timeout);
            settle(question).await;
            filters::restore(&connection, &wishes.filters, self.shared.timeout).await;
            self.until_booted(&connection, unknown).await;
            connection.tell_of_begin(First::Other);
            self.shared.up(Arc::clone(&connection));
            let Shared { subscribers, timeout, .. } = &*self.shared;
            permissions::tell(&connection, subscribers, *timeout).await;
            std::future::pending().await
        };
        let reason = tokio::select! {
            // The session is polled first: data that came with the answer to the login may say that
            // the server is booted.
            biased;
            reason = self.session(logged_in.link, Arc::clone(&connection)) => reason,
            () = restored => Disconnect::Closed,
        };
        // The connection may have ended before `restored` could report the loss.
        connection.tell_of_begin(First::Other);
        let booted = connection.is_booted();
        Ended { reason, begun, booted, told: booted || told }
    }

    /// Waits until the server is booted, at most for the client's time-out. The server may have
    /// been restarted, and would refuse actions whose modules are not loaded. Where the boot cannot
    /// be observed, a `Ping` has been answered by now, and the wait ends.
    async fn until_booted(&self, connection: &Arc<Connection>, unknown: Unknown) {
        let limit = &self.shared.timeout;
        match timeout(*limit, ready::booted(connection, *limit, unknown)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(error = format!("{error:#}"), "nobody knows whether it has booted");
            }
            Err(_) => tracing::warn!(?limit, "the server does not say that it has booted"),
        }
    }
}

async fn settle(question: Option<Question>) {
    if let Some(question) = question {
        question.settle().await;
    }
}

/// Returns the end of a client whose login failed for good.
fn given_up(error: Error) -> Disconnect {
    tracing::error!(error = format!("{error:#}"), "given up");
    Disconnect::Refused(Arc::new(error))
}

/// A guard that closes the client when it is dropped.
struct Finish {
    shared: Arc<Shared>,
    reason: Disconnect,
}

impl Finish {
    fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), reason: Disconnect::Closed }
    }

    fn because(&mut self, reason: Disconnect) {
        self.reason = reason;
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        tracing::debug!(reason = format!("{:#}", self.reason), "the client ended");
        self.shared.close(&self.reason);
    }
}

/// The growing waits before the attempts to reconnect.
struct Waits {
    next: Duration,
    limit: Duration,
}

impl Waits {
    fn new(policy: Reconnect) -> Self {
        Self { next: policy.first, limit: policy.limit }
    }

    fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.limit);
        wait - wait.mul_f64(random() / 2.0)
    }
}

/// Returns a random number from 0 to 1.
fn random() -> f64 {
    let (bits, _) = Uuid::new_v4().as_u64_pair();
    // The upper 32 bits of a version 4 UUID are all random.
    (bits >> 32) as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_vary() {
        let policy = Reconnect::default().wait(Duration::from_secs(1), Duration::from_secs(7));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..20 {
            let mut waits = Waits::new(policy);
            for full in [1, 2, 4, 7, 7].map(Duration::from_secs) {
                let wait = waits.next();
                assert!(full / 2 <= wait && wait <= full, "{wait:?} of {full:?}");
                seen.insert(wait);
            }
        }
        assert!(seen.len() > 50);
    }
}
