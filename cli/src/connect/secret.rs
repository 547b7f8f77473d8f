//! Secrets and where they come from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::guard;
use crate::exit::{Exit, Failure};

/// The longest time that the command of a secret takes; somebody may have to unlock a key.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest line that is read, in bytes.
const LONGEST: u64 = 4096;

/// A secret, which `Debug` hides.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Reads a line. `what` names the source in the error.
    pub(crate) fn new(line: impl Into<Vec<u8>>, what: &str) -> Result<Self, Failure> {
        let wrong =
            |problem| Failure::new(Exit::Usage, anyhow::Error::msg(format!("{what} {problem}")));
        let text = String::from_utf8(line.into()).map_err(|_| wrong("is not UTF-8"))?;
        let text = text.strip_suffix('\n').map_or(&*text, |it| it.strip_suffix('\r').unwrap_or(it));
        if text.is_empty() {
            return Err(wrong("is empty"));
        }
        if text.contains(['\r', '\n', '\0']) {
            return Err(wrong("has a line end or a NUL, which AMI cannot carry"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The source of a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The text of `AMI_SERVER`.
    InServer,
    /// `AMI_SECRET`.
    Variable,
    /// The command of a context; its program.
    Command(String),
    /// The file of contexts.
    Stored,
    ManagerConf,
    Prompt,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InServer => f.write_str("AMI_SERVER"),
            Self::Variable => f.write_str("AMI_SECRET"),
            Self::Command(program) => write!(f, "the command {program:?}"),
            Self::Stored => f.write_str("the file of contexts"),
            Self::ManagerConf => f.write_str("manager.conf"),
            Self::Prompt => f.write_str("the prompt"),
        }
    }
}

/// Finds the program of a secret's command, and refuses files that others may read or change.
pub(crate) fn check(command: &[String]) -> Result<(PathBuf, &[String]), Failure> {
    let [name, arguments @ ..] = command else {
        return Err(Failure::usage("the command of the secret is empty"));
    };
    let program = guard::find_program(name)?;
    guard::program(&program)?;
    for argument in arguments {
        guard::argument(argument)?;
    }
    Ok((program, arguments))
}

/// Runs the command of a secret, without a shell, and returns the first line of its output. The
/// command may ask on the terminal.
pub(super) async fn of_command(command: &[String]) -> Result<Secret, Failure> {
    let (program, arguments) = check(command)?;
    let input = File::open("/dev/tty").map_or_else(|_| Stdio::null(), Stdio::from);
    let child = Command::new(&program)
        .args(arguments)
        .stdin(input)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let told = || format!("the command of the secret, {}", program.display());
    let failed = |error: anyhow::Error| Failure::new(Exit::Refused, error.context(told()));
    let mut child = child.context("cannot be run").map_err(failed)?;
    let line = match timeout(PATIENCE, first_line(&mut child)).await {
        Ok(line) => line.map_err(failed)?,
        Err(_) => return Err(failed(anyhow!("did not end within {PATIENCE:?}"))),
    };
    Secret::new(line, &format!("the first line of what {} prints", told()))
}

/// Reads a file with a secret, which only the user may read.
pub(crate) fn of_file(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| {
        let error = anyhow::Error::new(error);
        Failure::new(Exit::Usage, error.context(format!("{} cannot be read", path.display())))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    guard::private(&file, path)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    if text.trim().is_empty() {
        return Err(Failure::usage(format!("{} is empty", path.display())));
    }
    Ok(text)
}

async fn first_line(child: &mut Child) -> anyhow::Result<Vec<u8>> {
    let mut output = BufReader::new(child.stdout.take().context("has no output")?);
    let mut line = Vec::new();
    (&mut output).take(LONGEST).read_until(b'\n', &mut line).await?;
    // A command that prints more must not fail for want of a reader.
    let rest = async { tokio::io::copy(&mut output, &mut tokio::io::sink()).await.map(drop) };
    let status = tokio::select! {
        status = child.wait() => status,
        _ = rest => child.wait().await,
    }?;
    if !status.success() {
        return Err(anyhow!("failed: {status}"));
    }
    if line.len() as u64 == LONGEST {
        return Err(anyhow!("prints a line of more than {LONGEST} bytes"));
    }
    Ok(line)
}
