//! The CLI on the server's control socket, as `asterisk -rx` uses it.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// The longest command: the server reads into 512 bytes.
const LONGEST: usize = 480;

/// The longest wait for the end of a command.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time between two tries to reach a console that is busy.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// The answer of a server that has as many consoles as it can serve (`listener` in
/// `main/asterisk.c`).
const BUSY: &str = "No more connections allowed";

/// The words before commands after which the server closes the connection (`netconsole` in
/// `main/asterisk.c`).
const ONCE: &str = "cli quit after ";

/// A command that no server has. Its refusal marks the end of the output of the command before it:
/// a server that dies closes the connection, too.
const END: &str = "end-of-output";

/// The beginning of the answer to a command that a server does not have (`ast_cli_command_full` in
/// `main/cli.c`).
const UNKNOWN: &str = "No such command '";

/// Sends a command that ends the server. Returns `false` if the server does not have the command.
/// A server that obeys answers by closing the connection when it ends.
pub(super) async fn end(socket: &Path, command: &str) -> io::Result<bool> {
    let output = exchange(socket, &format!("{ONCE}{command}\0")).await?;
    Ok(!printed(&output).is_some_and(|printed| printed.starts_with(UNKNOWN)))
}

/// Returns the names of the channels that are up.
pub(super) async fn channels(socket: &Path) -> Result<Vec<String>, CliError> {
    let listed = ask(socket, "core show channels concise").await?;
    // `name!context!exten!…`: fourteen fields, and no name has an exclamation mark.
    let names = listed.lines().filter_map(|line| line.split_once('!'));
    Ok(names.map(|(name, _)| name.to_owned()).collect())
}

/// Sends a command, and returns what it prints.
pub(super) async fn ask(socket: &Path, command: &str) -> Result<String, CliError> {
    let given = || command.to_owned();
    if command.len() > LONGEST || command.contains(|c: char| c.is_control()) {
        return Err(CliError::Command { command: given() });
    }
    let commands = format!("{ONCE}{command}\0{END}\0");
    let output = timeout(PATIENCE, exchange(socket, &commands)).await;
    let output = output.map_err(|_| CliError::Timeout(PATIENCE))?.map_err(CliError::Socket)?;
    let printed = printed(&output).unwrap_or_default();
    let whole = printed.rfind(&format!("{UNKNOWN}{END}'")).map(|end| &printed[..end]);
    let Some(printed) = whole.or_else(|| ends_server(command).then_some(printed)) else {
        return Err(CliError::Cut { command: given() });
    };
    if printed.starts_with(UNKNOWN) {
        return Err(CliError::NoSuchCommand { command: given() });
    }
    if printed.starts_with("Command '") && printed.contains("cannot be run during shutdown") {
        return Err(CliError::ShuttingDown { command: given() });
    }
    Ok(printed.to_owned())
}

/// Returns `true` if a command ends the server, and its output has no mark at the end: `core
/// stop …`, `core restart …`, or an alias such as `stop now`.
fn ends_server(command: &str) -> bool {
    let mut words = command.split_ascii_whitespace();
    match words.next() {
        Some("core") => matches!(words.next(), Some("stop" | "restart")),
        word => matches!(word, Some("stop" | "restart")),
    }
}

/// Returns the output of a command: everything behind the first line, which is the greeting.
fn printed(output: &str) -> Option<&str> {
    output.split_once('\n').map(|(_, printed)| printed)
}

/// Sends commands, and returns what the server sends until it closes the connection. Waits for a
/// server that has as many consoles as it can serve.
async fn exchange(socket: &Path, commands: &str) -> io::Result<String> {
    loop {
        let mut console = connect(socket).await?;
        let sent = console.write_all(commands.as_bytes()).await;
        let mut output = Vec::new();
        let read = console.read_to_end(&mut output).await;
        if !output.starts_with(BUSY.as_bytes()) {
            sent?;
            match read {
                // A server that closes the connection with something unread has sent all of its
                // output.
                Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error),
                _ => return Ok(String::from_utf8_lossy(&output).into_owned()),
            }
        }
        sleep(TRY_EVERY).await;
    }
}

