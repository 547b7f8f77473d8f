//! One server of a fleet: its client, and the state of its connection over time.

mod health;

use std::fmt;
use std::sync::Arc;

use ami::{Action, Callable, Client, Command, List, Originate, Originating, Placed, Server};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::health::Health;
use self::health::Seen;
use crate::origin::Origin;

/// One server of a fleet. A handle; its clones are the same server.
///
/// A handle outlives the [removal](crate::Fleet::remove) of its server: calls fail then with
/// [`ami::Error::Disconnected`].
#[derive(Clone)]
pub struct Member {
    shared: Arc<Shared>,
}

struct Shared {
    origin: Origin,
    address: String,
    client: Client,
    seen: watch::Receiver<Seen>,
}

impl Member {
    /// Creates the server of a client, and a task that notes the changes of its state and counts
    /// them up in `changes`. The client is closed when the guard is dropped.
    pub(crate) fn new(
        origin: Origin,
        server: &Server,
        client: Client,
        changes: watch::Sender<u64>,
    ) -> (Self, DropGuard) {
        let removed = CancellationToken::new();
        let mut state = client.state();
        let seen = watch::Sender::new(Seen::now(&mut state));
        let address = server.address().to_owned();
        let shared = Shared { origin, address, client: client.clone(), seen: seen.subscribe() };
        let guard = removed.clone().drop_guard();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = health::observe(&mut state, &seen, &changes) => return,
                () = removed.cancelled() => {}
            }
            let close = async {
                if let Err(error) = client.close().await {
                    tracing::debug!(error = format!("{error:#}"), "the logoff failed");
                }
            };
            tokio::join!(close, health::observe(&mut state, &seen, &changes));
        });
        (Self { shared: Arc::new(shared) }, guard)
    }

    /// Returns `true` if this is the same server, and not another one of that name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Returns the name of the server.
    pub fn origin(&self) -> &Origin {
        &self.shared.origin
    }

    /// Returns the address of the server, as it was given.
    pub fn address(&self) -> &str {
        &self.shared.address
    }

    /// Returns its client.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Sends an action to this server ([`Client::call`]).
    pub fn call<A: Callable>(&self, action: A) -> A::Reply {
        self.client().call(action)
    }

    /// Sends an action that is answered with a list ([`Client::list`]).
    pub fn list(&self, action: Action) -> List {
        self.client().list(action)
    }

    /// Runs a CLI command ([`Client::command`]).
    pub fn command(&self, command: impl Into<String>) -> Command {
        self.client().command(command)
    }

    /// Places a call and waits until it is answered or has failed ([`Client::originate`]).
    pub fn originate(&self, originate: Originate) -> Originating {
        self.client().originate(originate)
    }

    /// Places a call and returns a handle that observes it to its end ([`Client::place`]).
    pub fn place(&self, originate: Originate) -> Placed {
        self.client().place(originate)
    }

    /// Returns the state of the connection.
    pub fn health(&self) -> Health {
        Health::new(&self.shared.origin, &self.shared.client, &self.shared.seen.borrow())
    }
}

/// Shows the name and the address of the server.
impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("origin", &self.shared.origin)
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
