//! `ami tail`.

use std::fs;
use std::process::Stdio;

use ami::testing::Peer;
use ami::{Action, Client, Event, Filter, Message, Subscription};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use super::kit::{AGES, VERSIONS, ami, boot, decoded, end, offline, run, scripted, start};

/// Makes a server send three events, the second with all that a terminal would act on.
async fn three(client: &Client) {
    for field in ["plain", "\x1b[2J\x07 \u{9b}31m\u{202e}", "last"] {
        let action = Action::user_event("Three").field("Name", field).field("Name", "again");
        client.call(action).await.unwrap();
    }
}

async fn next_three(events: &mut Subscription) -> Vec<Event> {
    let mut three = Vec::new();
    while three.len() < 3 {
        three.push(events.next_event().await.unwrap());
    }
    three
}

#[tokio::test]
async fn every_form_has_the_events_of_a_real_server() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let mut seen = instance.ami().subscribe(Filter::user_event("Three"));
        let words = ["tail", "--ready", "-n", "3", "UserEvent", "UserEvent=Three"];
        let tail = |form: &[&str]| start(ami(instance.ami_address(), &[&words[..], form].concat()));
        let mut tails = [tail(&["--json"]), tail(&["--raw"]), tail(&["--color", "always"])];
        for tail in &mut tails {
            tail.tells("ready").await;
        }
        three(instance.ami()).await;
        let events = next_three(&mut seen).await;
        let [json, raw, people] = tails;

        let json = json.end().await;
        assert_eq!(json.code, Some(0), "{json:?}");
        assert!(json.objects().iter().all(|object| object["v"] == 1));
        let read: Vec<Event> =
            json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events, "Asterisk {major}");
        assert!(!json.text().contains(['\x1b', '\u{9b}', '\u{202e}']));

        let raw = raw.end().await;
        assert_eq!(raw.code, Some(0), "{raw:?}");
        let (version, frames) = decoded(&raw.stdout);
        assert_eq!(frames, events);
        assert_eq!(version, if major == 22 { "11.0.0" } else { "5.0.4" });

        let people = people.end().await.text();
        assert_eq!(people.lines().count(), 3, "{people:?}");
        assert!(people.contains(r"\u{1b}[2J\u{7} \u{9b}31m\u{202e}"), "{people:?}");
        assert!(!people.contains("\x1b[2J") && !people.contains('\u{202e}'), "{people:?}");

        // What was printed raw is a recording.
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("x.ami");
        fs::write(&file, &raw.stdout).unwrap();
        let again = run(offline(&["tail", "--raw", file.to_str().unwrap()])).await;
        assert_eq!((again.code, again.stdout), (Some(0), raw.stdout));
        end(instance).await;
    }
}

/// The program with a peer that has let it in and has sent `FullyBooted`.
async fn followed(arguments: &[&str]) -> (super::kit::Running, ami::testing::Server, Peer) {
    let server = scripted().await;
    let mut running = start(ami(server.address(), &[&["tail", "--ready"], arguments].concat()));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(running.tells("ready")).await.unwrap();
    (running, server, peer)
}

#[tokio::test]
async fn a_lost_connection_is_told_and_followed_by_the_next() {
    for form in ["--json", "--color=always", "--raw"] {
        let (mut tail, server, mut peer) = followed(&[form, "-n", "2", "Hangup"]).await;
        peer.event("Event: Hangup\nCause: 16").await.unwrap();
        drop(peer);
        tail.tells("the connection is lost, connecting again").await;
        let mut peer = server.accept().await.unwrap();
        peer.event("Event: Hangup\nCause: 17").await.unwrap();
        let ended = peer.serve_until(tail.end()).await.unwrap();
        assert_eq!(ended.code, Some(7), "{ended:?}");
        match form {
            "--json" => {
                let [first, gap, second] = &ended.objects()[..] else { panic!("{ended:?}") };
                assert_eq!(first["lines"][1][1], "16");
                assert_eq!((&gap["v"], &gap["gap"]["times"]), (&1.into(), &1.into()), "{gap}");
                assert_eq!(gap["gap"]["restarted"], false);
                assert_eq!(second["lines"][1][1], "17");
            }
            "--raw" => {
                assert_eq!(decoded(&ended.stdout).1.len(), 2);
                assert!(ended.stderr.contains("--- events are missing here"), "{ended:?}");
            }
            _ => assert!(ended.text().contains("\n\x1b[31m--- events are missing here: ")),
        }
    }
}

