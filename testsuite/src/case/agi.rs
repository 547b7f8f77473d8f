//! FastAGI: requests of a test's servers.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ami::agi::{FastAgiError, FastSession};

use super::{Failure, TestCase};
use crate::job::Reason;

/// The requests that are awaited, by the address of the listener: how many have come, and what came
/// that was none.
#[derive(Debug, Default)]
struct Awaited(BTreeMap<SocketAddr, (usize, Vec<String>)>);

/// The listeners at which a test waits for a request.
#[derive(Debug, Default)]
pub(super) struct OpenRequests(Mutex<Awaited>);

impl OpenRequests {
    fn lock(&self) -> MutexGuard<'_, Awaited> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was awaited and did not come.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let reason = |(address, (count, others)): (&SocketAddr, &(usize, Vec<String>))| {
            let which = if *count == 0 { "no request" } else { "no other request" };
            let what = format!("FastAGI: {which} came to {address}, {count} before");
            Reason { what, details: others.clone() }
        };
        self.lock().0.iter().map(reason).collect()
    }
}

/// The number of connections without a request that a failure tells.
const OTHERS: usize = 20;

/// A listener for the FastAGI requests of a test's servers. [`TestCase::fast_agi`] makes it.
#[derive(Debug)]
pub struct FastAgi {
    listener: ami::agi::FastAgi,
    count: usize,
    /// Connections that were no requests.
    others: Vec<String>,
    open: Arc<OpenRequests>,
}

impl FastAgi {
    /// Returns the address, which a dialplan names as `agi://127.0.0.1/script`.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Waits for the next request. If the test ends while one is awaited, it is told that none
    /// came. A connection that is no request is a note of that failure, and not returned. Cancel
    /// safe: no request is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the system does not give out a connection.
    pub async fn next(&mut self) -> Result<FastSession, FastAgiError> {
        let address = self.address();
        loop {
            let awaited = Guard::new(&self.open, address, self.count, &self.others);
            let next = self.listener.next().await;
            drop(awaited);
            match next {
                Ok(session) => {
                    self.count += 1;
                    return Ok(session);
                }
                Err(problem @ FastAgiError::Request { .. }) => {
                    // One that connects again and again must not fill the memory.
                    if self.others.len() < OTHERS {
                        self.others.push(problem.to_string());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// An entry for as long as somebody waits.
struct Guard<'a> {
    open: &'a OpenRequests,
    address: SocketAddr,
}

impl<'a> Guard<'a> {
    fn new(open: &'a OpenRequests, address: SocketAddr, count: usize, others: &[String]) -> Self {
        open.lock().0.insert(address, (count, others.to_vec()));
        Self { open, address }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.open.lock().0.remove(&self.address);
    }
}

impl TestCase {
    /// Listens for the FastAGI requests of a server, by its number from 1: at port 4573 of the
    /// address that it has in the test's network, 127.0.0.1 for the first one, where
    /// `agi://127.0.0.1` of a dialplan leads. Call it before the servers boot if their dialplan
    /// starts by itself.
    ///
    /// ```no_run
    /// use testsuite::ami::Originate;
    /// use testsuite::{TestCase, TestResult};
    ///
    /// /// `exten => s,1,AGI(agi://127.0.0.1/greet?name=Ann)`
    /// async fn greets(test: TestCase) -> TestResult {
    ///     let mut requests = test.fast_agi(1).await?;
    ///     test.start().await?;
    ///     test.originate(Originate::to_application("Local/s@default", "Echo", ""));
    ///     let session = requests.next().await?;
    ///     assert_eq!(session.request().query("name"), Some("Ann"));
    ///     session.set_variable("GREETED", "yes").await?;
    ///     session.end().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the port is taken, as by another listener of the test. Where tests have
    /// no network of their own, another program can have it.
    pub async fn fast_agi(&self, number: u8) -> Result<FastAgi, Failure> {
        let address = Ipv4Addr::new(127, 0, 0, number);
        let port = ami::agi::FastAgi::PORT;
        let failed =
            |error: io::Error| format!("FastAGI cannot listen on {address}:{port}: {error}");
        let listener = ami::agi::FastAgi::bind((address, port)).await.map_err(failed)?;
        let open = Arc::clone(&self.shared.requests);
        Ok(FastAgi { listener, count: 0, others: Vec::new(), open })
    }
}
