//! The last line: a question, what an action came to, the filter, or the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::screen::{Screen, Tone};
use super::text::fit;
use super::theme::Theme;

/// The keys, as many as fit.
const KEYS: [(&str, &str); 7] = [
    ("Enter", "ladder"),
    ("h", "hang up"),
    ("/", "filter"),
    ("s", "sort"),
    ("?", "help"),
    ("q", "quit"),
    ("↑↓", "select"),
];

/// The keys of a ladder.
const LADDER_KEYS: [(&str, &str); 5] =
    [("Esc", "back"), ("h", "hang up"), ("↑↓", "scroll"), ("End", "follow"), ("?", "help")];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, screen: &Screen, calls: usize, theme: Theme) {
    let width = usize::from(area.width);
    let whole = |text: String, style: Style| Line::from(Span::styled(fit(&text, width), style));
    let line = if let Some(call) = &screen.question {
        // The end of the line is what has to be read.
        let name = fit(&call.name, width.saturating_sub("hang up ? y/n".width()));
        whole(format!("hang up {name}? y/n"), theme.bad())
    } else if let Some((tone, text)) = &screen.status {
        let style = match tone {
            Tone::Plain => Style::new(),
            Tone::Good => theme.good(),
            Tone::Bad => theme.bad(),
        };
        whole(text.clone(), style)
    } else if screen.ladder.is_some() {
        keys(&LADDER_KEYS, width, theme)
    } else if screen.is_typing || !screen.filter.is_empty() {
        filter(screen, calls, width, theme)
    } else {
        keys(&KEYS, width, theme)
    };
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Returns the filter. What was typed is cut at its beginning.
fn filter(screen: &Screen, calls: usize, width: usize, theme: Theme) -> Line<'static> {
    let hint = if screen.is_typing { "Enter keep  Esc clear" } else { "/ change  Esc clear" };
    let tail = format!("  {} of {calls} calls  {hint}", screen.rows.len());
    let cursor = if screen.is_typing { "_" } else { "" };
    let room = width.saturating_sub(tail.width() + cursor.width() + 1);
    let mut typed = &*screen.filter;
    while typed.width() > room {
        typed = typed.char_indices().nth(1).map_or("", |(at, _)| &typed[at..]);
    }
    Line::from(vec![
        Span::styled(format!("/{typed}{cursor}"), theme.strong()),
        Span::styled(tail, theme.dim()),
    ])
}

fn keys(keys: &[(&'static str, &'static str)], width: usize, theme: Theme) -> Line<'static> {
    let mut line = Line::default();
    for (key, what) in keys {
        let key = Span::styled(*key, theme.strong());
        let what = Span::styled(format!(" {what}  "), theme.dim());
        if line.width() + key.width() + what.width() > width {
            break;
        }
        line.spans.extend([key, what]);
    }
    line
}
