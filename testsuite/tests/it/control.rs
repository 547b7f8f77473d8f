//! The choice of tests, their number of runs, their order, and their limits.

use crate::support::{Folder, OWN_TESTS, PASS, Run, SCRIPT, SIMPLE, WAIT, own_suite};

const TRUE: &[(&str, &str)] = &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\n")];
const FALSE: &[(&str, &str)] = &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\nexit 1\n")];

fn verdicts(run: &Run) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = run
        .finished()
        .map(|it| (it["name"].as_str().unwrap(), it["verdict"].as_str().unwrap()))
        .collect();
    all.sort_unstable();
    all
}

fn order(run: &Run) -> Vec<&str> {
    run.finished().map(|it| it["name"].as_str().unwrap()).collect()
}

#[test]
fn a_limit_ends_a_test_and_is_told() {
    let suite = || {
        Folder::suite(&[
            ("native", &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", WAIT)]),
            (
                "script",
                &[
                    ("test-config.yaml", SCRIPT),
                    (
                        "run-test",
                        "#!/bin/sh\ntrap '' TERM\nwhile :; do echo busy; sleep 0.2; done\n",
                    ),
                ],
            ),
            (
                "silent",
                &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\necho one\nsleep 600\n")],
            ),
        ])
    };
    // Both runs wait for their limits at the same time.
    let (folder, other) = (suite(), suite());
    let silence = ["--timeout", "4", "--time-limit", "10", "--test-regex", "^tests/s"];
    let (late, silent) = std::thread::scope(|scope| {
        let silent = scope.spawn(|| other.run_own(&[&["--asterisk", "22"], &silence[..]].concat()));
        let late = folder.run_own(&["--asterisk", "22", "--time-limit", "8"]);
        (late, silent.join().unwrap())
    });
    for name in ["native", "script", "silent"] {
        let name = format!("tests/{name}");
        assert_eq!(late.verdict(&name), "timed-out", "{}", late.text);
        assert!(
            late.reasons(&name).contains("it took longer than the limit of 8 s"),
            "{}",
            late.reasons(&name)
        );
    }
    assert!(folder.0.join("logs/tests/native/run_0/ast1.ami").exists(), "the evidence is missing");
    // One that talks is not silent.
    assert!(silent.text.contains("Maximum test inactivity time: 4 sec."), "{}", silent.text);
    assert!(silent.reasons("tests/silent").contains("no output and no event for 4 s"));
    assert!(silent.reasons("tests/script").contains("it took longer than the limit of 10 s"));
    for folder in [folder, other] {
        assert!(folder.sandboxes().is_empty(), "{:?}", folder.sandboxes());
    }
}

#[test]
fn tests_are_chosen_by_name_expression_tag_and_part() {
    let tagged = "testinfo:\n    summary: 'x'\nproperties:\n    tags: [one, two]\n";
    let folder = Folder::suite(&[
        ("apps", &[("test-config.yaml", tagged), ("run-test", "#!/bin/sh\n")]),
        ("bridge", TRUE),
        ("cdr", FALSE),
    ]);
    let names = |options: &[&str]| {
        let run =
            folder.run_own(&[&["--asterisk", "22", "--dry-run", "--jobs", "1"], options].concat());
        assert_eq!(run.code, Some(0), "{}", run.text);
        let names = order(&run).into_iter().map(|it| it.trim_start_matches("tests/").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&["-t", "tests/apps/", "--test=cdr"]), "apps cdr");
    assert_eq!(names(&["--test-regex", "r/$"]), "cdr");
    assert_eq!(names(&["-T", "^tests/[ab]"]), "cdr");
    assert_eq!(names(&["-g", "two"]), "apps");
    assert_eq!(names(&["-G", "one"]), "bridge cdr");
    let parts = [names(&["--shard", "1/2"]), names(&["--shard", "2/2"])];
    assert_eq!(parts.join(" ").split(' ').count(), 3, "{parts:?}");
    // A seed gives an order, again and again.
    let seeded = names(&["--seed", "5"]);
    assert_eq!(seeded, names(&["--random-order", "--seed", "5"]));
    let orders: std::collections::BTreeSet<_> =
        (0..12).map(|seed| names(&["--seed", &seed.to_string()])).collect();
    assert!(orders.len() > 1, "{orders:?}");
}

#[test]
fn tests_are_repeated_tried_again_and_broken_off() {
    let once: &[(&str, &str)] = &[
        ("test-config.yaml", SCRIPT),
        ("run-test", "#!/bin/sh\n[ -e seen ] && exit 0\ntouch seen\nexit 1\n"),
    ];
    let folder = Folder::suite(&[("a", once), ("b", TRUE)]);
    let run = folder.run_own(&["--asterisk", "22", "--retries", "2", "--number", "2"]);
    assert_eq!(run.code, Some(0), "a flaky test is no failure: {}", run.text);
    let all = verdicts(&run);
    assert_eq!(
        all,
        [("tests/a", "flaky"), ("tests/a", "passed"), ("tests/b", "passed"), ("tests/b", "passed")]
    );
    assert!(run.text.contains("FLAKY") && run.text.contains("(run 2 of 2)"), "{}", run.text);
    assert_eq!(folder.read("r.xml").matches("<testsuite ").count(), 2);

    let folder = Folder::suite(&[("a", FALSE), ("b", FALSE), ("c", FALSE)]);
    let run = folder.run_own(&["--asterisk", "22", "--jobs", "1", "--fail-fast"]);
    assert_eq!(run.code, Some(1), "{}", run.text);
    let verdicts: Vec<_> = verdicts(&run).into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts.iter().filter(|it| **it == "failed").count(), 1, "{verdicts:?}");
    assert_eq!(verdicts.iter().filter(|it| **it == "not-run").count(), 2, "{verdicts:?}");
}

