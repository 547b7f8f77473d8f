//! A server of a test.

use std::collections::HashSet;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ami::{Client, Event};
use instance::Instance;
use tokio::sync::watch;

use crate::matcher::Matcher;
use crate::tail;
use crate::watch::{Open, Watch};

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
    open: Arc<Open>,
    /// The server's log, and how long it was when the server was up.
    log: (PathBuf, u64),
    may_end: AtomicBool,
    /// The channels that events told of and that have not hung up.
    channels: watch::Sender<HashSet<Vec<u8>>>,
}

impl Ast {
    /// A server that has booted, with the test's own connection to it.
    pub(super) fn new(instance: Instance, client: Client, open: Arc<Open>) -> Self {
        let log = instance.log().path().to_owned();
        // What was said of the boot is said.
        let said = std::fs::metadata(&log).map_or(0, |it| it.len());
        let inner = AstInner {
            number: instance.sandbox().number(),
            instance,
            client,
            open,
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

    /// Waits for events, from this call on. If the test ends while one is awaited, it is told that none came, and what came
    /// nearest.
    pub fn watch(&self, matcher: Matcher) -> Watch {
        Watch::new(self.ami(), matcher, self.number(), &self.inner.open)
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
        let change = match event.name() {
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

    /// The channels that are up, as events tell: what a channel said before its end has come when it is not there any more.
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
