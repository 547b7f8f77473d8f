//! Waiting for the events that a test expects.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use ami::{Disconnect, Event, Matcher};
use tokio::time::timeout;

use crate::instance::Instance;
use crate::instance::errors;
use crate::instance::journal::Account;
use crate::instance::life::Life;
use crate::readable;

/// The longest wait from the end of the connection, which ends with the server, to the end of the
/// server.
const DYING: Duration = Duration::from_millis(500);

impl Instance {
    /// Waits for an event that matches a description, and returns it. The events of the current
    /// boot count, whether they came before the call or come within the time-out: a test can make a
    /// call first, and then say what it expects of it.
    ///
    /// Each event is returned once. Events that do not match stay for later calls, so the order in
    /// which different events are expected does not matter. Of several calls that wait for the same
    /// event at the same time, any one gets it.
    ///
    /// ```no_run
    /// # async fn f(instance: instance::Instance) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use instance::ami::{Matcher, Originate};
    ///
    /// let call = Originate::to_extension("Local/s@default", "default", "answering", 1);
    /// instance.ami().originate(call).await?;
    /// let passed = Matcher::event("UserEvent").header("UserEvent", "Result");
    /// let event = instance.expect(passed, Duration::from_secs(5)).await?;
    /// assert_eq!(event.text("Status").as_deref(), Some("pass"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error at the time-out, counted from the first poll, and at once if the server or
    /// the connection ends, if the server was booted [without AMI](crate::Builder::without_ami),
    /// and if no events are [kept](crate::Builder::journal). The error tells which events came near
    /// to the description, the last steps of the dialplan, and the last errors and warnings of the
    /// log.
    ///
    /// # Cancel safety
    ///
    /// A call that is given up takes no event. A later call gets the time-out anew.
    pub async fn expect(
        &self,
        matcher: impl Borrow<Matcher>,
        timeout: Duration,
    ) -> Result<Event, ExpectError> {
        let (life, matcher) = (self.life(), matcher.borrow());
        let failure = match life.expect(matcher, timeout).await {
            Ok(event) => return Ok(event),
            Err(failure) => failure,
        };
        let log = self.sandbox.log();
        let account = life.journal.as_ref().map(|journal| journal.account(matcher));
        let Account { events, dialplan, dropped } = account.unwrap_or_default();
        let mut last_words = self.configuration_warnings();
        last_words.extend(errors::serious(&log, life.before.length_when_ready(&log)));
        Err(ExpectError {
            number: self.sandbox.number(),
            expected: matcher.to_string(),
            failure,
            events,
            dialplan,
            dropped,
            last_words,
        })
    }
}

impl Life {
    async fn expect(&self, matcher: &Matcher, limit: Duration) -> Result<Event, ExpectFailure> {
        if self.client.is_none() {
            return Err(ExpectFailure::NoAmi);
        }
        let journal = self.journal.as_ref().ok_or(ExpectFailure::NoJournal)?;
        match timeout(limit, journal.take(matcher)).await {
            Ok(Some(event)) => Ok(event),
            Ok(None) => Err(self.end_of_events().await),
            Err(_) => Err(ExpectFailure::Timeout(limit)),
        }
    }

    /// Returns the reason for which no events come any more.
    async fn end_of_events(&self) -> ExpectFailure {
        if let Ok(status) = timeout(DYING, self.process.exited()).await {
            return ExpectFailure::Exited(status);
        }
        match &self.client {
            Some(client) => ExpectFailure::Disconnected(client.ended().await),
            None => ExpectFailure::NoAmi,
        }
    }
}

/// The error of an event that was expected and did not come. It is displayed with its conclusion
/// first and the evidence below; `Debug`, which tests that return errors print, adds the cause.
#[derive(Clone)]
pub struct ExpectError {
    /// The number of the instance in its run.
    pub number: u32,
    /// The description of the event.
    pub expected: String,
    /// The reason of the failure.
    pub failure: ExpectFailure,
    /// The events of that name, the nearest first, each with the headers that differ; or that
    /// there were none.
    pub events: Vec<String>,
    /// The last steps of the dialplan, of all channels, if the server reported any.
    pub dialplan: Vec<String>,
    /// The number of events that were [dropped](crate::Builder::journal) before this call.
    pub dropped: u64,
    /// The warnings of how the server read its configuration, and the last lines of level ERROR
    /// and WARNING in the log since the boot.
    pub last_words: Vec<String>,
}

impl fmt::Display for ExpectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, expected, failure, .. } = self;
        write!(f, "instance {number}: expected {expected}: {failure}")?;
        let mut part = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                write!(f, "\n  {title}:")?;
            }
            lines.iter().try_for_each(|line| write!(f, "\n    {line}"))
        };
        part("events", &self.events)?;
        part("last steps of the dialplan", &self.dialplan)?;
        part("last errors and warnings of the server", &self.last_words)?;
        match self.dropped {
            0 => Ok(()),
            dropped => write!(
                f,
                "\n  {dropped} earlier events were dropped; `Builder::journal` sets how many are kept"
            ),
        }
    }
}

impl fmt::Debug for ExpectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

impl Error for ExpectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}

/// The reason for which an expected event was not returned.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectFailure {
    /// The time-out.
    #[error("none came within {0:?}")]
    Timeout(Duration),
    /// The server ended.
    #[error("the server has ended ({0})")]
    Exited(ExitStatus),
    /// The connection ended, and the server runs.
    #[error("the AMI connection has ended")]
    Disconnected(#[source] Disconnect),
    /// The server was booted without AMI.
    #[error("the server was booted without AMI (`Builder::without_ami`), so it has no events")]
    NoAmi,
    /// No events are kept.
    #[error("no events are kept (`Builder::journal(0)`)")]
    NoJournal,
}