#[test]
fn what_cannot_be_run_is_told_and_exits_with_2() {
    let folder = Folder::suite(&[("a", TRUE), ("b", &[("test-config.yaml", "testinfo: [")])]);
    for (options, told) in [
        (
            &["-t", "tests/a", "-t", "tests/aa"][..],
            "--test tests/aa is none of the 2 tests; is it tests/a?",
        ),
        (&["--tag", "nonesuch"], "none of the 2 tests of"),
        (&["--asterisk", "/nonexistent"], "/nonexistent, does not work"),
        (&["--shard", "3/2"], "expected such as 2/5"),
        (&["--shard", "0/0"], "expected such as 2/5"),
        (&["--jobs", "0"], "0 is not in 1.."),
        (&["--retries=-1"], "invalid value '-1'"),
        (&["--number", "0"], "expected how often, from 1, or -1 for ever"),
        (&["--number", "-2"], "expected how often, from 1, or -1 for ever"),
        (&["--timeout", "soon"], "expected a number of seconds"),
        (&["--time-limit", "1e300"], "expected seconds, less than a year"),
        (&["--test-regex", "("], "\"(\" is no expression"),
        (&["--email-on-crash"], "--email-on-crash is not supported"),
        (&["--testsuite-config", "gone.yaml"], "gone.yaml: cannot be read: No such file"),
        (&["--asterisk", "22"], "tests/b/test-config.yaml:1: this is not YAML"),
    ] {
        let run = folder.run_own(options);
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.text);
        assert!(run.text.contains(told), "{options:?}: {}", run.text);
    }
    let nowhere = folder.run(crate::support::RUNTESTS, &folder.0.join("tests"), &[]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.text);
    assert!(nowhere.text.contains("is this the folder of a test suite?"), "{}", nowhere.text);
}

#[test]
fn packets_of_the_tests_own_network_are_captured() {
    let folder = Folder::new();
    let options =
        ["--asterisk", "22", "-t", "tests/rust/two_servers", "--pcap", "--keep-full-logs"];
    let run = folder.run(OWN_TESTS, &own_suite(), &options);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let kept = folder.0.join("logs/tests/rust/two_servers/run_0/packet.pcap");
    let bytes = std::fs::read(kept).unwrap();
    assert_eq!(bytes[..4], 0xa1b2_c3d4_u32.to_ne_bytes());
    let (mut rest, mut calls) = (&bytes[24..], 0);
    while let Some((header, packets)) = rest.split_at_checked(16) {
        let length = u32::from_ne_bytes(header[8..12].try_into().unwrap()) as usize;
        let (packet, others) = packets.split_at(length);
        // UDP over IPv4, to IAX2's port at the second server's address.
        let is_call = packet[23] == 17
            && packet[30..34] == [127, 0, 0, 2]
            && packet[36..38] == 4569_u16.to_be_bytes();
        calls += usize::from(is_call);
        rest = others;
    }
    assert!(rest.is_empty() && calls > 0, "{calls} packets of the call");
}

