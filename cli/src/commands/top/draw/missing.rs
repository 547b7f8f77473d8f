//! The texts in place of a part that is not shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::super::board::Missing;
use super::theme::Theme;

/// Draws why a part is not shown.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, part: &str, missing: &Missing, theme: Theme) {
    let (text, style) = match missing {
        Missing::Loading => (format!("{part}: loading"), theme.dim()),
        Missing::Unknown(why) => (format!("{part}: unknown: {why}"), theme.waiting()),
    };
    Paragraph::new(text).style(style).wrap(Wrap { trim: true }).render(area, buffer);
}

/// Draws that a part is empty.
pub(super) fn empty(buffer: &mut Buffer, area: Rect, text: &str, theme: Theme) {
    Paragraph::new(text).style(theme.dim()).wrap(Wrap { trim: true }).render(area, buffer);
}
