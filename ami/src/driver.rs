//! The life of a client: connect, log in, run the connection, tell everybody of its end, wait, and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::codec::Banner;
use crate::config::{Config, Reconnect};
use crate::dial::{Io, dial};
use crate::error::{Disconnect, Error, LoginError};
use crate::login::Link;
use crate::outbox::Outbox;
use crate::router::Router;
use crate::server_filter;
use crate::session::{self, Core, Keepalive};
use crate::shared::Shared;

/// How long a login may take at least, when there is nobody who waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that is logged in.
pub(crate) struct LoggedIn {
    link: Link<Io>,
    banner: Banner,
    mask: Option<Arc<str>>,
    /// The random part of the ActionIDs.
    prefix: String,
}

/// Where to connect again, and how.
struct Redial {
    address: String,
    config: Config,
    policy: Reconnect,
}

/// Logs in over a connection that is there.
pub(crate) async fn log_in<T>(io: T, config: &Config, mask: Option<&str>) -> Result<LoggedIn, Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (high, low) = Uuid::new_v4().as_u64_pair();
    // The two halves have their fixed bits in different places; together all 64 bits are random.
    let prefix = format!("{:016x}", high ^ low.rotate_left(32));
    let mut link = Link::new(Box::new(io) as Io, config.max_message);
    let id = format!("{prefix}-login");
    let login = link.log_in(config, mask, &id);
    let late = |_| Err(LoginError::Timeout(config.connect_timeout).into());
    let banner = timeout(config.connect_timeout, login).await.unwrap_or_else(late)?;
    tracing::debug!(banner = %banner.line().escape_ascii(), user = config.user, "logged in");
    Ok(LoggedIn { link, banner, mask: mask.map(Arc::from), prefix })
}

/// Connects and logs in.
pub(crate) async fn connect(
    address: &str,
    config: &Config,
    mask: Option<&str>,
) -> Result<LoggedIn, Error> {
    let io = dial(address, config).await?;
    tracing::debug!(address, "connected");
    log_in(io, config, mask).await
}

/// Starts the task of a client. It ends when it is cancelled, and with a connection that is not to be made anew.
pub(crate) fn start(
    first: LoggedIn,
    config: &Config,
    address: Option<&str>,
    cancelled: CancellationToken,
) -> Arc<Shared> {
    let shared = Arc::new(Shared::new(config, first.banner.clone()));
    let redial = address.zip(config.reconnect).map(|(address, policy)| {
        // The server takes a second to refuse a login. A client that does not wait for that would try for ever.
        let patience = config.connect_timeout.max(PATIENCE);
        let config = config.clone().connect_timeout(patience);
        Redial { address: address.to_owned(), config, policy }
    });
    let keepalive = Keepalive { idle: config.keepalive, limit: config.timeout };
    let driver = Driver { shared: Arc::clone(&shared), keepalive, cancelled };
    let span = tracing::debug_span!("ami", address, user = config.user);
    let core = driver.core(&first);
    shared.up(Arc::clone(&core));
    tokio::spawn(driver.run(first.link, core, redial).instrument(span));
    shared
}

struct Driver {
    shared: Arc<Shared>,
    keepalive: Keepalive,
    cancelled: CancellationToken,
}

impl Driver {
    fn core(&self, logged_in: &LoggedIn) -> Arc<Core> {
        let LoggedIn { banner, mask, prefix, .. } = logged_in;
        let Shared { subscribers, counters, .. } = &*self.shared;
        let router = Router::new(prefix, banner, Arc::clone(subscribers), Arc::clone(counters));
        Arc::new(Core::new(Outbox::new(prefix.clone()), router, mask.clone()))
    }

    /// The whole life of a client. Its end is told also if the future is dropped, before its first poll or later.
    fn run(
        self,
        link: Link<Io>,
        core: Arc<Core>,
        redial: Option<Redial>,
    ) -> impl Future<Output = ()> {
        let first = self.session(link, core);
        let mut finish = Finish { shared: Arc::clone(&self.shared), reason: Disconnect::Closed };
        async move {
            let reason = self.live(first, redial).await;
            finish.because(reason);
        }
    }

