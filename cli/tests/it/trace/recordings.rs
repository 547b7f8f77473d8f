//! Ladders of recordings that no server makes on command.

use std::fs;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::mermaid;
use crate::events::kit::{Ended, offline, run, start};

const BANNER: &str = "Asterisk Call Manager/11.0.0\r\n";

/// An event of a channel, at a time.
pub(crate) fn event(name: &str, time: &str, channel: &str, id: &str, more: &str) -> String {
    let lines =
        format!("Event: {name}\nTimestamp: {time}\nChannel: {channel}\nUniqueid: {id}\n{more}\n\n");
    lines.replace('\n', "\r\n")
}

pub(crate) fn call(id: &str, number: &str, second: u32, more: &str) -> String {
    let name = format!("SIP/{number}-{id}");
    let linked = format!("Linkedid: {id}\nCallerIDNum: {number}\nExten: 100\nContext: all{more}");
    let hangup = format!("Linkedid: {id}\nCause: 17\nCause-txt: User busy");
    event("Newchannel", &format!("{second}.0"), &name, id, &linked)
        + &event("Hangup", &format!("{second}.5"), &name, id, &hangup)
}

/// Runs the program with a recording.
async fn trace(recording: &str, words: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    fs::write(&file, format!("{BANNER}{recording}")).unwrap();
    run(offline(&[&["trace"], words, &[file.to_str().unwrap()]].concat())).await
}

#[tokio::test]
async fn what_a_caller_chooses_is_escaped() {
    let name = "\nCallerIDName: \x1b[2J\u{202e}\"<b>;#%%end{}";
    let recording = call("1.1", "11", 1_700_000_000, name);
    for words in [&["1.1"][..], &["1.1", "--json"], &["1.1", "--mermaid"], &["--next", "11"]] {
        let ended = trace(&recording, words).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let text = ended.text();
        assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
        if words.contains(&"--mermaid") {
            mermaid::check(&text);
            assert!(text.contains("participant L0 as SIP/11 (11)"), "{text}");
        }
    }
    // The name of a channel, too.
    let name = "SIP/\x1b;#<i>\u{9b}-1";
    let recording = event("Newchannel", "1700000000.0", name, "1.1", "Linkedid: 1.1");
    let ended = trace(&recording, &["1.1", "--mermaid"]).await;
    mermaid::check(&ended.text());
    let ended = trace(&recording, &["1.1"]).await;
    assert!(ended.text().contains(r"SIP/\u{1b};#<i>\u{9b}"), "{ended:?}");
    assert!(ended.text().ends_with("── the call is up\n"), "{ended:?}");
}

#[tokio::test]
async fn a_call_is_found_by_identifier_name_number_and_event() {
    let begin = 1_700_000_000;
    let calls = [("1.1", "11"), ("1.2", "12"), ("1.3", "11")];
    let calls = calls.iter().zip(begin..).map(|((id, number), at)| call(id, number, at, ""));
    let recording: String = calls.collect();
    for (words, id) in [
        (&["1.2"][..], "1.2"),
        (&["SIP/11-1.1"], "1.1"),
        (&["12"], "1.2"),
        (&["11"], "1.3"),
        (&["100"], "1.3"),
        (&["--next"], "1.1"),
        (&["--next", "12"], "1.2"),
        (&["--next", "Uniqueid=1.3"], "1.3"),
    ] {
        let ended = trace(&recording, &[&["--json"], words].concat()).await;
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        let end = ended.objects().pop().unwrap();
        assert_eq!((&end["call"], &end["outcome"]), (&id.into(), &"not answered".into()));
        assert_eq!((&end["cause"], &end["seconds"]), (&17.into(), &0.5.into()), "{end}");
        let others = ended.stderr.contains("2 calls match; this is the newest: 1.3");
        assert_eq!(others, words == ["11"], "{ended:?}");
    }
    let ended = trace(&recording, &["13"]).await;
    assert_eq!((ended.code, ended.text().as_str()), (Some(8), ""));
    assert!(ended.stderr.contains("1.3: SIP/11 (not answered); 1.2: SIP/12"), "{ended:?}");
    assert_eq!(trace(&recording, &["--next", "99"]).await.code, Some(8));
    for words in [&[][..], &["1", "2"], &["--next", "Cause=="], &["--raw", "--mermaid", "1"]] {
        assert_eq!(trace(&recording, words).await.code, Some(2), "{words:?}");
    }

    // A call that has left the history is found all the same.
    let many: String = (0..200).map(|at| call(&format!("2.{at}"), "20", begin + at, "")).collect();
    let ended = trace(&format!("{recording}{many}"), &["12", "--json"]).await;
    assert_eq!(ended.objects().pop().unwrap()["call"], "1.2");
    let ended = trace(&many, &["--next", "--json"]).await;
    assert_eq!(ended.objects().pop().unwrap()["call"], "2.0");
}

