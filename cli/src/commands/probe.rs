//! Questions to a server about itself and the user.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ami::{Action, Client, Error, EventClass};

/// The classes of the user, as `manager.conf` lists them.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// `None` if the server does not tell.
    pub(super) read: Option<String>,
    /// `None` if the server does not tell.
    pub(super) write: Option<String>,
}

/// The answers to some pings.
#[derive(Debug)]
pub(super) struct RoundTrip {
    pub(super) median: Duration,
    pub(super) longest: Duration,
    /// The server's clock, in seconds ahead of this machine's, or `None` if the server does not
    /// tell its time.
    pub(super) ahead: Option<f64>,
}

/// Returns the version of Asterisk, or `None` if the user may not ask for it.
pub(super) async fn version(client: &Client) -> Result<Option<String>, Error> {
    let settings = unless_refused(client.call(Action::new("CoreSettings")).await)?;
    if let Some(version) = settings.as_ref().and_then(|it| it.text("AsteriskVersion")) {
        return Ok(Some(version.into_owned()));
    }
    let told = unless_refused(client.command("core show version").await)?;
    Ok(told.and_then(|output| Some(output.to_string().split_whitespace().nth(1)?.to_owned())))
}

/// Pings `count` times, at least once.
pub(super) async fn round_trip(client: &Client, count: usize) -> Result<RoundTrip, Error> {
    let mut pings = Vec::new();
    for _ in 0..count.max(1) {
        let (begun, now) = (Instant::now(), SystemTime::now());
        let pong = client.call(Action::new("Ping")).await?;
        let took = begun.elapsed();
        let there = pong.text("Timestamp").and_then(|it| it.parse::<f64>().ok());
        // The server read its clock half-way, as far as one can know.
        let here = now.duration_since(UNIX_EPOCH).map(|it| it + took / 2);
        let ahead = there.zip(here.ok()).map(|(there, here)| there - here.as_secs_f64());
        pings.push((took, ahead));
    }
    pings.sort_by_key(|(took, _)| *took);
    let at = |at: usize| pings.get(at).copied().unwrap_or_default();
    let (median, longest) = (at(pings.len() / 2).0, at(pings.len() - 1).0);
    // The fastest answer tells the time best.
    Ok(RoundTrip { median, longest, ahead: at(0).1 })
}

/// Returns the classes of the user. Without the write class `command`, the server shows some of the
/// write classes alone, and those are returned if they are all.
pub(super) async fn classes(client: &Client, user: &str) -> Result<Classes, Error> {
    if user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        let shown = client.command(format!("manager show user {user}")).await;
        if let Some(output) = unless_refused(shown)? {
            let text = output.to_string();
            let of = |name| text.lines().find_map(|line| line.trim().strip_prefix(name));
            let list = |name| of(name).map(|it| it.trim().to_owned());
            return Ok(Classes { read: list("read perm:"), write: list("write perm:") });
        }
    }
    let permissions = client.permissions().await?;
    let told = |class: &EventClass| permissions.may_write(*class).map(|may| (class.name(), may));
    let told: Option<Vec<_>> = EventClass::ALL.iter().map(told).collect();
    let write = told.map(|classes| {
        let has = classes.iter().filter(|(_, may)| *may).map(|(name, _)| *name);
        has.collect::<Vec<_>>().join(",")
    });
    Ok(Classes { read: None, write })
}

/// Returns `None` if the user may not ask, or the server does not know what is asked.
pub(super) fn unless_refused<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Rejected(_) | Error::Forbidden(_) | Error::Command { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
