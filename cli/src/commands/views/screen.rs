//! A terminal on which a table is drawn again and again.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};

/// A terminal on which a table is drawn again and again. The former contents are back when the
/// value is dropped.
///
/// A thread writes, so that a terminal that is stopped keeps nobody from reading the server. A
/// picture that comes while the one before is not written yet is left out: there is always a next
/// one.
#[derive(Debug)]
pub(super) struct Screen {
    pictures: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
}

impl Screen {
    pub(super) fn new() -> io::Result<Self> {
        let mut begin = Vec::new();
        queue!(begin, EnterAlternateScreen, Hide)?;
        let (pictures, taken) = sync_channel(1);
        let writer = thread::Builder::new().spawn(move || write(begin, &taken))?;
        Ok(Self { pictures: Some(pictures), writer: Some(writer) })
    }

    /// Returns the columns and rows of the terminal.
    pub(super) fn size() -> (usize, usize) {
        let size = rustix::termios::tcgetwinsize(io::stdout());
        let (columns, rows) = size.map_or((0, 0), |it| (it.ws_col, it.ws_row));
        let or = |number: u16, usual| if number == 0 { usual } else { usize::from(number) };
        (or(columns, 80), or(rows, 24))
    }

    /// Draws as many lines as there are rows, each of which has to be narrower than the terminal:
    /// clearing the rest of a line that is full clears its last column.
    ///
    /// # Errors
    ///
    /// Returns an error if the terminal is gone.
    pub(super) fn draw(&self, lines: &[String], rows: usize) -> io::Result<()> {
        let mut picture = Vec::new();
        queue!(picture, BeginSynchronizedUpdate)?;
        for (line, row) in lines.iter().take(rows).zip(0..) {
            queue!(picture, MoveTo(0, row))?;
            write!(picture, "{line}")?;
            queue!(picture, Clear(ClearType::UntilNewLine))?;
        }
        let rest = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        if usize::from(rest) < rows {
            queue!(picture, MoveTo(0, rest), Clear(ClearType::FromCursorDown))?;
        }
        queue!(picture, EndSynchronizedUpdate)?;
        match self.pictures.as_ref().map(|it| it.try_send(picture)) {
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            Some(Ok(()) | Err(TrySendError::Full(_))) => Ok(()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.pictures = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the thread was reported by itself.
            let _ = writer.join();
        }
    }
}

/// Writes pictures until there will be no more.
fn write(begin: Vec<u8>, pictures: &Receiver<Vec<u8>>) {
    let mut stdout = io::stdout();
    let mut put = |bytes: &[u8]| stdout.write_all(bytes).and_then(|()| stdout.flush());
    let mut end = Vec::new();
    let done = put(&begin).and_then(|()| pictures.iter().try_for_each(|it| put(&it)));
    if done.is_ok() && queue!(end, Show, LeaveAlternateScreen).is_ok() {
        // There is nobody to tell if the terminal is gone.
        let _ = put(&end);
    }
}