#[tokio::test]
async fn a_recording_that_ends_inside_a_message_has_a_red_row() {
    let begun = event("Newchannel", "1700000000.0", "SIP/11-1", "1.1", "Linkedid: 1.1");
    let cut = format!("{begun}Event: Hangup\r\nUniqueid: 1.1\r\n");
    let ended = trace(&cut, &["1.1", "--color", "always"]).await;
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let row = "\x1b[31m── the recording ends inside a message\x1b[0m";
    assert!(ended.text().contains(row), "{ended:?}");
    let ended = trace(&cut, &["1.1", "--json"]).await;
    let objects = ended.objects();
    assert_eq!(objects[0]["step"], "lost");
    assert_eq!(objects[1]["complete"], false);

    // Nothing is lost of a call that had ended before.
    let cut = format!("{}Event: Hangup\r\n", call("1.1", "11", 1_700_000_000, ""));
    let ended = trace(&cut, &["1.1", "--json"]).await;
    assert_eq!(ended.objects().pop().unwrap()["complete"], true);
}

#[tokio::test]
async fn times_are_the_servers_although_some_events_have_none() {
    let recording =
        "Event: FullyBooted\r\nUptime: 1\r\n\r\n".to_owned() + &call("1.1", "11", 1, "");
    let ended = trace(&recording, &["1.1"]).await;
    let text = ended.text();
    assert!(text.contains("00:01.000") && !text.contains("+1.000"), "{text}");
}

#[tokio::test]
async fn events_beyond_the_limit_are_told_to_be_left_out() {
    let variable = event("VarSet", "1.1", "SIP/11-1.1", "1.1", "Variable: X\nValue: 1");
    let (begun, ended) = call("1.1", "11", 1, "").split_once("Event: Hangup").map_or_else(
        || panic!("a call has an end"),
        |(begun, ended)| (begun.to_owned(), format!("Event: Hangup{ended}")),
    );
    let recording = begun + &variable.repeat(20_000) + &ended;
    let raw = trace(&recording, &["1.1", "--raw"]).await;
    assert_eq!(raw.code, Some(7), "{}", raw.stderr);
    assert!(raw.stderr.contains("2 are left out"), "{}", raw.stderr);
    let rows = trace(&recording, &["1.1"]).await;
    assert_eq!(rows.code, Some(0), "{}", rows.stderr);
}

#[tokio::test]
async fn an_interrupt_prints_what_was_read() {
    let mut command = offline(&["trace", "1.1", "-"]);
    command.stdin(Stdio::piped());
    let mut trace = start(command);
    let mut input = trace.child.stdin.take().unwrap();
    let begun = call("1.1", "11", 1, "");
    // More than pipes and buffers hold: what comes first has been read once all is written.
    let filler = event("Filler", "1.0", "x", "x", &"x".repeat(1000)).repeat(400);
    let recording = format!("{BANNER}{begun}{filler}");
    input.write_all(recording.as_bytes()).await.unwrap();
    trace.interrupt();
    let ended = trace.end().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.text().contains("ends: busy"), "{ended:?}");
}

#[tokio::test]
async fn a_drawing_is_not_narrower_than_its_times_allow() {
    let ended = run(offline(&["trace", "--width", "59", "1.1", "x.ami"])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("60 or more"), "{ended:?}");
}
