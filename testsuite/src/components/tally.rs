//! A tally of what a server was asked and what it answered, for the failure of its test.

use std::sync::{Arc, Mutex, PoisonError};

/// The number of different lines that are kept.
const LINES: usize = 30;

/// The number of characters of a line that are kept.
const LONGEST: usize = 200;

/// Lines in the order in which they came first. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<Line>,
    /// The number of lines that came when there was no more room.
    others: usize,
}

#[derive(Debug)]
struct Line {
    text: String,
    /// The question had the answer that it was asked for.
    is_met: bool,
    times: usize,
}

impl Tally {
    /// Counts a question with its answer, which is what was asked for or not.
    pub(super) fn add(&self, text: &str, is_met: bool) {
        let text = match text.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        };
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Lines { kept, others } = &mut *lines;
        match kept.iter().position(|it| it.text == text) {
            Some(at) => kept[at].times += 1,
            None if kept.len() < LINES => kept.push(Line { text, is_met, times: 1 }),
            None => *others += 1,
        }
    }

    /// Returns all lines in one: first those of questions without the answer that they were asked
    /// for, which are the likelier reasons of a failure.
    pub(super) fn told(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (met, unmet): (Vec<_>, Vec<_>) = lines.kept.iter().partition(|it| it.is_met);
        let told = |Line { text, times, .. }: &Line| match times {
            1 => text.clone(),
            _ => format!("{text} ({times} times)"),
        };
        let mut told: Vec<_> = unmet.into_iter().chain(met).map(told).collect();
        if lines.others > 0 {
            told.push(format!("and {} more", lines.others));
        }
        if told.is_empty() { "nothing was asked".to_owned() } else { told.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_their_number_and_length_are_limited() {
        let tally = Tally::default();
        assert_eq!(tally.told(), "nothing was asked");
        for (line, is_met) in [("a", true), ("b", false), ("c", true), ("a", true), ("d", false)] {
            tally.clone().add(line, is_met);
        }
        assert_eq!(tally.told(), "b; d; a (2 times); c");
        tally.add(&"é".repeat(LONGEST + 1), true);
        for number in 0..LINES {
            tally.add(&number.to_string(), true);
        }
        let told = tally.told();
        assert!(told.contains(&format!("; {}…; 0; 1;", "é".repeat(LONGEST))), "{told}");
        assert!(told.ends_with("; 24; and 5 more"), "{told}");
    }
}
