//! Tests of drawings that servers do not give easily.

use std::time::{Duration, UNIX_EPOCH};

use live::{Freshness, Since, StaleReason};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::super::board::{Call, Members, Missing, Queue};
use super::super::screen::{Open, Row, Tone};
use super::*;

/// A noon, whose time of day depends on the time zone.
const NOW: Duration = Duration::from_secs(1_700_000_000);

fn now() -> SystemTime {
    UNIX_EPOCH + NOW
}

fn ago(seconds: u64) -> Since {
    Since::At(now() - Duration::from_secs(seconds))
}

fn call(at: usize) -> Call {
    Call {
        id: format!("1700000000.{at}").into(),
        from: format!("{} caller", 100 + at),
        to: format!("{}", 200 + at),
        state: "ringing",
        since: ago(9),
        talking: String::new(),
        place: "Dial PJSIP/bob".to_owned(),
        legs: 2,
    }
}

fn queue(name: &str, waiting: usize) -> Queue {
    Queue {
        name: name.to_owned(),
        strategy: "ringall".to_owned(),
        waiting,
        longest: (waiting > 0).then(|| ago(61)),
        members: Members { available: 1, busy: 2, paused: 3, unreachable: 4 },
        service_level: Some((87.6, Duration::from_secs(20))),
        completed: 5,
        abandoned: 6,
        hold: Duration::from_secs(7),
        as_of: now(),
    }
}

fn board(calls: Vec<Call>, queues: Vec<Queue>) -> Board {
    Board {
        freshness: Freshness::Current { since: now() },
        channels: Some(2 * calls.len()),
        calls: Ok(calls),
        queues: Ok(queues),
        notes: Vec::new(),
        rights_are_known: true,
    }
}

/// Draws a screen, and returns the lines of the terminal.
fn drawn(size: (u16, u16), board: &Board, screen: &mut Screen) -> Vec<String> {
    let terminal = terminal(size, board, screen, true, None);
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let cells = (0..size.0).filter_map(|x| buffer.cell((x, y)));
        let mut text = String::new();
        let mut skip = 0;
        for cell in cells {
            if skip == 0 {
                text += cell.symbol();
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        text.trim_end().to_owned()
    };
    (0..size.1).map(line).collect()
}

fn terminal(
    size: (u16, u16),
    board: &Board,
    screen: &mut Screen,
    has_color: bool,
    ladder: Option<&[Line]>,
) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let areas = Areas::of(size.into(), board);
    screen.settle(board, areas.map_or(1, |areas| areas.page()), has_ids(size.0));
    let first = match (ladder, areas) {
        (Some(lines), Some(areas)) => screen.settle_ladder(lines.len(), areas.ladder()),
        _ => 0,
    };
    let head = Head {
        server: "monitor@pbx.example.com:5038".to_owned(),
        version: "Asterisk 22.10.1".to_owned(),
        events_per_second: 12.25,
        calls_in_a_minute: 6,
        missed: 0,
        reconnects: 1,
    };
    let theme = Theme { has_color };
    let scene = Scene { board, screen, head: &head, ladder, first, now: now(), theme };
    terminal.draw(|frame| scene.draw(frame)).unwrap();
    terminal
}

#[test]
fn hundreds_of_calls_are_scrolled() {
    let board = board((0..500).map(call).collect(), vec![queue("sales", 1), queue("support", 0)]);
    let mut screen = Screen::default();
    let lines = drawn((80, 24), &board, &mut screen);
    let calls = "500 calls  1000 channels  6 calls/min";
    assert_eq!(lines[1], format!("{calls:<44}12.2 events/s, 0 missed  1 reconnect"));
    assert!(
        lines[3].starts_with("> 100 caller      200            ringing      0:09 "),
        "{lines:#?}"
    );
    // The calls have what the head, the queues and the last line leave.
    assert!(lines[19].starts_with("  116 caller"), "{lines:#?}");
    assert!(lines[20].starts_with("  QUEUE"), "{lines:#?}");
    assert_eq!(
        lines[21],
        "  sales                          1     1:01         1    2      3     88% in 20s"
    );
    screen.select(499);
    let lines = drawn((80, 24), &board, &mut screen);
    assert!(lines[19].starts_with("> 599 caller"), "{lines:#?}");
    assert!(lines[3].starts_with("  583 caller"), "{lines:#?}");
    let lines = drawn((200, 50), &board, &mut screen);
    assert!(lines[45].starts_with("> 599 caller"), "{lines:#?}");
    assert!(lines[45].ends_with("        2 1700000000.499"), "{lines:#?}");
}

