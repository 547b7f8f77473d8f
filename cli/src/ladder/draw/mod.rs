//! The drawing of a ladder as text: a column for each leg, a line for each row.

mod canvas;
mod layout;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use self::canvas::Canvas;
use self::layout::{Layout, TIMES};
use super::call::{Ladder, Shown};
use super::row::{Place, Row};
use crate::out::{Line, Style, escape, local};

/// The narrowest drawing.
pub(crate) const NARROWEST: usize = 60;

/// The settings of a drawing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct View {
    /// The columns of the terminal.
    pub(crate) width: usize,
    /// `true` if the times count from the beginning of a recording, and are no times of day.
    pub(crate) counts: bool,
}

/// A drawing that goes on with each row, for a terminal that scrolls.
#[derive(Debug)]
pub(crate) struct Scroll {
    view: View,
    /// The legs that have a column.
    legs: usize,
    last: Option<Timestamp>,
}

impl Scroll {
    pub(crate) fn new(view: View) -> Self {
        Self { view, legs: 0, last: None }
    }

    /// Returns the lines of a row. The names of the columns come again when there are more.
    pub(crate) fn row(&mut self, ladder: &Ladder, row: &Row) -> Vec<Line> {
        let layout = Layout::new(ladder, self.view.width.max(NARROWEST));
        let mut lines = Vec::new();
        if ladder.legs.len() != self.legs {
            if self.legs > 0 {
                lines.push(Line::default());
            }
            lines.extend(head(ladder, &layout));
            self.legs = ladder.legs.len();
        }
        lines.extend(body(ladder, &layout, row, self.last, self.view));
        self.last = row.at.or(self.last);
        lines
    }
}

impl Ladder {
    /// Returns the lines of the ladder.
    pub(crate) fn lines(&self, view: View) -> Vec<Line> {
        let layout = Layout::new(self, view.width.max(NARROWEST));
        let mut lines = head(self, &layout);
        let mut last = None;
        for shown in self.sorted_rows() {
            match shown {
                Shown::Row(row) => {
                    lines.extend(body(self, &layout, row, last, view));
                    last = row.at.or(last);
                }
                Shown::LeftOut(rows) => {
                    let mut line = Line::default();
                    line.pad(TIMES);
                    line.add(Style::Bad, format!("… {rows} rows are left out here"));
                    lines.push(line);
                }
            }
        }
        lines.extend(self.end_lines(view));
        lines
    }

    /// Returns the lines of the end.
    pub(crate) fn end_lines(&self, view: View) -> Vec<Line> {
        end(self, view.width.max(NARROWEST))
    }
}

fn head(ladder: &Ladder, layout: &Layout) -> Vec<Line> {
    let mut names = Canvas::new(layout.width);
    let mut parties = Canvas::new(layout.width);
    for column in &layout.columns {
        let end = column.at + layout.step - 1;
        names.write(column.at, end, Style::Strong, &escape(column.name.as_bytes()));
        parties.write(column.at, end, Style::Dim, &escape(column.party.as_bytes()));
    }
    let mut first = Line::default();
    first.add(Style::Dim, format!("{:TIMES$}", clip(&escape(ladder.id().as_bytes()))));
    let mut second = Line::default();
    second.pad(TIMES);
    vec![names.finish(first), parties.finish(second)]
}

/// Returns as much of an identifier as fits before the columns.
fn clip(id: &str) -> String {
    match id.char_indices().nth(TIMES - 2) {
        Some((at, _)) => format!("{}…", &id[..at]),
        None => id.to_owned(),
    }
}

/// Returns the lines of one row.
fn body(
    ladder: &Ladder,
    layout: &Layout,
    row: &Row,
    last: Option<Timestamp>,
    view: View,
) -> Vec<Line> {
    let mut time = Line::default();
    time.add(Style::Dim, times(row.at, last, view));
    let place = layout.place(&row.place);
    let mut text = escape(row.text.as_bytes());
    // A leg that has no column of its own is named.
    let named: Vec<_> = row.place.legs().into_iter().filter(|leg| layout.is_folded(*leg)).collect();
    if let [leg, ..] = named[..]
        && !matches!(row.place, Place::Call)
    {
        let name = ladder.legs.get(leg).map(|leg| leg.short_name()).unwrap_or_default();
        text = format!("{}: {text}", escape(name.as_bytes()));
    }
    let mut canvas = Canvas::new(layout.width);
    for column in layout.columns.iter().filter(|column| column.is_open(ladder, row.number)) {
        canvas.write(column.at, column.at + 1, Style::Dim, "│");
    }
    let lines = canvas.clone();
    let style = row.style;
    let fits = match place {
        Place::Call => {
            canvas.write(0, layout.width, style, &format!("── {text}"));
            true
        }
        Place::Leg(column) => {
            canvas.note(layout.at(column), style, &text);
            true
        }
        Place::Arrow(from, to) => canvas.arrow(layout.at(from), layout.at(to), style, &text),
        Place::Span(columns) => {
            let at: Vec<_> = columns.iter().map(|column| layout.at(*column)).collect();
            canvas.span(&at, style, &text)
        }
    };
    if fits {
        return vec![canvas.finish(time)];
    }
    // The text has a line of its own, above its arrow.
    let from = row.place.legs().into_iter().map(|leg| layout.at(layout.column(leg))).min();
    let mut above = lines;
    above.note(from.unwrap_or(0), style, &text);
    let mut blank = Line::default();
    blank.pad(TIMES);
    vec![above.finish(time), canvas.finish(blank)]
}

/// Returns the time of a row and the time since the row before, as wide as [`TIMES`].
fn times(at: Option<Timestamp>, last: Option<Timestamp>, view: View) -> String {
    let Some(at) = at else { return " ".repeat(TIMES) };
    let time = match view.counts {
        true => format!("+{:.3}", at.as_microsecond() as f64 / 1e6),
        false => local(at),
    };
    let since = last.map(|last| (at.as_microsecond() - last.as_microsecond()) as f64 / 1e6);
    let since = match since {
        // The rows of a call that joins another one are older.
        None | Some(..0.0) => String::new(),
        Some(since) if since.abs() < 1000.0 => format!("{since:+.3}"),
        Some(since) => format!("{since:+.0}"),
    };
    format!("{time:>12} {since:>8}  ")
}

/// Returns the lines of the end of a call.
fn end(ladder: &Ladder, width: usize) -> Vec<Line> {
    let mut line = Line::default();
    if !ladder.is_over {
        line.add(Style::Dim, "── the call is up");
        return vec![line];
    }
    let outcome = ladder.outcome();
    let style = if outcome.starts_with("answered") { Style::Good } else { Style::Bad };
    line.add(None, "── ended: ");
    line.add(style, outcome);
    let why = escape(ladder.why().as_bytes());
    let fits = "── ended: ".width() + outcome.width() + why.width() <= width;
    if fits {
        line.add(None, &*why);
    }
    let mut lines = vec![line];
    let mut more = |style: Option<Style>, text: &str| {
        let mut line = Line::default();
        line.add(style, format!("── {text}"));
        lines.push(line);
    };
    if !fits {
        more(None, why.trim_start_matches(", "));
    }
    if let Some(durations) = ladder.durations() {
        more(Some(Style::Dim), &durations);
    }
    if ladder.was_up {
        more(Some(Style::Dim), "the call was up when it was first seen");
    }
    if ladder.is_incomplete {
        more(Some(Style::Bad), "events of this call are missing");
    }
    lines
}
