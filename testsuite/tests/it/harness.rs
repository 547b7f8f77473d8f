//! A test target of cargo, as cargo and nextest start it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use instance::{Server, Want};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Folder, OWN_TESTS, SCRIPT};

const SKIPPED: &str = "testinfo:\n    skip: 'it waits for a server that can do this'\n";
const LACKING: &str = "properties:\n    dependencies:\n        - asterisk: 'app_nonesuch'\n";

/// The output of a target and its exit code.
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs a target whose package is this folder.
fn run(package: &Folder, asterisk: &str, arguments: &[&str]) -> Told {
    of(command(package, asterisk).args(arguments))
}

fn command(package: &Folder, asterisk: &str) -> Command {
    let mut command = Command::new(OWN_TESTS);
    command.env("OWN_TESTS_PACKAGE", &package.0).env("ASTERISK", asterisk);
    command.env("AST_WORK_DIR", package.0.join("w")).env_remove("RUST_TEST_THREADS");
    command.env_remove("RUST_TEST_NOCAPTURE").current_dir("/");
    command
}

fn of(command: &mut Command) -> Told {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The binary of a server.
fn server() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(Server::find_or_fetch(&Want::Major(22), |_| ())).unwrap();
    found.binary().to_str().unwrap().to_owned()
}

/// Without a server: a name that stands for none.
const NONE: &str = "/nonexistent/asterisk";

fn package() -> Folder {
    const OK: &str = "#!/bin/sh\necho 'printed by one that passes'\n";
    const WRONG: &str = "#!/bin/sh\necho 'printed by one that fails'\nexit 3\n";
    Folder::suite(&[
        ("calls/good", &[("test-config.yaml", SCRIPT), ("run-test", OK)]),
        ("calls/wrong", &[("test-config.yaml", SCRIPT), ("run-test", WRONG)]),
        ("calls/good_later", &[("test-config.yaml", SKIPPED), ("run-test", OK)]),
        ("lacking", &[("test-config.yaml", LACKING), ("run-test", OK)]),
        ("broken", &[("test-config.yaml", "testinfo: [\n")]),
    ])
}

