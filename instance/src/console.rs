//! The server's control socket: the CLI, as `asterisk -rx` speaks it.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The longest command: the server reads into 512 bytes.
const LONGEST: usize = 480;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has the server close the connection when the command has been executed.
const ONCE: &str = "cli quit after ";

/// Says a command without waiting for what it prints.
pub(crate) async fn tell(socket: &Path, command: &str) -> io::Result<()> {
    let mut console = UnixStream::connect(socket).await?;
    console.write_all(format!("{command}\0").as_bytes()).await
}

/// Says a command, and gives what it prints.
pub(crate) async fn ask(socket: &Path, command: &str) -> Result<String, CliError> {
    if command.len() > LONGEST || command.contains(|c: char| c.is_control()) {
        return Err(CliError::Command { command: command.to_owned() });
    }
    let output = timeout(PATIENCE, exchange(socket, command)).await;
    let output = output.map_err(|_| CliError::Timeout(PATIENCE))?.map_err(CliError::Socket)?;
    // The first line is the server's greeting.
    let output = output.split_once('\n').map_or("", |(_, output)| output);
    if output.starts_with("No such command '") {
        return Err(CliError::NoSuchCommand { command: command.to_owned() });
    }
    if output.starts_with("Command '") && output.contains("cannot be run during shutdown") {
        return Err(CliError::ShuttingDown { command: command.to_owned() });
    }
    Ok(output.to_owned())
}

async fn exchange(socket: &Path, command: &str) -> io::Result<String> {
    let mut console = UnixStream::connect(socket).await?;
    console.write_all(format!("{ONCE}{command}\0").as_bytes()).await?;
    let mut output = Vec::new();
    match console.read_to_end(&mut output).await {
        // A server that closes with something unread has still said all that it had to say.
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error),
        _ => {}
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// Why a CLI command has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The server's control socket does not answer: it has ended, or is not that far yet.
    #[error("the server's control socket does not answer: {0}")]
    Socket(#[source] io::Error),
    /// There is no such command, or its module is not loaded.
    #[error("no such command: {command:?}")]
    NoSuchCommand {
        /// The command.
        command: String,
    },
    /// The server is shutting down, and does not execute this one meanwhile.
    #[error("{command:?}: the server is shutting down")]
    ShuttingDown {
        /// The command.
        command: String,
    },
    /// It cannot be sent.
    #[error("a command is one line of at most {LONGEST} bytes: {command:?}")]
    Command {
        /// The command.
        command: String,
    },
    /// It took too long.
    #[error("no end of the output within {0:?}")]
    Timeout(Duration),
}
