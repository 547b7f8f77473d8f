//! What a server is told, on a connection that is there, of the events that it is to send.

use std::time::Duration;

use crate::action::Action;
use crate::error::Error;
use crate::mask::EventMask;
use crate::session::Core;

/// Sets the mask of a connection. A server that knows none of its classes takes that for no events
/// at all, and calls it a success: it gets the former mask back.
pub(crate) async fn set_event_mask(
    core: &Core,
    mask: &EventMask,
    former: Option<EventMask>,
    limit: Duration,
) -> Result<(), Error> {
    let action = |mask: &EventMask| Action::new("Events").field("EventMask", mask.to_string());
    let answer = match core.ask(&action(mask), limit).await {
        // With `brokeneventsaction` the server does what it is told, and says nothing.
        Err(Error::NoResponse) => return Ok(()),
        answer => answer?,
    };
    let off = answer.get("Events").is_some_and(|it| it.eq_ignore_ascii_case(b"Off"));
    if !off || mask.is_none() {
        return Ok(());
    }
    match core.ask(&action(&former.unwrap_or(EventMask::all())), limit).await {
        Ok(_) | Err(Error::NoResponse) => {}
        Err(error) => {
            // It sends no events now. The next connection begins with the former mask.
            core.spoilt.cancel();
            return Err(error);
        }
    }
    Err(Error::EventMask { mask: mask.clone(), answer: Box::new(answer.detach()) })
}
