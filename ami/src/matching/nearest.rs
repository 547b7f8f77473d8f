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
        self.seen += 1;
        let farthest = self.best.last().map_or(usize::MAX, |(missed, _)| *missed);
        if self.best.len() == TOLD && mismatches.len() >= farthest {
            return;
        }
        let what = format!("{}: {}", matcher.summary(event), mismatches.join("; "));
        let at = self.best.partition_point(|(missed, _)| *missed <= mismatches.len());
        self.best.insert(at, (mismatches.len(), what));
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
