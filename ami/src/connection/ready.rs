//! Whether the server behind a connection has booted, and what this user gets to see of it.

use std::sync::Arc;
use std::time::Duration;

use super::Connection;
use crate::error::{Error, Withheld};
use crate::wire::{Action, EventClass, EventMask, allows};

/// The choice where nobody can tell whether the event comes that says so: for a user without the
/// classes `system` and `command`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknown {
    /// Waits for it.
    Wait,
    /// Does without.
    GiveUp,
}

/// Waits until the server is fully booted: it says so in an event, at once to a client that logs in
/// later. Where that event cannot come, the server is asked. `limit` is for each question; it never
/// ends by itself if the server says nothing.
pub(crate) async fn booted(
    connection: &Arc<Connection>,
    user: &str,
    limit: Duration,
    unknown: Unknown,
) -> Result<(), Error> {
    let mut booted = connection.booted();
    tokio::select! {
        biased;
        _ = booted.wait_for(|&booted| booted) => Ok(()),
        ready = ask(connection, user, limit, unknown) => ready,
    }
}

/// Finds out in another way whether the server is ready, if the event cannot come; else it never
/// ends.
async fn ask(
    connection: &Arc<Connection>,
    user: &str,
    limit: Duration,
    unknown: Unknown,
) -> Result<(), Error> {
    // A server that has booted said so before it answers this.
    match connection.ask(&Action::new("Ping"), limit).await {
        Ok(_) | Err(Error::Rejected(_)) => {}
        Err(Error::Timeout { .. }) => return std::future::pending().await,
        Err(error) => return Err(error),
    }
    // It says so right after the login or not at all, whatever the mask is now.
    let class = EventClass::System;
    let why = match withheld(connection, user, limit, connection.mask.as_ref(), class).await {
        Some(Withheld::Unknown) if unknown == Unknown::GiveUp => {
            return Err(Error::Withheld { class, why: Withheld::Unknown });
        }
        None | Some(Withheld::Unknown) => return std::future::pending().await,
        Some(why) => why,
    };
    let wait = Action::new("Command").field("Command", "core waitfullybooted");
    match connection.ask(&wait, limit).await.map(drop) {
        Err(Error::Rejected(_)) => Err(Error::Withheld { class, why }),
        // The time-out of whoever waits is about to say so.
        Err(Error::Timeout { .. }) => std::future::pending().await,
        ready => ready,
    }
}

/// Finds out what keeps events of a class from us, as far as the server tells.
pub(crate) async fn withheld(
    connection: &Arc<Connection>,
    user: &str,
    limit: Duration,
    mask: Option<&EventMask>,
    class: EventClass,
) -> Option<Withheld> {
    if let Some(mask) = mask.filter(|mask| !mask.admits(class)) {
        return Some(Withheld::Mask(mask.clone()));
    }
    match connection.read.get_or_try_init(|| ask_for_read(connection, user, limit)).await {
        Ok(Some(read)) => (!allows(read, class)).then_some(Withheld::User),
        Ok(None) | Err(_) => Some(Withheld::Unknown),
    }
}

/// The user's `read`, if the server tells.
async fn ask_for_read(
    connection: &Arc<Connection>,
    user: &str,
    limit: Duration,
) -> Result<Option<Arc<str>>, Error> {
    if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return Ok(None);
    }
    let show = Action::new("Command").field("Command", format!("manager show user {user}"));
    let answer = match connection.ask(&show, limit).await {
        Ok(answer) => answer,
        Err(Error::Rejected(_) | Error::Action(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let read = answer.command_output().find_map(|line| {
        let line = str::from_utf8(line).ok()?.trim();
        line.strip_prefix("read perm:").map(str::trim)
    });
    Ok(read.map(Arc::from))
}
