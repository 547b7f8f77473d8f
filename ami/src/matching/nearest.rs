//! The events that came nearest to a description, of all that came.

use crate::matching::matcher::Matcher;
use crate::wire::Event;

/// The number of the nearest events that are told.
const TOLD: usize = 3;

/// The events that came nearest to a description.
#[derive(Debug, Default)]
pub struct Nearest {
    /// With the number of conditions that were not met.
    best: Vec<(usize, String)>,
    seen: usize,
}

impl Nearest {
    /// Takes note of an event that has the name of the description and does not match it.
    pub fn note(&mut self, event: &Event, matcher: &Matcher) {
        let mismatches: Vec<_> = matcher.mismatches(event).collect();
        self.note_other(mismatches.len(), || {
            format!("{}: {}", matcher.summary(event), mismatches.join("; "))
        });
    }

    /// Takes note of something else that a description names and does not match, such as an event
    /// of another interface: of the number of conditions that it does not meet, and of the line
    /// that tells it, which is only made if it is near.
    pub fn note_other(&mut self, mismatches: usize, line: impl FnOnce() -> String) {
        self.seen += 1;
        let farthest = self.best.last().map_or(usize::MAX, |(missed, _)| *missed);
        if self.best.len() == TOLD && mismatches >= farthest {
            return;
        }
        let at = self.best.partition_point(|(missed, _)| *missed <= mismatches);
        self.best.insert(at, (mismatches, line()));
        self.best.truncate(TOLD);
    }

    /// Returns what to tell of them, one to a line.
    pub fn lines(&self, name: &str) -> Vec<String> {
        if self.seen == 0 {
            return vec![format!("no other {name} came")];
        }
        let nearest = self.best.iter().map(|(_, line)| format!("nearest: {line}"));
        let more = self.seen - self.best.len();
        let more = (more > 0).then(|| format!("and {more} more of that name"));
        nearest.chain(more).collect()
    }
}
