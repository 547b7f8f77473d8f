//! Rows of columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{fit, right};

/// A column: its name and its width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) width: usize,
    /// `true` for numbers and times, which end at the right.
    pub(super) is_right: bool,
}

/// Returns a column of texts.
pub(super) const fn texts(name: &'static str, width: usize) -> Column {
    Column { name, width, is_right: false }
}

/// Returns a column of numbers or times.
pub(super) const fn numbers(name: &'static str, width: usize) -> Column {
    Column { name, width, is_right: true }
}

/// Gives the width that other columns leave to those of no width, in equal parts. There is a blank
/// between two columns.
pub(super) fn spread(columns: &mut [Column], width: u16) {
    let taken: usize = columns.iter().map(|it| it.width + 1).sum();
    let left = (usize::from(width) + 1).saturating_sub(taken);
    let count = columns.iter().filter(|it| it.width == 0).count();
    let free = columns.iter_mut().filter(|it| it.width == 0);
    for (at, column) in free.enumerate() {
        column.width = left / count + usize::from(at < left % count);
    }
}

/// Draws a row of texts, each in its column and style.
pub(super) fn row<'a>(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column],
    cells: impl IntoIterator<Item = (&'a str, Style)>,
) {
    let mut x = area.x;
    for (column, (text, style)) in columns.iter().zip(cells) {
        let text =
            if column.is_right { right(text, column.width) } else { fit(text, column.width) };
        let left = area.right().saturating_sub(x).into();
        buffer.set_stringn(x, area.y, text, column.width.min(left), style);
        x = x.saturating_add(u16::try_from(column.width + 1).unwrap_or(u16::MAX));
    }
}

/// Draws the names of columns.
pub(super) fn names(buffer: &mut Buffer, area: Rect, columns: &[Column], style: Style) {
    buffer.set_style(Rect { height: 1, ..area }, style);
    row(buffer, area, columns, columns.iter().map(|column| (column.name, style)));
}

/// Returns the line of an area that is so far from its top.
pub(super) fn line(area: Rect, at: usize) -> Rect {
    let y = area.y.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
    Rect { y, height: 1, ..area }
}
