//! Happenings of a test, and the place from which a component sees it.

use std::sync::Arc;

use ami::Event;
use instance::Stopped;
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Ast, TestCase};
use crate::ari::AriEvent;
use crate::files::Id;
use crate::matching::Fields;

/// An error for which a component gives up, or cannot be prepared.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something that happens in a test.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// All servers are up, and the time-out counts.
    Started,
    /// The test is logged in to a server. Every event from now on is handed out.
    Connected(Ast),
    /// The test is logged in to a server again, and the server is fully booted. Of what was said
    /// in between events are missing; those that come from now on are handed out.
    Reconnected(Ast),
    /// An event of a server.
    Event(Ast, Event),
    /// An event of ARI, on the websocket of the test's object. The next component hears of it when
    /// this one has dropped the guard, and the next event is handed out when all have.
    Ari(AriEvent, Pending),
    /// Something that another component did; see [`TestCase::signal`].
    Signal(Arc<Signal>),
    /// The test ends, and its servers are still up. It goes on when each component has dropped this
    /// and asked for the next happening, but it does not wait for long.
    Stopping(Pending),
    /// All servers have ended, and every event was handed out. It is time to judge.
    Stopped(Arc<[Ended]>),
}

/// The end of a server of a test.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The server.
    pub id: Id,
    /// The way in which the server was stopped, and the findings of its life.
    pub stopped: Stopped,
}

/// A guard: what comes behind a happening waits for its holder until it is dropped, but not for
/// long.
#[derive(Clone, Debug)]
pub struct Pending {
    _token: TaskTrackerToken,
}

impl Pending {
    pub(super) fn new(token: TaskTrackerToken) -> Self {
        Self { _token: token }
    }
}

/// Something that a component tells all others: a name, and fields for what is to be known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    name: String,
    fields: Value,
}

impl Signal {
    /// A signal without fields.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), fields: Value::Object(Map::new()) }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Value::Object(fields) = &mut self.fields {
            fields.insert(name.into(), value.into());
        }
        self
    }

    /// The name of the signal.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Fields for Signal {
    fn field(&self, name: &str) -> Option<String> {
        self.fields.field(name)
    }
}

/// The place of a component in its test.
#[derive(Debug)]
pub struct Stage {
    test: TestCase,
    inbox: UnboundedReceiver<Happening>,
}

impl Stage {
    pub(super) fn new(test: TestCase, inbox: UnboundedReceiver<Happening>) -> Self {
        Self { test, inbox }
    }

    /// The test.
    pub fn test(&self) -> &TestCase {
        &self.test
    }

    /// Returns the next happening. `None` when all is over. Cancel safe.
    pub async fn next(&mut self) -> Option<Happening> {
        self.inbox.recv().await
    }

    /// Waits until the test is logged in to a server, and leaves out what happens before that.
    /// `None` if the test ends before. Cancel safe.
    pub async fn connected(&mut self, id: Id) -> Option<Ast> {
        loop {
            match self.next().await? {
                Happening::Connected(ast) if ast.id() == id => return Some(ast),
                Happening::Stopping(_) | Happening::Stopped(_) => return None,
                _ => {}
            }
        }
    }

    /// Waits until all servers have ended, and leaves out what happens before that. Cancel safe.
    pub async fn stopped(&mut self) -> Arc<[Ended]> {
        loop {
            match self.next().await {
                Some(Happening::Stopped(all)) => return all,
                Some(_) => {}
                None => return Arc::new([]),
            }
        }
    }
}
