//! The terminal: its mode, its size, and what is drawn on it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::queue;
use crossterm::style::force_color_output;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, TerminalOptions, Viewport};
use tokio::task::JoinHandle;

/// The longest wait for a terminal that does not read, when it is left.
const LEAVING: Duration = Duration::from_secs(2);

/// A terminal that is drawn on. When it is dropped, the terminal is as it was.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Bytes>>,
    bytes: Bytes,
    size: Size,
    /// The thread that writes what was drawn: a terminal that does not read blocks it, and not the
    /// client.
    writing: Option<JoinHandle<io::Result<()>>>,
    _mode: Mode,
}

impl Terminal {
    /// Takes over the terminal, until this value is dropped.
    pub(super) fn enter(has_color: bool) -> io::Result<Self> {
        // Whether there is colour was decided.
        force_color_output(has_color);
        let mode = Mode::enter()?;
        let (bytes, size) = (Bytes::default(), size());
        let inner = terminal(&bytes, size)?;
        Ok(Self { inner, bytes, size, writing: None, _mode: mode })
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Returns `true` while the last drawing is being written.
    pub(super) fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    /// Takes the size that the terminal has now, and draws everything anew next time.
    pub(super) fn reset(&mut self) -> io::Result<()> {
        self.size = size();
        self.inner = terminal(&self.bytes, self.size)?;
        queue!(self.bytes, Clear(ClearType::All))
    }

    /// Draws what has changed, and begins to write it.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.inner.draw(draw)?;
        let drawn = self.bytes.0.take();
        if !drawn.is_empty() {
            // A terminal that can do so shows all of it at once.
            let mut bytes = Vec::with_capacity(drawn.len() + 16);
            queue!(bytes, BeginSynchronizedUpdate)?;
            bytes.extend(drawn);
            queue!(bytes, EndSynchronizedUpdate)?;
            self.writing = Some(tokio::task::spawn_blocking(move || write(&bytes)));
        }
        Ok(())
    }

    /// Waits until what was drawn is written. Never ends if nothing is being written.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        let Some(writing) = &mut self.writing else { return std::future::pending().await };
        let written = writing.await;
        self.writing = None;
        written.unwrap_or_else(|_| Err(io::Error::other("the thread of the output has ended")))
    }
}

fn terminal(bytes: &Bytes, size: Size) -> io::Result<ratatui::Terminal<CrosstermBackend<Bytes>>> {
    let viewport = Viewport::Fixed(Rect::from((ratatui::layout::Position::ORIGIN, size)));
    let backend = CrosstermBackend::new(bytes.clone());
    ratatui::Terminal::with_options(backend, TerminalOptions { viewport })
}

/// Returns the size of the terminal, or the usual one if it does not tell.
fn size() -> Size {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size::new(size.ws_col, size.ws_row),
        _ => Size::new(80, 24),
    }
}

/// The bytes of a drawing.
#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The mode in which each key is read at once and the screen is a second one. The former mode and
/// the former screen are back when this value is dropped.
#[derive(Debug)]
struct Mode;

/// `true` while the terminal is in that mode.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);

impl Mode {
    fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let next = std::panic::take_hook();
            // The message of a panic belongs on the former screen.
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                next(panic);
            }));
        });
        enable_raw_mode()?;
        IS_ENTERED.store(true, Ordering::SeqCst);
        let mode = Self;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, Hide)?;
        write(&bytes)?;
        Ok(mode)
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        leave();
    }
}

/// Sets the terminal back. A terminal that does not read is not waited for long.
fn leave() {
    if !IS_ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    // There is nobody to tell if the terminal is gone.
    let _ = disable_raw_mode();
    let mut bytes = Vec::new();
    let _ = queue!(bytes, EndSynchronizedUpdate, LeaveAlternateScreen, Show);
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = write(&bytes);
        let _ = done.send(());
    });
    let _ = is_done.recv_timeout(LEAVING);
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::Command;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    /// The variable that tells the test to panic on the terminal that it is on.
    const PANICS: &str = "TOP_TEST_PANICS";

    #[test]
    fn a_panic_is_told_on_the_terminal_as_it_was() {
        if std::env::var_os(PANICS).is_some() {
            let _mode = Mode::enter().unwrap();
            panic!("told afterwards");
        }
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let side = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap();
        let test = "commands::top::terminal::tests::a_panic_is_told_on_the_terminal_as_it_was";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(PANICS, "1");
        command.stdin(side.try_clone().unwrap()).stdout(side.try_clone().unwrap()).stderr(side);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut keys = File::from(keys);
        let mut shown = Vec::new();
        // A terminal that nobody has open any more is an error.
        let _ = keys.read_to_end(&mut shown);
        assert!(!child.wait().unwrap().success());
        let shown = String::from_utf8_lossy(&shown);
        let at = |text| shown.find(text).unwrap_or_else(|| panic!("no {text:?} in {shown:?}"));
        assert!(at("\x1b[?1049h") < at("\x1b[?1049l"));
        assert!(at("\x1b[?1049l") < at("told afterwards"), "{shown:?}");
        let modes = tcgetattr(&keys).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON));
    }
}
