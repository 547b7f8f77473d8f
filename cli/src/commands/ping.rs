//! `ami ping`: whether a server is there, and how fast it answers.

use std::time::{Duration, Instant};

use ami::{Action, Client, Error, Fault, Filter, Item, Subscription};
use clap::Args;
use serde_json::json;

use super::each::{Order, each};
use super::probe::{unless_refused, version};
use crate::connect::{several, subscribed};
use crate::exit::{Exit, Failure};
use crate::options::{Options, duration};
use crate::out::{Form, Out, Style, escape};

/// Ask a server for a sign of life: round trip, version, uptime, event rate
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Ping {
    /// The number of pings
    #[arg(long, short = 'c', value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// The time between two pings
    #[arg(long, short = 'i', value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
}

const HELP: &str = "\
The event rate is that between the first ping and the last, so it takes two at least. The uptime
needs the class `system` in `read`, and the version and the calls `system` or `reporting` in `write`.

With --json: an object of the server, one for each ping, and one of the figures, in seconds. With
--raw: the server's banner and its answers to the pings.

Exit codes: 0 all pings were answered; 9 of several servers, some have not answered; 3 no connection, or no answer. `ami --help` has the others.";

/// The facts that a server tells of itself. Any of them may be missing.
#[derive(Debug, Default)]
struct About {
    banner: Vec<u8>,
    version: Option<String>,
    uptime: Option<u64>,
    calls: Option<u64>,
}

/// The round trips so far.
#[derive(Debug, Default)]
struct Figures {
    trips: Vec<f64>,
    /// The time of the first ping, and the events that had come until then.
    first: Option<(Instant, u64)>,
}

impl Ping {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let servers = several(options)?;
        if servers.is_empty() {
            return self.one(options, out).await;
        }
        let order = if self.count > 1 { Order::AsItComes } else { Order::InTurn };
        each(&servers, order, out, async |server, out| self.one(server, out).await).await
    }

    async fn one(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let booted = Filter::named(["FullyBooted"]);
        // A connection that is lost is what is to be found out.
        let (client, mut events) =
            subscribed(options, booted, |config| config.reconnect(None)).await?;
        let mut figures = Figures::default();
        let done = self.pings(&client, &mut events, &mut figures, out).await;
        figures.print(&client, out)?;
        done.map(|()| Exit::Done)
    }

    async fn pings(
        &self,
        client: &Client,
        events: &mut Subscription,
        figures: &mut Figures,
        out: &mut Out,
    ) -> Result<(), Failure> {
        for at in 0..self.count {
            if at > 0 {
                tokio::time::sleep(self.interval).await;
            }
            let (begun, events_before) = (Instant::now(), client.stats().events);
            let pong = client.call(Action::new("Ping")).await.map_err(no_answer)?;
            let took = begun.elapsed().as_secs_f64();
            if at == 0 {
                About::ask(client, events).await?.print(out)?;
                figures.first = Some((begun, events_before));
            }
            figures.trips.push(took);
            match out.form {
                Form::People => out.line(&format!("{}: {:.2} ms", at + 1, took * 1000.0))?,
                Form::Json => out.object(&json!({ "v": 1, "ping": at + 1, "seconds": took }))?,
                Form::Raw => out.bytes(pong.raw()),
            }
            out.drain().await?;
        }
        Ok(())
    }
}

/// Returns the failure of a ping: what became of the action is of no interest.
fn no_answer(error: Error) -> Failure {
    match error.fault() {
        Fault::Link => Failure::new(Exit::NoConnection, error),
        _ if error.is_timeout() => Failure::new(Exit::NoConnection, error),
        _ => error.into(),
    }
}

impl About {
    async fn ask(client: &Client, events: &mut Subscription) -> Result<Self, Failure> {
        let mut about = Self { banner: client.banner().line().to_vec(), ..Self::default() };
        // The server has sent the event before it answered the ping.
        while let Ok(item) = events.try_next() {
            if let Item::Event(booted) = item {
                about.uptime = number(booted.text("Uptime"));
            }
        }
        about.version = version(client).await.map_err(no_answer)?;
        let status = unless_refused(client.call(Action::new("CoreStatus")).await);
        if let Some(status) = status.map_err(no_answer)? {
            about.calls = number(status.text("CoreCurrentCalls"));
        }
        Ok(about)
    }

    fn print(&self, out: &mut Out) -> std::io::Result<()> {
        let banner = escape(&self.banner);
        match out.form {
            Form::People => {
                let server = match &self.version {
                    Some(version) => {
                        let version = escape(version.as_bytes());
                        format!("Asterisk {version} ({banner})")
                    }
                    None => banner,
                };
                let mut line = out.styled(Style::Strong, &server);
                if let Some(uptime) = self.uptime {
                    line += &format!(", up {}", days(uptime));
                }
                if let Some(calls) = self.calls {
                    line += &format!(", {calls} calls");
                }
                out.line(&line)
            }
            Form::Json => out.object(&json!({
                "v": 1,
                "banner": banner,
                "version": self.version,
                "uptime": self.uptime,
                "calls": self.calls,
            })),
            Form::Raw => {
                out.bytes(&self.banner);
                out.bytes(b"\r\n");
                Ok(())
            }
        }
    }
}

fn number(text: Option<std::borrow::Cow<'_, str>>) -> Option<u64> {
    text?.trim().parse().ok()
}

impl Figures {
    fn print(&self, client: &Client, out: &mut Out) -> std::io::Result<()> {
        let Some((first, before)) = self.first else { return Ok(()) };
        let events = client.stats().events.saturating_sub(before);
        let elapsed = first.elapsed().as_secs_f64();
        let rate = (self.trips.len() > 1).then(|| events as f64 / elapsed);
        let min = self.trips.iter().copied().fold(f64::INFINITY, f64::min);
        let max = self.trips.iter().copied().fold(0.0, f64::max);
        let avg = self.trips.iter().sum::<f64>() / self.trips.len() as f64;
        match out.form {
            Form::People if self.trips.len() < 2 => Ok(()),
            Form::People => {
                let [min, avg, max] = [min, avg, max].map(|it| format!("{:.2}", it * 1000.0));
                let rate = rate.map_or_else(String::new, |rate| format!(", {rate:.1} events/s"));
                out.line(&format!("min {min}, avg {avg}, max {max} ms{rate}"))
            }
            Form::Json => out.object(&json!({
                "v": 1,
                "pings": self.trips.len(),
                "min": min,
                "avg": avg,
                "max": max,
                "events_per_second": rate,
            })),
            Form::Raw => Ok(()),
        }
    }
}

/// Returns a time as people say it.
fn days(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours / 24, hours % 24) {
        (0, 0) if minutes == 0 => format!("{seconds}s"),
        (0, 0) => format!("{minutes}m {seconds}s"),
        (0, hours) => format!("{hours}h {minutes}m"),
        (days, hours) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uptime_has_two_units() {
        let shown = [7, 67, 3_700, 90_000].map(days);
        assert_eq!(shown, ["7s", "1m 7s", "1h 1m", "1d 1h"]);
    }
}
