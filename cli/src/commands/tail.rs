//! `ami tail`: events as they come.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use ami::Filter;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tokio::time::{Instant, sleep_until};

use super::events::{Printer, Recorded, Source, Told, filter, joined, take_file};
use crate::exit::{Exit, Failure};
use crate::options::{Options, duration};
use crate::out::{Form, Out, Selection, Style, reader_gone};

/// Print events as they come, from a server or a recording
#[derive(Debug, Args)]
#[command(after_help = HELP, override_usage = "ami tail [OPTIONS] [FILTER…] [FILE]")]
pub(crate) struct Tail {
    /// The events to print; several words have to hold together. The last word may be a recording
    #[arg(value_name = "FILTER")]
    words: Vec<String>,
    /// Read this recording in place of a server; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// End after so many events
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End with the first event that matches, which is printed
    #[arg(long, value_name = "FILTER")]
    until: Option<String>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Print only these fields of each event, in this order
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        value_parser = NonEmptyStringValueParser::new()
    )]
    fields: Vec<String>,
    /// Print lines that are longer than the terminal is wide
    #[arg(long, short)]
    whole: bool,
    /// End when the connection is lost, in place of connecting again
    #[arg(long)]
    no_reconnect: bool,
    /// Print `ready` on the error output once all events from now on are seen
    #[arg(long)]
    ready: bool,
}

const HELP: &str = "\
A filter: `Hangup`, `Queue*`, `class:agent`, `Cause!=16`, `Channel~PJSIP/1*`; a blank is `and`, a
comma is `or`. The last word is FILE, a recording, if it is `-` or ends in .ami (or .ami.2 …).

The time is that which the server sent (timestampevents), or the local one; of a recording, else the
seconds from its beginning, if FILE.times has them.

With --raw the output begins with the server's banner, and is a recording itself.

A line in red says where events are missing. With --json that is an object of its own:
{\"v\":1,\"missed\":N}, {\"v\":1,\"gap\":{…}} or {\"v\":1,\"truncated\":BYTES}.

With --servers the events come in the order of each server, and of one another as they come. A
server that is away is connected to as soon as it is there.

Exit codes: 0 done; 7 events were lost, or the connection with --no-reconnect; 8 the time was up, or
the recording at its end, before the event of --until or all events of -n had come; 4 the login was
refused after a lost connection; 9 of several servers, one was away. `ami --help` has the others.";

/// The reason for the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// The event or the number that was asked for.
    Reached,
    Time,
    Recording,
}

impl Tail {
    pub(crate) async fn run(mut self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let last = take_file(&mut self.words);
        let is_of_file = last.is_some() || self.file.is_some();
        if is_of_file && !options.servers.is_empty() {
            return Err(Failure::usage("a recording is of no server: --servers means nothing"));
        }
        if last.is_some() && self.file.is_some() {
            return Err(Failure::usage("two recordings are named"));
        }
        let file = self.file.take().or(last);
        let only = (!self.fields.is_empty()).then(|| Selection::new(&self.fields));
        if only.is_some() && out.form == Form::Raw {
            return Err(Failure::usage(
                "--fields does not go with --raw, which prints whole messages",
            ));
        }
        let (wanted, until, all) = self.filters()?;
        let mut source = match file {
            Some(path) => Source::Recorded(Box::new(Recorded::open(&path, all).await?)),
            None => {
                let configure = |config: ami::Config| match self.no_reconnect {
                    true => config.reconnect(None),
                    false => config,
                };
                Source::connect(options, all, configure, out).await?
            }
        };
        if self.ready {
            out.tell(Style::Good, "ready");
        }
        let mut printer = Printer { out, only, whole: self.whole, lost: false };
        printer.begin(&source);
        let end = self.follow(&mut source, &mut printer, &wanted, until.as_ref()).await?;
        let of_servers = match &source {
            Source::Merged(merged) => merged.exit(),
            Source::Live(_) | Source::Recorded(_) => Exit::Done,
        };
        Ok(match end {
            _ if printer.lost => Exit::Lost,
            End::Reached => of_servers,
            End::Time | End::Recording if until.is_some() || self.count.is_some() => Exit::NoMatch,
            End::Time | End::Recording => of_servers,
        })
    }

    /// Returns the filter of what is printed, the one of the end, and both together.
    fn filters(&self) -> Result<(Filter, Option<Filter>, Filter), Failure> {
        let text = joined(&self.words);
        let wanted = if text.is_empty() { Filter::all() } else { filter(&text)? };
        let Some(until) = &self.until else { return Ok((wanted.clone(), None, wanted)) };
        let all = if text.is_empty() { Filter::all() } else { filter(&format!("{text},{until}"))? };
        Ok((wanted, Some(filter(until)?), all))
    }

    async fn follow(
        &self,
        source: &mut Source,
        printer: &mut Printer<'_>,
        wanted: &Filter,
        until: Option<&Filter>,
    ) -> Result<End, Failure> {
        let deadline = self.time.and_then(|time| Instant::now().checked_add(time));
        let time_up = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(time_up);
        let gone = reader_gone();
        tokio::pin!(gone);
        let mut printed = 0;
        loop {
            printer.pass_on(source).await?;
            let told = tokio::select! {
                biased;
                () = &mut time_up => return Ok(End::Time),
                told = source.next() => told?,
                () = &mut gone => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
            };
            let event = match told {
                Some(Told::Event(event)) => event,
                Some(other) => {
                    printer.other(source, &other)?;
                    continue;
                }
                None => return Ok(End::Recording),
            };
            let is_last = until.is_some_and(|until| until.matches(&event));
            if is_last || wanted.matches(&event) {
                printer.event(source, &event)?;
                printed += 1;
            }
            if is_last || self.count == Some(printed) {
                return Ok(End::Reached);
            }
        }
    }
}
