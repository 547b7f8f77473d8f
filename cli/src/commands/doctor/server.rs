//! The checks of the server and of the user's section.

use std::net::IpAddr;
use std::time::Duration;

use ami::{Action, Client, Error, EventClass, Line, Response, Withheld};

use super::Fault;
use super::report::{Check, Report, State};
use crate::commands::probe::{self, Classes, unless_refused};
use crate::connect::Target;

/// The difference of two clocks that makes records of both hard to compare.
const CLOCK: f64 = 2.0;
/// The time in which a client has to read, in milliseconds, unless `writetimeout` says more.
const WRITE_TIMEOUT: u64 = 100;
/// A time that a client manages that is busy, or far away.
const ENOUGH: u64 = 1_000;

const NO_COMMANDS: &str = "the server tells those who have `write = …,command`";

/// The settings of `[general]` that matter to events.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Events that the server sends to nobody, or `None` if the server does not tell.
    pub(super) disabled: Option<Vec<String>>,
}

pub(super) fn tls(target: &Target) -> Check {
    match &target.tls {
        Some(settings) => Check::new(State::Ok, "TLS", settings.to_string()),
        None if is_local(target) => Check::new(State::Ok, "TLS", "off, on one machine"),
        None => {
            let text = "off: whoever is on the way can read and change what is sent";
            Check::new(State::Note, "TLS", text).remedy(
                "set tlsenable, tlsbindaddr, tlscertfile in [general], and connect by --tls",
            )
        }
    }
}

/// Returns `true` if the server is reached by the loopback interface.
fn is_local(target: &Target) -> bool {
    is_loopback(target.server.address())
}

fn is_loopback(address: &str) -> bool {
    let host = match address.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
        _ => address,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) async fn version(client: &Client, report: &mut Report<'_>) -> Result<(), Fault> {
    let banner = String::from_utf8_lossy(client.banner().line()).into_owned();
    report.tell(match probe::version(client).await? {
        Some(version) => Check::new(State::Ok, "server", format!("Asterisk {version} ({banner})")),
        None => Check::new(State::Note, "server", format!("{banner}; its version is not told"))
            .remedy("it is told to users with `write = …,reporting`, `system` or `command`"),
    })?;
    Ok(())
}

pub(super) async fn booted(client: &Client, report: &mut Report<'_>) -> Result<(), Fault> {
    let ready = match client.withheld(EventClass::System).await? {
        // A server that has booted has said so before it answers this, if it says so at all.
        Some(Withheld::Unknown) => {
            client.call(Action::new("Ping")).await?;
            let class = EventClass::System;
            let untold = |_| Err(Error::Withheld { class, why: Withheld::Unknown });
            tokio::time::timeout(Duration::ZERO, client.ready()).await.unwrap_or_else(untold)
        }
        _ => client.ready().await,
    };
    let check = match ready {
        Ok(()) => Check::new(State::Ok, "booted", "fully"),
        Err(Error::Withheld { .. }) => Check::new(State::Note, "booted", "not told")
            .remedy("it is told to users with `read = …,system`"),
        Err(error @ Error::NotBooted(_)) => Check::new(State::Bad, "booted", error.to_string())
            .remedy("wait, or see the server's log for a module that does not load"),
        Err(error) => return Err(error.into()),
    };
    report.tell(check)?;
    Ok(())
}

pub(super) async fn round_trip(
    client: &Client,
    (warning, critical): (Duration, Duration),
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    let trip = probe::round_trip(client, 5).await?;
    let median = trip.median;
    let text = format!("{median:.1?}, at most {:.1?} (5 pings)", trip.longest);
    let state = match median {
        median if median > critical => State::Bad,
        median if median > warning => State::Warn,
        _ => State::Ok,
    };
    report.tell(Check::new(state, "round trip", text))?;
    let [median, warning, critical] = [median, warning, critical].map(|it| it.as_secs_f64());
    report.figures.push(format!("round_trip={median:.6}s;{warning};{critical};0"));
    report.tell(match trip.ahead {
        None => Check::new(State::Note, "clock", "the server does not tell its time"),
        Some(ahead) => {
            let way = if ahead < 0.0 { "behind" } else { "ahead of" };
            let text = format!("the server is {:.3} s {way} this machine", ahead.abs());
            if ahead.abs() > CLOCK {
                Check::new(State::Warn, "clock", text).remedy("let NTP set both clocks")
            } else {
                Check::new(State::Ok, "clock", text)
            }
        }
    })?;
    Ok(())
}

pub(super) async fn classes(
    client: &Client,
    user: &str,
    report: &mut Report<'_>,
) -> Result<Classes, Fault> {
    let classes = probe::classes(client, user).await?;
    for (name, list) in [("read", &classes.read), ("write", &classes.write)] {
        report.tell(match list {
            Some(list) => Check::new(State::Ok, name, list),
            None => Check::new(State::Note, name, "not told").remedy(NO_COMMANDS),
        })?;
    }
    Ok(classes)
}

