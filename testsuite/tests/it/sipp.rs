//! The SIPp of a run: which one it is, who gets it, and what becomes of tests that lack it.

use crate::support::{Folder, PASS, RUNTESTS, Run, SCRIPT, SIMPLE};

/// A scenario that plays a file of sound.
const PLAYS: &str = "<?xml version=\"1.0\"?>\n<scenario name=\"plays\">\n  <nop><action><exec rtp_stream=\"lib/tone.ulaw\"/></action></nop>\n</scenario>\n";

/// A scenario that plays packets.
const PLAYS_PACKETS: &str = "<?xml version=\"1.0\"?>\n<scenario name=\"packets\">\n  <nop><action><exec play_pcap_audio=\"tests/packets/a.pcap\"/></action></nop>\n</scenario>\n";

/// A test that runs a scenario with some arguments.
fn config(scenario: &str, arguments: &str) -> String {
    format!(
        "testinfo: {{summary: 'x'}}\nproperties: {{dependencies: [{{sipp: {{version: v3.0}}}}]}}\ntest-modules:\n    test-object: {{typename: sipp.SIPpTestCase, config-section: object}}\nobject:\n    test-iterations:\n        - scenarios: [{{key-args: {{scenario: {scenario}{arguments}}}}}]\n"
    )
}

/// A program that describes itself as SIPp does.
fn described(as_what: &str) -> String {
    format!("#!/bin/sh\necho ' SIPp {as_what}.'\nexit 99\n")
}

/// A suite with tests of SIPp and others.
fn suite() -> Folder {
    let (plain, tls) = (config("plays.xml", ""), config("plays.xml", ", -t: l1"));
    let packets = config("packets.xml", "");
    let simple = [("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", PASS)];
    let declares = "properties: {dependencies: [{app: sipp}]}\n";
    let folder = Folder::suite(&[
        ("plain", &[("test-config.yaml", &plain), ("sipp/plays.xml", PLAYS)]),
        ("tls", &[("test-config.yaml", &tls), ("sipp/plays.xml", PLAYS)]),
        ("packets", &[("test-config.yaml", &packets), ("sipp/packets.xml", PLAYS_PACKETS)]),
        ("simple", &simple),
        (
            "program",
            &[
                ("test-config.yaml", &format!("{SCRIPT}{declares}")),
                ("run-test", "#!/bin/sh\nsipp -v\n[ $? = 99 ]\n"),
            ],
        ),
    ]);
    folder.file("lib/tone.ulaw", "");
    folder.file("tests/packets/a.pcap", "");
    folder
}

fn run(folder: &Folder, sipp: &str, options: &[&str]) -> Run {
    let json = folder.0.join("run.json");
    let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22"]);
    // Nobody's SIPp but the one that is named.
    command.env("SIPP", sipp).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Run::of(command.args(options).arg("--json").arg(&json), &json)
}

#[test]
fn what_a_sipp_lacks_is_no_failure_of_the_tests_that_need_it() {
    let folder = suite();
    folder.program("old/usr/bin/sipp", &described("v3.6.1-RTPSTREAM"));
    let old = folder.0.join("old");
    let run = run(&folder, old.to_str().unwrap(), &["--dry-run"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    for (name, verdict, why) in [
        ("plain", "passed", ""),
        ("tls", "lacking", "sipp: TLS: this is SIPp v3.6.1-RTPSTREAM"),
        ("packets", "lacking", "sipp: PCAP: this is SIPp v3.6.1-RTPSTREAM"),
        ("simple", "passed", ""),
        ("program", "passed", ""),
    ] {
        let name = format!("tests/{name}");
        let reasons = run.reasons(&name);
        assert_eq!(run.verdict(&name), verdict, "{name}: {reasons}");
        assert!(reasons.contains(why), "{name}: {reasons}");
    }
    // Without its sound, the other lacks something as well.
    std::fs::remove_file(folder.0.join("lib/tone.ulaw")).unwrap();
    let listed = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22", "--list"]);
    let listed = { listed }.env("SIPP", &old).args(["-t", "plain"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for told in [
        "Would run: natively",
        "Dependency: file: lib/tone.ulaw -- Met: False (the suite has no such file)",
    ] {
        assert!(listed.contains(told), "{told}: {listed}");
    }
}

#[test]
fn a_sipp_that_does_not_work_is_told_by_the_tests_that_need_it_and_others_run() {
    let folder = suite();
    let broken = run(&folder, "/bin/true", &["--dry-run"]);
    assert_eq!(broken.code, Some(0), "{}", broken.text);
    for name in ["tests/plain", "tests/tls", "tests/packets"] {
        let reasons = broken.reasons(name);
        assert_eq!(broken.verdict(name), "lacking", "{reasons}");
        let why = "the program that SIPP named, /bin/true, cannot be used: it did not say";
        // It is what the test declares and what its component needs.
        assert_eq!(reasons.matches(why).count(), 1, "{reasons}");
    }
    assert_eq!(broken.verdict("tests/simple"), "passed");
    // One that is named for this run has to work, where it is needed at all.
    let named = ["--dry-run", "--sipp", "./none"];
    let refused = run(&folder, "", &named);
    assert_eq!(refused.code, Some(2), "{}", refused.text);
    let why = "error: --sipp ./none: there is no such program";
    assert!(refused.text.contains(why), "{}", refused.text);
    let run = run(&folder, "/bin/true", &[&named[..], &["-t", "simple"]].concat());
    assert_eq!((run.code, run.verdict("tests/simple")), (Some(0), "passed"), "{}", run.text);
}

#[test]
fn a_program_finds_the_sipp_of_the_run_in_path() {
    let folder = suite();
    folder.program("own/it's", &described("v3.7.3-TLS-PCAP"));
    let run = run(&folder, "", &["--sipp", "own/it's", "-t", "program"]);
    assert_eq!(run.verdict("tests/program"), "passed", "{}", run.text);
    let outputs = run.events.iter().filter(|it| it["event"] == "test-output");
    let lines: Vec<_> = outputs.map(|it| it["line"].as_str().unwrap()).collect();
    assert_eq!(lines, [" SIPp v3.7.3-TLS-PCAP."]);
}
