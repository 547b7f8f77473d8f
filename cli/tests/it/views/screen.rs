//! `--watch` on a terminal.

use ami::testing::{Peer, Reply, Script};
use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::{Color, Parser};

use crate::events::kit::{ami, scripted_by};
use crate::terminal::Terminal;

/// The end of a picture.
const END: &str = "\x1b[?2026l";

fn channel(number: usize, exten: &str) -> String {
    format!(
        "Channel: SIP/phone-{number:02}\nChannelState: 6\nContext: default\nExten: {exten}\n\
         Priority: 1\nCallerIDNum: 100\nCallerIDName: \x1b]0;mine\x07 {}\nUniqueid: {number}.1\n\
         Linkedid: {number}.1",
        "x".repeat(90)
    )
}

fn script() -> Script {
    let items = (0..30).map(|it| format!("Event: CoreShowChannel\n{}", channel(it, "s")));
    let items: Vec<_> = items.collect();
    Script::new()
        .answer_with("CoreShowChannels", move |_| Reply::list(items.clone()))
        .otherwise(|_| Reply::list(Vec::<String>::new()))
}

/// A terminal and what is on it.
struct Shown {
    terminal: Terminal,
    parser: Parser,
}

impl Shown {
    /// Waits until the screen meets a condition, while the peer serves.
    async fn until(&mut self, peer: &mut Peer, condition: impl Fn(&str) -> bool) {
        loop {
            let shows = self.terminal.shows(END);
            let bytes = peer.serve_until(shows).await.unwrap();
            self.parser.process(bytes.as_bytes());
            if condition(&self.parser.screen().contents()) {
                return;
            }
        }
    }

    fn rows(&self) -> Vec<String> {
        let columns = self.parser.screen().size().1;
        self.parser.screen().rows(0, columns).collect()
    }
}

#[tokio::test]
async fn a_terminal_is_drawn_in_place_and_is_as_before_in_the_end() {
    let server = scripted_by(script()).await;
    let command = ami(server.address(), &["channels", "--watch", "--sort", "name"]);
    let mut shown = Shown { terminal: Terminal::start(command), parser: Parser::new(24, 80, 0) };
    let mut peer = server.accept().await.unwrap();
    shown.until(&mut peer, |it| it.contains("30 channels")).await;
    assert!(shown.parser.screen().alternate_screen() && shown.parser.screen().hide_cursor());
    let rows = shown.rows();
    assert!(rows[1].starts_with("NAME          STATE  CALLER"), "{rows:#?}");
    assert!(rows[2].starts_with(r"SIP/phone-00  up     \u{1b}]0;mine\u{7} xxx"), "{rows:#?}");
    assert!(rows[2].ends_with('…'), "{rows:#?}");
    assert_eq!(rows[23], "… 9 more lines", "{rows:#?}");

    peer.event(format!("Event: Newchannel\n{}", channel(30, "s"))).await.unwrap();
    shown.until(&mut peer, |it| it.contains("31 channels")).await;
    assert_eq!(shown.rows()[23], "… 10 more lines");

    let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&shown.terminal.keys, size).unwrap();
    shown.parser.screen_mut().set_size(50, 200);
    shown.terminal.signal(Signal::WINCH);
    shown.until(&mut peer, |it| it.contains("SIP/phone-30")).await;
    let rows = shown.rows();
    assert!(rows[2].contains("s@default") && rows[33].is_empty(), "{rows:#?}");

    drop((peer, server));
    loop {
        let bytes = shown.terminal.shows(END).await;
        shown.parser.process(bytes.as_bytes());
        if shown.parser.screen().contents().contains("stale since") {
            break;
        }
    }
    let screen = shown.parser.screen();
    assert_eq!(screen.cell(1, 0).unwrap().fgcolor(), Color::Idx(1));
    assert!(screen.contents().contains("SIP/phone-30"), "what was known is still there");

    shown.terminal.signal(Signal::INT);
    assert_eq!(shown.terminal.end().await, Some(130));
    let rest = shown.terminal.shows("\x1b[?1049l").await;
    shown.parser.process(rest.as_bytes());
    let screen = shown.parser.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor());
}