#[test]
fn the_longest_is_run_first_once_it_is_known() {
    let slow: &[(&str, &str)] =
        &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\nsleep 2\n")];
    let folder = Folder::suite(&[("a", TRUE), ("b", slow), ("c", TRUE)]);
    let run = || {
        let run = folder.run_own(&["--asterisk", "22", "--jobs", "1"]);
        order(&run).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(run(), ["tests/a", "tests/b", "tests/c"], "nothing is known yet");
    // A dry run teaches nothing.
    folder.run_own(&["--asterisk", "22", "--dry-run"]);
    assert_eq!(run()[0], "tests/b");
}

/// The text that a run of two tests prints on a terminal of a kind, and the exit code.
fn on_terminal(term: Option<&str>) -> (String, Option<i32>) {
    let folder = Folder::suite(&[("good", TRUE), ("bad", FALSE)]);
    let command = folder.command(crate::support::RUNTESTS, &folder.0, &["--asterisk", "22"]);
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
    // It has a terminal for the standard output alone.
    let mut terminal = std::process::Command::new("script");
    terminal.args(["-qec", &format!("{} 2>/dev/null", words.join(" ")), "/dev/null"]);
    terminal.env("AST_WORK_DIR", folder.0.join("w")).env_remove("TERM").current_dir(&folder.0);
    terminal.env("SHELL", "/bin/sh");
    terminal.envs(term.map(|term| ("TERM", term)));
    let output = terminal.stdin(std::process::Stdio::null()).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn on_a_terminal_there_is_a_view_and_no_xml() {
    let (text, code) = on_terminal(Some("xterm"));
    assert_eq!(code, Some(1), "{text}");
    for told in [
        "\u{1b}[32m   passed\u{1b}[0m",
        "\u{1b}[31m   FAILED\u{1b}[0m",
        "tests/good",
        "run-test ended with exit status: 1",
        "1 passed, 1 failed in ",
    ] {
        assert!(text.contains(told), "{told:?}: {text:?}");
    }
    assert!(!text.contains("<?xml"), "{text}");
}

#[test]
fn on_a_terminal_that_cannot_draw_there_are_lines() {
    for term in [None, Some("dumb")] {
        let (text, code) = on_terminal(term);
        assert_eq!(code, Some(1), "{text}");
        for told in
            ["Test tests/good passed", "Test tests/bad failed", "<?xml", "1 passed, 1 failed"]
        {
            assert!(text.contains(told), "{term:?}, {told}: {text:?}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn files_are_named_from_where_the_runner_was_started() {
    let folder = Folder::suite(&[("a", FALSE)]);
    let elsewhere = folder.0.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut command = std::process::Command::new(crate::support::RUNTESTS);
    command.args(["--suite", "..", "--asterisk", "22", "--json", "a.json"]).current_dir(&elsewhere);
    let output = command.env("AST_WORK_DIR", folder.0.join("w")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for file in ["a.json", "asterisk-test-suite-report.xml"] {
        assert!(elsewhere.join(file).is_file(), "{file}");
    }
}

#[test]
fn tests_are_listed_with_what_becomes_of_them() {
    let folder = Folder::suite(&[
        ("a", &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", PASS)]),
        (
            "b",
            &[
                (
                    "test-config.yaml",
                    "testinfo: {summary: 'x', skip: 'not now'}\nproperties: {tags: [t]}\n",
                ),
                ("run-test", ""),
            ],
        ),
        (
            "c",
            &[
                (
                    "test-config.yaml",
                    "properties:\n  dependencies:\n    - app: 'nonesuch-program'\n    - python: 'nonesuch_module'\n",
                ),
                ("run-test", ""),
            ],
        ),
        ("d", &[("test-config.yaml", "properties:\n  minversion: '99.0'\n"), ("run-test", "")]),
    ]);
    let listed = folder.run_own(&["--asterisk", "22", "--list-terse"]);
    assert_eq!(listed.code, Some(0), "{}", listed.text);
    let expected = "0001 E tests/a \n0002 S tests/b \n0003 D tests/c nonesuch-program,nonesuch_module\n0004 D tests/d \n";
    assert_eq!(listed.text, expected);
    let listed = folder.run_own(&["--asterisk", "22", "-l"]);
    for told in [
        "001) tests/a\n      --> Summary: simple\n      --> Runs: natively",
        "Skip: not now",
        "Would run: a program, tests/c/run-test",
        "app: nonesuch-program -- Met: False (no such program is in PATH)",
        "python: nonesuch_module -- Met: False",
        "version -- Met: False (this is 22.",
    ] {
        assert!(listed.text.contains(told), "{told}: {}", listed.text);
    }
    assert_eq!(folder.run_own(&["--asterisk", "22", "--list"]).text, listed.text);
    assert_eq!(folder.run_own(&["-L"]).text, "t 1\n");
}
