//! The options of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use fleet::Origin;

/// The options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// The server: the name of a context, or user@host[:port]; else AMI_SERVER
    #[arg(long, short, global = true, value_name = "NAME|USER@HOST[:PORT]")]
    pub(crate) server: Option<String>,
    /// Several servers at once: contexts, NAME=CONTEXT or NAME=USER@HOST[:PORT]; or `all` contexts
    #[arg(
        long,
        global = true,
        value_name = "NAME,…|all",
        value_delimiter = ',',
        conflicts_with = "server"
    )]
    pub(crate) servers: Vec<String>,
    /// The name of the server, if it is one of several or in a fleet alone.
    #[arg(skip)]
    pub(crate) origin: Option<Origin>,
    /// `true` if the server is one of several.
    #[arg(skip)]
    pub(crate) is_one_of_several: bool,
    /// Connect by TLS
    #[arg(long, global = true)]
    pub(crate) tls: bool,
    /// Connect by TLS, and trust the certificates in this file in place of the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Connect by TLS to a server whose certificate is for this name, not that of the host
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) tls_name: Option<String>,
    /// Tell on the error output which server is used, and where its secret is from
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Print one JSON object a line
    #[arg(long, global = true, conflicts_with = "raw")]
    pub(crate) json: bool,
    /// Print the bytes of the server
    #[arg(long, global = true)]
    pub(crate) raw: bool,
    /// Print raw bytes on a terminal as well
    #[arg(long, global = true)]
    pub(crate) force: bool,
    /// Colour: on a terminal unless NO_COLOR is set, always, or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// The longest wait for a connection and for each answer
    #[arg(long, global = true, value_name = "TIME", default_value = "10s", value_parser = limit)]
    pub(crate) timeout: Duration,
}

impl Options {
    /// Returns `true` if one of the options asks for TLS.
    pub(crate) fn tls_is_on(&self) -> bool {
        self.tls || self.tls_ca.is_some() || self.tls_name.is_some()
    }
}

/// The outputs that are coloured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// Reads the limit of a wait, which is above 0.
pub(crate) fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected a time above 0".to_owned()),
        limit => Ok(limit),
    }
}

/// Reads a time: a number with `ms`, `s`, `m` or `h`; without, seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a number with ms, s, m or h, such as 1.5s".to_owned()),
    };
    let number: f64 =
        number.parse().map_err(|_| "expected a number with ms, s, m or h, such as 1.5s")?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| "the time is too long".to_owned())
}