#[test]
fn long_names_and_wide_letters_stay_in_their_columns() {
    let mut one = call(0);
    one.from = "日本語の名前がとても長い人".to_owned();
    one.to = "x".repeat(300);
    one.talking = "👩 emoji".to_owned();
    one.place = "e\u{301}".repeat(40);
    let screen = &mut Screen::default();
    for width in 60..200 {
        let lines = drawn((width, 24), &board(vec![one.clone(), call(1)], vec![]), screen);
        let columns = |line: &str, text: &str| {
            let at = line.find(text).unwrap_or_else(|| panic!("{width}: {lines:#?}"));
            unicode_width::UnicodeWidthStr::width(&line[..at])
        };
        let title = columns(&lines[2], "STATE");
        assert_eq!((columns(&lines[3], "ringing"), columns(&lines[4], "ringing")), (title, title));
        assert!(lines[3].contains('…'), "{lines:#?}");
    }
}

#[test]
fn an_empty_server_says_so() {
    let mut board = board(vec![], vec![]);
    let mut screen = Screen::default();
    let lines = drawn((80, 24), &board, &mut screen);
    assert_eq!((&*lines[3], &*lines[22]), ("no calls", "no queues"));
    assert!(lines[0].contains("  current  "), "{lines:#?}");
    // What one may read is not known: it is not told as a fact that there is nothing.
    board.rights_are_known = false;
    let lines = drawn((80, 24), &board, &mut screen);
    assert!(lines[3].starts_with("no calls, as far as this user may read"), "{lines:#?}");
    assert_eq!(lines[22], "no queues, as far as this user may read");
}

#[test]
fn what_is_not_known_is_no_zero() {
    let why =
        "the calls are not known: no events of the class call come (manager.conf: read = …,call)";
    let mut board = board(vec![], vec![]);
    board.calls = Err(Missing::Unknown(why.to_owned()));
    board.channels = None;
    board.queues = Err(Missing::Unknown("the queues are not known".to_owned()));
    let lines = drawn((80, 24), &board, &mut Screen::default());
    assert!(lines[1].starts_with("calls unknown  channels unknown  "), "{lines:#?}");
    assert_eq!(lines[3..5].join(" "), format!("calls: unknown: {why}"));
    assert_eq!(lines[21], "queues: unknown: the queues are not known");
    board.calls = Err(Missing::Loading);
    board.queues = Err(Missing::Loading);
    board.freshness = Freshness::Loading;
    let lines = drawn((80, 24), &board, &mut Screen::default());
    assert_eq!((&*lines[3], &*lines[22]), ("calls: loading", "queues: loading"));
    assert!(lines[0].contains("  loading  "), "{lines:#?}");
}

#[test]
fn a_stale_screen_says_since_when_and_why() {
    let mut board = board(vec![call(0)], vec![]);
    let since = now() - Duration::from_secs(60);
    let reason = StaleReason::Other("the \x1b[2J connection".into());
    board.freshness = Freshness::Stale { since, reason };
    board.notes = vec!["the bridges are not known".to_owned()];
    for has_color in [true, false] {
        let screen = &mut Screen::default();
        let terminal = terminal((80, 24), &board, screen, has_color, None);
        let cell = terminal.backend().buffer().cell((0, 2)).unwrap();
        assert_eq!(cell.fg == Color::Red, has_color);
        let all_plain =
            terminal.backend().buffer().content().iter().all(|it| it.fg == Color::Reset);
        assert_eq!(all_plain, !has_color);
    }
    let lines = drawn((80, 24), &board, &mut Screen::default());
    assert!(lines[0].contains("stale since "), "{lines:#?}");
    assert_eq!(lines[2], r"the \u{1b}[2J connection");
    assert_eq!(lines[3], "the bridges are not known");
    assert!(lines[5].starts_with("> 100 caller"), "{lines:#?}");
}

