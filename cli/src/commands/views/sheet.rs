//! A table with rows below its rows, such as queues with their members.

use std::time::SystemTime;

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::entry::Entry;
use crate::out::{Line, Out, Style};

/// The longest name of a caller where lines are cut off: nobody pushes all other columns off the
/// screen.
const LONGEST: usize = 40;

/// Returns the lines of a table, cut off at the limit.
pub(super) fn lines(
    columns: &[&str],
    entries: &[Entry],
    now: SystemTime,
    out: &Out,
    limit: Option<usize>,
) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let grid = |cells: &[Cell]| -> Row {
        let text = |cell: &Cell| {
            let text = cell.shown(now);
            let is_short = cell.is_of_a_caller && limit.is_some();
            (cell.style, if is_short { short(text) } else { text })
        };
        cells.iter().map(text).collect()
    };
    let head = columns.iter().map(|name| (Some(Style::Strong), name.to_uppercase())).collect();
    let rows: Vec<Row> = entries.iter().map(|entry| grid(&entry.cells)).collect();
    let inner: Vec<Vec<Row>> =
        entries.iter().map(|entry| entry.inner.iter().map(|it| grid(it)).collect()).collect();
    let outer_widths = widths(rows.iter().chain([&head]));
    let inner_widths = widths(inner.iter().flatten());
    let mut lines = vec![line(&head, 0, &outer_widths).show(out, limit)];
    for (row, inner) in rows.iter().zip(&inner) {
        lines.push(line(row, 0, &outer_widths).show(out, limit));
        lines.extend(inner.iter().map(|row| line(row, 2, &inner_widths).show(out, limit)));
    }
    lines
}

/// The texts of a row, each in a style.
type Row = Vec<(Option<Style>, String)>;

fn widths<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for ((_, text), width) in row.iter().zip(&mut widths) {
            *width = text.width().max(*width);
        }
    }
    widths
}

fn line(row: &Row, indent: usize, widths: &[usize]) -> Line {
    let last = row.iter().rposition(|(_, text)| !text.is_empty());
    let mut line = Line::default();
    let mut column = indent;
    line.pad(indent);
    for (at, (style, text)) in row.iter().enumerate().take(last.map_or(0, |it| it + 1)) {
        line.add(*style, text);
        column += widths.get(at).copied().unwrap_or_default() + 2;
        if Some(at) != last {
            line.pad(column);
        }
    }
    line
}

/// Returns a text that is not too long.
fn short(text: String) -> String {
    if text.width() <= LONGEST {
        return text;
    }
    let mut short = String::new();
    for char in text.chars() {
        short.push(char);
        if short.width() >= LONGEST {
            short.pop();
            break;
        }
    }
    short + "…"
}
