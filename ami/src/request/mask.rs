//! What a server is told, on a connection that is there, of the events that it is to send.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::Connection;
use crate::error::Error;
use crate::wire::{Action, EventMask};

/// Sets the mask of a connection. A server that knows none of its classes takes that for no events
/// at all, and calls it a success: it gets the former mask back.
pub(crate) async fn set_event_mask(
    connection: &Arc<Connection>,
    mask: &EventMask,
    former: Option<EventMask>,
    limit: Duration,
) -> Result<(), Error> {
    let action = |mask: &EventMask| Action::new("Events").field("EventMask", mask.to_string());
    let answer = match connection.ask(&action(mask), limit).await {
        // With `brokeneventsaction` the server does what it is told, and says nothing.
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
            // It sends no events now. The next connection begins with the former mask.
            connection.spoil();
            return Err(error);
        }
    }
    Err(Error::EventMask { mask: mask.clone(), answer: Box::new(answer.detach()) })
}