#[test]
fn more_queues_than_there_is_room_for_are_counted() {
    let mut queues: Vec<_> = (0..40).map(|at| queue(&format!("queue{at:02}"), 0)).collect();
    queues[30].waiting = 7;
    let board = board((0..100).map(call).collect(), queues);
    let lines = drawn((80, 24), &board, &mut Screen::default());
    let first = lines.iter().position(|line| line.starts_with("  QUEUE")).unwrap();
    assert!(lines[first + 1].starts_with("  queue30                        7"), "{lines:#?}");
    assert!(lines[first + 2].starts_with("  queue00"), "{lines:#?}");
    assert_eq!(lines[22], "  … 35 more");
    // With few calls there is more room.
    let board = Board { calls: Ok(vec![call(0)]), ..board };
    let lines = drawn((80, 24), &board, &mut Screen::default());
    assert_eq!(lines[22], "  … 31 more");
}

#[test]
fn a_screen_that_is_too_small_says_what_it_needs() {
    for size in [(59, 24), (80, 11), (1, 1), (20, 4)] {
        let board = board(vec![call(0)], vec![queue("sales", 0)]);
        let lines = drawn(size, &board, &mut Screen::default());
        let text = "the terminal has ".chars().take(size.0.into()).collect::<String>();
        assert!(lines[0].starts_with(text.trim_end()), "{lines:#?}");
    }
    let lines = drawn(
        (60, 12),
        &board((0..30).map(call).collect(), vec![queue("a", 0); 9]),
        &mut Screen::default(),
    );
    assert!(lines[2].starts_with("  FROM"), "{lines:#?}");
    assert!(lines[11].starts_with("Enter ladder  h hang up  / filter"), "{lines:#?}");
}

#[test]
fn the_last_line_asks_tells_and_filters() {
    let board = board((0..9).map(call).collect(), vec![]);
    let mut screen = Screen::default();
    let mut last = |change: &dyn Fn(&mut Screen)| {
        change(&mut screen);
        drawn((60, 12), &board, &mut screen).pop().unwrap()
    };
    assert_eq!(last(&|it| it.status = Some((Tone::Bad, "no".into()))), "no");
    let name = "x".repeat(100);
    let question = Row { id: "1700000000.1".into(), name: name.clone() };
    let asked = last(&|it| it.question = Some(question.clone()));
    assert_eq!(asked, format!("hang up {}…? y/n", &name[..46]));
    let typing = |text: &str| {
        let text = text.to_owned();
        move |it: &mut Screen| {
            (it.question, it.status, it.is_typing) = (None, None, true);
            it.filter = text.clone();
        }
    };
    assert_eq!(last(&typing("103")), "/103_  1 of 9 calls  Enter keep  Esc clear");
    let long = last(&typing(&"y日".repeat(50)));
    assert!(
        long.starts_with("/y日y日") && long.ends_with("y日_  0 of 9 calls  Enter keep  Esc clear"),
        "{long}"
    );
    assert!(unicode_width::UnicodeWidthStr::width(&*long) <= 60);
}

#[test]
fn a_ladder_and_the_help_take_the_place_of_the_calls() {
    let board = board(vec![call(0)], vec![queue("sales", 0)]);
    let mut screen = Screen { has_help: true, ..Screen::default() };
    let lines = drawn((60, 12), &board, &mut screen);
    assert!(lines[2].starts_with(" ↑ ↓ j k  select a call"), "{lines:#?}");
    assert!(lines[10].starts_with(" level    as the server told it"), "{lines:#?}");
    screen.has_help = false;
    let call = Row { id: "1700000000.1".into(), name: "100 → 200".to_owned() };
    screen.ladder = Some(Open { call, first: None, last: 0 });
    let lines = drawn((80, 24), &board, &mut screen);
    assert_eq!(lines[2], "1700000000.1  100 → 200");
    assert_eq!(lines[3], "no event of this call has come since `ami top` began");
    let row = |at: usize| {
        let mut line = Line::default();
        line.add(crate::out::Style::Bad, format!("row {at}"));
        line
    };
    let rows: Vec<_> = (0..50).map(row).collect();
    let terminal = terminal((80, 24), &board, &mut screen, true, Some(&rows));
    let text = terminal.backend().to_string();
    assert!(
        text.contains("row 49") && text.contains("row 31") && !text.contains("row 29"),
        "{text}"
    );
}
