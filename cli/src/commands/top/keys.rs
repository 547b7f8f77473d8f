//! The keys and their effects.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::screen::{Open, Row, Screen, Tone};
use crate::exit::Exit;

/// The request of a key beyond a change of the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Act {
    None,
    Quit(Exit),
    HangUp(Row),
    /// Draw everything anew, as after another program has written on the terminal.
    Redraw,
}

/// Takes a key.
pub(super) fn press(screen: &mut Screen, key: KeyEvent) -> Act {
    if key.kind == KeyEventKind::Release {
        return Act::None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        match key.code {
            KeyCode::Char('c') => return Act::Quit(Exit::Interrupted),
            KeyCode::Char('l') => return Act::Redraw,
            KeyCode::Char('u') if screen.is_typing => screen.filter.clear(),
            _ => {}
        }
        return Act::None;
    }
    if screen.question.is_some() {
        return answer(screen, key.code);
    }
    screen.status = None;
    if screen.has_help {
        screen.has_help = false;
    } else if screen.is_typing {
        edit(screen, key.code);
    } else if screen.ladder.is_some() {
        return in_ladder(screen, key.code);
    } else {
        return in_calls(screen, key.code);
    }
    Act::None
}

/// Takes the answer to whether a call is to be hung up. Other keys than `y` and `n` do not answer.
fn answer(screen: &mut Screen, code: KeyCode) -> Act {
    match code {
        KeyCode::Char('y' | 'Y') => screen.question.take().map_or(Act::None, Act::HangUp),
        KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {
            screen.question = None;
            screen.status = Some((Tone::Plain, "not hung up".to_owned()));
            Act::None
        }
        _ => Act::None,
    }
}

fn edit(screen: &mut Screen, code: KeyCode) {
    match code {
        KeyCode::Char(char) => screen.filter.push(char),
        KeyCode::Backspace => drop(screen.filter.pop()),
        KeyCode::Enter => screen.is_typing = false,
        KeyCode::Esc => {
            screen.filter.clear();
            screen.is_typing = false;
        }
        code => move_selection(screen, code),
    }
}

fn in_calls(screen: &mut Screen, code: KeyCode) -> Act {
    let selected = screen.rows.get(screen.at).cloned();
    match code {
        KeyCode::Char('q') => return Act::Quit(Exit::Done),
        KeyCode::Char('?') => screen.has_help = true,
        KeyCode::Char('/') => screen.is_typing = true,
        KeyCode::Char('s') => {
            screen.sort = screen.sort.next();
            screen.status = Some((Tone::Plain, format!("sorted {}", screen.sort.name())));
        }
        KeyCode::Esc => screen.filter.clear(),
        KeyCode::Char('h') if selected.is_some() => screen.question = selected,
        KeyCode::Enter => {
            screen.ladder = selected.map(|call| Open { call, first: None, last: 0 });
        }
        KeyCode::Char('h') => {
            screen.status = Some((Tone::Plain, "there is no call to hang up".to_owned()));
        }
        KeyCode::Char('k') => move_selection(screen, KeyCode::Up),
        KeyCode::Char('j') => move_selection(screen, KeyCode::Down),
        KeyCode::Char('g') => move_selection(screen, KeyCode::Home),
        KeyCode::Char('G') => move_selection(screen, KeyCode::End),
        code => move_selection(screen, code),
    }
    Act::None
}

fn move_selection(screen: &mut Screen, code: KeyCode) {
    let last = screen.rows.len().saturating_sub(1);
    if let Some(at) = moved(screen.at, last, screen.page, code) {
        screen.select(at);
    }
}

/// Returns the place to which a key leads, from 0 to the last one.
fn moved(at: usize, last: usize, page: usize, code: KeyCode) -> Option<usize> {
    let to = match code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => at + 1,
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown => at + page,
        KeyCode::Home => 0,
        KeyCode::End => last,
        _ => return None,
    };
    Some(to.min(last))
}

