//! The configuration file of a server.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::sandbox::{BuildError, at};

/// The file that the server is given.
pub(super) const MAIN: &str = "nats.conf";

/// The file with the text of the user's, which the main one includes.
const ADDED: &str = "added.conf";

/// The credentials that a server asks of its clients.
#[derive(Clone)]
pub(super) enum Login {
    User { name: String, password: String },
    Token(String),
}

/// The certificate of a server, and its key.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// The parts of a configuration that do not fit on a command line: those that are secret, and those
/// that the user writes.
#[derive(Clone, Default)]
pub(super) struct Configuration {
    pub(super) login: Option<Login>,
    pub(super) tls: Option<Tls>,
    pub(super) added: Option<String>,
}

impl Configuration {
    /// Writes the files into a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BuildError> {
        if let Some(text) = &self.added {
            write(&folder.join(ADDED), text)?;
        }
        write(&folder.join(MAIN), &self.text()?)
    }

    /// Returns the text of the main file. What the code sets comes last, and counts.
    fn text(&self) -> Result<String, BuildError> {
        let mut text = String::new();
        if self.added.is_some() {
            text.push_str(&format!("include '{ADDED}'\n"));
        }
        if let Some(login) = &self.login {
            let keys = match login {
                Login::User { name, password } => {
                    format!("user: {}, password: {}", quoted(name), quoted(password))
                }
                Login::Token(token) => format!("token: {}", quoted(token)),
            };
            text.push_str(&format!("authorization {{ {keys} }}\n"));
        }
        if let Some(Tls { certificate, key }) = &self.tls {
            let (certificate, key) = (path(certificate)?, path(key)?);
            text.push_str(&format!("tls {{ cert_file: {certificate}, key_file: {key} }}\n"));
        }
        Ok(text)
    }
}

/// Returns a path as a string of the configuration. A path that is not absolute would be one below
/// the folder of the configuration.
fn path(path: &Path) -> Result<String, BuildError> {
    let file = fs::canonicalize(path).map_err(at(path))?;
    let text = file.to_str().ok_or_else(|| {
        at(path)(io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"))
    })?;
    Ok(quoted(text))
}

/// Returns a text as a string of the configuration, in which nothing has a meaning.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..' ' => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\x{:02X}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a file that nobody else may read.
fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(at(path))
}
