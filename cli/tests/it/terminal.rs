//! A pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use vt100::{Color, Parser};

use crate::events::kit::AGES;

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    pub(crate) keys: File,
    output: mpsc::UnboundedReceiver<Vec<u8>>,
    /// The screen, as far as the output was taken.
    parser: Parser,
    /// The bytes that were printed and not looked for yet.
    pub(crate) printed: String,
}

impl Terminal {
    /// Starts a program on a terminal that has no size.
    pub(crate) fn start(command: Command) -> Self {
        Self::open(command, None)
    }

    /// Starts a program on a terminal of so many columns and rows, which tells it when the size
    /// changes.
    pub(crate) fn sized(command: &Command, columns: u16, rows: u16) -> Self {
        let inner = command.as_std();
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(inner.get_program()).args(inner.get_args()).kill_on_drop(true);
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self::open(command, Some((columns, rows)))
    }

    fn open(mut command: Command, size: Option<(u16, u16)>) -> Self {
        let keys: OwnedFd =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
        // Opening a terminal gives it to a session that has none.
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let side =
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).unwrap();
        let (columns, rows) = size.unwrap_or((80, 24));
        if size.is_some() {
            tcsetwinsize(&keys, winsize(columns, rows)).unwrap();
        }
        let (stdin, stdout) = (side.try_clone().unwrap(), side.try_clone().unwrap());
        command.stdin(stdin).stdout(stdout).stderr(side).env("TERM", "xterm");
        let child = command.spawn().unwrap();
        // The command has the program's side of the terminal, which ends with the last one.
        drop(command);
        let keys = File::from(keys);
        let (sender, output) = mpsc::unbounded_channel();
        let mut from = keys.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Ends with an error when the program has ended.
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let parser = Parser::new(rows, columns, 0);
        Self { child, keys, output, parser, printed: String::new() }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until a text is printed, and takes all up to its end.
    pub(crate) async fn shows(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.printed.find(text) {
                let rest = self.printed.split_off(at + text.len());
                return std::mem::replace(&mut self.printed, rest);
            }
            assert!(self.more().await, "no {text:?} in {:?}", self.printed);
        }
    }

    /// Takes more of the output. Returns `false` if the program has ended or prints no more.
    async fn more(&mut self) -> bool {
        let Ok(Some(bytes)) = timeout(AGES, self.output.recv()).await else { return false };
        self.take(&bytes);
        true
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.printed += &String::from_utf8_lossy(bytes);
    }

    /// Waits until the screen is as it is expected, and returns its lines without blanks at
    /// their ends. A drawing that the program is in the midst of is not looked at.
    pub(crate) async fn screen(&mut self, is: impl Fn(&str) -> bool) -> String {
        loop {
            while let Ok(bytes) = self.output.try_recv() {
                self.take(&bytes);
            }
            let [begin, end] = ["\x1b[?2026h", "\x1b[?2026l"].map(|it| self.printed.rfind(it));
            let text = self.parser.screen().contents();
            let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            if begin <= end && is(&text) {
                return text;
            }
            assert!(self.more().await, "the screen stays so:\n{text}");
        }
    }

    /// Waits until the screen has a text, and returns all of its text.
    pub(crate) async fn screen_with(&mut self, text: &str) -> String {
        self.screen(|screen| screen.contains(text)).await
    }

    /// Returns the cells that are on the screen.
    pub(crate) fn cells(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns `true` if something on the screen has a colour.
    pub(crate) fn is_colored(&self) -> bool {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let mut cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        cells.any(|(row, column)| {
            let cell = screen.cell(row, column).unwrap();
            cell.fgcolor() != Color::Default || cell.bgcolor() != Color::Default
        })
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.keys, winsize(columns, rows)).unwrap();
    }

    /// Takes the output to its end, and waits for the end of the program. Returns the exit code.
    pub(crate) async fn end_of_output(&mut self) -> Option<i32> {
        while self.more().await {}
        self.end().await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Returns `true` if the terminal is in the mode in which it shows what is typed.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.keys).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Waits for the end, and returns the exit code.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        timeout(AGES, self.child.wait()).await.unwrap().unwrap().code()
    }
}

fn winsize(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
