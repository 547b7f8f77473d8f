//! The questions to the server while the screen is there.

use std::pin::Pin;

use ami::action::CoreShowChannels;
use ami::event::CoreShowChannel;
use ami::{Cause, Client};
use live::Id;

use crate::commands::hangup::hang_up_call;
use crate::commands::probe;
use crate::exit::Failure;

/// The cause with which calls are hung up: that of a party that hangs up.
const NORMAL: Cause = Cause::new(16);

/// Something that is under way.
pub(super) type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// Waits for some work, and forever if there is none.
pub(super) async fn done<T>(work: &mut Option<Work<T>>) -> T {
    let Some(running) = work else { return std::future::pending().await };
    let result = running.await;
    *work = None;
    result
}

/// Asks for the version of Asterisk. `None` if the server does not tell.
pub(super) fn version(client: &Client) -> Work<Option<String>> {
    let client = client.clone();
    Box::pin(async move { probe::version(&client).await.ok().flatten() })
}

/// Asks for the channels that are up. Empty if the server does not tell.
pub(super) fn channels(client: &Client) -> Work<Vec<CoreShowChannel>> {
    let list = client.call(CoreShowChannels::new());
    Box::pin(async move { list.await.map(|reply| reply.items).unwrap_or_default() })
}

/// Hangs up a call, and returns the names of its channels.
pub(super) fn hang_up(client: &Client, call: &Id) -> Work<Result<Vec<String>, Failure>> {
    let (client, call) = (client.clone(), Id::clone(call));
    Box::pin(async move { hang_up_call(&client, &call, NORMAL).await })
}
