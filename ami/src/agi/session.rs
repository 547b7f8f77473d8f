//! The session of one channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::env::Env;
use super::error::AgiError;
use super::manager::Manager;
use super::reply::Reply;
use super::transport::Transport;
use crate::client::Client;

/// The session of one channel that runs AGI: AsyncAGI, unless another [`Transport`] is named. See
/// [the module](super).
///
/// A clone is a handle to the same session, so that several tasks can send commands; each gets its
/// own results.
///
/// Dropping the future of a command does not take the command back: the server executes it, and the
/// result is ignored; it is not taken for that of another command. A command of FastAGI that is not
/// written yet, because another one is executed, is not sent.
///
/// Dropping a session of AsyncAGI leaves the channel in AGI, where it waits until it is hung
/// up: a program that is to be continued elsewhere, or that fails, must not send a caller on by
/// accident. Use [`end`](Self::end) to let the dialplan go on, and [`hangup`](Self::hangup) to hang
/// up. In the dialplan, `TIMEOUT(absolute)` limits how long a caller can be left alone. Dropping
/// the last handle of a session of FastAGI closes its connection, and the dialplan goes on.
pub struct Session<T: Transport = Manager> {
    link: Arc<T>,
    limit: Option<Duration>,
}

impl<T: Transport> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self { link: Arc::clone(&self.link), limit: self.limit }
    }
}

impl<T: Transport> Session<T> {
    pub(super) fn new(link: T) -> Self {
        Self { link: Arc::new(link), limit: None }
    }

    /// The transport.
    pub(super) fn link(&self) -> &T {
        &self.link
    }

    /// Returns the name of the channel when the session began.
    pub fn channel(&self) -> &str {
        self.link.channel()
    }

    /// Returns the unique id of the channel. Unlike its name, it never changes.
    pub fn unique_id(&self) -> &str {
        self.link.unique_id()
    }

    /// Returns the values that the server has told of the channel. They are empty if the session
    /// was [attached](crate::Client::attach_agi).
    pub fn env(&self) -> &Env {
        self.link.env()
    }

    /// Sets a time-out for each command of this handle, counted from its first poll. Other clones
    /// are not affected. By default there is none, because a command lasts as long as the sound is,
    /// or as the caller thinks.
    ///
    /// ```no_run
    /// # async fn example(session: ami::agi::Session) -> Result<(), ami::agi::AgiError> {
    /// use std::time::Duration;
    ///
    /// session.clone().timeout(Duration::from_secs(60)).stream_file("tt-monkeys", "#").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends a command as it is written in AGI, and returns the reply, whatever its result is.
    ///
    /// Arguments with blanks, quotes or backslashes in them have to be in quotes, with a backslash
    /// before each quote and backslash. The command has at most 1,013 bytes, and 2,046 over
    /// FastAGI.
    ///
    /// ```no_run
    /// # async fn example(session: ami::agi::Session) -> Result<(), ami::agi::AgiError> {
    /// let reply = session.command("CONTROL STREAM FILE \"tt-monkeys\" \"#\" 3000").await?;
    /// println!("{} {:?}", reply.result(), reply.parameter("endpos"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`AgiError::Refused`] if the code of the reply is not 200, and the other errors of
    /// [`AgiError`] except [`Failed`](AgiError::Failed).
    pub async fn command(&self, command: &str) -> Result<Reply, AgiError> {
        self.limited(async { self.link.execute(command).await?.accepted() }).await
    }

    /// Ends a wait when the time-out of this handle is over.
    pub(super) async fn limited<R>(
        &self,
        wait: impl Future<Output = Result<R, AgiError>>,
    ) -> Result<R, AgiError> {
        let Some(limit) = self.limit else { return wait.await };
        timeout(limit, wait).await.unwrap_or(Err(AgiError::Timeout(limit)))
    }

    /// Waits until the session is over, and returns the reason: [`AgiError::HungUp`],
    /// [`AgiError::Ended`], or the loss of events or of the connection. Cancel safe.
    ///
    /// A session of FastAGI is over when the channel is hung up, but its connection is not: the
    /// server still executes commands that need no live channel, such as `SET VARIABLE`.
    ///
    /// ```no_run
    /// # async fn example(session: ami::agi::Session) {
    /// // The caller waits for something else than a command.
    /// println!("{}", session.over().await);
    /// # }
    /// ```
    pub async fn over(&self) -> AgiError {
        self.link.over().await
    }
}

impl Session {
    /// Returns the client of the session.
    pub fn client(&self) -> &Client {
        self.link.client()
    }
}

impl<T: Transport> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("channel", &self.channel())
            .field("unique_id", &self.unique_id())
            .finish_non_exhaustive()
    }
}
