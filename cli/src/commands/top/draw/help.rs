//! The help.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::cells::line;
use super::theme::Theme;

const HELP: [(&str, &str); 9] = [
    ("↑ ↓ j k", "select a call; also PageUp, PageDown, Home, End"),
    ("Enter", "the ladder of the call; Esc or q goes back"),
    ("h", "hang up the call, if you say yes"),
    ("/", "only calls that show this text; Esc clears it"),
    ("s", "sort by the next column"),
    ("q", "quit; Ctrl-C, too, with exit code 130"),
    (">1:23", "at least so long: nobody saw the beginning"),
    ("stale", "events are missing; the server is asked again"),
    ("level", "as the server told it last, in its own count"),
];

/// Draws the help in place of calls and queues. A screen of the smallest size has room for it.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, theme: Theme) {
    Clear.render(area, buffer);
    for (at, (key, what)) in HELP.iter().take(area.height.into()).enumerate() {
        let area = line(area, at);
        let text =
            Line::from(vec![Span::styled(format!(" {key:<9}"), theme.strong()), Span::raw(*what)]);
        buffer.set_line(area.x, area.y, &text, area.width);
    }
}
