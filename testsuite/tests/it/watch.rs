//! Tests that run again when their files change, and tests that are written to begin with.

use std::io::{BufRead, BufReader, Lines};
use std::process::{ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Folder, RUNTESTS, Run, SCRIPT};

/// Reads lines until one contains a text.
fn until(lines: &mut Lines<BufReader<ChildStderr>>, text: &str) {
    let mut said = String::new();
    for line in lines {
        said = said + &line.unwrap() + "\n";
        if said.contains(text) {
            return;
        }
    }
    panic!("nobody said {text:?}: {said}");
}

#[test]
fn a_test_whose_files_change_runs_again_alone() {
    const PASSES: &[(&str, &str)] = &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\n")];
    let folder = Folder::suite(&[("a", PASSES), ("b", PASSES)]);
    let output = folder.0.join("output.txt");
    let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22", "--watch"]);
    command.stdout(std::fs::File::create(&output).unwrap()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    until(&mut lines, "waiting for changes");
    folder.file("tests/b/run-test", "#!/bin/sh\nexit 3\n");
    until(&mut lines, "changed: tests/b\nwaiting for changes");
    // As another branch of its repository is checked out.
    let tests = folder.0.join("tests");
    std::fs::rename(&tests, folder.0.join("before")).unwrap();
    until(&mut lines, "there is no such list of tests");
    std::fs::rename(folder.0.join("before"), &tests).unwrap();
    until(&mut lines, "changed: tests/a, tests/b\nwaiting for changes");
    folder.file("tests/b/run-test", "#!/bin/sh\nexit 4\n");
    until(&mut lines, "changed: tests/b\nwaiting for changes");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // The last run failed.
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let told = std::fs::read_to_string(output).unwrap();
    let runs: Vec<_> = told.lines().filter(|line| line.starts_with("Tests to run: ")).collect();
    assert!(runs[0].starts_with("Tests to run: 2 ") && runs[1].starts_with("Tests to run: 1 "));
    assert!(told.contains("Test tests/b failed"), "{told}");
    assert_eq!(runs.len(), 4, "{told}");
}

#[test]
fn a_test_to_begin_with_passes_as_it_is_written_and_lint_has_no_complaint() {
    let folder = Folder::new();
    let runtests = |arguments: &[&str]| {
        let mut command = Command::new(RUNTESTS);
        Run::of(command.args(arguments).current_dir(&folder.0), &folder.0.join("none"))
    };
    let run = runtests(&["new", "calls/answered"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.contains("run it with: runtests -t tests/calls/answered"), "{}", run.text);
    let run = runtests(&["lint"]);
    assert!(run.code == Some(0) && run.text.contains("0 errors, 0 warnings"), "{}", run.text);
    for version in ["22", "16"] {
        let run = folder.run_own(&["--asterisk", version]);
        assert_eq!(run.verdict("tests/calls/answered"), "passed", "{}", run.text);
    }
    // A dialplan whose sound does not play fails it.
    let dialplan = folder.read("tests/calls/answered/configs/ast1/extensions.conf");
    folder.file(
        "tests/calls/answered/configs/ast1/extensions.conf",
        &dialplan.replace("beep", "no-such-sound"),
    );
    let run = folder.run_own(&["--asterisk", "22"]);
    assert!(run.reasons("tests/calls/answered").contains("result is"), "{}", run.text);
    let run = runtests(&["new", "calls/answered"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("there is such a folder already"), "{}", run.text);
}
