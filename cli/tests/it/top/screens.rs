//! The screens of `ami top` on real servers.

use std::time::Instant;

use rustix::process::Signal;

use super::office::Office;
use crate::events::kit::{VERSIONS, ami, end, run, scripted};
use crate::terminal::Terminal;

/// The screen of 80 columns and 24 rows, normalised.
const SMALL: &str = include_str!("80x24.txt");
/// The screen of 200 columns and 50 rows, normalised.
const LARGE: &str = include_str!("200x50.txt");

/// Returns a screen without what differs from run to run: the server's address and version, times,
/// identifiers and rates, in as many columns.
fn normal(screen: &str) -> String {
    let mut lines: Vec<_> = screen.lines().map(str::to_owned).collect();
    let head = lines[0].split_whitespace();
    let words: Vec<_> = head.filter(|word| !word.contains('.') && !word.contains(':')).collect();
    lines[0] = words.join(" ");
    for line in &mut lines[1..] {
        // Of the longest numbers that have a dot or a colon in them.
        let mut words = Vec::new();
        for word in line.split(' ') {
            let is_number = word.contains(['.', ':'])
                && word.chars().all(|it| it.is_ascii_digit() || matches!(it, '.' | ':' | '>'));
            words.push(if is_number { "#".repeat(word.len()) } else { word.to_owned() });
        }
        *line = words.join(" ");
    }
    // The rate differs in its length as well.
    let mut words: Vec<_> = lines[1].split_whitespace().collect();
    let rate = words.iter().position(|word| *word == "events/s,").unwrap();
    words[rate - 1] = "#";
    lines[1] = words.join(" ");
    lines.join("\n") + "\n"
}

#[track_caller]
fn assert_screen(screen: &str, expected: &str, what: &str) {
    let screen = normal(screen);
    assert!(screen == expected, "{what}:\n{screen}\ninstead of:\n{expected}");
}

fn top(office: &Office) -> Terminal {
    let command = ami(office.instance.ami_address(), &["top"]);
    Terminal::sized(&command, 80, 24)
}

/// Waits for the screen with all calls and the version of the server.
async fn full(top: &mut Terminal) -> String {
    let all = ["current", "parked", "conf", "queue #1", "Wait 600", "support"];
    // Until the version is known, the banner is in its place.
    top.screen(|screen| {
        all.iter().all(|text| screen.contains(text)) && !screen.contains("Call Manager")
    })
    .await
}

#[tokio::test]
async fn the_screen_has_all_that_is_up_and_keys_act_on_it() {
    for major in VERSIONS {
        let office = Office::open(major).await;
        office.fill().await;
        screens(&office, major).await;
        keys(&office).await;
        weak(&office).await;
        if major == 22 {
            flood(&office).await;
            ends(&office).await;
            restart(&office).await;
        }
        end(office.instance).await;
    }
}

/// The sizes, with colour and without.
async fn screens(office: &Office, major: u32) {
    let mut top = top(office);
    let screen = full(&mut top).await;
    assert_screen(&screen, SMALL, &format!("Asterisk {major}"));
    assert!(screen.starts_with("user@127."), "{screen}");
    assert!(screen.contains(&format!("Asterisk {major}.")), "{screen}");
    assert!(top.is_colored());
    assert!(!top.echoes(), "a key would be shown");
    top.resize(200, 50);
    let screen = top.screen_with("CHANNELS").await;
    assert_screen(&screen, LARGE, &format!("Asterisk {major}"));
    top.resize(50, 9);
    let told = "the terminal has 50 columns and 9 lines; `ami top`\nneeds 60 and 12";
    top.screen_with(told).await;
    top.resize(80, 24);
    assert_screen(&full(&mut top).await, SMALL, "back");
    top.types("q");
    assert_eq!(top.end_of_output().await, Some(0));

    let mut command = ami(office.instance.ami_address(), &["top"]);
    match major {
        22 => command.env("NO_COLOR", "1"),
        _ => command.args(["--color", "never"]),
    };
    let mut plain = Terminal::sized(&command, 80, 24);
    assert_screen(&full(&mut plain).await, SMALL, "without colour");
    assert!(!plain.is_colored());
    plain.types("q");
    assert_eq!(plain.end_of_output().await, Some(0));
}

/// Moving, filtering, the ladder, and hanging up.
async fn keys(office: &Office) {
    let mut top = top(office);
    full(&mut top).await;
    top.types("jj");
    top.screen_with("\n> 102 Carol").await;
    // The selection stays with its call.
    top.types("s");
    let screen = top.screen_with("sorted newest first").await;
    assert!(screen.contains("\n> 102 Carol"), "{screen}");
    top.types("/105");
    let screen = top.screen_with("/105_  1 of 6 calls").await;
    assert!(screen.contains("\n> 105 Frank") && !screen.contains("Carol"), "{screen}");
    top.types("\x1b");
    top.screen_with("102 Carol").await;
    top.types("?");
    top.screen_with("the ladder of the call; Esc or q goes back").await;
    top.types("?G\r");
    let screen = top.screen_with("  100 Alice → 200 Alice").await;
    assert!(screen.contains("─ connected ─") && !screen.contains("QUEUE"), "{screen}");
    top.types("\x1b");
    top.screen_with("\n> 100 Alice").await;
    top.types("g");
    top.screen_with("\n> 105 Frank").await;

    let calls = office.calls();
    top.types("h");
    top.screen_with("hang up 105 Frank → 600? y/n").await;
    top.types("n");
    top.screen_with("not hung up").await;
    assert_eq!(office.calls(), calls);
    top.types("hy");
    top.screen_with("hung up 105 Frank → 600: ").await;
    office.until(|state| state.calls().unwrap().len() < calls).await;
    let screen = top.screen(|screen| screen.contains("\n5 calls")).await;
    assert!(!screen.contains("  105 Frank "), "{screen}");
    top.types("q");
    assert_eq!(top.end_of_output().await, Some(0));
}

