//! The ladder of a call on a server, row by row until its end.

use std::io;
use std::time::Duration;

use ami::Filter;
use ami::action::CoreShowChannels;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::print::Printer;
use super::query::{Query, told};
use crate::commands::events::{Live, Told};
use crate::exit::{Exit, Failure};
use crate::ladder::{Ladder, Ladders};
use crate::options::Options;
use crate::out::{Style, reader_gone};

/// A server on which a call is traced.
pub(super) struct Tracing<'a> {
    query: Query,
    options: &'a Options,
    deadline: Option<Instant>,
    ladders: Ladders,
    keeps_events: bool,
    /// The identifier of the call, once it is known.
    call: Option<String>,
    /// `true` if events were lost.
    lost: bool,
}

/// The reason to stop.
enum Stop {
    /// The call has ended.
    Ended,
    Time,
    /// The connection is lost, or the call ended while events were missing.
    Lost,
}

impl<'a> Tracing<'a> {
    pub(super) fn new(
        query: Query,
        time: Option<Duration>,
        options: &'a Options,
        printer: &Printer<'_>,
    ) -> Self {
        let keeps_events = printer.needs_events();
        let ladders = none_yet(keeps_events);
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        Self { query, options, deadline, ladders, keeps_events, call: None, lost: false }
    }

    /// Follows the call to its end.
    pub(super) async fn run(&mut self, printer: &mut Printer<'_>) -> Result<Exit, Failure> {
        let mut live = Live::connect(self.options, Filter::all(), |config| config).await?;
        printer.banner = live.banner();
        match &self.query {
            Query::Next(_) => printer.out.tell(Style::Good, "waiting for the next call"),
            Query::Call(_) => {
                self.list(&live).await?;
                self.find(printer)?;
            }
        }
        let stop = self.follow(&mut live, printer).await?;
        self.finish(printer)?;
        let left_out = self.ladder().map_or(0, |it| it.events_left_out);
        Ok(match stop {
            _ if self.lost || self.keeps_events && left_out > 0 => Exit::Lost,
            Stop::Lost => Exit::Lost,
            Stop::Ended => Exit::Done,
            Stop::Time if self.call.is_none() => {
                return Err(self.query.failure("in that time", self.ladders.iter()));
            }
            Stop::Time => Exit::NoMatch,
        })
    }

    /// Asks for the channels that are up.
    async fn list(&mut self, live: &Live) -> Result<(), Failure> {
        let list = live.client().call(CoreShowChannels::new()).await.map_err(ami::Error::from)?;
        self.ladders.list(list.items, Timestamp::now());
        Ok(())
    }

    /// Finds the call among those that are up.
    fn find(&mut self, printer: &mut Printer<'_>) -> Result<(), Failure> {
        let Some((found, others)) = self.query.choose(self.ladders.iter()) else {
            return Err(self.query.failure("that is up", self.ladders.iter()));
        };
        if let Some(text) = told(found, &others) {
            printer.out.tell(Style::Dim, &text);
        }
        self.call = Some(found.id().to_owned());
        Ok(())
    }

    /// Returns the ladder of the call, once it is known.
    fn ladder(&self) -> Option<&Ladder> {
        self.ladders.get(self.call.as_deref()?)
    }

    /// Prints what is left to print.
    pub(super) fn finish(&self, printer: &mut Printer<'_>) -> Result<(), Failure> {
        match self.ladder() {
            Some(ladder) => printer.finish(ladder),
            None => Ok(()),
        }
    }

    async fn follow(
        &mut self,
        live: &mut Live,
        printer: &mut Printer<'_>,
    ) -> Result<Stop, Failure> {
        let gone = reader_gone();
        tokio::pin!(gone);
        // The time at which a connection that is lost is given up.
        let mut down: Option<Instant> = None;
        loop {
            if let Some(ladder) = self.ladder() {
                printer.rows(ladder)?;
            }
            printer.out.drain().await?;
            if self.ladder().is_some_and(|it| it.is_over) {
                return Ok(Stop::Ended);
            }
            let told = tokio::select! {
                biased;
                () = until(self.deadline) => return Ok(Stop::Time),
                () = until(down) => return Ok(Stop::Lost),
                told = live.next() => told,
                () = &mut gone => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
            };
            match told {
                Ok(Told::Down(text)) => {
                    down = Instant::now().checked_add(self.options.timeout);
                    self.lose(&format!("the connection is lost: {text}"));
                }
                Ok(Told::Gap(gap)) => {
                    down = None;
                    self.lose(&format!("events are missing here: {gap:#}"));
                    if !self.is_still_up(live).await? {
                        return Ok(Stop::Lost);
                    }
                }
                Ok(told) => self.take(told, printer),
                Err(failure) => {
                    self.lose("the connection has ended");
                    self.finish(printer)?;
                    return Err(failure);
                }
            }
        }
    }

    fn take(&mut self, told: Told, printer: &mut Printer<'_>) {
        match told {
            Told::Event(event) => {
                self.ladders.push(&event, Some(Timestamp::now()));
                if self.call.is_none() {
                    let by_event = self.query.by_event(&event, &self.ladders);
                    let found =
                        by_event.or_else(|| self.query.choose(self.ladders.iter()).map(|it| it.0));
                    self.call = found.map(|it| it.id().to_owned());
                }
            }
            Told::Missed(missed) => self.lose(&format!("{missed} events are missing here")),
            Told::Note(text) => printer.out.tell(Style::Dim, &text),
            Told::Gap(_) | Told::Down(_) | Told::Truncated(_) => {}
            // The server is the only one.
            Told::MergedGap(_) | Told::Failed(_) => {}
        }
    }

    /// Notes a loss. It is none of the call as long as the call has not begun.
    fn lose(&mut self, text: &str) {
        self.lost |= self.call.is_some();
        self.ladders.lost(text, Some(Timestamp::now()));
    }

    /// Returns `true` if a channel of the call is up, after a time without a connection.
    async fn is_still_up(&mut self, live: &Live) -> Result<bool, Failure> {
        if self.call.is_none() {
            self.ladders = none_yet(self.keeps_events);
            return Ok(true);
        }
        let list = live.client().call(CoreShowChannels::new()).await.map_err(ami::Error::from)?;
        let up: Vec<_> = list.items.iter().filter_map(|it| it.unique_id()).collect();
        let mut channels = self.ladder().into_iter().flat_map(Ladder::channels);
        let is_up = channels.any(|id| up.iter().any(|it| it.as_str() == id));
        drop(channels);
        self.ladders.list(list.items, Timestamp::now());
        Ok(is_up)
    }
}

fn none_yet(keeps_events: bool) -> Ladders {
    let ladders = Ladders::new();
    if keeps_events { ladders.keep_events() } else { ladders }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
