//! Logs as servers write them, and worse.

use std::io::Write;
use std::slice::from_ref;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A log, and the folder that it is in.
struct Scratch(PathBuf, #[expect(dead_code, reason = "it is removed when it is dropped")] TempDir);

impl Scratch {
    fn new(lines: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, lines.concat()).unwrap();
        Self(path, folder)
    }

    fn errors(&self, start: usize, ready: usize) -> (Vec<String>, Vec<String>) {
        let (boot, late) = errors(from_ref(&self.0), start as u64, ready as u64);
        assert_eq!((boot.more, late.more), (0, 0));
        (boot.lines, late.lines)
    }
}

fn line(level: &str, text: &str) -> String {
    format!("[2026-01-02 03:04:05.678] {level}[7] a.c: {text}\n")
}

fn told(lines: &[&String]) -> Vec<String> {
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn errors_are_told_apart_by_when_they_came() {
    let log = [
        line("ERROR", "of another life"),
        line("ERROR", "early"),
        line("WARNING", "not an ERROR[1]"),
        line("VERBOSE", READY),
        line("ERROR", "late"),
    ];
    let [other, early, _, ready, late] = &log;
    let (start, length) = (other.len(), log.concat().len());
    let scratch = Scratch::new(&log);
    let expected = (told(&[early]), told(&[late]));
    // Its length when it was ready was taken behind that line, or in front of it.
    assert_eq!(scratch.errors(start, length), expected);
    assert_eq!(scratch.errors(start, length - late.len() - ready.len()), expected);
    // The server was not at that line yet, and somebody called and logged in.
    let login = line("VERBOSE", "Manager 'user' logged on from 127.0.0.1");
    let lines = [other, &login, early, &login, late, ready].map(String::clone);
    let length = other.len() + 2 * login.len() + early.len();
    assert_eq!(Scratch::new(&lines).errors(start, length), expected);
    // A file that was begun anew; and one of a server that never was ready.
    assert_eq!(Scratch::new(from_ref(late)).errors(1000, 2000), (vec![], told(&[late])));
    let never = Scratch::new(&[early.clone(), late.clone()]);
    let (boot, rest) = errors(from_ref(&never.0), 0, u64::MAX);
    assert_eq!((boot.lines, rest), (told(&[early, late]), Errors::default()));
}

#[test]
fn errors_that_were_rotated_away_are_found() {
    let [a, b, c] = ["early", "late", "latest"].map(|text| line("ERROR", text));
    let (current, old) = (Scratch::new(from_ref(&c)), Scratch::new(&[a.clone(), b.clone()]));
    let rotated = current.0.with_extension("0");
    fs::rename(&old.0, &rotated).unwrap();
    let written = fs::metadata(&rotated).unwrap().modified().unwrap();
    let files = with_rotated(&current.0, written);
    assert_eq!(files, [rotated.clone(), current.0.clone()]);
    let (boot, late) = errors(&files, 0, a.len() as u64);
    assert_eq!((boot.lines, late.lines), (told(&[&a]), told(&[&b, &c])));
    // One of another life, which a rotation may have given this name.
    let later = with_rotated(&current.0, written + Duration::from_secs(1));
    assert_eq!(later, from_ref(&current.0));
}

#[test]
fn a_log_of_any_length_is_bounded_in_lines_and_bytes() {
    let scratch = Scratch::new(&[]);
    let mut file = File::create(&scratch.0).unwrap();
    // Lines that cross the pieces in which it is read, one of which is longer than all that is
    // looked at.
    let (each, noise) = (line("ERROR", "one of many"), line("DEBUG", &"x".repeat(997)));
    let long = line("ERROR", &"ERROR[1] é".repeat(300_000));
    for _ in 0..2_000 {
        file.write_all(noise.as_bytes()).unwrap();
        file.write_all(each.as_bytes()).unwrap();
    }
    let ready = 2_000 * (noise.len() + each.len());
    for _ in 0..3 {
        file.write_all(long.as_bytes()).unwrap();
        file.write_all(each.repeat(100).as_bytes()).unwrap();
    }
    let (boot, late) = errors(from_ref(&scratch.0), 0, ready as u64);
    assert_eq!((boot.lines.len(), boot.more), (KEPT_OF_BOOT, 2_000 - KEPT_OF_BOOT));
    assert!(boot.lines.iter().all(|line| line == each.trim()));
    assert_eq!((late.lines.len(), late.more), (KEPT, 303 - KEPT));
    assert!(late.lines.iter().all(|line| line.len() < LINE + 16));
    assert!(late.lines[0].ends_with('…') && late.lines[1] == each.trim());
}

#[test]
fn a_line_is_understood_whatever_stands_for_its_date() {
    let error = |text| Some(LogLine { level: "ERROR", file: "a.c", text });
    for (line, expected) in [
        ("[2026-01-02 03:04:05.678] ERROR[7] a.c: text", error("text")),
        ("[] ERROR[7] a.c: text", error("text")),
        ("[[03:04] x] ERROR[7][C-00000001] a.c: text", error("text")),
        ("[a] ERROR[7] a.c: x] WARNING[8] b.c: y", error("x] WARNING[8] b.c: y")),
        (
            "[a] ERROR[7]: a.c:12 f: text",
            Some(LogLine { level: "ERROR", file: "a.c:12 f", text: "text" }),
        ),
        ("[a] Asterisk 22 built by ERROR[7]", None),
        ("ERROR[7] a.c: text", None),
        ("[a] ERROR[b] a.c: text", None),
        ("", None),
    ] {
        assert_eq!(parse(line), expected, "{line}");
    }
}

#[test]
fn the_complaint_about_its_own_file_is_why_there_is_no_ami() {
    let at = |level: &str, file: &str, text: &str| format!("[d] {level}[7] {file}: {text}\n");
    let other = at("ERROR", "cdr_manager.c", "Failed to load AMI's configuration");
    let parse = at("WARNING", "config.c", "parse error: no closing ']', line 4 of manager.conf");
    let refused = at("NOTICE", "manager.c", "Unable to open AMI configuration manager.conf");
    let bind = at("ERROR", "tcptls.c", "Unable to bind AMI server to 127.0.0.9:5038: in use");
    let http = at("ERROR", "tcptls.c", "Unable to bind HTTP server to 127.0.0.9:8088: in use");
    let noise = vec![other.clone(); 200];
    for (lines, why) in [
        (vec![parse.clone(), refused.clone()], Some(&parse)),
        (vec![refused.clone()], Some(&refused)),
        (vec![http.clone(), bind.clone()], Some(&bind)),
        (vec![parse.clone(), other, http], None),
    ] {
        let scratch = Scratch::new(&[noise.clone(), lines, noise.clone()].concat());
        assert_eq!(why_no_ami(&scratch.0, 0).as_deref(), why.map(|why| why.trim()));
    }
}
