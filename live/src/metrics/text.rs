//! Text of OpenMetrics: families with their metadata, samples, and labels.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::state::{BOUNDS, Histogram};

/// The type of a family.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// A label: its name and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// A family that is written.
pub(super) struct Family<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    name: &'static str,
    kind: Kind,
}

/// Begins a family. Its unit is the end of the name, if that is the name of a unit.
pub(super) fn family<'a, 'b>(
    f: &'a mut fmt::Formatter<'b>,
    kind: Kind,
    name: &'static str,
    help: &str,
) -> Result<Family<'a, 'b>, fmt::Error> {
    let text = match kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Histogram => "histogram",
    };
    writeln!(f, "# TYPE {name} {text}")?;
    for unit in ["seconds", "bytes"] {
        if name.strip_suffix(unit).is_some_and(|it| it.ends_with('_')) {
            writeln!(f, "# UNIT {name} {unit}")?;
        }
    }
    writeln!(f, "# HELP {name} {help}")?;
    Ok(Family { f, name, kind })
}

impl Family<'_, '_> {
    /// Writes a sample of a gauge or counter.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: u64) -> fmt::Result {
        let suffix = if let Kind::Counter = self.kind { "_total" } else { "" };
        self.begin(suffix, labels)?;
        writeln!(self.f, " {value}")
    }

    /// Writes a sample for each value of a label.
    pub(super) fn counts(&mut self, label: &'static str, counts: &Counts) -> fmt::Result {
        counts.iter().try_for_each(|(value, count)| self.sample(&[(label, value)], count))
    }

    /// Writes a point in time.
    pub(super) fn time(&mut self, time: SystemTime) -> fmt::Result {
        self.begin("", &[])?;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        writeln!(self.f, " {:?}", since.as_secs_f64())
    }

    /// Writes the samples of a histogram.
    pub(super) fn histogram(&mut self, labels: &[Label<'_>], it: &Histogram) -> fmt::Result {
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(it.buckets) {
            below += bucket;
            self.bucket(labels, &format!("{bound}.0"), below)?;
        }
        self.bucket(labels, "+Inf", it.count)?;
        self.begin("_count", labels)?;
        writeln!(self.f, " {}", it.count)?;
        self.begin("_sum", labels)?;
        writeln!(self.f, " {:?}", it.sum.as_secs_f64())
    }

    fn bucket(&mut self, labels: &[Label<'_>], bound: &str, count: u64) -> fmt::Result {
        self.begin("_bucket", &[labels, &[("le", bound)]].concat())?;
        writeln!(self.f, " {count}")
    }

    /// Writes the name of a sample with its labels.
    fn begin(&mut self, suffix: &str, labels: &[Label<'_>]) -> fmt::Result {
        write!(self.f, "{}{suffix}", self.name)?;
        let mut separator = '{';
        for (name, value) in labels {
            write!(self.f, "{separator}{name}=\"")?;
            escape(self.f, value)?;
            self.f.write_char('"')?;
            separator = ',';
        }
        if labels.is_empty() { Ok(()) } else { self.f.write_char('}') }
    }
}

/// Writes the value of a label.
fn escape(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    value.chars().try_for_each(|char| match char {
        '\\' => f.write_str(r"\\"),
        '"' => f.write_str("\\\""),
        '\n' => f.write_str(r"\n"),
        _ => f.write_char(char),
    })
}

/// Counts by the value of a label.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Counts values, in lower case. A value that is not known counts as `other`, so that their
    /// number is bounded.
    pub(super) fn of<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut counts = Self::default();
        values.into_iter().for_each(|value| counts.add(value));
        counts
    }

    /// Returns the values and their counts, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(value, &count)| (&**value, count))
    }

    fn add(&mut self, value: Option<&str>) {
        let value = value.map_or_else(|| "other".to_owned(), str::to_ascii_lowercase);
        *self.0.entry(value).or_default() += 1;
    }
}
