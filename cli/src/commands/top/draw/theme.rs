//! Styles, with colours or without.

use ratatui::style::{Color, Modifier, Style};

use crate::out;

/// The styles of the screen.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Theme {
    pub(in super::super) has_color: bool,
}

impl Theme {
    /// Returns the style of a failure or a loss.
    pub(super) fn bad(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        match self.has_color {
            true => style.fg(Color::Red),
            false => style.add_modifier(Modifier::REVERSED),
        }
    }

    pub(super) fn good(self) -> Style {
        self.colored(Color::Green)
    }

    /// Returns the style of those who wait for somebody.
    pub(super) fn waiting(self) -> Style {
        self.colored(Color::Yellow)
    }

    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns a style of the other commands.
    pub(super) fn of(self, style: Option<out::Style>) -> Style {
        match style {
            None => Style::new(),
            Some(out::Style::Bad) => self.bad(),
            Some(out::Style::Good) => self.good(),
            Some(out::Style::Dim) => self.dim(),
            Some(out::Style::Strong) => self.strong(),
        }
    }

    /// Returns the style of the names of columns.
    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn colored(self, color: Color) -> Style {
        if self.has_color { Style::new().fg(color) } else { Style::new() }
    }
}
