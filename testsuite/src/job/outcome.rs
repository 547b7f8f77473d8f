//! The outcome of a test, and the account of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The number of reasons of a test that are told, and of notes.
pub(crate) const TOLD: usize = 100;

/// The longest text of a reason or of a note, in bytes.
const TEXT: usize = 16 * 1024;

/// The longest detail of a reason, or line of a log, in bytes.
const LINE: usize = 4 * 1024;

/// The number of details of a reason that are told.
const DETAILS: usize = 50;

/// The most bytes of all reasons of a test together, of all notes, and of the log.
const ALL: usize = 512 * 1024;

/// The reason of a test that somebody else ended.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// A reason for which a test failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// The expectation that was not met.
    pub what: String,
    /// The things that came nearest, one to a line.
    pub details: Vec<String>,
}

impl Reason {
    /// A reason that needs no details.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), details: Vec::new() }
    }
}

/// A phase of a test.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Sandboxes are made.
    Prepare,
    /// Servers boot.
    Boot,
    /// The test does what it is there for.
    Run,
    /// Servers stop, and components judge.
    Stop,
    /// The evidence of the test is copied.
    Evidence,
}

impl Phase {
    /// All phases, in their order.
    pub(crate) const ALL: [Self; 5] =
        [Self::Prepare, Self::Boot, Self::Run, Self::Stop, Self::Evidence];

    /// The name of the phase, as reports write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Boot => "boot",
            Self::Run => "run",
            Self::Stop => "stop",
            Self::Evidence => "evidence",
        }
    }
}

/// The time that a phase took.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct PhaseTime {
    /// The phase.
    #[serde(rename = "name")]
    pub(crate) phase: Phase,
    /// Seconds.
    pub(crate) seconds: f64,
}

/// The outcome of one execution of a test.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The test passed.
    Passed,
    /// The test failed.
    #[default]
    Failed,
    /// A time-out or a limit ended the test before it passed.
    TimedOut,
    /// Something went wrong that no test can have expected, so that it is a failure also where one
    /// is expected: a server crashed or did not boot, a program could not be started, a panic.
    Faulty,
}

/// The account of one execution of a test: how it went, and what is told of that.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Account {
    /// The outcome of the execution.
    pub(crate) outcome: Outcome,
    /// The reasons for which it failed.
    pub(crate) reasons: Vec<Reason>,
    /// Other things that should be known.
    pub(crate) notes: Vec<String>,
    /// The last lines of the servers' logs.
    pub(crate) log: Vec<String>,
    /// The phases, in their order.
    pub(crate) phases: Vec<PhaseTime>,
    /// The cores that servers left.
    #[serde(default)]
    pub(crate) cores: Vec<PathBuf>,
    /// The folder of what was kept.
    pub(crate) evidence: Option<PathBuf>,
    /// Processor time of the execution and all that it started, in seconds.
    pub(crate) cpu: f64,
    /// The most memory that the process which ran the test had, in KiB; servers do not count.
    pub(crate) memory: u64,
}

impl Account {
    /// An execution that failed for one reason.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self { reasons: vec![Reason::new(reason)], ..Self::default() }
    }

    /// Returns whether the test passed.
    pub(crate) fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    /// Turns the outcome round, for a test that has to fail: it passes when it does. A fault is no
    /// such failure and stays.
    pub(crate) fn invert(&mut self) {
        match self.outcome {
            Outcome::Passed => {
                self.outcome = Outcome::Failed;
                let what = "it passed, and expectedResult says that it has to fail";
                self.reasons.push(Reason::new(what));
            }
            Outcome::Failed | Outcome::TimedOut => {
                self.outcome = Outcome::Passed;
                let failures = self.reasons.drain(..);
                let failures = failures.map(|it| format!("failed, as expected: {}", it.what));
                self.notes.extend(failures);
            }
            Outcome::Faulty => {}
        }
    }

    /// Leaves out what would be too long to be told, and says so. The outcome stays.
    pub(crate) fn bounded(mut self) -> Self {
        self.reasons = within(ALL, self.reasons);
        self.notes = within(ALL, self.notes);
        self.log.iter_mut().for_each(|line| cut(line, LINE));
        self.log = within(ALL, self.log);
        let all = self.cores.len();
        self.cores.retain(|core| core.to_str().is_some_and(|it| it.len() <= LINE));
        self.cores.truncate(TOLD);
        if self.cores.len() < all {
            self.notes.push(format!("and {} more core files", all - self.cores.len()));
        }
        self
    }
}

