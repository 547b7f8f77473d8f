//! A server on a port, for programs that connect by themselves.

use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::error::PeerError;
use super::peer::{PATIENCE, Peer, meet};
use super::script::Script;
use crate::client::Client;
use crate::config::Config;
use crate::wire::Action;

/// A port on the loopback interface whose connections are [`Peer`]s, for programs that connect by
/// themselves, and that reconnect after a loss.
///
/// [`accept`](Self::accept) takes one connection at a time, for a test that controls it step by
/// step. [`serve_until`](Self::serve_until) serves all connections by the script.
///
/// ```
/// use ami::testing::{Script, Server};
/// use ami::{Action, Config};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::bind().await?.script(Script::new().user("monitor", "secret"));
/// let address = server.address();
/// let program = async {
///     let client = Config::new("monitor", "secret").connect(address).await?;
///     client.call(Action::new("Ping")).await?;
///     client.close().await
/// };
/// server.serve_until(program).await??;
/// assert!(server.received().iter().any(|action| action.is("Ping")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    received: Arc<Mutex<Vec<Action>>>,
    patience: Duration,
}

impl Server {
    /// Creates a server on a free port of 127.0.0.1, with the script [`Script::new`].
    ///
    /// # Errors
    ///
    /// Returns an error if no port can be opened.
    pub async fn bind() -> Result<Self, PeerError> {
        Self::bind_to("127.0.0.1:0").await
    }

    /// Creates a server on that address, with the script [`Script::new`].
    ///
    /// # Errors
    ///
    /// Returns an error if the address is in use or does not belong to this machine.
    pub async fn bind_to(address: impl ToSocketAddrs) -> Result<Self, PeerError> {
        let listener = TcpListener::bind(address).await.map_err(PeerError::Listen)?;
        let address = listener.local_addr().map_err(PeerError::Listen)?;
        Ok(Self {
            listener,
            address,
            script: Arc::default(),
            received: Arc::default(),
            patience: PATIENCE,
        })
    }

    /// Sets the script of all connections. The state of its closures is shared by them.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = Arc::new(Mutex::new(script));
        self
    }

    /// Sets the time that the server waits for a connection, and for the client to send or to read
    /// on it; 10 s by default.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Returns the address to connect to, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all actions that have come on all connections, including the logins.
    pub fn received(&self) -> Vec<Action> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts the next connection, and logs the client in as the script says.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection comes in time, or if the script refuses the login.
    pub async fn accept(&self) -> Result<Peer, PeerError> {
        let mut peer = self.accept_silent().await?;
        peer.log_in().await?;
        Ok(peer)
    }

    /// Accepts the next connection and sends nothing, for a server that is slow to greet, refuses
    /// the login, or is not an AMI server.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection comes in time.
    pub async fn accept_silent(&self) -> Result<Peer, PeerError> {
        let late = |_| PeerError::NoConnection(self.patience);
        timeout(self.patience, self.next()).await.map_err(late)?
    }

    /// Connects a client of this configuration, and accepts it. The client has logged in and has
    /// received the event `FullyBooted`.
    ///
    /// # Errors
    ///
    /// Returns an error if the client fails to connect, or if the script refuses the login.
    pub async fn connect(&self, config: &Config) -> Result<(Client, Peer), PeerError> {
        let mut connect = config.connect(self.address);
        let mut peer = tokio::select! {
            biased;
            peer = self.accept_silent() => peer?,
            client = &mut connect => {
                let failed = client.err().map(PeerError::Client);
                return Err(failed.unwrap_or(PeerError::NoConnection(self.patience)));
            }
        };
        Ok((meet(connect, &mut peer).await?, peer))
    }

    /// Serves every connection by the script while `program` runs, and returns the program's
    /// output. Actions that the script does not answer are refused as unknown.
    ///
    /// # Errors
    ///
    /// Returns an error if a client sends bytes that are not an action, or a connection fails.
    ///
    /// # Panics
    ///
    /// Panics if a closure of the script panics.
    pub async fn serve_until<F: Future>(&self, program: F) -> Result<F::Output, PeerError> {
        let mut program = pin!(program);
        let mut peers = JoinSet::new();
        let output = loop {
            tokio::select! {
                biased;
                Some(ended) = peers.join_next() => ended.unwrap_or_else(ended_early)?,
                output = &mut program => break output,
                accepted = self.next() => {
                    let mut peer = accepted?;
                    peers.spawn(async move { peer.serve().await });
                }
            }
        };
        // A failed connection may be the reason why the program has ended.
        peers.abort_all();
        while let Some(ended) = peers.join_next().await {
            ended.unwrap_or_else(ended_early)?;
        }
        Ok(output)
    }

    async fn next(&self) -> Result<Peer, PeerError> {
        let (io, _) = self.listener.accept().await.map_err(PeerError::Listen)?;
        io.set_nodelay(true).map_err(PeerError::Io)?;
        let peer = Peer::with(io, Arc::clone(&self.script)).patience(self.patience);
        Ok(peer.logging(Arc::clone(&self.received)))
    }
}

/// Resumes the panic of a task. A task that was aborted is not an error.
fn ended_early(error: JoinError) -> Result<(), PeerError> {
    if let Ok(panic) = error.try_into_panic() {
        resume_unwind(panic);
    }
    Ok(())
}
