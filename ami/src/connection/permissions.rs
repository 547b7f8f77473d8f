//! Asking the server what the user may send and read.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::pending::Waiter;
use super::rights::Write;
use super::{BUSY, Connection, Ticket, ready};
use crate::error::Error;
use crate::events::Subscribers;
use crate::wire::{Action, Classes, EventClass, Response, allows};

/// The permissions of a user on a connection, as far as the server tells. See
/// [`Client::permissions`](crate::Client::permissions).
#[derive(Clone, Debug)]
pub struct Permissions {
    read: Option<Classes>,
    write: Option<Arc<Write>>,
}

impl Permissions {
    /// Returns whether the user may read events of a class (`read` in `manager.conf`), or `None` if
    /// the server does not tell, because that takes the write class `command`. The event mask does
    /// not count here; [`Client::withheld`](crate::Client::withheld) has both.
    pub fn may_read(&self, class: EventClass) -> Option<bool> {
        self.read.map(|read| read.contains(class))
    }

    /// Returns whether the user has a write class (`write` in `manager.conf`), or `None` if the
    /// server does not tell: no action shows some classes, and others only if a module is loaded.
    pub fn may_write(&self, class: EventClass) -> Option<bool> {
        self.write.as_ref()?.has(class)
    }

    /// Returns `true` if the server has listed the actions that the user may send.
    pub(crate) fn knows_actions(&self) -> bool {
        self.write.is_some()
    }

    /// Returns whether the user may send an action, or `None` if the server does not tell. An
    /// action that the user may send can still be refused for other reasons.
    pub fn may_send(&self, action: &str) -> Option<bool> {
        let write = self.write.as_ref()?;
        if write.lists(action) {
            return Some(true);
        }
        write.lacks(action).map(|_| false)
    }
}

/// The question for the actions that the user may send. All other actions are held back until it is
/// answered, so that none is sent that the user may not send, and their order stays the same.
pub(crate) struct Question {
    connection: Arc<Connection>,
    ticket: Ticket,
    answer: oneshot::Receiver<Result<Response, Error>>,
    until: Instant,
}

impl Question {
    /// Asks on a connection that has no other action yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has ended.
    pub(crate) fn ask(connection: &Arc<Connection>, limit: Duration) -> Result<Self, Error> {
        let (sender, answer) = oneshot::channel();
        let until = Instant::now() + limit.min(BUSY);
        let action = Action::new("ListCommands");
        let ticket = connection.send(&action, until, None, Waiter::Response(sender))?;
        connection.outbox.hold_behind(ticket.id);
        Ok(Self { connection: Arc::clone(connection), ticket, answer, until })
    }

    /// Waits for the answer. An error, another answer or none means that the permissions stay
    /// unknown.
    pub(crate) async fn settle(self) {
        let Self { connection, ticket, answer, until } = self;
        let answer = timeout_at(until, answer).await;
        drop(ticket);
        let write = match &answer {
            Ok(Ok(Ok(response))) => Write::of(response),
            _ => None,
        };
        if write.is_none() {
            tracing::debug!(?answer, "the server does not tell what the user may send");
        }
        connection.set_write(write);
    }
}

impl Connection {
    /// Sets what the user may send, and sends what was held back.
    pub(crate) fn set_write(&self, write: Option<Write>) {
        // The value is set once.
        self.write.get_or_init(|| write.map(Arc::new));
        for (id, error) in self.outbox.release(|name| self.check(name)) {
            self.pending.fail(id, error);
        }
        self.asked.cancel();
    }

    /// Waits until it is known what the user may send, or that the server does not tell.
    pub(crate) async fn write_known(&self) -> Option<&Arc<Write>> {
        self.asked.cancelled().await;
        self.write()
    }
}

/// Returns the permissions. What the user may read is asked for if the user may run CLI commands
/// for certain.
pub(crate) async fn ask(connection: &Arc<Connection>, limit: Duration) -> Permissions {
    let write = connection.write_known().await;
    let may_ask = write.is_some_and(|write| write.lists("Command"));
    let read = if may_ask { ready::read(connection, limit).await } else { None };
    let read = read.map(|list| Classes::that(|class| allows(&list, class)));
    Permissions { read, write: write.cloned() }
}

/// Learns, as soon as a subscription needs it, which classes the user may not read, and tells the
/// subscriptions. The server is asked only if the user may run CLI commands for certain. A server
/// that does not answer, as while it is busy, is asked again for the next subscription.
pub(crate) async fn tell(connection: &Arc<Connection>, subscribers: &Subscribers, limit: Duration) {
    let write = connection.write_known().await;
    let may_ask = write.is_some_and(|write| write.lists("Command"));
    while may_ask && !connection.read.initialized() {
        subscribers.needed().await;
        ready::read(connection, limit).await;
    }
    let read = connection.read.get().and_then(Option::as_deref).filter(|_| may_ask);
    let withheld = |list: &str| Classes::that(|class| !allows(list, class));
    subscribers.set_withheld(read.map_or(Classes::NONE, withheld));
}