/// Many changes, which are drawn ten times a second at most.
async fn flood(office: &Office) {
    let begun = Instant::now();
    let mut top = top(office);
    top.screen_with("current").await;
    for _ in 0..200 {
        office.device("joe", "INUSE").await;
        office.device("joe", "NOT_INUSE").await;
    }
    office.device("joe", "INUSE").await;
    let screen =
        top.screen_with("  sales                          0        -         0    1").await;
    assert!(screen.contains("0 missed"), "{screen}");
    // The first one is drawn at once.
    let most = begun.elapsed().as_millis() / 100 + 1;
    let drawn = top.printed.matches("\x1b[?2026h").count();
    assert!(drawn as u128 <= most, "{drawn} drawings where {most} are the most");
    top.types("q");
    assert_eq!(top.end_of_output().await, Some(0));
}

/// The ways out, each of which gives the terminal back.
async fn ends(office: &Office) {
    for (way, code) in [("q", 0), ("\x03", 130), ("TERM", 130), ("INT", 130)] {
        let mut top = top(office);
        top.screen_with("current").await;
        assert!(top.cells().alternate_screen() && top.cells().hide_cursor());
        match way {
            "TERM" => top.signal(Signal::TERM),
            "INT" => top.signal(Signal::INT),
            keys => top.types(keys),
        }
        assert_eq!(top.end_of_output().await, Some(code), "{way:?}");
        assert!(top.echoes(), "{way:?}");
        assert!(!top.cells().alternate_screen() && !top.cells().hide_cursor(), "{way:?}");
        assert_eq!(top.cells().contents(), "", "{way:?}");
    }
}

/// A user who may neither read queues nor hang up.
async fn weak(office: &Office) {
    let mut command = ami(office.instance.ami_address(), &["top"]);
    command.env("AMI_SERVER", format!("weak@{}", office.instance.ami_address()));
    let mut top = Terminal::sized(&command, 80, 24);
    let told = "queues: unknown: the queues are not known: no events of the class agent come";
    let screen = top.screen(|screen| screen.contains(told) && screen.contains("Carol")).await;
    assert!(screen.contains("(manager.conf: read = …,agent)"), "{screen}");
    assert!(screen.contains("\nthe parking lots are not known"), "{screen}");
    top.types("hy");
    top.screen_with("not hung up: ").await;
    assert_eq!(office.calls(), 5);
    top.types("q");
    assert_eq!(top.end_of_output().await, Some(0));
}

/// A server that is killed, and comes back.
async fn restart(office: &Office) {
    let mut top = top(office);
    top.screen_with("current").await;
    office.instance.kill().await;
    let screen = top.screen_with("stale since ").await;
    assert!(screen.contains("\nthe connection is lost: "), "{screen}");
    assert!(screen.contains("\n> 100 Alice"), "{screen}");
    office.instance.restart().await.unwrap();
    let screen = top.screen(|screen| screen.contains("current") && !screen.contains("Alice")).await;
    assert!(screen.contains("\nno calls\n") && screen.contains("1 reconnect"), "{screen}");
    top.types("q");
    assert_eq!(top.end_of_output().await, Some(0));
}

#[tokio::test]
async fn without_a_terminal_or_a_server_it_says_so() {
    let ended = run(ami("127.0.0.1:1", &["top"])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("use `ami calls --watch`"), "{ended:?}");
    for (form, code, told) in [
        ("--json", 2, "top is a screen, without --json and --raw"),
        ("--verbose", 3, "nobody listens there"),
    ] {
        let mut top = Terminal::sized(&ami("127.0.0.1:1", &["top", form]), 80, 24);
        assert_eq!(top.end_of_output().await, Some(code));
        assert!(top.printed.contains(told) && !top.printed.contains("\x1b[?1049h"));
    }
}

#[tokio::test]
async fn a_login_that_is_refused_later_is_the_end() {
    let server = scripted().await;
    let mut top = Terminal::sized(&ami(server.address(), &["top"]), 80, 24);
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(top.screen_with("Enter ladder")).await.unwrap();
    drop(peer);
    let mut peer = server.accept_silent().await.unwrap();
    peer.refuse_login("Authentication failed").await.unwrap();
    assert_eq!(top.end_of_output().await, Some(4));
    assert!(top.echoes() && !top.cells().alternate_screen());
    let screen = top.cells().contents();
    assert!(screen.starts_with("error: ") && screen.contains("hint: "), "{screen}");
}
