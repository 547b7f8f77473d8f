//! The tests of components, each with a sibling that must fail: `expected.txt` in the folder of a
//! test has its verdict in the first line, and a text that its reasons or notes contain in each
//! further line. Where a version differs, `expected-16.txt` counts. A test without such a file has
//! to pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Folder, OWN_TESTS, own_suite, turn};

/// The verdict that a test has to have, and the texts that its reasons contain.
fn expected(test: &str, version: &str) -> (String, Vec<String>) {
    let read = |name: &str| fs::read_to_string(own_suite().join(test).join(name));
    match read(&format!("expected-{version}.txt")).or_else(|_| read("expected.txt")) {
        Err(_) => ("passed".to_owned(), Vec::new()),
        Ok(text) => {
            let mut lines = text.lines().map(str::to_owned);
            (lines.next().unwrap(), lines.collect())
        }
    }
}

/// Returns the tests below a folder that a version runs, by their paths in the suite.
fn tests_below(folder: &Path, version: &str, tests: &mut Vec<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            tests_below(&path, version, tests);
        }
    }
    let fails = folder.join("expected.txt").exists();
    let differs = folder.join(format!("expected-{version}.txt")).exists();
    if folder.join("test-config.yaml").exists() && (version == SIBLINGS_ON || !fails || differs) {
        let path = folder.strip_prefix(own_suite()).unwrap();
        tests.push(path.to_str().unwrap().to_owned());
    }
}

/// The version that runs the siblings that must fail.
const SIBLINGS_ON: &str = "22";

fn give_their_verdicts(version: &str) {
    let _turn = turn();
    let folder = Folder::new();
    let mut tests = Vec::new();
    tests_below(&own_suite().join("tests/components"), version, &mut tests);
    let mut options = vec!["--asterisk", version, "--jobs", "8", "--native"];
    options.extend(tests.iter().flat_map(|test| ["-t", test.as_str()]));
    let run = folder.run(OWN_TESTS, &own_suite(), &options);
    let mut wrong = BTreeMap::new();
    for test in run.finished() {
        let name = test["name"].as_str().unwrap();
        let (verdict, texts) = expected(name, version);
        let reasons = run.reasons(name);
        // Texts are written as they are told, and compared as JSON has them.
        let told = |text: &String| {
            let json = serde_json::to_string(text).unwrap();
            reasons.contains(&json[1..json.len() - 1])
        };
        if run.verdict(name) != verdict || !texts.iter().all(told) {
            wrong.insert(
                name,
                format!("{} {reasons}; expected {verdict} {texts:?}", run.verdict(name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A folder that no list names is a test that nobody runs.
    assert_eq!(run.finished().count(), tests.len());
    assert_eq!(folder.sandboxes(), [""; 0].map(Into::<std::path::PathBuf>::into));
}

#[test]
fn components_give_their_verdicts_on_22() {
    give_their_verdicts("22");
}

#[test]
fn components_give_their_verdicts_on_16() {
    give_their_verdicts("16");
}
