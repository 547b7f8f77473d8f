//! FastAGI: the transport of one channel over a connection of its own.

use std::fmt;
use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::conversation::{Conversation, Fate, Order};
use super::env::Env;
use super::error::{AgiError, CommandError};
use super::link::Link;
use super::reply::Reply;
use super::request::Request;

/// The longest command that the server reads (`AGI_BUF_LEN`, without the line end and the NUL).
const MAX_COMMAND: usize = 2046;

/// The transport of FastAGI: a connection that the server has made.
pub struct Socket {
    env: Env,
    request: Request,
    peer: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    fate: watch::Receiver<Fate>,
    task: AbortHandle,
}

impl Socket {
    /// Begins the conversation on a connection, with the bytes that have come behind its beginning.
    pub(super) fn new(
        io: TcpStream,
        peer: SocketAddr,
        input: BytesMut,
        env: Env,
        request: Request,
    ) -> Self {
        let (orders, receiver) = mpsc::unbounded_channel();
        let (sender, fate) = watch::channel(Fate::default());
        let conversation = Conversation::new(io, input, receiver, sender);
        let task = tokio::spawn(conversation.run()).abort_handle();
        Self { env, request, peer, orders, fate, task }
    }

    /// Returns the request.
    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the address of the server's end.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Gives an order, and waits until it is done.
    async fn order<R>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<R, AgiError>>) -> Order,
    ) -> Result<R, AgiError> {
        let (done, result) = oneshot::channel();
        // The task ends only when the session is over.
        let _ = self.orders.send(order(done));
        result.await.unwrap_or_else(|_| Err(self.fate.borrow().end()))
    }
}

impl Link for Socket {
    async fn execute(&self, command: &str) -> Result<Reply, AgiError> {
        if let Some(byte) = command.bytes().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(CommandError::LineBreak(byte).into());
        }
        if command.len() > MAX_COMMAND {
            return Err(CommandError::TooLong(command.len()).into());
        }
        let line = format!("{command}\n");
        self.order(|done| Order::Command(line, done)).await
    }

    async fn end(&self) -> Result<(), AgiError> {
        self.order(Order::End).await
    }

    async fn over(&self) -> AgiError {
        let mut fate = self.fate.clone();
        // Without a task there is nothing to wait for.
        let _ = fate.wait_for(Fate::is_over).await;
        fate.borrow().end()
    }

    async fn is_hanging_up(&self) -> bool {
        if !self.fate.borrow().hung_up {
            // The server tells a hang-up that has made a command fail behind the reply, and before
            // it takes another command. This one needs no live channel.
            let _ = self.execute("NOOP").await;
        }
        self.fate.borrow().hung_up
    }

    fn channel(&self) -> &str {
        self.env.get("agi_channel").unwrap_or_default()
    }

    fn unique_id(&self) -> &str {
        self.env.get("agi_uniqueid").unwrap_or_default()
    }

    fn env(&self) -> &Env {
        &self.env
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("peer", &self.peer).finish_non_exhaustive()
    }
}
