//! `runtests lint` names slips, and what was meant.

use crate::support::{Folder, RUNTESTS, own_suite};

#[test]
fn slips_are_named_with_their_place_and_what_was_meant() {
    let config = "tinfo:\n    summary: 'x'\nproperties:\n    taggs: [a]\n    dependencies:\n        - asterix: 'app_dial'\n        - custom: 'soundkard'\n\
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
        "error: tests/a/test-config.yaml:6: there is no dependency asterix; is it asterisk?",
        "error: tests/a/test-config.yaml:7: there is no dependency soundkard; is it soundcard?",
        "warning: tests/a/test-config.yaml:1: nobody reads the section tinfo; is it testinfo?",
        "warning: tests/a/test-config.yaml:4: properties have no taggs; is it tags?",
        "test_case.SimpleTestcase does not run natively; is it test_case.SimpleTestCase?",
        "there is no section objekt, so it gets the whole file; is it object?",
        "warning: tests/a/test-config.yaml:21: ami.AMIEventModule reads no cuont; is it count?",
        "warning: tests/a/test-config.yaml:23: count is there twice: what line 22 says of it is lost",
        "conditions and requirements have no requirement",
        "warning: tests/forgotten: no tests.yaml names this test",
        "nobody reads configurations of branches any more",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn our_own_suite_has_no_slips_but_the_one_that_is_meant() {
    let mut command = std::process::Command::new(RUNTESTS);
    let output = command.args(["lint", "--suite"]).arg(own_suite()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with("error: tests/yaml/broken/test-config.yaml:31: count is"),
        "{text}"
    );
}
