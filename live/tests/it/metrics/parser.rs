//! A strict reader of OpenMetrics text, which knows what our text may have and nothing else.

use std::collections::{BTreeMap, BTreeSet};

/// The samples of a text by name with labels, such as `up{queue="sales"}`. Labels are as written.
pub(crate) type Samples = BTreeMap<String, f64>;

/// Reads a text. Panics if it is not OpenMetrics.
pub(crate) fn read(text: &str) -> Samples {
    let body = text.strip_suffix("# EOF\n").expect("an end");
    let mut samples = Samples::new();
    let mut names = BTreeSet::new();
    let mut lines = body.split_terminator('\n').peekable();
    while lines.peek().is_some() {
        let mut family = Family::begin(&mut lines);
        assert!(names.insert(family.name.clone()), "{} comes twice", family.name);
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (key, value) = family.sample(line);
            assert!(samples.insert(key, value).is_none(), "{line} comes twice");
        }
        family.end();
    }
    for (name, other) in names.iter().flat_map(|it| names.iter().map(move |other| (it, other))) {
        for suffix in ["_total", "_bucket", "_count", "_sum", "_created"] {
            assert_ne!(format!("{name}{suffix}"), **other, "names of samples clash");
        }
    }
    samples
}

struct Family {
    name: String,
    kind: String,
    /// The buckets of the histogram that is read, by the labels of all its samples.
    histograms: BTreeMap<String, Vec<(f64, f64)>>,
    /// The counts of the histograms.
    counts: BTreeMap<String, f64>,
    sums: BTreeSet<String>,
}

impl Family {
    fn begin<'a>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Self {
        let line = lines.next().unwrap();
        let (name, kind) = line.strip_prefix("# TYPE ").unwrap().split_once(' ').unwrap();
        assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
        assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'), "{line}");
        if let Some(line) = lines.next_if(|line| line.starts_with("# UNIT ")) {
            let (of, unit) = line["# UNIT ".len()..].split_once(' ').unwrap();
            assert!(of == name && name.ends_with(&format!("_{unit}")), "{line}");
        }
        let line = lines.next().unwrap();
        let help =
            line.strip_prefix(&format!("# HELP {name} ")).unwrap_or_else(|| panic!("{line}"));
        assert!(!help.is_empty() && !help.contains(['\\', '"']), "{line}");
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            histograms: BTreeMap::new(),
            counts: BTreeMap::new(),
            sums: BTreeSet::new(),
        }
    }

    fn sample(&mut self, line: &str) -> (String, f64) {
        let (key, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite() && value >= 0.0, "{line}");
        let suffix = key.strip_prefix(&self.name).unwrap_or_else(|| panic!("{line}"));
        let (suffix, labels) = suffix.split_once('{').map_or((suffix, ""), |(suffix, labels)| {
            (suffix, labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}")))
        });
        let mut labels = labels_of(labels);
        let bound = labels.remove("le");
        let of = format!("{labels:?}");
        match (&*self.kind, suffix, bound) {
            ("gauge", "", None) | ("counter", "_total", None) => {}
            ("histogram", "_bucket", Some(bound)) => {
                let number = if bound == "+Inf" {
                    f64::INFINITY
                } else {
                    let number = bound.parse().unwrap();
                    assert_eq!(format!("{number:?}"), bound, "the canonical form");
                    number
                };
                self.histograms.entry(of).or_default().push((number, value));
            }
            ("histogram", "_count", None) => drop(self.counts.insert(of, value)),
            ("histogram", "_sum", None) => assert!(self.sums.insert(of)),
            _ => panic!("{line}"),
        }
        (key.to_owned(), value)
    }

    fn end(self) {
        assert!(self.histograms.keys().eq(self.counts.keys()) && self.counts.keys().eq(&self.sums));
        for (of, buckets) in self.histograms {
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{} {of}", self.name);
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, self.counts[&of])));
        }
    }
}

/// Reads labels: `name="value",other="value"`.
fn labels_of(mut text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").unwrap();
        assert!(name.bytes().all(|it| it.is_ascii_lowercase()), "{name}");
        let mut value = String::new();
        let mut chars = rest.chars();
        loop {
            match chars.next().unwrap() {
                '"' => break,
                '\\' => value.push(match chars.next().unwrap() {
                    'n' => '\n',
                    it @ ('\\' | '"') => it,
                    other => panic!("an escape of {other}"),
                }),
                it => value.push(it),
            }
        }
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} comes twice");
        text = chars.as_str();
        if !text.is_empty() {
            text = text.strip_prefix(',').unwrap();
            assert!(!text.is_empty(), "a label behind the comma");
        }
    }
    labels
}
