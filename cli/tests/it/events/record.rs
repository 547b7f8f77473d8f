//! `ami record` and `ami replay`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ami::{Action, Event, Filter};
use instance::Instance;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::kit::{VERSIONS, ami, boot, decoded, end, offline, run, scripted, start};

/// The files of a recording in their order, each with its events.
fn files(first: &Path) -> Vec<(u32, Vec<Event>)> {
    let name = first.file_name().unwrap().to_str().unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(first.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let own = path.file_name().unwrap().to_str().unwrap();
        if own.ends_with(".times") {
            continue;
        }
        let number = own.strip_prefix(name).unwrap().strip_prefix('.');
        let bytes = fs::read(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let times = fs::read_to_string(format!("{}.times", path.display())).unwrap();
        let counted =
            times.lines().map(|it| it.split_once(' ').unwrap().1.parse::<usize>().unwrap());
        assert_eq!(counted.sum::<usize>(), bytes.len());
        files.push((number.map_or(1, |it| it.parse().unwrap()), decoded(&bytes).1));
    }
    files.sort_by_key(|(number, _)| *number);
    files
}

/// Waits until a file in a folder has a text. The server's answers are the clock.
async fn until_there(folder: &Path, text: &str, instance: &Instance) {
    let has = |it: fs::DirEntry| fs::read_to_string(it.path()).is_ok_and(|it| it.contains(text));
    while !fs::read_dir(folder).unwrap().any(|it| has(it.unwrap())) {
        instance.ami().call(Action::new("Ping")).await.unwrap();
    }
}

#[tokio::test]
async fn each_file_of_a_real_server_is_a_recording() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("x.ami");
        let words = ["record", file.to_str().unwrap(), "--rotate", "1K", "--keep", "3"];
        let mut record = start(ami(instance.ami_address(), &words));
        record.tells("recording into").await;
        let mut events = instance.ami().subscribe(Filter::user_event("Many"));
        let mut seen = Vec::new();
        for number in 0..40 {
            let action = Action::user_event("Many").field("N", number.to_string());
            instance.ami().call(action.field("Text", "x".repeat(60))).await.unwrap();
            seen.push(events.next_event().await.unwrap());
        }
        until_there(folder.path(), "N: 39", &instance).await;
        record.interrupt();
        let ended = record.end().await;
        assert_eq!(ended.code, Some(130), "{ended:?}");
        let files = files(&file);
        let [(first, _), _, (last, _)] = files[..] else { panic!("{files:?}") };
        assert!(first > 3 && last == first + 2);
        let kept: Vec<_> = files.into_iter().flat_map(|(_, events)| events).collect();
        assert!(kept.len() > 6 && seen.ends_with(&kept), "{kept:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_new_connection_begins_a_new_file_and_a_former_recording_is_kept() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let words = ["record", file.to_str().unwrap(), "--json", "--for", "3s"];
    let server = scripted().await;
    let mut record = start(ami(server.address(), &words));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(record.tells("recording into")).await.unwrap();
    peer.event("Event: A").await.unwrap();
    drop(peer);
    let mut peer = server.accept().await.unwrap();
    peer.event("Event: B").await.unwrap();
    let ended = peer.serve_until(record.end()).await.unwrap();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let objects = ended.objects();
    assert_eq!(objects[0]["gap"]["times"], 1);
    assert_eq!((&objects[1]["v"], &objects[1]["files"]), (&1.into(), &2.into()));
    let names =
        |events: &[Event]| events.iter().map(|it| it.name().into_owned()).collect::<Vec<_>>();
    let first = files(&file);
    assert_eq!(names(&first[0].1), ["FullyBooted", "A"]);
    assert_eq!(names(&first[1].1), ["FullyBooted", "B"]);

    let again = run(ami(server.address(), &words)).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    let append = ["record", file.to_str().unwrap(), "--append", "--for", "50ms"];
    let append = server.serve_until(run(ami(server.address(), &append))).await.unwrap();
    assert_eq!(append.code, Some(0), "{append:?}");
    let all = files(&file);
    assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(all[..2], first);
    let nowhere = run(ami(server.address(), &["record", "/nonexistent/x.ami"])).await;
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    assert_eq!(run(ami(server.address(), &["record", "x", "--rotate", "1X"])).await.code, Some(2));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let server = scripted().await;
    let words = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} record {}/x.ami --for 1m",
        env!("CARGO_BIN_EXE_ami"),
        folder.path().display()
    );
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", &words]).env("AMI_SERVER", format!("user@{}", server.address()));
    shell.env("AMI_SECRET", "mysecret");
    let record = start(shell);
    let mut peer = server.accept().await.unwrap();
    let ended = peer.serve_until(record.end()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("/x.ami: File too large"), "{ended:?}");
}

