//! The ways on which commands go to a channel.

use super::link::Link;
use super::manager::Manager;
use super::socket::Socket;

/// The transport of a [`Session`](super::Session): [`Manager`] for AsyncAGI, [`Socket`] for
/// FastAGI. A function that is generic over it serves both:
///
/// ```no_run
/// use ami::agi::{AgiError, Session, Transport};
///
/// async fn greet<T: Transport>(session: &Session<T>) -> Result<(), AgiError> {
///     session.answer().await?;
///     session.stream_file("hello-world", "").await?;
///     session.end().await
/// }
/// ```
///
/// No other types implement this trait.
pub trait Transport: Link {}

impl Transport for Manager {}

impl Transport for Socket {}
