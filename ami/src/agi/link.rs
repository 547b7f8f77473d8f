//! The work of a transport.

use super::env::Env;
use super::error::AgiError;
use super::reply::Reply;

/// Carries commands to a channel.
#[expect(unnameable_types, reason = "so that nobody else implements `Transport`")]
pub trait Link: Send + Sync + 'static {
    /// Sends a command, and returns the reply, whatever its code is.
    fn execute(&self, command: &str) -> impl Future<Output = Result<Reply, AgiError>> + Send;

    /// Ends AGI, behind the commands before.
    fn end(&self) -> impl Future<Output = Result<(), AgiError>> + Send;

    /// Waits until the session is over.
    fn over(&self) -> impl Future<Output = AgiError> + Send;

    /// Returns `true` if the channel was hung up, or somebody has asked to, when a command has
    /// failed.
    fn is_hanging_up(&self) -> impl Future<Output = bool> + Send;

    /// Returns the name of the channel.
    fn channel(&self) -> &str;

    /// Returns the unique id of the channel.
    fn unique_id(&self) -> &str;

    /// Returns the values that the session began with.
    fn env(&self) -> &Env;
}
