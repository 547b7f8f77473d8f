//! A server of a test.

use std::collections::HashSet;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ami::{Action, Client, Event, EventClass, Matcher, Originate, Originated};
use instance::{Instance, Stopped};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::verdict::Verdict;
use super::watch::{OpenWatches, Watch};
use super::{Failure, TestCase};
use crate::case::call::not_answered;
use crate::case::tail;
use crate::files::Id;
use crate::matching::Fields;

/// A server of the test, and the test's connection to it. A clone is the same.
#[derive(Clone, Debug)]
pub struct Ast {
    inner: Arc<AstInner>,
}

#[derive(Debug)]
struct AstInner {
    number: u32,
    server: Backing,
    client: Client,
    /// The verdict of the test so far.
    verdict: Arc<Verdict>,
    /// The events that the test waits for.
    open: Arc<OpenWatches>,
    /// The server's log, and how long it was when the server was up.
    log: (PathBuf, u64),
    may_end: AtomicBool,
    /// The channels and records of calls that events told of and that have not come to an end.
    calls: watch::Sender<Calls>,
    fence: Fence,
    restarts: Restarts,
    /// The server has ended for good.
    over: CancellationToken,
}

/// The calls of a server, as its events tell.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The channels that have not hung up.
    channels: HashSet<Vec<u8>>,
    /// The ids of calls whose records (CEL) have not come to an end.
    records: HashSet<Vec<u8>>,
}

impl Calls {
    /// Returns whether all channels have hung up.
    pub(super) fn are_over(&self) -> bool {
        self.channels.is_empty()
    }

    /// Returns whether the records of all calls have come to an end.
    pub(super) fn are_recorded(&self) -> bool {
        self.records.is_empty()
    }
}

/// The channel on which a server works off messages that are part of no call (`main/message.c`).
/// From the first message on it is there until the server ends.
pub(super) const MESSAGES: &[u8] = b"Message/ast_msg_queue";

/// The restarts of a server in the middle of the test.
#[derive(Debug, Default)]
struct Restarts {
    /// The number of those that are under way.
    open: AtomicU32,
    /// One is done.
    done: Notify,
}

/// A restart under way.
struct Restarting<'a>(&'a Restarts);

impl<'a> Restarting<'a> {
    fn new(restarts: &'a Restarts) -> Self {
        restarts.open.fetch_add(1, Ordering::SeqCst);
        Self(restarts)
    }
}

impl Drop for Restarting<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.done.notify_waiters();
    }
}

/// The server of a test.
#[derive(Debug)]
enum Backing {
    Server(Box<Instance>),
    /// A test of components alone has a scripted peer instead.
    #[cfg(test)]
    Peer,
}

/// A value that a global variable is set to, so that the event which tells of it comes behind all
/// events before it: actions are answered by another way than events come.
#[derive(Debug, Default)]
struct Fence {
    /// The value that is awaited.
    value: Mutex<Option<String>>,
    has_come: Notify,
}

/// The time that the test's own connection may take to come back when a server has been restarted.
const BACK: Duration = Duration::from_secs(30);

/// The variable that a fence sets.
const FENCE: &str = "TESTSUITE_FENCE";