pub(super) async fn settings(client: &Client, report: &mut Report<'_>) -> Result<Settings, Fault> {
    let shown = unless_refused(client.command("manager show settings").await)?;
    let Some(shown) = shown.map(|it| it.to_string()) else {
        let check = Check::new(State::Note, "timestampevents", "not told");
        report.tell(check.remedy(NO_COMMANDS))?;
        return Ok(Settings::default());
    };
    let value = |name: &str| {
        let line = shown.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim)
    };
    let check = match value("Timestamp events:") {
        Some("Yes") => Check::new(State::Ok, "timestampevents", "yes"),
        Some(_) => {
            report.lines.general.push("timestampevents = yes".to_owned());
            let text = "no: events do not tell when they happened";
            Check::new(State::Note, "timestampevents", text)
        }
        None => Check::new(State::Note, "timestampevents", "not told"),
    };
    report.tell(check)?;
    let names = |list: &str| {
        list.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    Ok(Settings { disabled: value("Disabled events:").map(names) })
}

/// Checks the user's own section. The server sends it with the secret in it, so it is not asked for
/// on a link that others may read.
pub(super) async fn user(
    client: &Client,
    target: &Target,
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    let untold = |name, remedy: &str| Check::new(State::Note, name, "not asked").remedy(remedy);
    let names = ["event filters", "writetimeout"];
    if target.tls.is_none() && !is_local(target) {
        for name in names {
            let remedy = "the answer has the secret in it: use TLS, or run on the server's machine";
            report.tell(untold(name, remedy))?;
        }
        return Ok(());
    }
    let get = Action::new("GetConfig")
        .field("Filename", "manager.conf")
        .field("Category", target.server.config().user());
    let Some(config) = unless_refused(client.call(get).await)? else {
        for name in names {
            let remedy = "the server tells those who have `write = …,system` or `config`";
            report.tell(untold(name, remedy))?;
        }
        return Ok(());
    };
    let filters: Vec<_> = keys(&config).filter(|(key, _)| key.starts_with("eventfilter")).collect();
    report.tell(if filters.is_empty() {
        Check::new(State::Ok, "event filters", "none")
    } else {
        let filters: Vec<_> =
            filters.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let text = format!("{} hold back events: {}", filters.len(), filters.join("; "));
        Check::new(State::Note, "event filters", text)
    })?;
    let limit = keys(&config).filter(|(key, _)| key == "writetimeout").last();
    let limit = limit.and_then(|(_, value)| value.parse().ok()).unwrap_or(WRITE_TIMEOUT);
    let check = if limit < ENOUGH {
        report.lines.user.push("writetimeout = 5000".to_owned());
        let text = format!("{limit} ms: a client that does not read for so long is cut off");
        Check::new(State::Note, "writetimeout", text)
    } else {
        Check::new(State::Ok, "writetimeout", format!("{limit} ms"))
    };
    report.tell(check)?;
    Ok(())
}

/// Returns the keys of a section and their values.
fn keys(config: &Response) -> impl Iterator<Item = (String, String)> {
    config.lines().filter_map(|line| {
        let Line::Field(name, value) = line else { return None };
        name.starts_with(b"Line-").then_some(())?;
        let text = String::from_utf8_lossy(value);
        // The key of an event filter has no `=` in it, its text may.
        let (key, value) = text.split_once('=')?;
        Some((key.trim().to_ascii_lowercase(), value.trim().to_owned()))
    })
}

pub(super) async fn rate(
    client: &Client,
    sample: Duration,
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    if sample.is_zero() {
        return Ok(());
    }
    let before = client.stats();
    tokio::select! {
        () = tokio::time::sleep(sample) => {}
        reason = client.ended() => return Err(Error::Lost(reason).into()),
    }
    let after = client.stats();
    let seconds = sample.as_secs_f64();
    let of = |after: u64, before: u64| after.saturating_sub(before) as f64 / seconds;
    let events = of(after.events, before.events);
    let bytes = of(after.bytes_received, before.bytes_received);
    let text = format!("{events:.1} a second, {bytes:.0} bytes a second ({sample:?})");
    report.tell(Check::new(State::Ok, "events", text))?;
    report.figures.push(format!("events={events:.1};;;0"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn the_loopback_interface_is_known_by_its_addresses() {
        for address in ["localhost", "localhost:1", "127.4.5.6:1", "127.0.0.1", "::1", "[::1]:1"] {
            assert!(is_loopback(address), "{address}");
        }
        for address in ["pbx", "localhost.test:1", "192.0.2.1:1", "[2001:db8::1]:1", "2001:db8::1"]
        {
            assert!(!is_loopback(address), "{address}");
        }
    }
}
