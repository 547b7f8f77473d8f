//! A line of cells that is drawn piece by piece.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::out::{Line, Style};

/// A line of cells.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// The text of each cell with its style. Behind a wide letter is an empty one.
    cells: Vec<(String, Option<Style>)>,
}

impl Canvas {
    pub(super) fn new(width: usize) -> Self {
        Self { cells: vec![(" ".to_owned(), None); width] }
    }

    /// Writes a text from one cell up to another. A text that does not fit ends with `…`.
    pub(super) fn write(
        &mut self,
        from: usize,
        to: usize,
        style: impl Into<Option<Style>>,
        text: &str,
    ) {
        let style = style.into();
        let to = to.min(self.cells.len());
        let cut = from + text.width() > to;
        let limit = if cut { to.saturating_sub(1) } else { to };
        let mut at = from;
        for char in text.chars() {
            let width = char.width().unwrap_or_default();
            if at + width > limit {
                break;
            }
            if width == 0 {
                if let Some((cell, _)) = at.checked_sub(1).and_then(|it| self.cells.get_mut(it)) {
                    cell.push(char);
                }
                continue;
            }
            self.put(at, &char.to_string(), style);
            for behind in at + 1..at + width {
                self.put(behind, "", style);
            }
            at += width;
        }
        if cut && at < to {
            self.put(at, "…", style);
        }
    }

    fn put(&mut self, at: usize, text: &str, style: Option<Style>) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = (text.to_owned(), style);
        }
    }

    /// Writes a text beside a position: behind it, or before it if there is more room.
    pub(super) fn note(&mut self, at: usize, style: Option<Style>, text: &str) {
        let (width, end) = (text.width(), self.cells.len());
        let behind = end.saturating_sub(at + 2);
        if width <= behind || width + 2 > at && behind >= at {
            self.put(at, "├", style);
            self.write(at + 1, at + 2, style, " ");
            self.write(at + 2, end, style, text);
            return;
        }
        let from = at.saturating_sub(width + 1);
        self.put(at, "┤", style);
        self.write(from, at.saturating_sub(1), style, text);
        self.write(at.saturating_sub(1), at, style, " ");
    }

    /// Draws an arrow with a text in it or behind it. Returns `false` if the text does not fit.
    pub(super) fn arrow(
        &mut self,
        from: usize,
        to: usize,
        style: Option<Style>,
        text: &str,
    ) -> bool {
        let (left, right) = (from.min(to), from.max(to));
        self.write(left, right + 1, style, &"─".repeat(right - left + 1));
        let (tail, head) = if from < to { ("├", ">") } else { ("┤", "<") };
        self.put(from, tail, style);
        self.put(to, "│", Some(Style::Dim));
        self.put(if from < to { right - 1 } else { left + 1 }, head, style);
        self.label(left, right, right, style, text)
    }

    /// Draws a line through positions, with a text in it or behind it. Returns `false` if the text
    /// does not fit.
    pub(super) fn span(&mut self, at: &[usize], style: Option<Style>, text: &str) -> bool {
        let (Some(left), Some(right)) = (at.iter().min(), at.iter().max()) else {
            self.note(0, style, text);
            return true;
        };
        self.write(*left, right + 1, style, &"─".repeat(right - left + 1));
        for position in at {
            let sign = match position {
                it if it == left => "├",
                it if it == right => "┤",
                _ => "┼",
            };
            self.put(*position, sign, style);
        }
        let first = at.iter().filter(|it| *it > left).min().unwrap_or(right);
        self.label(*left, *first, *right, style, text)
    }

    /// Writes the text of a line: in its first part if it fits, else behind its end.
    fn label(
        &mut self,
        left: usize,
        first: usize,
        right: usize,
        style: Option<Style>,
        text: &str,
    ) -> bool {
        let width = text.width();
        // A blank on each side, and a sign of the line.
        let room = (first - left).saturating_sub(5);
        if width <= room {
            let from = left + 2 + (room - width) / 2;
            self.write(from, from + width + 2, style, &format!(" {text} "));
            return true;
        }
        let fits = right + 2 + width <= self.cells.len();
        if fits {
            self.write(right + 1, right + 2, style, " ");
            self.write(right + 2, self.cells.len(), style, text);
        }
        fits
    }

    /// Adds the cells to a line, without the blanks at the end.
    pub(super) fn finish(self, mut line: Line) -> Line {
        let used = self.cells.iter().rposition(|(text, _)| text != " ").map_or(0, |at| at + 1);
        let mut text = String::new();
        let mut style = None;
        for (cell, its) in self.cells.into_iter().take(used) {
            if its != style && !text.is_empty() {
                line.add(style, std::mem::take(&mut text));
            }
            style = its;
            text += &cell;
        }
        line.add(style, text);
        line
    }
}
