//! However much a test prints and says of itself, and whatever that is, its verdict and its reasons
//! arrive.

use crate::support::{Folder, OWN_TESTS, PASS, Run, SCRIPT, SIMPLE};

const MIB: usize = 1024 * 1024;

fn native(name: &str) -> String {
    format!("test-modules: {{test-object: {{typename: 'own.{name}'}}}}\n")
}

/// The lines that a test printed, as they are told while it runs.
fn lines<'a>(run: &'a Run, name: &str) -> Vec<&'a str> {
    let printed = run.events.iter().filter(|it| it["event"] == "test-output" && it["name"] == name);
    printed.map(|it| it["line"].as_str().unwrap()).collect()
}

#[test]
fn lines_of_many_threads_are_whole_and_none_is_taken_for_a_verdict() {
    let folder = Folder::suite(&[
        ("loud", &[("test-config.yaml", &native("Loud"))]),
        ("forged", &[("test-config.yaml", &native("Forged"))]),
    ]);
    let run = folder.run(OWN_TESTS, &folder.0, &["--asterisk", "22"]);
    assert_eq!(run.verdict("tests/loud"), "passed", "{}", run.reasons("tests/loud"));
    let printed = lines(&run, "tests/loud");
    assert_eq!(printed.len(), 32);
    for line in printed {
        let first = &line[..1];
        assert!("0123".contains(first) && line == first.repeat(60_000), "a torn line");
    }
    assert_eq!(run.verdict("tests/forged"), "failed", "{}", run.text);
    let reasons = run.reasons("tests/forged");
    assert!(
        reasons.contains("the real reason, of own-tests") && !reasons.contains("forged"),
        "{reasons}"
    );
    // The line was printed by the test, by a child of it, and behind what has no end; each is
    // output.
    let forged = lines(&run, "tests/forged");
    assert_eq!(forged.iter().filter(|line| line.contains("\"end\"")).count(), 3, "{forged:?}");
}

#[test]
fn much_output_is_told_with_its_beginning_and_its_end() {
    let folder = Folder::suite(&[(
        "numbers",
        &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\nseq 1 600000\nexit 1\n")],
    )]);
    let run = folder.run_own(&["--asterisk", "22", "--retries", "1"]);
    assert_eq!(run.verdict("tests/numbers"), "failed", "{}", &run.text[..2_000]);
    let kept = folder.read("logs/tests/numbers/run_0/output.txt");
    let gap = kept.find('…').unwrap();
    assert!(kept.starts_with("1\n2\n") && kept.ends_with("\n599999\n600000\n"));
    assert!(kept.len() > 2 * MIB - 100 && kept.len() < 2 * MIB + 100, "{}", kept.len());
    // Whole lines around what is left out, and it is told how much that is.
    let number = |text: &str| text.trim().parse::<u32>().unwrap();
    let before = number(kept[..gap].lines().next_back().unwrap());
    let mut behind = kept[gap..].lines();
    let told = behind.next().unwrap();
    let after = number(behind.next().unwrap());
    let bytes = 7 * (after - before - 1);
    let lines_left = after - before - 1;
    assert_eq!(told, format!("… {bytes} bytes with {lines_left} line ends are left out here …"));
    let printed = lines(&run, "tests/numbers");
    assert_eq!(printed.len(), 2 * kept.lines().count(), "each of two executions");
    for report in [&run.text, &folder.read("r.xml")] {
        assert!(report.contains("\n1\n2\n") && report.contains(told));
        assert!(report.contains("\n599999\n600000\n"));
    }
}

#[test]
fn much_output_takes_little_memory_and_little_of_the_disk() {
    let program = "#!/bin/sh\necho begin\nhead -c 30000000 /dev/zero | tr '\\0' x | fold -w 60000\n\
         head -c 3000000 /dev/zero | tr '\\0' '\\001'\necho end\nexit 1\n";
    let folder = Folder::suite(&[("a", &[("test-config.yaml", SCRIPT), ("run-test", program)])]);
    let run = folder.run_own(&["--asterisk", "22"]);
    let kept = folder.read("logs/tests/a/run_0/output.txt");
    assert!(kept.starts_with("begin\nxxx") && kept.ends_with("\u{1}end\n"));
    assert!(kept.len() < 2 * MIB + 100, "{}", kept.len());
    for file in ["run.json", "r.xml"] {
        let length = folder.read(file).len();
        // A byte is told in six at most.
        assert!(length < 8 * MIB, "{file}: {length}");
    }
    let ended = run.events.last().unwrap();
    for key in ["memory", "workers_memory"] {
        let memory = ended[key].as_u64().unwrap();
        assert!(memory > 0 && memory < 100_000, "{key}: {memory} KiB");
    }
}

#[test]
fn of_many_reasons_the_first_are_told_and_how_many_more_there_are() {
    let config = SIMPLE.replace("test-object:", "modules:\n        - {typename: 'ami.AMIEventModule', config-section: events}\n    test-object:");
    let event = format!(
        "    - conditions: {{match: {{Event: 'Never', Header: '{}'}}}}\n      count: '1'\n",
        "x".repeat(1_000)
    );
    let config = format!("{config}events:\n{}", event.repeat(300));
    let folder = Folder::suite(&[
        ("events", &[("test-config.yaml", &config), ("configs/ast1/extensions.conf", PASS)]),
        ("fails", &[("test-config.yaml", &native("Fails"))]),
    ]);
    let run = folder.run(OWN_TESTS, &folder.0, &["--asterisk", "22"]);
    for (name, first, more) in
        [("events", "Never", "and 200 more"), ("fails", "reason 0 ", "and 59900 more")]
    {
        let test = run.of_test(&format!("tests/{name}"));
        assert_eq!(test["verdict"], "failed", "{name}");
        let reasons = test["outcome"]["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 101, "{name}: {}", reasons[0]);
        assert!(reasons[0]["what"].as_str().unwrap().contains(first), "{}", reasons[0]);
        assert_eq!(reasons[100]["what"], more);
    }
    let notes = run.of_test("tests/fails")["outcome"]["notes"].as_array().unwrap();
    assert_eq!(notes.last().unwrap(), "and 59900 more");
}

#[test]
fn the_causes_of_an_error_are_told_once_each() {
    let folder = Folder::suite(&[("a", &[("test-config.yaml", &native("Chain"))])]);
    let run = folder.run(OWN_TESTS, &folder.0, &["--asterisk", "22"]);
    let reasons = &run.of_test("tests/a")["outcome"]["reasons"];
    assert_eq!(reasons[0]["what"], "the outer one: the inner one", "{reasons}");
}

#[test]
fn times_without_end_are_taken() {
    let folder = Folder::suite(&[(
        "a",
        &[("test-config.yaml", &*native("Endless")), ("configs/ast1/extensions.conf", PASS)],
    )]);
    let run = folder.run(OWN_TESTS, &folder.0, &["--asterisk", "22"]);
    assert_eq!(run.verdict("tests/a"), "passed", "{}", run.reasons("tests/a"));
}
