//! Our own tests give the verdicts that they should, each for its own reason.

use std::process::Command;

use instance::{Builder, Server, Want};

use crate::support::{
    Folder, OWN_TESTS, PASS, RUNTESTS, Run, SCRIPT, SIMPLE, assert_end, own_suite, turn,
};

/// Every one of them, what becomes of it, and what is told of that.
const EXPECTED: [(&str, &str, &str); 49] = [
    ("tests/sample", "passed", ""),
    ("tests/rust/aborts", "failed", "the process that runs the test ended ("),
    ("tests/rust/calls", "passed", "Asterisk 1: Local/silent@default was not answered: "),
    ("tests/rust/calls", "passed", "Asterisk 1: Local/nobody@nowhere was not answered: "),
    ("tests/rust/calls", "passed", "Asterisk 1: Nonesuch/1 was not answered: "),
    (
        "tests/rust/causes",
        "failed",
        "[{\"what\":\"the garden is closed: invalid digit found in string\",\"details\"",
    ),
    ("tests/rust/crash", "failed", "the server crashed (signal 11)"),
    ("tests/rust/cut_off", "passed", "the AMI connection to Asterisk 1 ended in the middle"),
    ("tests/rust/fast_agi", "passed", ""),
    ("tests/rust/killed", "passed", ""),
    ("tests/rust/lists", "passed", ""),
    ("tests/rust/mixed", "failed", "UserEvent with UserEvent \\\"Never\\\" came never, expected 1"),
    ("tests/rust/mixed", "failed", "a module of our own says so"),
    ("tests/rust/no_boot", "failed", "Error loading module 'app_nonesuch.so'"),
    (
        "tests/rust/no_request",
        "timed-out",
        "FastAGI: no other request came to 127.0.0.1:4573, 1 before",
    ),
    ("tests/rust/no_request", "timed-out", "is no FastAGI request: expected a line such as"),
    ("tests/rust/observed", "passed", ""),
    ("tests/rust/panics", "failed", "it panicked: this test is wrong"),
    ("tests/rust/patient", "passed", ""),
    ("tests/rust/prints", "passed", ""),
    ("tests/rust/refused", "timed-out", "the call failed: "),
    ("tests/rust/refused", "timed-out", "Asterisk 1: Local/nobody@nowhere was not answered: "),
    ("tests/rust/restarts", "passed", "without a connection, the server "),
    ("tests/rust/sample", "passed", ""),
    ("tests/rust/sticky", "failed", "the test was said to fail"),
    ("tests/rust/token", "failed", "it was not done: water the plants"),
    ("tests/rust/two_servers", "passed", ""),
    ("tests/rust/unanswered", "passed", ""),
    ("tests/rust/unloads", "passed", ""),
    ("tests/rust/unmet", "timed-out", "state is \\\"rain\\\", expected to be \\\"sun\\\""),
    ("tests/rust/wrong_parts", "failed", "a module: it panicked: this module is wrong"),
    ("tests/rust/wrong_parts", "failed", "a task of the test: it panicked: this task is wrong"),
    ("tests/scripts/environment", "passed", ""),
    ("tests/scripts/exit_code", "failed", "ended with exit status: 3"),
    ("tests/scripts/flaky", "flaky", ""),
    ("tests/yaml/broken", "broken", "test-config.yaml:31: count is \\\"many\\\""),
    ("tests/yaml/calls", "passed", ""),
    ("tests/yaml/count", "failed", "came once, expected 2"),
    ("tests/yaml/crash", "failed", "the server crashed (signal 11)"),
    ("tests/yaml/dependency", "lacking", "asterisk: app_nonesuch: the server has no such module"),
    ("tests/yaml/dependency", "lacking", "buildoption: NONESUCH: the server was built with:"),
    ("tests/yaml/disorder", "failed", "UserEvent is \\\"Second\\\", expected to be \\\"First\\\""),
    ("tests/yaml/drain", "passed", ""),
    ("tests/yaml/inverted", "passed", "failed, as expected:"),
    ("tests/yaml/late", "passed", ""),
    ("tests/yaml/matches", "passed", ""),
    ("tests/yaml/skipped", "skipped", "it waits for a server that can do this"),
    ("tests/yaml/time_out", "timed-out", "no verdict within 1 s"),
    ("tests/yaml/verdict", "failed", "result is \\\"fail\\\", expected to be \\\"pass$\\\""),
];

/// The tests of components, which have a test of their own.
const COMPONENTS: &str = "^tests/components/";

/// Asserts all of those whose name begins with one of `begins`.
fn assert_all(run: &Run, begins: &[&str]) {
    for (name, verdict, reason) in EXPECTED {
        if !begins.iter().any(|begin| name.starts_with(begin)) {
            continue;
        }
        assert_eq!(run.verdict(name), verdict, "{name}: {}", run.text);
        assert!(run.reasons(name).contains(reason), "{name}: {}", run.reasons(name));
    }
    assert_eq!(run.code, Some(1), "{}", run.text);
}