/// Connects to a console, and waits for a place in the socket's backlog, which has few.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(TRY_EVERY).await,
            connected => return connected,
        }
    }
}

/// The reason for which a CLI command has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The control socket does not answer: the server has ended, or does not listen yet.
    #[error("the server's control socket does not answer")]
    Socket(#[source] io::Error),
    /// The server has no such command, or its module is not loaded.
    #[error("no such command: {command:?}")]
    NoSuchCommand {
        /// The command.
        command: String,
    },
    /// The server is shutting down, and refuses this command meanwhile.
    #[error("{command:?}: the server is shutting down")]
    ShuttingDown {
        /// The command.
        command: String,
    },
    /// The server ended, or closed the connection, before the end of the output. It may have
    /// executed the command.
    #[error(
        "the server closed its console before {command:?} was through: it has ended, or is ending"
    )]
    Cut {
        /// The command.
        command: String,
    },
    /// The command cannot be sent.
    #[error("a command is one line of at most {LONGEST} bytes: {command:?}")]
    Command {
        /// The command.
        command: String,
    },
    /// The time-out.
    #[error("no end of the output within {0:?}")]
    Timeout(Duration),
}

#[cfg(test)]
mod tests {
    use tempfile::{TempDir, tempdir};
    use tokio::net::UnixListener;
    use tokio::task::JoinHandle;

    use super::*;

    const SOCKET: &str = "socket";

    const GREETING: &str = "host/7/22.0.0\n";

    /// A console that gives these answers, one to each connection, and closes it then.
    fn console(answers: Vec<String>) -> (TempDir, JoinHandle<Vec<String>>) {
        let folder = tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            for answer in answers {
                let (mut console, _) = listener.accept().await.unwrap();
                let mut command = vec![0; 512];
                let length = console.read(&mut command).await.unwrap();
                said.push(String::from_utf8_lossy(&command[..length]).into_owned());
                console.write_all(answer.as_bytes()).await.unwrap();
            }
            said
        });
        (folder, said)
    }

    #[tokio::test]
    async fn output_without_its_end_is_an_error_but_for_what_ends_the_server() {
        let end =
            format!("{UNKNOWN}{END}' (type 'core show help {END}' for other possible commands)\n");
        for (answer, command, printed) in [
            (String::new(), "core show channels", None),
            (GREETING.to_owned(), "core show channels", None),
            (format!("{GREETING}half of the out"), "core show channels", None),
            (format!("{GREETING}no line break{end}"), "core show channels", Some("no line break")),
            (format!("{GREETING}{end}"), "core show channels", Some("")),
            (GREETING.to_owned(), "core stop now", Some("")),
            (GREETING.to_owned(), "stop now", Some("")),
            (GREETING.to_owned(), "mixmonitor stop Local/1", None),
        ] {
            let (folder, _said) = console(vec![answer]);
            let socket = folder.path().join(SOCKET);
            match (ask(&socket, command).await, printed) {
                (Ok(found), Some(printed)) => assert_eq!(found, printed),
                (Err(CliError::Cut { .. }), None) => {}
                (found, _) => panic!("{command}: {found:?} instead of {printed:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_busy_console_is_asked_again() {
        let end = format!("{GREETING}printed\n{UNKNOWN}{END}'\n");
        let (folder, said) = console(vec![format!("{BUSY}\n"), end]);
        let socket = folder.path().join(SOCKET);
        assert_eq!(ask(&socket, "core show channels").await.unwrap(), "printed\n");
        let command = "cli quit after core show channels\0end-of-output\0";
        assert_eq!(said.await.unwrap(), [command; 2]);
    }

    #[tokio::test]
    async fn a_command_that_the_server_does_not_have_yet_is_told_apart() {
        let unknown = format!("{GREETING}{UNKNOWN}core stop now' (type 'core show help')\n");
        let (folder, said) = console(vec![unknown, GREETING.to_owned()]);
        let socket = folder.path().join(SOCKET);
        assert!(!end(&socket, "core stop now").await.unwrap());
        assert!(end(&socket, "core stop now").await.unwrap());
        assert_eq!(said.await.unwrap(), ["cli quit after core stop now\0"; 2]);
    }
}
