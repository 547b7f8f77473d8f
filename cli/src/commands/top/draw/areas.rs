//! The areas of the screen.

use ratatui::layout::{Rect, Size};

use super::super::board::{Board, Missing};

/// The smallest screen.
pub(in super::super) const SMALLEST: Size = Size { width: 60, height: 12 };

/// The areas of the screen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Areas {
    /// The server and its figures.
    pub(super) head: Rect,
    /// The warnings: a loss, and parts that are not known. May be empty.
    pub(super) alerts: Rect,
    /// The calls, below the names of their columns.
    pub(super) calls: Rect,
    pub(super) queues: Rect,
    pub(super) bottom: Rect,
    /// The area of a ladder or of the help: between the head and the bottom.
    pub(super) main: Rect,
}

impl Areas {
    /// Returns the areas, or `None` if the screen is too small.
    pub(in super::super) fn of(size: Size, board: &Board) -> Option<Self> {
        let Size { width, height } = size;
        if width < SMALLEST.width || height < SMALLEST.height {
            return None;
        }
        let alerts =
            u16::from(board.freshness.stale().is_some()) + u16::from(!board.notes.is_empty());
        let main = height - 3 - alerts;
        let queues = queues(board, main);
        let mut y = 0;
        let mut next = |height| {
            let area = Rect { x: 0, y, width, height };
            y += height;
            area
        };
        let (head, alerts) = (next(2), next(alerts));
        let (calls, queues) = (next(main - queues), next(queues));
        let bottom = next(1);
        let main = Rect { height: main, ..calls };
        Some(Self { head, alerts, calls, queues, bottom, main })
    }

    /// Returns the number of calls that there is room for.
    pub(in super::super) fn page(&self) -> usize {
        usize::from(self.calls.height) - 1
    }

    /// Returns the number of lines of a ladder that there is room for.
    pub(in super::super) fn ladder(&self) -> usize {
        usize::from(self.main.height) - 1
    }
}

/// Returns the height of the queues: a third of the screen at most, or what the calls leave.
fn queues(board: &Board, main: u16) -> u16 {
    let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    match &board.queues {
        Err(Missing::Loading) => 1,
        Err(Missing::Unknown(_)) => 2,
        Ok(queues) if queues.is_empty() => 1,
        Ok(queues) => {
            let calls = lines(board.calls.as_ref().map_or(1, Vec::len).saturating_add(1));
            let most = u16::max(main / 3, main.saturating_sub(calls.max(main / 2)));
            lines(queues.len()).saturating_add(1).min(most)
        }
    }
}
