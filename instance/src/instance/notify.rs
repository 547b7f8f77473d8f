//! The messages of a server to its service manager, which is us (`sd_notify(3)`).

use std::fs;
use std::io;
use std::path::PathBuf;

use tokio::net::UnixDatagram;

/// The message that the server has booted.
pub(super) const READY: &str = "READY=1";

/// The message that the server is about to end.
pub(super) const STOPPING: &str = "STOPPING=1";

/// The socket that a server sends its messages to.
///
/// Whoever holds it has to read it: a server that cannot send waits. A server whose service manager
/// is gone does not.
pub(super) struct Notifications(UnixDatagram);

impl Notifications {
    /// Binds the socket, in place of an earlier one.
    pub(super) fn bind(socket: PathBuf) -> io::Result<Self> {
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixDatagram::bind(socket).map(Self),
        }
    }

    /// Waits for a message.
    pub(super) async fn wait_for(&self, expected: &str) -> io::Result<()> {
        let mut message = [0; 4096];
        loop {
            let length = self.0.recv(&mut message).await?;
            let mut lines = message[..length].split(|&byte| byte == b'\n');
            if lines.any(|line| line == expected.as_bytes()) {
                return Ok(());
            }
        }
    }
}