#[tokio::test]
async fn a_lost_connection_ends_it_if_it_is_told_so_or_the_login_is_refused() {
    let (tail, _server, peer) = followed(&["--no-reconnect"]).await;
    drop(peer);
    let ended = tail.end().await;
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(ended.stderr.contains("the connection was lost"), "{ended:?}");

    let (tail, server, peer) = followed(&[]).await;
    drop(peer);
    let mut peer = server.accept_silent().await.unwrap();
    peer.refuse_login("Authentication failed").await.unwrap();
    let ended = tail.end().await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[tokio::test]
async fn an_event_that_is_too_large_is_missing() {
    let (tail, _server, mut peer) = followed(&["--json", "--until", "Last"]).await;
    peer.event(format!("Event: Large\nText: {}", "x".repeat(17 << 20))).await.unwrap();
    peer.event("Event: Last").await.unwrap();
    let ended = peer.serve_until(tail.end()).await.unwrap();
    assert_eq!(ended.code, Some(7));
    let objects = ended.objects();
    assert_eq!(objects[objects.len() - 2], serde_json::json!({ "v": 1, "missed": 1 }));
}

#[tokio::test]
async fn a_reader_that_stops_does_not_stop_the_client() {
    let (mut tail, _server, mut peer) = followed(&["--json", "Many"]).await;
    // More than the pipe and the buffers on the way hold. The peer sends it only if it is read.
    let many = format!("Event: Many\r\nText: {}\r\n\r\n", "x".repeat(1000)).repeat(1000);
    for _ in 0..40 {
        peer.send(&many).await.unwrap();
    }
    tail.interrupt();
    assert_eq!(tail.status().await.code(), Some(130));
}

#[tokio::test]
async fn a_closed_pipe_is_no_error() {
    let (tail, _server, _peer) = followed(&["--json", "Hangup"]).await;
    let super::kit::Running { mut child, stdout, mut stderr } = tail;
    drop(stdout);
    // It is noticed although there is nothing to print.
    let status = tokio::time::timeout(AGES, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(stderr.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn the_time_ends_it_with_or_without_what_was_waited_for() {
    let server = scripted().await;
    let run_for = async |arguments: &[&str]| {
        let words = [&["tail", "--for", "50ms"], arguments].concat();
        server.serve_until(run(ami(server.address(), &words))).await.unwrap()
    };
    assert_eq!(run_for(&["Hangup"]).await.code, Some(0));
    assert_eq!(run_for(&["--until", "Hangup"]).await.code, Some(8));
    assert_eq!(run_for(&["-n", "2"]).await.code, Some(8));
    let withheld = ami::testing::Script::new().read(ami::EventClass::System);
    let server = super::kit::scripted_by(withheld).await;
    let mut tail = start(ami(server.address(), &["tail", "Hangup"]));
    let told = tail.tells("needs `read = …,call` in manager.conf");
    server.serve_until(told).await.unwrap();
}

const RECORDING: &str = "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\n\
    Event: A\r\nTimestamp: 1700000000.250000\r\nChannel: X/1\r\nOther: \r\n\r\n\
    Event: B\r\nN: 1\r\n\r\nEvent: C\r\nN: 2\r\n\r\n";

#[tokio::test]
async fn a_recording_is_read_like_a_server() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let file = file.to_str().unwrap();
    fs::write(file, RECORDING).unwrap();
    let tail = async |arguments: &[&str]| run(offline(&[&["tail"], arguments].concat())).await;

    let all = tail(&["-", "--file", file]).await;
    assert_eq!(all.code, Some(2), "{all:?}");
    let all = tail(&[file]).await;
    let first = "22:13:20.250  A                       Channel=X/1  Other=\"\"";
    assert_eq!(all.text().lines().next(), Some(first));
    assert_eq!((all.code, all.text().lines().count()), (Some(0), 3));
    let chosen = tail(&["--fields", "n,channel", "Event~?", "N=1", file, "--json"]).await;
    assert_eq!(chosen.text(), "{\"v\":1,\"lines\":[[\"Event\",\"B\"],[\"N\",\"1\"]]}\n");
    let chosen = tail(&["--fields", "N,Channel", "B", file]).await;
    assert_eq!(chosen.text(), "B                       N=1  Channel=-\n");
    let until = tail(&["A", "--until", "B", file]).await;
    assert_eq!((until.code, until.text().lines().count()), (Some(0), 2));
    assert_eq!(tail(&["--until", "D", file]).await.code, Some(8));
    let raw = tail(&["--raw", "N=2", file]).await;
    assert_eq!(raw.text(), "Asterisk Call Manager/11.0.0\r\nEvent: C\r\nN: 2\r\n\r\n");

    let (head, rest) = RECORDING.split_once("Event: B").unwrap();
    let times = format!("100 {}\n2100000 {}\n", head.len(), rest.len() + 8);
    fs::write(format!("{file}.times"), times).unwrap();
    let timed = tail(&["--fields", "N", file]).await.text();
    assert!(timed.starts_with("22:13:20.250  A "), "{timed}");
    let timed = tail(&["--fields", "N", "B", file]).await.text();
    assert_eq!(timed, "      +2.100  B                       N=1\n");
    fs::write(format!("{file}.times"), "x\n").unwrap();
    assert_eq!(tail(&[file]).await.code, Some(1));
    fs::remove_file(format!("{file}.times")).unwrap();

    fs::write(file, &RECORDING[..RECORDING.len() - 2]).unwrap();
    let cut = tail(&["--json", "C", file]).await;
    assert_eq!((cut.code, cut.text()), (Some(7), "{\"v\":1,\"truncated\":16}\n".to_owned()));
    fs::write(file, "Event: X\r\n\r\n").unwrap();
    let wrong = tail(&[file]).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("is no recording: it begins with \"Event: X\""), "{wrong:?}");
    assert_eq!(tail(&["--file", "/nonexistent/x"]).await.code, Some(1));
    let folder = tail(&["--file", folder.path().to_str().unwrap()]).await;
    assert_eq!(folder.code, Some(1));
    assert!(folder.stderr.contains(" cannot be read: Is a directory"), "{folder:?}");
    let filter = tail(&["Hangup", "Cause!16"]).await;
    assert_eq!(filter.code, Some(2));
    assert!(filter.stderr.contains("column 13: expected `!=` or `!~`"), "{filter:?}");
    assert_eq!(tail(&["--raw", "--fields", "N", file]).await.code, Some(2));
    for fields in ["", "N,"] {
        assert_eq!(tail(&["--fields", fields, file]).await.code, Some(2), "{fields:?}");
    }
}

/// The program's output on a terminal of 40 columns.
async fn on_a_terminal(arguments: &[&str]) -> (Option<i32>, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap().into_string().unwrap();
    let size = rustix::termios::Winsize { ws_row: 5, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&near, size).unwrap();
    let far = fs::File::options().read(true).write(true).open(name).unwrap();
    let mut command = offline(arguments);
    command.env("TERM", "xterm").stdout(Stdio::from(far)).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut near = tokio::fs::File::from_std(fs::File::from(near));
    let mut shown = Vec::new();
    // A terminal that nobody has open any more is an error.
    let _ = near.read_to_end(&mut shown).await;
    let code = tokio::time::timeout(AGES, child.wait()).await.unwrap().unwrap().code();
    (code, String::from_utf8(shown).unwrap())
}

#[tokio::test]
async fn a_terminal_gets_a_line_an_event_and_raw_bytes_only_by_force() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.ami");
    let file = file.to_str().unwrap();
    fs::write(file, RECORDING).unwrap();
    let (code, shown) = on_a_terminal(&["tail", "A", file]).await;
    assert_eq!(code, Some(0));
    let cut = "\x1b[2m22:13:20.250  \x1b[0m\x1b[1mA\x1b[0m                     \
               \x1b[2m  C\x1b[0m…\r\n";
    assert_eq!(shown, cut);
    let (_, shown) = on_a_terminal(&["tail", "--whole", "--color=never", "A", file]).await;
    assert!(shown.ends_with("Channel=X/1  Other=\"\"\r\n"), "{shown:?}");
    assert_eq!(on_a_terminal(&["tail", "--raw", "A", file]).await, (Some(2), String::new()));
    let (code, shown) = on_a_terminal(&["tail", "--raw", "--force", "B", file]).await;
    assert_eq!(code, Some(0));
    assert!(shown.contains("Event: B"), "{shown:?}");
}

#[test]
fn the_object_of_an_event_is_a_message() {
    let line = r#"{"v":1,"lines":[["Event","X"],["B",[255]]]}"#;
    assert_eq!(serde_json::from_str::<Message>(line).unwrap().get("b"), Some(&b"\xff"[..]));
}