impl Ast {
    /// A server that has booted, with the test's own connection to it.
    pub(super) fn new(instance: Instance, client: Client, test: &TestCase) -> Self {
        let log = instance.log().path().to_owned();
        // What was said of the boot is said.
        let said = std::fs::metadata(&log).map_or(0, |it| it.len());
        let inner = AstInner {
            number: instance.sandbox().number(),
            server: Backing::Server(Box::new(instance)),
            client,
            verdict: Arc::clone(&test.shared.verdict),
            open: Arc::clone(&test.shared.open),
            log: (log, said),
            may_end: AtomicBool::new(false),
            calls: watch::Sender::default(),
            fence: Fence::default(),
            restarts: Restarts::default(),
            over: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A connection without a server.
    #[cfg(test)]
    pub(super) fn alone(number: u32, client: Client, test: &TestCase) -> Self {
        let inner = AstInner {
            number,
            server: Backing::Peer,
            client,
            verdict: Arc::clone(&test.shared.verdict),
            open: Arc::clone(&test.shared.open),
            log: (PathBuf::new(), 0),
            may_end: AtomicBool::new(false),
            calls: watch::Sender::default(),
            fence: Fence::default(),
            restarts: Restarts::default(),
            over: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The number of the server in the test, from 1.
    pub fn number(&self) -> u32 {
        self.inner.number
    }

    /// The server as YAML numbers it, from 0.
    pub fn id(&self) -> Id {
        Id::of(self.inner.number)
    }

    /// The test's own AMI connection. What the server says there is recorded.
    pub fn ami(&self) -> &Client {
        &self.inner.client
    }

    /// The server.
    pub fn instance(&self) -> &Instance {
        match &self.inner.server {
            Backing::Server(instance) => instance,
            #[cfg(test)]
            Backing::Peer => panic!("a test of components has no server"),
        }
    }

    /// Waits for events, from this call on. If the test ends while one is awaited, it is told that
    /// none came, and what came nearest.
    pub fn watch(&self, matcher: Matcher) -> Watch {
        Watch::new(self.ami(), matcher, self.number(), &self.inner.open)
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
                self.inner.verdict.note(not_answered(self.number(), &reason, &event));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Restarts the server, as [`Instance::restart`] does, and waits until the test's own
    /// connection to it is back. Components hear of that by
    /// [`Happening::Reconnected`](crate::Happening::Reconnected); what the server says before it is
    /// logged in to again is missing.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not boot, or if the connection is not back within 30 s.
    pub async fn restart(&self) -> Result<Stopped, Failure> {
        let _restarting = Restarting::new(&self.inner.restarts);
        let mut state = self.ami().state();
        state.mark_unchanged();
        let stopped = self.instance().restart().await?;
        let back = async {
            // The connection to the server that has ended may still seem to be up.
            while state.changed().await.is_ok() {
                let state = state.borrow_and_update();
                if state.is_up() || state.is_closed() {
                    return state.is_up();
                }
            }
            false
        };
        match timeout(BACK, back).await {
            Ok(true) => Ok(stopped),
            _ => {
                let (number, state) = (self.number(), self.ami().state().borrow().clone());
                Err(format!("no login to Asterisk {number} after its restart: {state:#}").into())
            }
        }
    }

    /// Returns whether the server is being restarted.
    pub(super) fn is_restarting(&self) -> bool {
        self.inner.restarts.open.load(Ordering::SeqCst) > 0
    }

    /// Says that the server has ended for good.
    pub(super) fn set_over(&self) {
        self.inner.over.cancel();
    }

    /// Waits until the server has ended for good.
    pub(super) async fn over(&self) {
        self.inner.over.cancelled().await;
    }

    /// Says that the server may end in the middle of the test.
    pub fn may_end(&self) {
        self.inner.may_end.store(true, Ordering::Relaxed);
    }

    /// Returns what the server left out of its configuration, and the last lines of the log from
    /// when the server was up: first errors and warnings, which tell most, then what the dialplan
    /// did.
    pub(super) fn last_lines(&self) -> Vec<String> {
        const WRONG: [&str; 2] = ["] ERROR[", "] WARNING["];
        const DONE: [&str; 2] = ["] NOTICE[", "] VERBOSE["];
        let (log, said) = &self.inner.log;
        let last = |levels: [&str; 2]| {
            let is_told = |line: &str| levels.iter().any(|level| line.contains(level));
            tail::last_lines(log, *said, 6, is_told)
        };
        let unread = self.instance().configuration_warnings();
        let lines = unread.into_iter().chain(last(WRONG)).chain(last(DONE));
        lines.map(|line| format!("ast{}: {line}", self.number())).collect()
    }

    /// Takes note of the channels that come and go, and of the beginning and end of the records
    /// (CEL) of calls.
    pub(super) fn follow_calls(&self, event: &Event) {
        type Set = fn(&mut Calls) -> &mut HashSet<Vec<u8>>;
        let (channels, records): (Set, Set) = (|it| &mut it.channels, |it| &mut it.records);
        let is_last = || event.get("EventName") == Some(b"LINKEDID_END".as_slice());
        let (set, id, begins) = match event.head() {
            b"Newchannel" => (channels, "Uniqueid", true),
            b"Hangup" => (channels, "Uniqueid", false),
            b"CEL" => (records, "LinkedID", !is_last()),
            _ => return,
        };
        let Some(id) = event.get(id) else { return };
        if event.get("Channel").is_some_and(|it| it == MESSAGES) {
            return;
        }
        self.inner.calls.send_if_modified(|calls| {
            let set = set(calls);
            if begins { set.insert(id.to_vec()) } else { set.remove(id) }
        });
    }

    /// Forgets the calls of a server that has been restarted since.
    pub(super) fn forget_calls(&self) {
        self.inner.calls.send_replace(Calls::default());
    }

    /// The calls as events tell of them: what a channel said before its end has come when it is not
    /// there any more.
    pub(super) fn calls_told(&self) -> watch::Receiver<Calls> {
        self.inner.calls.subscribe()
    }

    /// Returns whether the server says when the records of a call have come to an end.
    pub(super) async fn tells_end_of_records(&self) -> bool {
        // Where nothing is known of that, there is nothing to wait for.
        let shown = self.cli("cel show status").await.unwrap_or_default();
        shown.contains("LINKEDID_END")
    }

    /// Returns whether the event of a fence is sure to come, if the server takes the action.
    pub(super) async fn gets_fence(&self) -> bool {
        matches!(self.ami().withheld(EventClass::Dialplan).await, Ok(None))
    }

    /// Waits until the events that the server has raised so far have come. One that lacks the
    /// permission, or whose login gets no such events, has none to wait for.
    pub(super) async fn fence(&self) {
        let value = uuid::Uuid::new_v4().simple().to_string();
        *self.fence_value() = Some(value.clone());
        let set = Action::new("Setvar").field("Variable", FENCE).field("Value", value);
        if self.ami().call(set).await.is_ok() {
            self.inner.fence.has_come.notified().await;
        }
    }

    /// Takes the event of a fence, which is no component's business. Returns whether it was one.
    pub(super) fn takes_fence(&self, event: &Event) -> bool {
        if event.head() != b"VarSet" || event.get("Variable") != Some(FENCE.as_bytes()) {
            return false;
        }
        if event.field("Value") == *self.fence_value() {
            self.inner.fence.has_come.notify_one();
        }
        true
    }

    fn fence_value(&self) -> MutexGuard<'_, Option<String>> {
        self.inner.fence.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_let_go(&self) -> bool {
        self.inner.may_end.load(Ordering::Relaxed)
    }

    /// Waits until the server has ended though it must not.
    pub(super) async fn ended(&self) -> ExitStatus {
        loop {
            let restarted = self.inner.restarts.done.notified();
            let status = self.instance().exited().await;
            // One that a test stopped by a command has ended well.
            if !status.success() && !self.is_let_go() && !self.is_restarting() {
                return status;
            }
            restarted.await;
        }
    }
}

impl Deref for Ast {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        self.instance()
    }
}
