//! Drawing: the screen and what a server is doing, to the cells of a terminal.

mod areas;
mod bottom;
mod calls;
mod cells;
mod head;
mod help;
mod ladder;
mod missing;
mod queues;
#[cfg(test)]
mod tests;
mod text;
mod theme;

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Size;

pub(super) use self::areas::Areas;
use self::areas::SMALLEST;
pub(super) use self::calls::has_ids;
pub(super) use self::head::Head;
pub(super) use self::theme::Theme;
use super::board::Board;
use super::screen::Screen;
use crate::out::Line;

/// All that is drawn.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) board: &'a Board,
    pub(super) screen: &'a Screen,
    pub(super) head: &'a Head,
    /// The lines of the ladder that is open, or `None` if no event of its call was seen.
    pub(super) ladder: Option<&'a [Line]>,
    /// The first of the lines that is shown.
    pub(super) first: usize,
    pub(super) now: SystemTime,
    pub(super) theme: Theme,
}

impl Scene<'_> {
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let Self { board, screen, head, now, theme, .. } = *self;
        let area = frame.area();
        let buffer = frame.buffer_mut();
        let Some(areas) = Areas::of(area.as_size(), board) else {
            let Size { width, height } = SMALLEST;
            let text = format!(
                "the terminal has {} columns and {} lines; `ami top` needs {width} and {height}",
                area.width, area.height
            );
            missing::empty(buffer, area, &text, theme);
            return;
        };
        head::draw(buffer, areas.head, head, board, now, theme);
        head::alerts(buffer, areas.alerts, board, theme);
        if screen.has_help {
            help::draw(buffer, areas.main, theme);
        } else if let Some(open) = &screen.ladder {
            ladder::draw(buffer, areas.main, open, self.ladder, self.first, theme);
        } else {
            calls::draw(buffer, areas.calls, board, screen, now, theme);
            queues::draw(buffer, areas.queues, board, now, theme);
        }
        let calls = board.calls.as_ref().map_or(0, Vec::len);
        bottom::draw(buffer, areas.bottom, screen, calls, theme);
    }
}