/// An entry of a list that is told of a test.
pub(crate) trait Entry {
    /// The same, with at most so many bytes as one may have.
    fn bounded(self) -> Self;
    /// Stands for so many that are not told.
    fn more(count: usize) -> Self;
    fn length(&self) -> usize;
}

impl Entry for Reason {
    fn bounded(mut self) -> Self {
        cut(&mut self.what, TEXT);
        // One that was shortened before has a line more, which says so.
        if self.details.len() > DETAILS + 1 {
            let more = self.details.len() - DETAILS;
            self.details.truncate(DETAILS);
            self.details.push(String::more(more));
        }
        self.details.iter_mut().for_each(|detail| cut(detail, LINE));
        self
    }

    fn more(count: usize) -> Self {
        Self::new(String::more(count))
    }

    fn length(&self) -> usize {
        self.what.len() + self.details.iter().map(String::len).sum::<usize>()
    }
}

impl Entry for String {
    fn bounded(mut self) -> Self {
        cut(&mut self, TEXT);
        self
    }

    fn more(count: usize) -> Self {
        format!("and {count} more")
    }

    fn length(&self) -> usize {
        self.len()
    }
}

/// The first of many that are told, and how many there are besides.
#[derive(Debug)]
pub(crate) struct Few<T> {
    first: Vec<T>,
    more: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

impl<T: Entry> Few<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    pub(crate) fn push(&mut self, one: T) {
        if self.first.len() < TOLD {
            self.first.push(one.bounded());
        } else {
            self.more += 1;
        }
    }

    /// Puts one before all others.
    pub(crate) fn lead(&mut self, one: T) {
        self.first.insert(0, one.bounded());
        if self.first.len() > TOLD {
            self.first.pop();
            self.more += 1;
        }
    }

    /// All of them, the last of which says how many more there were.
    pub(crate) fn into_vec(mut self) -> Vec<T> {
        self.first.extend((self.more > 0).then(|| T::more(self.more)));
        self.first
    }
}

impl<T: Entry> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        all.into_iter().for_each(|one| self.push(one));
    }
}

/// The first, as many as have so many bytes together.
fn within<T: Entry>(bytes: usize, all: Vec<T>) -> Vec<T> {
    let (mut told, mut length, mut more) = (Vec::new(), 0, 0);
    for one in all.into_iter().map(T::bounded) {
        length += one.length();
        if length <= bytes {
            told.push(one);
        } else {
            more += 1;
        }
    }
    told.extend((more > 0).then(|| T::more(more)));
    told
}

/// Leaves out the middle of a text that is longer than so many bytes.
fn cut(text: &mut String, longest: usize) {
    if text.len() <= longest {
        return;
    }
    /// Room for what is said of the gap.
    const GAP: usize = 64;
    let half = (longest - GAP) / 2;
    let end = text.floor_char_boundary(half);
    let start = text.ceil_char_boundary(text.len() - half);
    *text = format!("{} … {} bytes are left out … {}", &text[..end], start - end, &text[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_are_told_and_the_rest_is_counted() {
        let mut few: Few<Reason> = Few::default();
        few.extend((0..250).map(|number| Reason::new(number.to_string())));
        few.lead(Reason::new("first"));
        let all = few.into_vec();
        let told: Vec<_> = all.iter().map(|it| &*it.what).collect();
        assert_eq!((told.len(), told[0], told[1], told[99]), (101, "first", "0", "98"));
        assert_eq!(told[100], "and 151 more");
    }

    #[test]
    fn a_long_account_is_shortened_and_its_beginning_and_its_ends_are_kept() {
        let long = format!("begin {}\u{20ac} end", "\u{20ac}".repeat(10_000));
        let reason = Reason { what: long.clone(), details: vec![long.clone(); 60] };
        let account = Account {
            reasons: vec![reason; 20],
            notes: vec![long.clone(); 300],
            log: vec![long; 300],
            cores: (0..500).map(|pid| format!("core.{pid}").into()).collect(),
            ..Account::default()
        };
        let told = account.bounded();
        let what = &told.reasons[0].what;
        assert!(what.starts_with("begin ") && what.ends_with(" end") && what.len() <= TEXT);
        assert_eq!(told.reasons[0].details.last().unwrap(), "and 10 more");
        let last = &told.reasons.last().unwrap().what;
        assert_eq!(*last, format!("and {} more", 20 - (told.reasons.len() - 1)));
        assert_eq!(told.notes.last().unwrap(), "and 400 more core files");
        let text = serde_json::to_string(&told).unwrap();
        assert!(text.len() < 4 * ALL, "{}", text.len());
    }
}
