//! Pictures of the program on a terminal, as SVG: what `ami tail`, `ami trace` and `ami top` show
//! of the server that `AMI_SERVER` names. The script `cli/pictures/make` runs it on a small PBX.

#![expect(clippy::unwrap_used, reason = "a tool for this repository, which ends by panicking")]

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use vt100::{Cell, Color, Parser, Screen};

/// The width and height of a cell, in units of the picture.
const CELL: (f32, f32) = (8.4, 18.0);

/// The margin around the cells, and the height of the title.
const MARGIN: f32 = 12.0;
const TITLE: f32 = 26.0;

const BACKGROUND: &str = "#1b1d23";
const FOREGROUND: &str = "#d6d8de";

/// The colours 0 to 15 of a terminal.
const COLORS: [&str; 16] = [
    "#3b3f4a", "#ef6b73", "#8bc27a", "#e3b96a", "#6ea7e6", "#c58be0", "#5cbcc4", "#c9ccd4",
    "#737885", "#ff8a91", "#a5dc94", "#ffd588", "#8fc0f7", "#dba9f3", "#7fd8df", "#f2f3f6",
];

/// The longest wait for a picture.
const PATIENCE: Duration = Duration::from_secs(240);

fn main() {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "cli/pictures".into());
    let save = |name: &str, title: &str, screen: &Screen| {
        std::fs::write(Path::new(&folder).join(name), svg(title, screen)).unwrap();
    };

    let tail = "ami tail Hangup -n 14 --fields Channel,CallerIDName,Cause-txt";
    let mut terminal = Terminal::open(tail, 124, 14);
    save("tail.svg", tail, terminal.end());

    // The reception transfers all of her calls.
    let trace = "ami trace --next 101";
    let mut terminal = Terminal::open(trace, 100, 44);
    save("trace.svg", trace, terminal.end());

    // By then calls of all kinds are up, and some have ended.
    let top = "ami top";
    let mut terminal = Terminal::open(top, 116, 26);
    terminal.read_for(Duration::from_secs(20));
    save("top.svg", top, terminal.parser.screen());
    terminal.keys.take().unwrap().write_all(b"q").unwrap();
    terminal.end();
}

/// A program on a terminal, which the program `script` provides.
struct Terminal {
    child: Child,
    keys: Option<std::process::ChildStdin>,
    output: Receiver<Vec<u8>>,
    parser: Parser,
}

impl Terminal {
    fn open(line: &str, columns: u16, rows: u16) -> Self {
        let line = format!("stty cols {columns} rows {rows}; exec {line}");
        let mut child = Command::new("script")
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/sh")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let mut from = child.stdout.take().unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = child.stdin.take();
        Self { child, keys, output, parser: Parser::new(rows, columns, 0) }
    }

    /// Reads for so long, or until the program has ended. Returns `true` if it has ended.
    fn read_for(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(error) => return error == std::sync::mpsc::RecvTimeoutError::Disconnected,
            }
        }
    }

    /// Waits for the end of the program, and returns what it left on the screen.
    fn end(&mut self) -> &Screen {
        let ended = self.read_for(PATIENCE);
        assert!(ended, "no end within {PATIENCE:?}:\n{}", self.parser.screen().contents());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}:\n{}", self.parser.screen().contents());
        self.parser.screen()
    }
}

/// Returns a screen as a picture, a run of cells of one style a text.
fn svg(title: &str, screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let text = screen.contents();
    let used = u16::try_from(text.lines().count()).unwrap_or(rows).min(rows);
    let (width, height) = (f32::from(columns) * CELL.0, f32::from(used) * CELL.1);
    let (width, height) = (width + 2.0 * MARGIN, height + TITLE + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <text x=\"{MARGIN}\" y=\"22\" fill=\"{}\">$ {}</text>\n",
        COLORS[8],
        escape(title),
    );
    for row in 0..used {
        let mut column = 0;
        while column < columns {
            let begin = column;
            let Some(style) = screen.cell(row, begin).map(Style::of) else { break };
            let mut run = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|it| Style::of(it) == style) {
                if !cell.is_wide_continuation() {
                    run.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            style.draw(&mut svg, &run, (row, begin), column - begin);
        }
    }
    svg + "</svg>\n"
}

/// The style of a cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Style {
    foreground: Color,
    background: Color,
    is_bold: bool,
    is_dim: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (mut foreground, mut background) = (cell.fgcolor(), cell.bgcolor());
        if cell.inverse() {
            // The colours of the terminal itself have no number.
            let shown = |color, default| if color == Color::Default { default } else { color };
            let swapped = shown(foreground, Color::Idx(7));
            foreground = shown(background, Color::Idx(0));
            background = swapped;
        }
        Self { foreground, background, is_bold: cell.bold(), is_dim: cell.dim() }
    }

    /// Draws a run of cells from a place on. Its words keep their columns whatever the font.
    fn draw(self, svg: &mut String, run: &str, (row, column): (u16, u16), columns: u16) {
        let left = MARGIN + f32::from(column) * CELL.0;
        let top = MARGIN + TITLE + f32::from(row) * CELL.1;
        if let Some(color) = color(self.background) {
            let (width, height) = (f32::from(columns) * CELL.0, CELL.1);
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" \
                 fill=\"{color}\"/>"
            );
        }
        let fill = color(self.foreground).unwrap_or_else(|| FOREGROUND.to_owned());
        let weight = if self.is_bold { " font-weight=\"bold\"" } else { "" };
        let opacity = if self.is_dim { " opacity=\"0.6\"" } else { "" };
        let mut x = left;
        for words in run.split("  ") {
            let shown = words.trim();
            if !shown.is_empty() {
                let at = x + CELL.0 * cells(&words[..words.len() - words.trim_start().len()]);
                let (y, length) = (top + 13.5, CELL.0 * cells(shown));
                let shown = escape(shown);
                let _ = writeln!(
                    svg,
                    "<text x=\"{at:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" \
                     lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{weight}{opacity}>{shown}</text>"
                );
            }
            x += CELL.0 * (cells(words) + 2.0);
        }
    }
}

/// Returns the cells that a text takes.
fn cells(text: &str) -> f32 {
    u16::try_from(unicode_width::UnicodeWidthStr::width(text)).unwrap_or(u16::MAX).into()
}

/// Returns a colour, or `None` for that of the terminal.
fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Idx(index) => Some(COLORS[usize::from(index) % COLORS.len()].to_owned()),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// Escapes a text for XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