const RECORDING: &str = "Asterisk Call Manager/5.0.4\r\n\
    Response: Success\r\nActionID: 1\r\n\r\n\
    Event: A\r\nTimestamp: 100.0\r\nX: \x1b[1m\r\n\r\nEvent: B\r\nTimestamp: 100.3\r\n\r\n\
    Event: C\r\nTimestamp: 100.5\r\n\r\n";

/// Starts a replay, and returns it with the address that it listens on.
async fn replay(arguments: &[&str]) -> (super::kit::Running, String) {
    let words = [&["replay", "--listen", "127.0.0.1:0", "--json"], arguments].concat();
    let mut replay = start(offline(&words));
    let mut line = String::new();
    BufReader::with_capacity(1, &mut replay.stdout).read_line(&mut line).await.unwrap();
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    (replay, object["listening"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_replay_serves_the_same_frames_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let file = file.to_str().unwrap();
    fs::write(file, RECORDING).unwrap();
    let read = run(offline(&["tail", "--raw", file])).await;
    for speed in [&["--once"][..], &["--once", "--as-recorded"], &["--once", "--speed", "10x"]] {
        let (replay, address) = replay(&[&[file], speed].concat()).await;
        let tail = run(ami(&address, &["tail", "--raw", "-n", "3"])).await;
        assert_eq!((tail.code, &tail.stdout), (Some(0), &read.stdout), "{speed:?}");
        let ended = replay.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.objects().len(), 2, "{ended:?}");
    }

    // Answers to the recorded client are left out.
    let (mut first, address) = replay(&[file, "--once"]).await;
    let connect = ami::Config::new("any", "body").connect(&address);
    let mut items = connect.subscribe(Filter::all().with_strays());
    let client = connect.await.unwrap();
    for name in ["A", "B", "C"] {
        let item = items.next().await;
        assert!(matches!(&item, Some(ami::Item::Event(event)) if event.is(name)), "{item:?}");
    }
    client.close().await.unwrap();
    assert_eq!(first.status().await.code(), Some(0));

    let (replay, address) = replay(&[file, "--loop"]).await;
    let tail = run(ami(&address, &["tail", "--json", "-n", "1000"])).await;
    assert_eq!((tail.code, tail.objects().len()), (Some(0), 1000));
    let ping = run(ami(&address, &["do", "Ping"])).await;
    assert_eq!(ping.code, Some(0), "{ping:?}");
    replay.interrupt();
    assert_eq!(replay.end().await.code, Some(130));
}

#[tokio::test]
async fn a_server_that_is_replayed_sends_what_the_real_one_sent() {
    let instance = boot(22).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let file = file.to_str().unwrap();
    let mut record = start(ami(instance.ami_address(), &["record", file]));
    record.tells("recording into").await;
    for number in ["1", "2", "last"] {
        let action = Action::user_event("X").field("Name", "\x1b").field("N", number);
        instance.ami().call(action).await.unwrap();
    }
    until_there(folder.path(), "N: last", &instance).await;
    record.interrupt();
    let ended = record.end().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let events = decoded(&fs::read(file).unwrap()).1;
    assert!(events.len() >= 4, "{events:?}");
    let (replay, address) = replay(&[file, "--as-recorded", "--once"]).await;
    let count = events.len().to_string();
    let tail = run(ami(&address, &["tail", "--raw", "-n", &count])).await;
    assert_eq!(decoded(&tail.stdout).1, events);
    assert_eq!(replay.end().await.code, Some(0));
    end(instance).await;
}

#[tokio::test]
async fn what_cannot_be_replayed_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let file = file.to_str().unwrap();
    for (text, told) in [
        ("Event: A\r\n\r\n", "it is no recording"),
        ("Asterisk Call Manager/5.0.4\r\n", "it has no events"),
        ("Asterisk Call Manager/5.0.4\r\nEvent: A\r\n\r\n", "timestampevents"),
    ] {
        fs::write(file, text).unwrap();
        let ended = run(offline(&["replay", "--as-recorded", file])).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
    fs::write(format!("{file}.times"), "0 29\nx\n").unwrap();
    let ended = run(offline(&["replay", "--as-recorded", file])).await;
    assert!(ended.stderr.contains("line 2 of its times"), "{ended:?}");
    assert_eq!(run(offline(&["replay", "/nonexistent"])).await.code, Some(1));
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let ended = run(offline(&["replay", "--listen", &taken, file])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(run(offline(&["replay", "--speed", "0", file])).await.code, Some(2));
}
