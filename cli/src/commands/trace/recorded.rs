//! The ladder of a call in a recording.

use std::path::Path;

use ami::Filter;
use jiff::{SignedDuration, Timestamp};

use super::print::Printer;
use super::query::{Query, told};
use crate::commands::events::{Recorded, Told};
use crate::exit::{Exit, Failure};
use crate::ladder::{Ladder, Ladders};
use crate::out::Style;

/// The calls that are kept because they may be the one that is asked for.
const KEPT: usize = 64;

/// A recording that is searched for a call.
pub(super) struct Reading {
    recorded: Recorded,
    query: Query,
    ladders: Ladders,
    /// The calls that match and have left the history, the newest one last.
    kept: Vec<Ladder>,
    /// The call that an event has told.
    told: Option<String>,
    lost: bool,
    /// The beginning of the recording by the server's clock; `None` as long as no event had the
    /// server's time, which some events lack even where the server sends it.
    begun: Option<Timestamp>,
}

impl Reading {
    pub(super) async fn open(
        path: &Path,
        query: Query,
        printer: &Printer<'_>,
    ) -> Result<Self, Failure> {
        let recorded = Recorded::open(path, Filter::all()).await?;
        let mut ladders = Ladders::new().keep_dropped();
        if printer.needs_events() {
            ladders = ladders.keep_events();
        }
        let (kept, told, lost, begun) = (Vec::new(), None, false, None);
        Ok(Self { recorded, query, ladders, kept, told, lost, begun })
    }

    /// Reads the recording, and prints the call.
    pub(super) async fn run(&mut self, printer: &mut Printer<'_>) -> Result<Exit, Failure> {
        while let Some(told) = self.recorded.next().await? {
            self.take(told);
        }
        self.finish(printer)
    }

    /// Prints the call, as far as the recording was read.
    pub(super) fn finish(&self, printer: &mut Printer<'_>) -> Result<Exit, Failure> {
        printer.banner = self.recorded.banner().to_vec();
        if self.begun.is_none() {
            printer.counts();
        }
        let ladders = || self.kept.iter().chain(self.ladders.iter());
        let named = self.told.as_ref().and_then(|id| ladders().find(|it| it.is(id)));
        let found = named.map(|it| (it, Vec::new())).or_else(|| self.query.choose(ladders()));
        let Some((found, others)) = found else {
            return Err(self.query.failure("in the recording", self.ladders.iter()));
        };
        if let Some(text) = told(found, &others) {
            printer.out.tell(Style::Dim, &text);
        }
        printer.finish(found)?;
        let is_whole = !printer.needs_events() || found.events_left_out == 0;
        Ok(if self.lost || found.is_incomplete || !is_whole { Exit::Lost } else { Exit::Done })
    }

    fn take(&mut self, told: Told) {
        let since = self.recorded.at().and_then(|at| SignedDuration::try_from(at).ok());
        if let (Told::Event(event), None) = (&told, self.begun) {
            let sent = event.timestamp().ok().flatten();
            let sent = sent.and_then(|it| Timestamp::try_from(it).ok());
            self.begun = sent.and_then(|it| it.checked_sub(since.unwrap_or_default()).ok());
        }
        let begun = self.begun.unwrap_or(Timestamp::UNIX_EPOCH);
        let at = since.and_then(|since| begun.checked_add(since).ok());
        match told {
            Told::Event(event) => {
                self.ladders.push(&event, at);
                if self.told.is_none()
                    && let Some(ladder) = self.query.by_event(&event, &self.ladders)
                {
                    self.told = Some(ladder.id().to_owned());
                }
            }
            Told::Missed(missed) => {
                self.lost = true;
                self.ladders.lost(&format!("{missed} events are missing here"), at);
            }
            Told::Truncated(_) => {
                self.lost = true;
                self.ladders.lost("the recording ends inside a message", at);
            }
            Told::Gap(_) | Told::Note(_) | Told::Down(_) => {}
            Told::MergedGap(_) | Told::Failed(_) => {}
        }
        let is_told = |it: &Ladder| self.told.as_ref().is_some_and(|id| it.is(id));
        let dropped = self.ladders.dropped().into_iter();
        self.kept.extend(dropped.filter(|it| self.query.matches(it) || is_told(it)));
        if self.kept.len() > KEPT {
            // The first one is what is asked for, or the newest ones.
            let oldest = usize::from(matches!(self.query, Query::Next(_)));
            self.kept.remove(oldest);
        }
    }
}
