//! The queues.

use std::time::SystemTime;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::board::{Board, Queue};
use super::cells::{self, Column, line, numbers, texts};
use super::missing;
use super::text::{age, clock, span};
use super::theme::Theme;

/// The width from which on all columns are shown.
const WIDE: u16 = 120;

fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![
        texts("", 1),
        texts("QUEUE", 0),
        numbers("WAITING", 7),
        numbers("LONGEST", 8),
        numbers("AVAILABLE", 9),
        numbers("BUSY", 4),
        numbers("PAUSED", 6),
        numbers("SERVICE LEVEL", 14),
    ];
    if width >= WIDE {
        columns.extend([
            numbers("UNREACHABLE", 11),
            numbers("COMPLETED", 9),
            numbers("ABANDONED", 9),
            numbers("HOLD TIME", 9),
            numbers("FIGURES OF", 10),
            texts("STRATEGY", 16),
        ]);
    }
    cells::spread(&mut columns, width);
    columns
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, board: &Board, now: SystemTime, theme: Theme) {
    let queues = match &board.queues {
        Ok(queues) => queues,
        Err(missing) => return missing::draw(buffer, area, "queues", missing, theme),
    };
    if queues.is_empty() {
        let text = match board.rights_are_known {
            true => "no queues",
            false => "no queues, as far as this user may read",
        };
        return missing::empty(buffer, area, text, theme);
    }
    let columns = columns(area.width);
    cells::names(buffer, area, &columns, theme.title());
    let room = usize::from(area.height.saturating_sub(1));
    let (shown, left) = choose(queues, room);
    for (at, queue) in shown.iter().enumerate() {
        draw_queue(buffer, line(area, at + 1), &columns, queue, now, theme);
    }
    if left > 0 && room > 0 {
        let last = line(area, room);
        buffer.set_string(last.x + 2, last.y, format!("… {left} more"), theme.dim());
    }
}

/// Returns the queues that there is room for, and the number of the others. If there is not room
/// for all, those with callers come first, and the last line says how many there are besides.
fn choose(queues: &[Queue], room: usize) -> (Vec<&Queue>, usize) {
    let mut shown: Vec<_> = queues.iter().collect();
    if shown.len() <= room {
        return (shown, 0);
    }
    shown.sort_by_key(|queue| queue.waiting == 0);
    shown.truncate(room.saturating_sub(1));
    let left = queues.len() - shown.len();
    (shown, left)
}

fn draw_queue(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column],
    queue: &Queue,
    now: SystemTime,
    theme: Theme,
) {
    let plain = Style::new();
    let waiting = if queue.waiting > 0 { theme.waiting() } else { plain };
    let members = &queue.members;
    let level = queue.service_level.map_or_else(
        || "-".to_owned(),
        |(percent, time)| format!("{percent:.0}% in {}s", time.as_secs()),
    );
    let as_of = clock(queue.as_of);
    let texts = [
        String::new(),
        queue.name.clone(),
        queue.waiting.to_string(),
        queue.longest.map_or_else(|| "-".to_owned(), |since| age(since, now)),
        members.available.to_string(),
        members.busy.to_string(),
        members.paused.to_string(),
        level,
        members.unreachable.to_string(),
        queue.completed.to_string(),
        queue.abandoned.to_string(),
        span(queue.hold),
        as_of,
        queue.strategy.clone(),
    ];
    let cells = texts.iter().enumerate().map(|(at, text)| match at {
        1 => (&**text, theme.strong()),
        2 | 3 => (&**text, waiting),
        _ => (&**text, plain),
    });
    cells::row(buffer, area, columns, cells);
}
