//! The head of the screen: the server, how current all of it is, and figures.

use std::time::SystemTime;

use live::Freshness;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::board::Board;
use super::cells::line;
use super::text::{clock, count, fit};
use super::theme::Theme;
use crate::out::escape;

/// The name and figures of the server and the connection. Texts of the server are escaped.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Head {
    pub(in super::super) server: String,
    pub(in super::super) version: String,
    pub(in super::super) events_per_second: f64,
    pub(in super::super) calls_in_a_minute: u64,
    pub(in super::super) missed: u64,
    pub(in super::super) reconnects: u64,
}

pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    head: &Head,
    board: &Board,
    now: SystemTime,
    theme: Theme,
) {
    let (word, style) = match &board.freshness {
        Freshness::Current { .. } => ("current".to_owned(), theme.good()),
        Freshness::Stale { since, .. } => (format!("stale since {}", clock(*since)), theme.bad()),
        _ => ("loading".to_owned(), theme.waiting()),
    };
    let state = Line::from(vec![Span::styled(word, style), Span::raw("  "), Span::raw(clock(now))]);
    let width = usize::from(area.width).saturating_sub(state.width());
    let server = fit(&head.server, width.saturating_sub(2));
    let left = width.saturating_sub(server.width() + 4);
    let version = fit(&head.version, left);
    let name =
        Line::from(vec![Span::styled(server, theme.strong()), Span::raw("  "), Span::raw(version)]);
    buffer.set_line(area.x, area.y, &name, area.width);
    at_right(buffer, area, &state);
    figures(buffer, line(area, 1), head, board, theme);
}

/// Draws the figures: those of calls at the left, and those of events at the right, where they are
/// never cut.
fn figures(buffer: &mut Buffer, area: Rect, head: &Head, board: &Board, theme: Theme) {
    let known = |number: Option<usize>, noun: &str| match number {
        Some(number) => count(number as u64, noun),
        None => format!("{noun}s unknown"),
    };
    let calls = known(board.calls.as_ref().ok().map(Vec::len), "call");
    let channels = known(board.channels, "channel");
    let Head { events_per_second, calls_in_a_minute, missed, reconnects, .. } = head;
    let text = format!("{calls}  {channels}  {calls_in_a_minute} calls/min");
    let style = |number: u64| if number > 0 { theme.bad() } else { theme.dim() };
    let events = Line::from(vec![
        Span::raw(format!("{events_per_second:.1} events/s, ")),
        Span::styled(format!("{missed} missed"), style(*missed)),
        Span::raw("  "),
        Span::styled(count(*reconnects, "reconnect"), style(*reconnects)),
    ]);
    let left = usize::from(area.width).saturating_sub(events.width() + 2);
    buffer.set_string(area.x, area.y, fit(&text, left), Style::new());
    at_right(buffer, area, &events);
}

fn at_right(buffer: &mut Buffer, area: Rect, text: &Line<'_>) {
    let x = area.right().saturating_sub(u16::try_from(text.width()).unwrap_or(area.width));
    buffer.set_line(x, area.y, text, area.width);
}

/// Draws what is not as it should be.
pub(super) fn alerts(buffer: &mut Buffer, area: Rect, board: &Board, theme: Theme) {
    let stale = board
        .freshness
        .stale()
        .map(|reason| (escape(format!("{reason:#}").as_bytes()), theme.bad()));
    let notes = (!board.notes.is_empty()).then(|| (board.notes.join("; "), theme.waiting()));
    for (at, (text, style)) in stale.into_iter().chain(notes).enumerate() {
        let line = line(area, at);
        buffer.set_string(line.x, line.y, fit(&text, line.width.into()), style);
    }
}
