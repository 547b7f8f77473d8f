//! A line of pieces in different styles, as long as the terminal is wide.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Out, Style};

/// A line of pieces, each in a style.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pieces: Vec<(Option<Style>, String)>,
    width: usize,
}

impl Line {
    /// Adds a text. What a server said has to be escaped before.
    pub(crate) fn add(&mut self, style: impl Into<Option<Style>>, text: impl Into<String>) {
        let text = text.into();
        self.width += text.width();
        self.pieces.push((style.into(), text));
    }

    /// Fills the line up to a column with blanks.
    pub(crate) fn pad(&mut self, column: usize) {
        if let Some(missing) = column.checked_sub(self.width).filter(|it| *it > 0) {
            self.add(None, " ".repeat(missing));
        }
    }

    /// Returns the pieces with their styles.
    pub(crate) fn pieces(&self) -> &[(Option<Style>, String)] {
        &self.pieces
    }

    /// Returns the line in its styles. Beyond the limit it is cut off, and `…` says so.
    pub(crate) fn show(&self, out: &Out, limit: Option<usize>) -> String {
        let cut = limit.filter(|limit| self.width > *limit);
        let mut left = cut.map_or(usize::MAX, |limit| limit.saturating_sub(1));
        let mut shown = String::new();
        for (style, text) in self.pieces() {
            let fitting = fitting(text, left);
            left -= fitting.width().min(left);
            match style {
                Some(style) if !fitting.is_empty() => shown += &out.styled(*style, fitting),
                _ => shown += fitting,
            }
            if fitting.len() < text.len() {
                break;
            }
        }
        if cut.is_some() {
            shown.push('…');
        }
        shown
    }
}

/// Returns the beginning of a text that fits into so many columns.
pub(crate) fn fitting(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, char) in text.char_indices() {
        taken += char.width().unwrap_or_default();
        if taken > columns {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_letter_is_cut_as_a_whole() {
        assert_eq!(fitting("a日b", 2), "a");
        assert_eq!(fitting("a日b", 3), "a日");
        assert_eq!(fitting("ab", 9), "ab");
    }
}