#[test]
fn lists_and_choices_need_no_server() {
    let package = package();
    let list = |arguments: &[&str]| {
        let told = run(&package, NONE, &[&["--list", "--format", "terse"], arguments].concat());
        assert_eq!((told.code, &*told.err), (Some(0), ""), "{}", told.out);
        told.out
    };
    let all = "broken: test\ncalls/good: test\ncalls/good_later: test\ncalls/wrong: test\nlacking: test\n";
    assert_eq!(list(&[]), all);
    assert_eq!(list(&["--include-ignored"]), all);
    assert_eq!(list(&["--ignored"]), "calls/good_later: test\n");
    assert_eq!(list(&["calls/", "--skip", "good"]), "calls/wrong: test\n");
    assert_eq!(list(&["--exact", "calls/good"]), "calls/good: test\n");
    assert_eq!(list(&["broken", "lack"]), "broken: test\nlacking: test\n");
    let told = run(&package, NONE, &["--list", "wrong"]);
    assert_eq!(told.out, "calls/wrong: test\n\n1 test, 0 benchmarks\n");
    let told = run(&package, NONE, &["nobody", "--test-threads=1"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(told.out.starts_with("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; "));
    assert!(told.out.contains("; 5 filtered out; "), "{}", told.out);
}

#[test]
fn what_cannot_be_followed_is_an_error_and_not_a_failed_test() {
    let package = package();
    let refused = |told: &Told, why: &str| {
        assert_eq!((told.code, &*told.out), (Some(101), ""), "{}", told.err);
        assert!(told.err.starts_with("error: ") && told.err.contains(why), "{}", told.err);
    };
    refused(&run(&package, NONE, &["--bogus"]), "'--bogus'");
    refused(&run(&package, NONE, &["--format", "json"]), "possible values: pretty, terse");
    refused(&run(&package, NONE, &["good"]), NONE);
    let told = of(command(&package, NONE).env("RUST_TEST_THREADS", "0"));
    refused(&told, "RUST_TEST_THREADS is \"0\", expected a number from 1 to 65535");
    package.file("tests/tests.yaml", "tests:\n    - nobody: 'calls'\n    - test: 'lacking'\n");
    refused(&run(&package, NONE, &["--list"]), "tests/tests.yaml:2: ");
    let help = run(&package, NONE, &["--help"]);
    assert!(help.code == Some(0) && help.out.contains("--nocapture"), "{}", help.out);
}

#[test]
fn a_run_is_told_as_libtest_tells_it() {
    let package = package();
    let server = &*server();
    let told = run(&package, server, &["--test-threads", "1"]);
    assert_eq!(told.code, Some(101), "{}: {}", told.out, told.err);
    let out = &told.out;
    for part in [
        "\nrunning 5 tests\ntest ",
        "\ntest calls/good ... ok\n",
        "\ntest calls/wrong ... FAILED\n",
        "\ntest calls/good_later ... ignored, it waits for a server that can do this\n",
        "test broken ... FAILED\n",
        "\ntest lacking ... ignored, lacks asterisk: app_nonesuch: the server has no such module\n",
        "\n\nfailures:\n\n---- ",
        "---- calls/wrong stdout ----\nprinted by one that fails\n",
        "ended with exit status: 3\n",
        "---- broken stdout ----\n",
        "\nfailures:\n    broken\n    calls/wrong\n\ntest result: FAILED. 1 passed; 2 failed; 2 ignored; 0 measured; 0 filtered out; finished in ",
    ] {
        assert!(out.contains(part), "{part}: {out}{}", told.err);
    }
    assert!(!out.contains("printed by one that passes") && !out.contains('\x1b'), "{out}");
    // The package stays as it was, and the evidence is where cargo builds.
    let kept = out.lines().find_map(|line| line.trim().strip_prefix("kept: ")).unwrap();
    let built = std::path::Path::new(OWN_TESTS).parent().unwrap().parent().unwrap();
    assert!(std::path::Path::new(kept).starts_with(built), "{kept}");
    assert!(kept.ends_with("tmp/own-tests-logs/tests/calls/wrong/run_0"), "{kept}");
    assert!(std::path::Path::new(kept).join("output.txt").is_file(), "{kept}");
    let mut left: Vec<_> = std::fs::read_dir(&package.0).unwrap().flatten().collect();
    left.retain(|it| it.file_name() != "w" && it.file_name() != "tests");
    assert!(left.is_empty(), "{left:?}");

    // As nextest starts one that it knows as ignored.
    let ignored = ["--exact", "calls/good_later", "--nocapture", "--ignored"];
    let told = run(&package, server, &ignored);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(told.out.starts_with("\nrunning 1 test\nprinted by one that passes\n"), "{}", told.out);
    assert!(told.out.contains("test calls/good_later ... ok\n\ntest result: ok. 1 passed; "));

    // In characters, with colours, with the output of all, and a folder that the lists do not name.
    std::fs::remove_file(package.0.join("tests/tests.yaml")).unwrap();
    let told = run(&package, server, &["good", "-q", "--show-output", "--color", "always"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let out = &told.out;
    assert!(out.contains("\x1b[32m.\x1b[m") && out.contains("\x1b[33mi\x1b[m"), "{out}");
    let shown = "\nsuccesses:\n\n---- calls/good stdout ----\nprinted by one that passes\n\n\nsuccesses:\n    calls/good\n";
    assert!(out.contains(shown), "{out}");
    assert!(out.contains("1 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out"), "{out}");
}

#[test]
fn a_server_that_is_as_it_was_is_asked_once() {
    let package = package();
    let server = server();
    let lacking = || {
        let mut command = command(&package, &server);
        command.env("XDG_CACHE_HOME", package.0.join("cache")).args(["--exact", "lacking"]);
        let told = of(command.env("ASTERISK_CACHE", instance::cache_folder().unwrap()));
        assert_eq!(told.code, Some(0), "{}: {}", told.out, told.err);
        told.out
    };
    assert!(lacking().contains("test lacking ... ignored, lacks asterisk: app_nonesuch"));
    let kept = package.0.join("cache/asterisk-testsuite/servers");
    let kept: Vec<_> = std::fs::read_dir(kept).unwrap().map(|it| it.unwrap().path()).collect();
    let facts = std::fs::read_to_string(&kept[0]).unwrap();
    assert!(kept.len() == 1 && facts.contains("\"app_dial\""), "{kept:?}: {facts}");
    // Facts that the server would not tell.
    std::fs::write(&kept[0], facts.replace("\"app_dial\"", "\"app_dial\",\"app_nonesuch\""))
        .unwrap();
    assert!(lacking().contains("test lacking ... ok"));
}

#[test]
fn a_type_that_the_program_does_not_have_fails_and_is_nothing_that_the_server_lacks() {
    const MISTYPED: &str = "test-modules:\n    test-object:\n        typename: 'own.Smaple'\n";
    let package = Folder::suite(&[("mistyped", &[("test-config.yaml", MISTYPED)])]);
    let told = run(&package, &server(), &[]);
    assert_eq!(told.code, Some(101), "{}: {}", told.out, told.err);
    assert!(told.out.contains("test mistyped ... FAILED"), "{}", told.out);
    assert!(told.out.contains("this program has no own.Smaple"), "{}", told.out);
}

#[test]
fn evidence_is_kept_of_each_try_of_nextest_and_a_test_that_is_interrupted_is_named() {
    const WAITS: &str = "#!/bin/sh\necho begun\nexec sleep 60\n";
    const WRONG: &str = "#!/bin/sh\nexit 3\n";
    // Names that no other test of this file has: the evidence of all is in the same folder.
    let package = Folder::suite(&[
        ("tried/wrong", &[("test-config.yaml", SCRIPT), ("run-test", WRONG)]),
        ("tried/waits", &[("test-config.yaml", SCRIPT), ("run-test", WAITS)]),
    ]);
    let server = &*server();
    let tried = |attempt: &str| {
        let mut command = command(&package, server);
        command.env("NEXTEST_ATTEMPT", attempt).args(["--exact", "tried/wrong"]);
        let told = of(&mut command);
        let kept = told.out.lines().find_map(|line| line.trim().strip_prefix("kept: "));
        std::path::PathBuf::from(kept.unwrap_or_else(|| panic!("{}{}", told.out, told.err)))
    };
    let (first, second) = (tried("1"), tried("2"));
    assert!(first.is_dir() && second.is_dir() && first != second, "{first:?} {second:?}");

    let mut command = command(&package, server);
    command.args(["--nocapture", "waits"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "begun"));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let rest: Vec<_> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(101));
    let told = rest.join("\n");
    assert!(told.contains("\ninterrupted:\n    tried/waits\n"), "{told}");
    assert!(told.contains("\n1 test did not come to an end\n"), "{told}");
}