#[test]
fn our_own_tests_give_their_verdicts_on_22() {
    let _turn = turn();
    let folder = Folder::new();
    let run = folder.run(
        OWN_TESTS,
        &own_suite(),
        &[
            "--asterisk",
            "22",
            "--retries",
            "1",
            "--jobs",
            "8",
            "--time-limit",
            "60",
            "-T",
            COMPONENTS,
        ],
    );
    assert_all(&run, &["tests/"]);
    assert_eq!(folder.sandboxes(), [""; 0].map(Into::<std::path::PathBuf>::into));

    // What the page shows.
    assert!(run.text.starts_with("Running tests for Asterisk 22."), "{}", run.text);
    for line in [
        "(run 1 of 1)...\n",
        "Tests to run: 39 * 1 time(s) = 39  Maximum test inactivity time: -1 sec.\n",
    ] {
        assert!(run.text.contains(line), "{line}: {}", run.text);
    }
    for line in [
        "--> Running test 'tests/sample' ...\n",
        "\nTest tests/sample passed\n",
        "\nTest tests/yaml/verdict failed\n",
        "\nTest tests/yaml/time_out timed out\n",
    ] {
        assert!(run.text.contains(line), "{line}: {}", run.text);
    }

    let report = folder.read("r.xml");
    for part in [
        "<testsuite errors=\"0\" tests=\"39\" time=\"",
        "failures=\"18\" name=\"AsteriskTestSuite\" timestamp=\"20",
        " skipped=\"3\">",
        " classname=\"yaml\" name=\"verdict\">\n      <failure>",
        " classname=\"\" name=\"sample\"/>",
        " classname=\"scripts\" name=\"flaky\">\n      <flakyFailure>",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }

    // What a test prints is not mixed with what its process says.
    assert!(run.text.contains("no line break") && !run.text.contains("\"phase\""), "{}", run.text);

    // What is kept of a failure.
    let kept = folder.0.join("logs/tests/yaml/verdict/run_0");
    for file in [
        "ast1.ami",
        "full.txt",
        "messages.txt",
        "ast1/etc/asterisk/extensions.conf",
        "ast1/var/log/asterisk/full.txt",
    ] {
        assert!(kept.join(file).is_file(), "{file}");
    }
    let said = std::fs::read_to_string(kept.join("ast1.ami")).unwrap();
    assert!(said.contains("UserEvent: TestResult") && said.contains("result: fail"), "{said}");
    assert!(!folder.0.join("logs/tests/sample").exists());
    let output = folder.read("logs/tests/scripts/exit_code/run_0/output.txt");
    assert_eq!(output, "this is why\n");
}

#[test]
fn our_own_tests_give_their_verdicts_on_16_beside_a_foreign_server_and_another_runner() {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let foreign = runtime.block_on(async {
        let server = Server::find_or_fetch(&Want::Major(16), |_| ()).await.unwrap();
        // Where the tests have theirs, if that is free.
        let at_home = Builder::new(server.clone()).address([127, 0, 0, 1].into()).build();
        let sandbox = at_home.or_else(|_| Builder::new(server).build()).unwrap();
        sandbox.boot().await.unwrap()
    });
    // Each runs its own half, and both the test of several servers.
    let halves =
        [&["tests/rust/"][..], &["tests/scripts/", "tests/yaml/", "tests/rust/two_servers"]];
    let folders = [Folder::new(), Folder::new()];
    let runs = std::thread::scope(|scope| {
        let runs = [0, 1].map(|one| {
            let (folder, half) = (&folders[one], format!("^({})", halves[one].join("|")));
            scope.spawn(move || {
                let options = ["--asterisk", "16", "--retries", "1", "--time-limit", "60"];
                let options = [&options[..], &["--test-regex", &half]].concat();
                folder.run(OWN_TESTS, &own_suite(), &options)
            })
        });
        runs.map(|run| run.join().unwrap())
    });
    for ((run, folder), half) in runs.iter().zip(&folders).zip(halves) {
        assert_all(run, half);
        assert!(folder.sandboxes().is_empty(), "{:?}", folder.sandboxes());
    }
    runtime.block_on(async {
        assert!(foreign.ami().call(ami::Action::new("Ping")).await.is_ok());
        foreign.stop().await.unwrap();
    });
}

#[test]
fn without_namespaces_tests_run_one_after_another_and_the_reason_is_told() {
    // A daemon leaves its process group, and its parent ends.
    let daemon = "#!/bin/sh\n/usr/bin/setsid /bin/sh -c '/bin/sleep 600 & exit' &\nwait\n";
    let folder = Folder::suite(&[
        ("c", &[("test-config.yaml", SCRIPT), ("run-test", daemon)]),
        ("a", &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", PASS)]),
        ("b", &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", PASS)]),
    ]);
    let json = folder.0.join("run.json");
    let mut command: Command =
        folder.command(RUNTESTS, &folder.0, &["--asterisk", "22", "--jobs", "8"]);
    // Nobody finds `unshare` there.
    let run = Run::of(command.arg("--json").arg(&json).env("PATH", "/nonexistent"), &json);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(
        run.text
            .contains("One test after another, for none can have a network of its own: unshare"),
        "{}",
        run.text
    );
    let order: Vec<_> = run
        .events
        .iter()
        .filter_map(|it| it["event"].as_str())
        .filter(|it| matches!(*it, "test-started" | "test-finished"))
        .collect();
    assert_eq!(order, ["test-started", "test-finished"].repeat(3));
    // The shells that look after the sandboxes end by themselves; the daemon would not for long.
    assert_end(&folder.processes());
    assert!(folder.sandboxes().is_empty());
}
