//! Settings of a suite for all of its tests, and the surroundings of a test that count.

use crate::support::{Folder, OWN_TESTS, PASS, RUNTESTS, Run, SCRIPT, SIMPLE, own_suite};

const TRUE: &[(&str, &str)] = &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\n")];

#[test]
fn the_global_configuration_excludes_tests_and_forces_a_version() {
    let old = "properties:\n    maxversion: '13.0'\n";
    let folder = Folder::suite(&[
        ("quick", TRUE),
        ("slow", TRUE),
        ("old", &[("test-config.yaml", old), ("run-test", "#!/bin/sh\n")]),
    ]);
    let global = "global-settings:\n    test-configuration: fast\nfast:\n    exclude-tests: ['slow']\n    forced-version: '12.1'\n";
    let run = folder.run_own(&["--asterisk", "22"]);
    assert_eq!(run.verdict("tests/slow"), "passed", "{}", run.text);
    assert!(run.reasons("tests/old").contains("maxversion 13.0"), "{}", run.text);
    folder.file("test-config.yaml", global);
    let run = folder.run_own(&["--asterisk", "22"]);
    assert!(run.reasons("tests/slow").contains("the global configuration excludes slow"));
    assert_eq!(run.verdict("tests/old"), "passed", "{}", run.text);
    // Another file, by the option and by the variable, and named from where the runner is.
    folder.file("other/my.yaml", global);
    folder.file("test-config.yaml", "");
    let run = folder.run_own(&["--asterisk", "22", "--testsuite-config", "other/my.yaml"]);
    assert_eq!(run.verdict("tests/slow"), "skipped", "{}", run.text);
    let json = folder.0.join("run.json");
    let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22"]);
    command.env("TESTSUITE_CONFIG", "other/my.yaml").arg("--json").arg(&json);
    assert_eq!(Run::of(&mut command, &json).verdict("tests/slow"), "skipped");
    // What it cannot do is not left out in silence.
    folder.file(
        "test-config.yaml",
        "global-settings: {test-configuration: x}\nx: {asterisk-instances: [{host: 'h'}]}\n",
    );
    let run = folder.run_own(&["--asterisk", "22"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("test-config.yaml:2: instances on other hosts"), "{}", run.text);
}

/// The dialplan tells whether the files that it should have are there.
#[test]
fn a_server_gets_the_suites_files_then_those_of_its_path_then_its_own() {
    let config = SIMPLE
        .replace("object:\n    test-iter", "object:\n    config-path: 'shared'\n    test-iter");
    let config =
        format!("{config}properties:\n    dependencies:\n        - asterisk: 'app_voicemail'\n");
    let dialplan = "[default]\nexten => s,1,Answer()\nsame => n,UserEvent(TestResult,path:${PATH_FILE},suite:${SUITE_FILE},own:${OWN_FILE},relative:${STAT(e,tests/a/test-config.yaml)},conflict:${IFMODULE(app_milliwatt.so)},other:${IFMODULE(app_morsecode.so)})\n";
    let folder = Folder::suite(&[(
        "a",
        &[
            ("test-config.yaml", &*config),
            (
                "configs/ast1/extensions.conf",
                &format!("{dialplan}#include \"from_suite.conf\"\n#include \"from_path.conf\"\n"),
            ),
            ("configs/ast1/own.conf", "[globals]\nOWN_FILE = here\n"),
        ],
    )]);
    folder.file(
        "configs/from_suite.conf",
        "[globals]\nSUITE_FILE = here\nPATH_FILE = not\n#include \"own.conf\"\n",
    );
    folder.file("configs/own.conf", "[globals]\nOWN_FILE = not\n");
    folder.file("configs/branch-1.4/from_suite.conf", "[globals]\nSUITE_FILE = old\n");
    folder.file(
        "configs/conflicts.txt",
        ";; of two\nother,app_voicemail=app_milliwatt.so\napp_other=app_morsecode.so\n",
    );
    folder.file("shared/ast1/from_path.conf", "[globals](+)\nPATH_FILE = here\n");
    let run = folder.run_own(&["--asterisk", "22", "--keep-full-logs"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let said = folder.read("logs/tests/a/run_0/ast1.ami");
    for header in
        ["path: here", "suite: here", "own: here", "relative: 1", "conflict: 0", "other: 1"]
    {
        assert!(said.contains(&format!("\r\n{header}\r\n")), "{header}: {said}");
    }
}

#[test]
fn a_core_that_a_server_of_a_program_leaves_is_a_failure_of_that_test_alone() {
    // As a server that dies in the suite's folder leaves it: in a core is the environment.
    let crash = "#!/bin/sh\nprintf 'x\\0TESTSUITE_ACTIVE_TEST=%s\\0y' \"$TESTSUITE_ACTIVE_TEST\" > core.1234\n";
    let folder =
        Folder::suite(&[("a", &[("test-config.yaml", SCRIPT), ("run-test", crash)]), ("b", TRUE)]);
    // And one of another run, and of a test that passes.
    folder.file("core.1", "x\0TESTSUITE_ACTIVE_TEST=tests/b\0y");
    let run = folder.run_own(&["--asterisk", "22", "--jobs", "1"]);
    assert_eq!(run.verdict("tests/a"), "failed", "{}", run.text);
    assert!(
        run.reasons("tests/a").contains("a server crashed, core "),
        "{}",
        run.reasons("tests/a")
    );
    assert_eq!(run.verdict("tests/b"), "passed", "{}", run.text);
}

#[test]
fn the_core_of_a_server_is_kept_on_request() {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    for (option, kept) in [(None, false), (Some("--keep-core"), true)] {
        let folder = Folder::new();
        let options: Vec<_> =
            ["--asterisk", "22", "-t", "yaml.crash"].into_iter().chain(option).collect();
        let run = folder.run(OWN_TESTS, &own_suite(), &options);
        assert_eq!(run.verdict("tests/yaml/crash"), "failed", "{}", run.text);
        let server = folder.0.join("logs/tests/yaml/crash/run_0/ast1");
        let core = std::fs::read_dir(server)
            .unwrap()
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with("core"));
        // A system may give cores to a program of its own.
        let is_file = !pattern.contains(['|', '/']);
        assert_eq!(core.is_some(), kept && is_file, "{}", run.text);
        if let Some(core) = core {
            let named = core.path().display().to_string();
            assert!(run.reasons("tests/yaml/crash").contains(&named), "{}", run.text);
        }
    }
}

#[test]
fn a_failure_that_is_expected_is_not_one_of_the_runner_or_of_the_server() {
    let inverted = "properties:\n    expectedResult: False\n";
    let not_started = SIMPLE.replace(
        "object:\n    test-iter",
        "properties:\n    expectedResult: False\nobject:\n    test-iter",
    );
    let folder = Folder::suite(&[
        ("fails", &[("test-config.yaml", inverted), ("run-test", "#!/bin/sh\nexit 1\n")]),
        ("passes", &[("test-config.yaml", inverted), ("run-test", "#!/bin/sh\n")]),
        ("no_program", &[("test-config.yaml", inverted), ("run-test", "#!/nonexistent/shell\n")]),
        (
            "no_boot",
            &[
                ("test-config.yaml", &*not_started),
                ("configs/ast1/extensions.conf", PASS),
                ("configs/ast1/modules.conf.inc", "require => app_nonesuch.so\n"),
            ],
        ),
    ]);
    let run = folder.run_own(&["--asterisk", "22"]);
    assert_eq!(run.verdict("tests/fails"), "passed", "{}", run.text);
    for (name, reason) in [
        ("tests/passes", "expectedResult says that it has to fail"),
        ("tests/no_program", "No such file or directory"),
        ("tests/no_boot", "the server ended by itself"),
    ] {
        assert_eq!(run.verdict(name), "failed", "{name}: {}", run.text);
        assert!(run.reasons(name).contains(reason), "{name}: {}", run.reasons(name));
    }
}

#[test]
fn what_the_suites_library_leaves_of_a_run_is_kept() {
    // As it lays it out: a folder that is named after a digest, and a link to it with the test's.
    let program = "#!/bin/sh\nset -e\ncd \"$AST_TEST_ROOT/tmp\"\nd=00112233445566778899aabbccddeeff\n[ ! -e $d ] || exit 7\nmkdir -p $d/run_1/ast1/var/log/asterisk\nln -s $d a\necho harness > a/run_1/full.txt\necho server > a/run_1/ast1/var/log/asterisk/full.txt\n[ -d \"$TMPDIR\" ]\nexit 1\n";
    let folder = Folder::suite(&[("a", &[("test-config.yaml", SCRIPT), ("run-test", program)])]);
    let run = folder.run_own(&["--asterisk", "22", "--retries", "1"]);
    assert_eq!(run.verdict("tests/a"), "failed", "{}", run.text);
    // The second execution finds nothing of the first.
    for run in ["run_0", "run_1"] {
        let read = |name: &str| folder.read(&format!("logs/tests/a/{run}/{name}"));
        assert_eq!(read("full.txt"), "harness\n");
        assert_eq!(read("ast1/var/log/asterisk/full.txt"), "server\n");
    }
    assert!(run.reasons("tests/a").contains("run-test ended with exit status: 1"), "{}", run.text);
}

#[test]
fn a_misspelt_type_breaks_its_test_where_nobody_else_could_run_it() {
    let misspelt = SIMPLE.replace("test_case.SimpleTestCase", "test_case.SimpelTestCase");
    let unlike = SIMPLE.replace("test_case.SimpleTestCase", "own.Elsewhere");
    let folder = Folder::suite(&[
        ("misspelt", &[("test-config.yaml", &*misspelt)]),
        ("unlike", &[("test-config.yaml", &*unlike)]),
    ]);
    let run = folder.run_own(&["--asterisk", "22"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert_eq!(run.verdict("tests/misspelt"), "broken", "{}", run.text);
    let hint = "this program has no test_case.SimpelTestCase; is it test_case.SimpleTestCase?";
    assert!(run.reasons("tests/misspelt").contains(hint), "{}", run.text);
    assert_eq!(run.verdict("tests/unlike"), "lacking", "{}", run.text);
}
