//! A ladder in each form, at once or row by row.

use std::collections::HashSet;

use crate::exit::Failure;
use crate::ladder::{Ladder, Row, Scroll, Shown, View};
use crate::out::{Line, Out, Style};

/// The form of a ladder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Print {
    /// Text, row by row.
    Rows,
    /// Text, drawn as a whole.
    Whole,
    /// Objects, row by row.
    Objects,
    Mermaid,
    /// The events of the call.
    Events,
}

/// Prints a ladder.
#[derive(Debug)]
pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Out,
    print: Print,
    view: View,
    scroll: Scroll,
    /// The rows that are printed, by their numbers.
    printed: HashSet<u64>,
    /// The rows that the ladder had when it was printed last.
    added: u64,
    /// The banner of the server.
    pub(super) banner: Vec<u8>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut Out, print: Print, width: usize) -> Self {
        let view = View { width, counts: false };
        let scroll = Scroll::new(view);
        let (printed, added, banner) = (HashSet::new(), 0, Vec::new());
        Self { out, print, view, scroll, printed, added, banner }
    }

    /// Returns `true` if the events of the call are needed.
    pub(super) fn needs_events(&self) -> bool {
        self.print == Print::Events
    }

    /// Makes the times count from the beginning of a recording.
    pub(super) fn counts(&mut self) {
        self.view.counts = true;
        self.scroll = Scroll::new(self.view);
    }

    /// Prints the rows that are new, in forms that are printed row by row.
    pub(super) fn rows(&mut self, ladder: &Ladder) -> Result<(), Failure> {
        if ladder.added == self.added || !matches!(self.print, Print::Rows | Print::Objects) {
            return Ok(());
        }
        self.added = ladder.added;
        for shown in ladder.rows() {
            if let Shown::Row(row) = shown
                && self.printed.insert(row.number)
            {
                self.row(ladder, row)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, ladder: &Ladder, row: &Row) -> Result<(), Failure> {
        match self.print {
            Print::Objects => Ok(self.out.object(&ladder.object(row))?),
            _ => {
                let lines = self.scroll.row(ladder, row);
                self.lines(lines)
            }
        }
    }

    /// Prints lines. On a terminal that is narrower than they are, they are cut off.
    fn lines(&mut self, lines: Vec<Line>) -> Result<(), Failure> {
        for line in lines {
            let text = line.show(self.out, self.out.width());
            self.out.line(text.trim_end())?;
        }
        Ok(())
    }

    /// Prints the rest: the rows that are new and the end, or all.
    pub(super) fn finish(&mut self, ladder: &Ladder) -> Result<(), Failure> {
        self.rows(ladder)?;
        match self.print {
            Print::Rows => self.lines(ladder.end_lines(self.view)),
            Print::Whole => self.lines(ladder.lines(self.view)),
            Print::Objects => Ok(self.out.object(&ladder.end_object())?),
            Print::Mermaid => {
                ladder.mermaid().lines().try_for_each(|line| self.out.line(line))?;
                Ok(())
            }
            Print::Events => {
                self.out.bytes(&self.banner.clone());
                self.out.bytes(b"\r\n");
                let events = ladder.events();
                for event in &events {
                    self.out.bytes(event.raw());
                }
                if ladder.events_left_out > 0 {
                    let (kept, left) = (events.len(), ladder.events_left_out);
                    let text = format!(
                        "the call has more than the {kept} events that are kept: {left} are left out"
                    );
                    self.out.tell(Style::Bad, &text);
                }
                Ok(())
            }
        }
    }
}
