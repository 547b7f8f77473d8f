//! Messages about the progress of a fetch.

use std::io::{self, IsTerminal, Write};

use crossterm::cursor::MoveToColumn;
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};
use instance::Progress;

use crate::out::escape;

/// Returns a function that tells the steps of a fetch: on a terminal as one line for each step,
/// which goes on; else each step once.
pub(super) fn steps() -> impl FnMut(Progress) + Send {
    let is_terminal = io::stderr().is_terminal();
    let mut last: Option<Progress> = None;
    move |progress| {
        let is_new = progress.is_new_after(last.as_ref());
        let text = escape(progress.to_string().as_bytes());
        let mut errors = io::stderr().lock();
        // Nobody needs to read it.
        let _ = match (is_terminal, is_new) {
            (true, false) => queue!(errors, MoveToColumn(0), Clear(ClearType::CurrentLine))
                .and_then(|()| write!(errors, "{text}")),
            (true, true) if last.is_some() => write!(errors, "\n{text}"),
            (true, true) => write!(errors, "{text}"),
            (false, true) => writeln!(errors, "{text}"),
            (false, false) => Ok(()),
        };
        if is_terminal && matches!(progress, Progress::Done { .. }) {
            let _ = writeln!(errors);
        }
        let _ = errors.flush();
        last = Some(progress);
    }
}
