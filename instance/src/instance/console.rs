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

/// The words that have the server close the connection when the commands behind them have been
/// executed (`netconsole` in `main/asterisk.c`).
const ONCE: &str = "cli quit after ";

/// A command that no server has. Said behind another, its refusal marks the end of that one's
/// output: a server that dies closes the connection too.
const END: &str = "end-of-output";

/// The beginning of the answer to a command that a server does not have (`ast_cli_command_full` in
/// `main/cli.c`).
const UNKNOWN: &str = "No such command '";

/// Says a command that is to end the server. The result is whether the server knows it; the answer
/// to one that it obeys is the end of the connection, when the server ends.
pub(crate) async fn tell(socket: &Path, command: &str) -> io::Result<bool> {
    let output = exchange(socket, &format!("{ONCE}{command}\0")).await?;
    Ok(!printed(&output).is_some_and(|printed| printed.starts_with(UNKNOWN)))
}

/// Says a command, and gives what it prints.
pub(crate) async fn ask(socket: &Path, command: &str) -> Result<String, CliError> {
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

/// Whether a command is to end the server, and so has no end of its own: `core stop …`, `core
/// restart …`, or an alias such as `stop now`.
fn ends_server(command: &str) -> bool {
    let mut words = command.split_ascii_whitespace();
    match words.next() {
        Some("core") => matches!(words.next(), Some("stop" | "restart")),
        word => matches!(word, Some("stop" | "restart")),
    }
}

/// The output of a command: all behind the first line, which is the server's greeting.
fn printed(output: &str) -> Option<&str> {
    output.split_once('\n').map(|(_, printed)| printed)
}

async fn exchange(socket: &Path, commands: &str) -> io::Result<String> {
    let mut console = UnixStream::connect(socket).await?;
    console.write_all(commands.as_bytes()).await?;
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
    #[error("the server's control socket does not answer")]
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
    /// The server ended, or closed the connection, before the command was through: what it has done
    /// is not known.
    #[error(
        "the server closed its console before {command:?} was through: it has ended, or is ending"
    )]
    Cut {
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

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    const GREETING: &str = "host/7/22.0.0\n";

    /// A console that gives these answers, one to each connection, and closes it then.
    fn console(answers: Vec<String>) -> (std::path::PathBuf, tokio::task::JoinHandle<Vec<String>>) {
        let path = std::env::temp_dir().join(format!("console-{}", uuid::Uuid::new_v4().simple()));
        let listener = UnixListener::bind(&path).unwrap();
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
        (path, said)
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
            let (socket, _said) = console(vec![answer]);
            match (ask(&socket, command).await, printed) {
                (Ok(found), Some(printed)) => assert_eq!(found, printed),
                (Err(CliError::Cut { .. }), None) => {}
                (found, _) => panic!("{command}: {found:?} instead of {printed:?}"),
            }
            std::fs::remove_file(socket).unwrap();
        }
    }

    #[tokio::test]
    async fn a_command_that_the_server_does_not_have_yet_is_told_apart() {
        let unknown = format!("{GREETING}{UNKNOWN}core stop now' (type 'core show help')\n");
        let (socket, said) = console(vec![unknown, GREETING.to_owned()]);
        assert!(!tell(&socket, "core stop now").await.unwrap());
        assert!(tell(&socket, "core stop now").await.unwrap());
        assert_eq!(said.await.unwrap(), ["cli quit after core stop now\0"; 2]);
        std::fs::remove_file(socket).unwrap();
    }
}
