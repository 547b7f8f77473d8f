//! The tables written by hand: rows of words, each with its reason behind a `#`.

use crate::error::{Error, Result};

/// A row of a table written by hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row<'a> {
    /// The file and the line, for errors.
    pub(crate) place: String,
    /// The first word, which says what the row does.
    pub(crate) verb: &'a str,
    /// The other words.
    pub(crate) words: Vec<&'a str>,
    /// The reason for the row.
    pub(crate) reason: &'a str,
}

impl Row<'_> {
    /// Creates an error about the row.
    pub(crate) fn error(&self, text: impl Into<String>) -> Error {
        Error::new(&self.place, text)
    }
}

/// Parses the rows of a file. A line that begins with spaces continues the row above, and one that
/// begins with `#` is a comment.
///
/// # Errors
///
/// Returns an error for a row that gives no reason.
pub(crate) fn rows<'a>(file: &str, text: &'a str) -> Result<Vec<Row<'a>>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (words, reason) = match line.split_once(" # ") {
            Some((words, reason)) => (words, reason.trim()),
            None => (line, ""),
        };
        let mut words = words.split_whitespace();
        if line.starts_with(' ') {
            let row = rows.last_mut().filter(|row| row.reason.is_empty());
            let row = row.ok_or_else(|| Error::line(file, at, line, "a row to continue"))?;
            row.words.extend(words);
            row.reason = reason;
        } else {
            let verb = words.next().unwrap_or_default();
            let place = format!("{file}:{}", at + 1);
            rows.push(Row { place, verb, words: words.collect(), reason });
        }
    }
    match rows.iter().find(|row| row.reason.is_empty()) {
        Some(row) => Err(row.error("a row without its reason: expected VERB WORDS # REASON")),
        None => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_can_be_continued_and_needs_a_reason() {
        let parsed = rows("f.txt", "# comment\n\nparts A B\n  C # why\nlist D # how\n").unwrap();
        let words: Vec<_> = parsed.iter().map(|row| (row.verb, &row.words[..])).collect();
        assert_eq!(words, [("parts", &["A", "B", "C"][..]), ("list", &["D"])]);
        assert_eq!((parsed[0].reason, &*parsed[1].place), ("why", "f.txt:5"));
        let error = rows("f.txt", "parts A B\nlist D # how\n").unwrap_err().to_string();
        assert_eq!(error, "f.txt:1: a row without its reason: expected VERB WORDS # REASON");
        assert!(rows("f.txt", "  A\n").is_err());
    }
}