fn in_ladder(screen: &mut Screen, code: KeyCode) -> Act {
    let page = screen.page;
    let Some(open) = &mut screen.ladder else { return Act::None };
    let code = match code {
        KeyCode::Char('k') => KeyCode::Up,
        KeyCode::Char('j') => KeyCode::Down,
        KeyCode::Char('g') => KeyCode::Home,
        KeyCode::Char('G') => KeyCode::End,
        code => code,
    };
    match code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => screen.ladder = None,
        KeyCode::Char('h') => screen.question = Some(open.call.clone()),
        KeyCode::Char('?') => screen.has_help = true,
        code => {
            let at = open.first.unwrap_or(open.last);
            if let Some(to) = moved(at, open.last, page, code) {
                // At its end it goes on to show the end.
                open.first = Some(to).filter(|to| *to < open.last);
            }
        }
    }
    Act::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(calls: usize) -> Screen {
        let row = |at: usize| Row { id: at.to_string().into(), name: format!("call {at}") };
        let mut screen =
            Screen { rows: (0..calls).map(row).collect(), page: 10, ..Screen::default() };
        screen.select(0);
        screen
    }

    fn code(screen: &mut Screen, code: KeyCode) -> Act {
        press(screen, KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn text(screen: &mut Screen, text: &str) -> Act {
        text.chars().map(|char| code(screen, KeyCode::Char(char))).last().unwrap()
    }

    #[test]
    fn keys_move_the_selection_and_stop_at_the_ends() {
        let mut screen = screen(25);
        for (key, at) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::Char('j'), 2),
            (KeyCode::Char('k'), 1),
            (KeyCode::PageDown, 11),
            (KeyCode::PageDown, 21),
            (KeyCode::PageDown, 24),
            (KeyCode::Down, 24),
            (KeyCode::PageUp, 14),
            (KeyCode::Home, 0),
            (KeyCode::End, 24),
        ] {
            assert_eq!(code(&mut screen, key), Act::None);
            assert_eq!(screen.at, at, "{key:?}");
        }
    }

    #[test]
    fn quitting_has_two_codes() {
        let mut screen = screen(1);
        assert_eq!(text(&mut screen, "q"), Act::Quit(Exit::Done));
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for state in ["", "/", "h", "?"] {
            text(&mut screen, state.get(..1).unwrap_or("s"));
            assert_eq!(press(&mut screen, interrupt), Act::Quit(Exit::Interrupted), "{state}");
        }
    }

    #[test]
    fn a_call_is_hung_up_only_by_a_yes() {
        let mut screen = screen(2);
        code(&mut screen, KeyCode::Down);
        assert_eq!(text(&mut screen, "h"), Act::None);
        assert_eq!(screen.question.as_ref().unwrap().name, "call 1");
        // A key that is no answer leaves the question.
        assert_eq!(text(&mut screen, "jh "), Act::None);
        assert_eq!((screen.question.is_some(), screen.at), (true, 1));
        assert_eq!(text(&mut screen, "n"), Act::None);
        assert_eq!(screen.status.as_ref().unwrap().1, "not hung up");
        let Act::HangUp(row) = text(&mut screen, "hy") else { panic!() };
        assert_eq!((&*row.id, screen.question), ("1", None));
        let mut none = self::screen(0);
        assert_eq!(text(&mut none, "hy"), Act::None);
    }

    #[test]
    fn a_filter_is_typed_kept_and_cleared() {
        let mut screen = screen(2);
        text(&mut screen, "/qh");
        code(&mut screen, KeyCode::Backspace);
        assert_eq!((&*screen.filter, screen.is_typing), ("q", true));
        code(&mut screen, KeyCode::Enter);
        assert_eq!((&*screen.filter, screen.is_typing), ("q", false));
        text(&mut screen, "/x");
        code(&mut screen, KeyCode::Esc);
        assert_eq!((&*screen.filter, screen.is_typing), ("", false));
    }

    #[test]
    fn a_ladder_opens_scrolls_and_closes() {
        let mut screen = screen(2);
        code(&mut screen, KeyCode::Enter);
        assert_eq!(&*screen.ladder.as_ref().unwrap().call.id, "0");
        screen.settle_ladder(30, 10);
        let mut first = |key| {
            code(&mut screen, key);
            screen.ladder.as_ref().map(|open| open.first)
        };
        assert_eq!(first(KeyCode::Up), Some(Some(19)));
        assert_eq!(first(KeyCode::PageUp), Some(Some(9)));
        assert_eq!(first(KeyCode::End), Some(None));
        assert_eq!(first(KeyCode::Home), Some(Some(0)));
        assert_eq!(first(KeyCode::Esc), None);
    }
}
