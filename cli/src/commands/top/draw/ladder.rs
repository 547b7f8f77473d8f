//! The ladder of a call.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::screen::Open;
use super::cells::line;
use super::text::fit;
use super::theme::Theme;
use crate::out::{self, escape};

/// Draws the lines of a ladder from the first one on that is to be shown.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    open: &Open,
    lines: Option<&[out::Line]>,
    first: usize,
    theme: Theme,
) {
    let title = format!("{}  {}", escape(open.call.id.as_bytes()), open.call.name);
    let width = area.width.into();
    buffer.set_style(Rect { height: 1, ..area }, theme.title());
    buffer.set_string(area.x, area.y, fit(&title, width), theme.title());
    let Some(lines) = lines else {
        let text = "no event of this call has come since `ami top` began";
        let below = line(area, 1);
        buffer.set_string(below.x, below.y, fit(text, width), theme.dim());
        return;
    };
    let room = usize::from(area.height) - 1;
    for (at, text) in lines.iter().skip(first).take(room).enumerate() {
        let area = line(area, at + 1);
        let spans = text.pieces().iter().map(|(style, text)| Span::styled(text, theme.of(*style)));
        buffer.set_line(area.x, area.y, &Line::from_iter(spans), area.width);
    }
}
