//! `runtests lint` names slips, and what was meant.

use crate::support::{Folder, RUNTESTS, own_suite};

#[test]
fn slips_are_named_with_their_place_and_what_was_meant() {
    let config = "tinfo:\n    summary: 'x'\nproperties:\n    taggs: [a]\n    testconditions: [{name: 'chanels'}, {name: 'channels', alowedchannels: 1}]\n    dependencies:\n        - asterix: 'app_dial'\n        - custom: 'soundkard'\n\
        test-modules:\n    test-object:\n        typename: 'test_case.SimpleTestcase'\n        config-section: objekt\n    modules:\n        - typename: 'ami.AMIEventModule'\n          config-section: events\n\
        object:\n    reactor_timeout: 3\nevents:\n    - conditions:\n          match: {Event: 'X'}\n          requirement: {}\n      cuont: '1'\n      count: '1'\n      count: '2'\n";
    let folder = Folder::suite(&[("a", &[("test-config.yaml", config)])]);
    folder.file("tests/forgotten/test-config.yaml", "testinfo: {summary: 'x'}\n");
    folder.file("tests/a/configs/branch-1.4/x.conf", "");

    let mut command = std::process::Command::new(RUNTESTS);
    let output = command.args(["lint", "--suite"]).arg(&folder.0).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for told in [
        "error: tests/a/test-config.yaml:7: there is no dependency asterix; is it asterisk?",
        "error: tests/a/test-config.yaml:8: there is no dependency soundkard; is it soundcard?",
        "warning: tests/a/test-config.yaml:1: nobody reads the section tinfo; is it testinfo?",
        "warning: tests/a/test-config.yaml:4: properties have no taggs; is it tags?",
        "warning: tests/a/test-config.yaml:5: there is no condition chanels; is it channels?",
        "the condition channels reads no alowedchannels; is it allowedchannels?",
        "test_case.SimpleTestcase does not run natively; is it test_case.SimpleTestCase?",
        "there is no section objekt, so it gets the whole file; is it object?",
        "warning: tests/a/test-config.yaml:22: ami.AMIEventModule reads no cuont; is it count?",
        "warning: tests/a/test-config.yaml:24: count is there twice: what line 23 says of it is lost",
        "conditions have no requirement",
        "warning: tests/forgotten: no tests.yaml names this test",
        "nobody reads configurations of branches any more",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn our_own_suite_has_no_slips_but_those_that_are_meant() {
    let mut command = std::process::Command::new(RUNTESTS);
    let output = command.args(["lint", "--suite"]).arg(own_suite()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    const MEANT: [&str; 4] = [
        "error: tests/components/call_files/without_parameters/test-config.yaml:15: expected the",
        "error: tests/components/cdr/misnamed/test-config.yaml:17: records have no column dest",
        "error: tests/yaml/broken/test-config.yaml:31: count is",
        "warning: tests/components/dns_server/missing_file/test-config.yaml:24: there is no zone",
    ];
    assert_eq!(lines.len(), MEANT.len() + 1, "{text}");
    for (line, meant) in lines.iter().zip(MEANT) {
        assert!(line.starts_with(meant), "{text}");
    }
}

#[test]
fn what_merges_take_over_is_followed_to_its_own_place() {
    let config = "testinfo:\n    summary: 'x'\n\
        defaults: &defaults\n    reactor-timeout: 3\n    memcheck-delay: 5\n\
        parts:\n    - &part\n        cuont: '1'\n        type: 'headermatch'\n\
        others: &others\n    nobody: 1\n\
        test-modules:\n    test-object:\n        typename: 'test_case.SimpleTestCase'\n        config-section: object\n    modules:\n        - typename: 'ami.AMIEventModule'\n          config-section: events\n\
        object:\n    <<: *defaults\n    reactor-timeout: 5\n\
        events:\n    - <<: *part\n      conditions: {match: {Event: 'X'}}\n    - <<: [*part]\n      conditions: {match: {Event: 'Y'}}\n";
    let broken = "testinfo: {summary: 'x'}\nmore:\n    key: &key 1\nobject:\n    <<: *key\n";
    let folder = Folder::suite(&[
        ("a", &[("test-config.yaml", config)]),
        ("b", &[("test-config.yaml", broken)]),
    ]);
    let mut command = std::process::Command::new(RUNTESTS);
    let output = command.args(["lint", "--suite"]).arg(&folder.0).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "error: tests/b/test-config.yaml:5: `<<` takes mappings, found a value",
            "warning: tests/a/test-config.yaml:5: test_case.SimpleTestCase reads no memcheck-delay; is it memcheck-delay-stop?",
            "warning: tests/a/test-config.yaml:8: ami.AMIEventModule reads no cuont; is it count?",
            "warning: tests/a/test-config.yaml:10: nobody reads the section others",
            "2 tests, 1 errors, 3 warnings",
        ]
    );
}

#[test]
fn lists_of_tests_and_files_that_cannot_be_read_are_named_with_their_place() {
    let folder = Folder::suite(&[("a", &[("test-config.yaml", "testinfo: {summary: 'x'}\n")])]);
    folder.file(
        "tests/tests.yaml",
        "tests:\n    - test: 'a'\n    - dir: map\n    - dir: null\n    - dir: gone\n    - dir: text\n    - dir: up\n    - ok\n    - test: [a]\n    - test:\n    - {test: ./a/, dir: .//map}\n    - {}\n    - test: '..'\n",
    );
    folder.file("tests/map/tests.yaml", "tests: {test: ok}\n");
    folder.file("tests/text/tests.yaml", "tests: ok\n");
    std::os::unix::fs::symlink("..", folder.0.join("tests/up")).unwrap();
    let mut command = std::process::Command::new(RUNTESTS);
    let output = command.args(["lint", "--suite"]).arg(&folder.0).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (list, entry) = ("expected a list of `test: FOLDER` or `dir: FOLDER`", "below this one");
    for told in [
        format!("error: tests/map/tests.yaml:1: {list}, found a mapping\n"),
        format!("error: tests/text/tests.yaml:1: {list}, found a value\n"),
        "error: tests/gone/tests.yaml: cannot be read: No such file or directory (os error 2)\n"
            .to_owned(),
        format!(
            "error: tests/tests.yaml:4: expected `dir:` with a folder {entry}, found nothing\n"
        ),
        "error: tests/up/tests.yaml: cannot be read: No such file or directory (os error 2)\n"
            .to_owned(),
        "error: tests/tests.yaml:8: expected `test: FOLDER` or `dir: FOLDER`, found a value\n"
            .to_owned(),
        format!(
            "error: tests/tests.yaml:9: expected `test:` with a folder {entry}, found a list\n"
        ),
        format!(
            "error: tests/tests.yaml:10: expected `test:` with a folder {entry}, found nothing\n"
        ),
        "error: tests/tests.yaml:12: expected `test: FOLDER` or `dir: FOLDER`, found a mapping\n"
            .to_owned(),
        format!(
            "error: tests/tests.yaml:13: expected `test:` with a folder {entry}, found \"..\"\n"
        ),
        "warning: tests/tests.yaml:11: a is listed in line 2 already\n".to_owned(),
        "warning: tests/tests.yaml:11: map is listed in line 3 already\n".to_owned(),
        "1 tests, 10 errors, 2 warnings\n".to_owned(),
    ] {
        assert!(text.contains(&told), "{told}: {text}");
    }

    // Where no test is left, that is why.
    folder.file("tests/tests.yaml", "tests: {test: ok}\n");
    let run = folder.run_own(&["--asterisk", "22"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(
        run.text.contains(&format!("tests/tests.yaml:1: {list}, found a mapping")),
        "{}",
        run.text
    );
    folder.file("tests/tests.yaml", "tests:\n");
    let run = folder.run_own(&["--asterisk", "22"]);
    assert!(
        run.text.contains(&format!("tests/tests.yaml:1: {list}, found nothing")),
        "{}",
        run.text
    );
}

#[test]
fn a_test_has_one_name_and_a_link_that_leads_back_is_left_out() {
    const TEST: (&str, &str) = ("test-config.yaml", "testinfo: {summary: 'x', skip: 'not now'}\n");
    let folder = Folder::suite(&[("apps/one", &[TEST]), ("apps/two", &[TEST])]);
    folder.file(
        "tests/tests.yaml",
        "tests:\n    - dir: 'apps'\n    - dir: './/apps/'\n    - dir: 'gates'\n",
    );
    folder.file(
        "tests/apps/tests.yaml",
        "tests:\n    - test: 'one'\n    - test: './one'\n    - test: './/two//'\n    - dir: 'back'\n",
    );
    folder.file("tests/gates/tests.yaml", "tests:\n    - dir: 'apps'\n");
    std::os::unix::fs::symlink(".", folder.0.join("tests/apps/back")).unwrap();
    // As the suite's gates choose tests.
    std::os::unix::fs::symlink("../apps", folder.0.join("tests/gates/apps")).unwrap();
    let run = folder.run_own(&["--asterisk", "22", "--list-terse"]);
    let listed: Vec<_> = run.text.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(run.code, Some(0), "{}", run.text);
    for name in ["tests/apps/one", "tests/apps/two", "tests/gates/apps/one", "tests/gates/apps/two"]
    {
        assert_eq!(listed.iter().filter(|it| **it == name).count(), 1, "{name}: {}", run.text);
    }
    assert_eq!(
        run.text.lines().filter(|line| line.contains(" S tests/")).count(),
        4,
        "{}",
        run.text
    );
    let told = "tests.yaml:5: tests/apps/back is a link to a folder that it is in, and is left out";
    assert!(run.text.contains(&format!("/tests/apps/{told}")), "{}", run.text);
    assert!(run.text.contains("notice: "), "{}", run.text);
}
