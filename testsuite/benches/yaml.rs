//! The cost of the reader of YAML, in units of a plain parse of the same text.
//!
//! `cargo bench -p testsuite --bench yaml` reads a mapping with 100,000 entries, one that takes
//! many entries over from others, and a list of tests, each in turn with the parser alone, for
//! `BENCH_ROUNDS` rounds; a ratio is the median of the ratios within a round.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use granit_parser::Parser;
use testsuite::Document;

/// A document may have 200,000 values, and it is one itself.
const KEYS: usize = 99_999;

fn main() {
    let wanted = std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds = wanted.unwrap_or(15).max(1);
    let mut ratios = Vec::new();
    for (name, text) in [
        ("yaml/10000-tests", tests()),
        ("yaml/merged", merged()),
        ("yaml/100000-keys", keys(KEYS, "")),
    ] {
        ratios.push((name, measure(name, &text, rounds)));
    }
    println!();
    for (name, ratio) in ratios {
        println!("ratio {name} {ratio:.3}");
    }
}

fn keys(count: usize, indent: &str) -> String {
    (0..count).fold(String::new(), |mut text, key| {
        writeln!(text, "{indent}key{key}: value").unwrap();
        text
    })
}

/// A mapping with 10,000 entries, and two that have it and 20,000 of their own.
fn merged() -> String {
    let mut text = format!("base: &base\n{}", keys(10_000, "  "));
    for copy in ["first", "second"] {
        write!(text, "{copy}:\n  <<: *base\n{}", keys(20_000, "  x")).unwrap();
    }
    text
}

fn tests() -> String {
    (0..10_000).fold("tests:\n".to_owned(), |mut text, test| {
        writeln!(text, "    - test: 'test{test}'").unwrap();
        text
    })
}

fn measure(name: &str, text: &str, rounds: usize) -> f64 {
    let plain = || Parser::new_from_str(text).filter(|event| event.is_ok()).count();
    let ours = || Document::parse(Path::new("bench.yaml"), text).unwrap();
    let mut both: Vec<_> = (0..rounds).map(|_| (timed(plain), timed(ours))).collect();
    both.sort_by_key(|(_, ours)| *ours);
    let (parser, reader) = both[rounds / 2];
    println!("{name:<20} the parser alone {parser:>10.3?}   the reader {reader:>10.3?}");
    let mut ratios: Vec<_> =
        both.iter().map(|(plain, ours)| ours.as_secs_f64() / plain.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[rounds / 2]
}

fn timed<T>(what: impl Fn() -> T) -> Duration {
    let begun = Instant::now();
    let done = black_box(what());
    let took = begun.elapsed();
    drop(done);
    took
}
