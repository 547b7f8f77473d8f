//! The boot of the server, and the events that the server withholds from this user.

use std::sync::Arc;
use std::time::Duration;

use super::Connection;
use crate::error::{Error, Withheld};
use crate::wire::{Action, EventClass, EventMask, allows};

/// The choice for a user without the classes `system` and `command`, where it is unknown whether
/// `FullyBooted` can arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknown {
    /// Waits for the event.
    Wait,
    /// Does not wait for the event.
    GiveUp,
}

/// Waits until the server is fully booted. The server reports that with an event, which a client
/// that logs in later receives at once. Where that event cannot arrive, the server is asked.
///
/// `limit` is the time-out of each question. The wait as a whole has none: it lasts for ever if the
/// server says nothing.
pub(crate) async fn booted(
    connection: &Arc<Connection>,
    limit: Duration,
    unknown: Unknown,
) -> Result<(), Error> {
    let mut booted = connection.booted();
    tokio::select! {
        biased;
        _ = booted.wait_for(|&booted| booted) => Ok(()),
        ready = ask(connection, limit, unknown) => ready,
    }
}

/// Asks the server whether it is booted, if the event cannot arrive. Otherwise, never returns.
async fn ask(connection: &Arc<Connection>, limit: Duration, unknown: Unknown) -> Result<(), Error> {
    // A booted server has sent the event before it answers this.
    match connection.ask(&Action::new("Ping"), limit).await {
        Ok(_) | Err(Error::Rejected(_)) => {}
        Err(Error::Timeout { .. }) => return std::future::pending().await,
        Err(error) => return Err(error),
    }
    // The server sends the event right after the login or not at all, so the event mask of the
    // login decides, not the current one.
    let class = EventClass::System;
    let why = match withheld(connection, limit, connection.mask.as_ref(), class).await {
        Some(Withheld::Unknown) if unknown == Unknown::GiveUp => {
            return Err(Error::Withheld { class, why: Withheld::Unknown });
        }
        None | Some(Withheld::Unknown) => return std::future::pending().await,
        Some(why) => why,
    };
    let wait = Action::new("Command").field("Command", "core waitfullybooted");
    match connection.ask(&wait, limit).await.map(drop) {
        Err(Error::Rejected(_) | Error::Forbidden(_)) => Err(Error::Withheld { class, why }),
        // The caller's own time-out is about to report this.
        Err(Error::Timeout { .. }) => std::future::pending().await,
        ready => ready,
    }
}

/// Returns the reason why events of a class do not arrive, as far as the server tells.
pub(crate) async fn withheld(
    connection: &Arc<Connection>,
    limit: Duration,
    mask: Option<&EventMask>,
    class: EventClass,
) -> Option<Withheld> {
    if let Some(mask) = mask.filter(|mask| !mask.admits(class)) {
        return Some(Withheld::Mask(*mask));
    }
    match read(connection, limit).await {
        Some(read) => (!allows(&read, class)).then_some(Withheld::User),
        None => Some(Withheld::Unknown),
    }
}

/// Returns the user's `read`, or `None` if the server does not tell it. The server is asked once
/// for each connection.
pub(crate) async fn read(connection: &Arc<Connection>, limit: Duration) -> Option<Arc<str>> {
    let read = connection.read.get_or_try_init(|| ask_for_read(connection, limit)).await;
    read.ok().cloned().flatten()
}

/// Asks for the user's `read`. Returns `None` if the server does not tell it.
async fn ask_for_read(
    connection: &Arc<Connection>,
    limit: Duration,
) -> Result<Option<Arc<str>>, Error> {
    let user = &*connection.user;
    if !user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return Ok(None);
    }
    let show = Action::new("Command").field("Command", format!("manager show user {user}"));
    let answer = match connection.ask(&show, limit).await {
        Ok(answer) => answer,
        Err(Error::Rejected(_) | Error::Forbidden(_) | Error::Action(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let read = answer.command_output().find_map(|line| {
        let line = str::from_utf8(line).ok()?.trim();
        line.strip_prefix("read perm:").map(str::trim)
    });
    Ok(read.map(Arc::from))
}