    fn session(&self, link: Link<Io>, core: Arc<Core>) -> impl Future<Output = Disconnect> + use<> {
        let counters = Arc::clone(&self.shared.counters);
        session::run(link, core, counters, self.keepalive, self.cancelled.clone())
    }

    async fn live(
        &self,
        first: impl Future<Output = Disconnect>,
        redial: Option<Redial>,
    ) -> Disconnect {
        let mut begun = Instant::now();
        let mut reason = first.await;
        let Some(redial) = redial else { return reason };
        let mut waits = Waits::new(redial.policy);
        loop {
            if matches!(reason, Disconnect::Closed) || self.cancelled.is_cancelled() {
                return Disconnect::Closed;
            }
            if begun.elapsed() >= redial.policy.stable {
                waits = Waits::new(redial.policy);
            }
            tracing::warn!(%reason, "the connection is lost");
            self.shared.down(Error::Lost(reason.clone()));
            let logged_in = tokio::select! {
                logged_in = self.reconnect(&redial, &mut waits) => logged_in,
                () = self.cancelled.cancelled() => return Disconnect::Closed,
            };
            let logged_in = match logged_in {
                Ok(logged_in) => logged_in,
                Err(error) => return Disconnect::Refused(Arc::new(error)),
            };
            begun = Instant::now();
            reason = self.again(logged_in, &reason).await;
        }
    }

    /// Tries until there is a connection, or the server refuses for good.
    async fn reconnect(&self, redial: &Redial, waits: &mut Waits) -> Result<LoggedIn, Error> {
        loop {
            sleep(waits.next()).await;
            self.shared.connecting();
            let mask = self.shared.wishes().mask.clone();
            match connect(&redial.address, &redial.config, mask.as_deref()).await {
                Ok(logged_in) => return Ok(logged_in),
                Err(error) if is_final(&error) => {
                    tracing::error!(%error, "given up");
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(%error, "connecting again failed");
                    self.shared.down(error);
                }
            }
        }
    }

    /// Runs a connection that stands in for one that was lost.
    async fn again(&self, logged_in: LoggedIn, lost: &Disconnect) -> Disconnect {
        let core = self.core(&logged_in);
        let wishes = {
            let mut wishes = self.shared.wishes();
            wishes.banner = logged_in.banner;
            wishes.clone()
        };
        self.shared.counters.reconnects.add(1);
        // Before the first of the new events.
        self.shared.subscribers.gap(lost);
        tracing::info!("connected again");
        let restored = async {
            server_filter::restore(&core, &wishes.filters, self.shared.timeout).await;
            self.shared.up(Arc::clone(&core));
            std::future::pending().await
        };
        tokio::select! {
            reason = self.session(logged_in.link, Arc::clone(&core)) => reason,
            () = restored => Disconnect::Closed,
        }
    }
}

/// Tells everybody of the end.
struct Finish {
    shared: Arc<Shared>,
    reason: Disconnect,
}

impl Finish {
    fn because(&mut self, reason: Disconnect) {
        self.reason = reason;
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        tracing::debug!(reason = %self.reason, "the client ended");
        self.shared.close(&self.reason);
    }
}

/// Whether it makes no sense to try again, or would do harm: servers run programs that ban whoever fails to log in.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Login(LoginError::Refused(response)) => {
            let passing = ["Asterisk is shutting down", "Login Already In Use"];
            !passing.iter().any(|text| response.message().contains(text))
        }
        Error::Action(_) => true,
        _ => false,
    }
}

/// The waits before the attempts to connect.
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

/// A random number from 0 to 1.
fn random() -> f64 {
    let (bits, _) = Uuid::new_v4().as_u64_pair();
    // The upper 32 bits are all random.
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
