//! The calls.

use std::time::SystemTime;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::board::{Board, Call};
use super::super::screen::{Screen, Sort};
use super::cells::{self, Column, line, numbers, texts};
use super::missing;
use super::text::age;
use super::theme::Theme;
use crate::out::escape;

/// The width from which on the identifiers and the numbers of channels are shown.
const WIDE: u16 = 120;

/// Returns `true` if a screen of this width shows the identifiers of calls.
pub(in super::super) fn has_ids(width: u16) -> bool {
    width >= WIDE
}

fn columns(width: u16, sort: Sort) -> Vec<Column> {
    let sorted = |is: Sort, sorted, plain| if sort == is { sorted } else { plain };
    let time = match sort {
        Sort::Oldest => "TIME▾",
        Sort::Newest => "TIME▴",
        _ => "TIME",
    };
    let mut columns = vec![
        texts("", 1),
        texts(sorted(Sort::From, "FROM▾", "FROM"), 0),
        texts(sorted(Sort::To, "TO▾", "TO"), 0),
        texts(sorted(Sort::State, "STATE▾", "STATE"), 8),
        numbers(time, 8),
        texts("TALKING TO", 0),
        texts(sorted(Sort::Place, "WHERE▾", "WHERE"), 0),
    ];
    if has_ids(width) {
        columns.extend([numbers("CHANNELS", 8), texts("ID", 20)]);
    }
    cells::spread(&mut columns, width);
    columns
}

pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    board: &Board,
    screen: &Screen,
    now: SystemTime,
    theme: Theme,
) {
    let columns = columns(area.width, screen.sort);
    cells::names(buffer, area, &columns, theme.title());
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let calls = match &board.calls {
        Ok(calls) => calls,
        Err(missing) => return missing::draw(buffer, below, "calls", missing, theme),
    };
    if screen.order.is_empty() {
        let text = match (calls.is_empty(), board.rights_are_known) {
            (false, _) => "no call matches the filter",
            (true, true) => "no calls",
            (true, false) => {
                "no calls, as far as this user may read: the server tells that only with \
                 `write = …,command`"
            }
        };
        return missing::empty(buffer, below, text, theme);
    }
    let shown = screen.order.iter().enumerate().skip(screen.first).take(below.height.into());
    for (at, (row, index)) in shown.enumerate() {
        let is_selected = row == screen.at;
        draw_call(buffer, line(below, at), &columns, &calls[*index], is_selected, now, theme);
    }
}

fn draw_call(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column],
    call: &Call,
    is_selected: bool,
    now: SystemTime,
    theme: Theme,
) {
    let plain = Style::new();
    let state = match call.state {
        "answered" | "accepted" => theme.good(),
        _ => theme.waiting(),
    };
    let (time, legs, id) =
        (age(call.since, now), call.legs.to_string(), escape(call.id.as_bytes()));
    let cells = [
        (if is_selected { ">" } else { "" }, plain),
        (&*call.from, theme.strong()),
        (&*call.to, plain),
        (call.state, state),
        (&*time, plain),
        (&*call.talking, plain),
        (&*call.place, plain),
        (&*legs, plain),
        (&*id, theme.dim()),
    ];
    cells::row(buffer, area, columns, cells);
    if is_selected {
        buffer.set_style(area, theme.selected());
    }
}
