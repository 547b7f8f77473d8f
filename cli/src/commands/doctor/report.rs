//! The outcome of the checks.

use std::io;

use serde_json::json;

use crate::out::{Form, Out, Style, escape};

/// The outcome of a check, the better ones first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum State {
    Ok,
    /// Worth knowing, but no fault.
    Note,
    Warn,
    Bad,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => Style::Good,
            Self::Note => Style::Dim,
            Self::Warn => Style::Strong,
            Self::Bad => Style::Bad,
        }
    }
}

/// A check and its outcome.
#[derive(Debug)]
pub(super) struct Check {
    name: String,
    state: State,
    text: String,
    remedy: Option<String>,
}

impl Check {
    pub(super) fn new(state: State, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), state, text: text.into(), remedy: None }
    }

    /// Adds what to do about it.
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Lines that `manager.conf` lacks.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) general: Vec<String>,
    pub(super) user: Vec<String>,
}

impl Lines {
    /// Returns the lines with the names of their sections.
    fn of(&self, user: &str) -> Vec<String> {
        let section = |name: &str, lines: &[String]| match lines {
            [] => Vec::new(),
            lines => [&[format!("[{name}]")], lines].concat(),
        };
        [section("general", &self.general), section(user, &self.user)].concat()
    }
}

/// The checks so far. They are printed as they come, unless one line is to say all.
#[derive(Debug)]
pub(super) struct Report<'a> {
    out: &'a mut Out,
    is_quiet: bool,
    checks: Vec<Check>,
    pub(super) lines: Lines,
    /// Figures for monitoring: name, value with its unit, thresholds.
    pub(super) figures: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a mut Out, is_quiet: bool) -> Self {
        Self { out, is_quiet, checks: Vec::new(), lines: Lines::default(), figures: Vec::new() }
    }

    pub(super) fn tell(&mut self, check: Check) -> io::Result<()> {
        if !self.is_quiet {
            self.print(&check)?;
        }
        self.checks.push(check);
        Ok(())
    }

    fn print(&mut self, check: &Check) -> io::Result<()> {
        let Check { name, state, text, remedy } = check;
        if self.out.form == Form::Json {
            self.out.object(&json!({
                "v": 1, "check": name, "state": state.name(), "text": text, "remedy": remedy,
            }))?;
        } else {
            let styled = self.out.styled(state.style(), &format!("{:4}", state.name()));
            let name = escape(name.as_bytes());
            self.out.line(&format!("{styled}  {name:<18}  {}", escape(text.as_bytes())))?;
            if let Some(remedy) = remedy {
                self.out.line(&format!("{:26}{}", "", escape(remedy.as_bytes())))?;
            }
        }
        self.out.flush()
    }

    pub(super) fn worst(&self) -> State {
        self.checks.iter().map(|check| check.state).max().unwrap_or(State::Ok)
    }

    /// Prints the lines that `manager.conf` lacks.
    pub(super) fn print_lines(&mut self, user: &str) -> io::Result<()> {
        let lines = self.lines.of(user);
        if self.is_quiet || lines.is_empty() {
            return Ok(());
        }
        if self.out.form == Form::Json {
            return self.out.object(&json!({ "v": 1, "manager.conf": lines }));
        }
        self.out.line("")?;
        let heading = "; manager.conf, then `manager reload`, and log in again";
        self.out.line(&self.out.styled(Style::Dim, heading))?;
        for line in lines {
            self.out.line(&escape(line.as_bytes()))?;
        }
        Ok(())
    }

    /// Prints the line of a monitoring plugin.
    pub(super) fn print_plugin_line(&mut self, word: &str, text: Option<&str>) -> io::Result<()> {
        let worst = self.worst();
        let worst = self.checks.iter().filter(|it| it.state == worst && worst > State::Note);
        let found: Vec<_> = worst.map(|it| format!("{}: {}", it.name, it.text)).collect();
        let text = text.map_or_else(|| found.join("; "), str::to_owned);
        let text = if text.is_empty() { "all checks passed" } else { &text };
        // A bar begins the figures.
        let text = escape(text.replace('|', "/").as_bytes());
        let figures = self.figures.join(" ");
        let bar = if figures.is_empty() { "" } else { " | " };
        self.out.line(&format!("AMI {word} - {text}{bar}{figures}"))
    }
}
