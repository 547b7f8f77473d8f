//! Changing the event mask of an open connection.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::Connection;
use crate::error::Error;
use crate::wire::{Action, EventMask};

/// Sets the event mask of a connection. A server that knows none of the classes treats the mask as
/// empty and reports success; it gets the former mask back then.
pub(crate) async fn set_event_mask(
    connection: &Arc<Connection>,
    mask: &EventMask,
    former: Option<EventMask>,
    limit: Duration,
) -> Result<(), Error> {
    let action = |mask: &EventMask| Action::new("Events").field("EventMask", mask.to_string());
    let answer = match connection.ask(&action(mask), limit).await {
        // With `brokeneventsaction` the server sets the mask without answering.
        Err(Error::NoResponse) => return Ok(()),
        answer => answer?,
    };
    let off = answer.get("Events").is_some_and(|it| it.eq_ignore_ascii_case(b"Off"));
    if !off || mask.is_none() {
        return Ok(());
    }
    match connection.ask(&action(&former.unwrap_or(EventMask::all())), limit).await {
        Ok(_) | Err(Error::NoResponse) => {}
        Err(error) => {
            // The server sends no events now. The next connection logs in with the former mask.
            connection.spoil();
            return Err(error);
        }
    }
    Err(Error::EventMask { mask: *mask, answer: Box::new(answer.detach()) })
}
