//! The prompt for a secret on the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use tokio::time::timeout;

use super::secret::Secret;
use crate::exit::{Exit, Failure};

/// The longest wait for the secret.
const PATIENCE: Duration = Duration::from_secs(120);

/// The code of a key that does nothing (`_POSIX_VDISABLE`).
const DISABLED: u8 = 0;

/// Asks for a secret on the terminal of the process, also if its input is something else. Returns
/// `None` if there is no terminal.
pub(super) async fn ask(what: &str) -> Result<Option<Secret>, Failure> {
    let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Ok(None);
    };
    let quiet = Quiet::new(terminal.try_clone()?)?;
    write!(&terminal, "{what}: ")?;
    let line = tokio::task::spawn_blocking(move || read_line(terminal));
    let late = |_| {
        let text = format!("nobody typed the secret within {PATIENCE:?}");
        Failure::new(Exit::Refused, anyhow::Error::msg(text))
    };
    let line = timeout(PATIENCE, line).await.map_err(late)?.map_err(io::Error::other)??;
    drop(quiet);
    Ok(Some(Secret::new(line, "the secret that was typed")?))
}

fn read_line(terminal: File) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(terminal).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// A terminal that does not show what is typed, until this value is dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        // A shell that goes on would show what is typed next.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What was typed of a secret goes to nobody else. A terminal that is gone needs nothing.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
        let _ = writeln!(self.terminal);
    }
}
