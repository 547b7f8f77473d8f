//! A server of a test.

use std::collections::HashSet;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use ami::{Client, Event, Originate, Originated};
use instance::Instance;
use tokio::sync::watch;

use super::{Shared, TestCase};
use crate::case::tail;
use crate::case::watch::Watch;
use crate::matching::Matcher;

/// A server of the test, and the test's connection to it. A clone is the same.
#[derive(Clone, Debug)]
pub struct Ast {
    inner: Arc<AstInner>,
}

#[derive(Debug)]
struct AstInner {
    number: u32,
    instance: Instance,
    client: Client,
    test: Weak<Shared>,
    /// The server's log, and how long it was when the server was up.
    log: (PathBuf, u64),
    may_end: AtomicBool,
    /// The channels that events told of and that have not hung up.
    channels: watch::Sender<HashSet<Vec<u8>>>,
}

impl Ast {
    /// A server that has booted, with the test's own connection to it.
    pub(super) fn new(instance: Instance, client: Client, test: &TestCase) -> Self {
        let log = instance.log().path().to_owned();
        // What was said of the boot is said.
        let said = std::fs::metadata(&log).map_or(0, |it| it.len());
        let inner = AstInner {
            number: instance.sandbox().number(),
            instance,
            client,
            test: Arc::downgrade(&test.shared),
            log: (log, said),
            may_end: AtomicBool::new(false),
            channels: watch::Sender::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The number of the server in the test, from 1.
    pub fn number(&self) -> u32 {
        self.inner.number
    }

    /// The test's own AMI connection. What the server says there is recorded.
    pub fn ami(&self) -> &Client {
        &self.inner.client
    }

    /// The server.
    pub fn instance(&self) -> &Instance {
        &self.inner.instance
    }

    /// Waits for events, from this call on. If the test ends while one is awaited, it is told that
    /// none came, and what came nearest.
    pub fn watch(&self, matcher: Matcher) -> Watch {
        let open = self.test().map(|test| Arc::clone(&test.shared.open)).unwrap_or_default();
        Watch::new(self.ami(), matcher, self.number(), &open)
    }

    /// Places a call, and waits until it is answered or has failed. `None` if it was not answered,
    /// which is a note of the test and no error: a dialplan can say all that a test waits for
    /// and never answer. Otherwise as [`Client::originate`].
    ///
    /// Dropping the future does not hang up.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent, the server refuses it (a context without that extension, a
    /// user without that permission), or the connection ends.
    pub async fn originate(&self, originate: Originate) -> Result<Option<Originated>, ami::Error> {
        match self.ami().originate(originate).await {
            Ok(originated) => Ok(Some(originated)),
            Err(ami::Error::Originate { reason, event }) => {
                if let Some(test) = self.test() {
                    let channel = event.text("Channel").unwrap_or_default();
                    let number = self.number();
                    test.note(format!("Asterisk {number}: {channel} was not answered: {reason}"));
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The test, unless it is over.
    fn test(&self) -> Option<TestCase> {
        Some(TestCase { shared: self.inner.test.upgrade()? })
    }

    /// Says that the server may end in the middle of the test.
    pub fn may_end(&self) {
        self.inner.may_end.store(true, Ordering::Relaxed);
    }

    /// The last lines of its log, from when it was up: what the dialplan did, and what went wrong.
    pub(super) fn last_lines(&self) -> Vec<String> {
        const LAST: usize = 12;
        const LEVELS: [&str; 4] = ["] VERBOSE[", "] NOTICE[", "] WARNING[", "] ERROR["];
        let (log, said) = &self.inner.log;
        let is_told = |line: &str| LEVELS.iter().any(|level| line.contains(level));
        let last = tail::last_lines(log, *said, LAST, is_told);
        last.into_iter().map(|line| format!("ast{}: {line}", self.number())).collect()
    }

    /// Takes note of the channels that come and go.
    pub(super) fn count_channels(&self, event: &Event) {
        let change = match event.head() {
            b"Newchannel" => HashSet::insert,
            b"Hangup" => |channels: &mut HashSet<_>, id| channels.remove(&id),
            _ => return,
        };
        if let Some(id) = event.get("Uniqueid") {
            self.inner.channels.send_modify(|channels| {
                change(channels, id.to_vec());
            });
        }
    }

    /// The channels that are up, as events tell: what a channel said before its end has come when
    /// it is not there any more.
    pub(super) fn channels_told(&self) -> watch::Receiver<HashSet<Vec<u8>>> {
        self.inner.channels.subscribe()
    }

    pub(super) fn is_let_go(&self) -> bool {
        self.inner.may_end.load(Ordering::Relaxed)
    }

    /// Waits until the server has ended though it must not.
    pub(super) async fn ended(&self) -> ExitStatus {
        let status = self.inner.instance.exited().await;
        // One that a test stopped by a command has ended well.
        if status.success() || self.is_let_go() {
            std::future::pending::<()>().await;
        }
        status
    }
}

impl Deref for Ast {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        self.instance()
    }
}
