//! The errors of building a sandbox.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::readable;

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |error| BuildError::File { path, error }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

impl BuildError {
    pub(super) fn dangling(link: &Path, target: PathBuf) -> Self {
        Self::Dangling { links: vec![(link.to_owned(), target)] }
    }
}

/// The error of a sandbox that could not be built. `Debug`, which tests that return errors print,
/// writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file or folder could not be read or written.
    #[error("{}", .path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// No loopback address is free.
    #[error("failed to claim {}", .wanted.map_or_else(|| "a loopback address".to_owned(), |it| it.to_string()))]
    Address {
        /// The address that was asked for.
        wanted: Option<Ipv4Addr>,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The path of the control socket is too long.
    #[error(
        "{}: a socket's path has at most 107 bytes, this one has {length}; choose a shorter root",
        .path.display()
    )]
    LongPath {
        /// The path of the socket.
        path: PathBuf,
        /// The length of the path in bytes.
        length: usize,
    },
    /// An unknown key in a file that was set from code.
    #[error("{}:{line}: <<{key}>> is not known; these are: {known}", .file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The line in it, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The keys that are known.
        known: String,
    },
    /// A `.conf.inc` that nothing includes.
    #[error(
        "{from}: nothing includes it; our files include logger.general, logger.logfiles, manager.general, manager.users, modules and asterisk.options .conf.inc"
    )]
    NotIncluded {
        /// The file.
        from: String,
    },
    /// A name that is not one of a file in the sandbox.
    #[error(
        "file {name:?}: the name has to be one below the folder of the configuration, without `..`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Something among the files that is neither a file nor a folder: a named pipe, a socket or a
    /// device.
    #[error("{}: {kind}; only files and folders can be copied into a sandbox", .path.display())]
    Kind {
        /// The path.
        path: PathBuf,
        /// The kind of the file.
        kind: &'static str,
    },
    /// Links among the files that lead nowhere. Locks of editors (`.#name`) are skipped, and so is
    /// a link whose name a later layer has a file for.
    #[error(
        "links that lead nowhere: {}; put the files there, or remove the links",
        .links.iter().map(|(link, to)| format!("{} -> {}", link.display(), to.display())).collect::<Vec<_>>().join(", ")
    )]
    Dangling {
        /// The links, each with its target.
        links: Vec<(PathBuf, PathBuf)>,
    },
    /// A link to a folder that contains it.
    #[error("{}: a link to a folder that it is in itself", .path.display())]
    Cycle {
        /// The link.
        path: PathBuf,
    },
    /// An `#include` of a file of the system's own Asterisk.
    #[error(
        "{from}:{line}: {name:?} is a file of the system's Asterisk; for one of the sandbox write a name without a folder, or <<astetcdir>>/ before it"
    )]
    SystemInclude {
        /// The file that includes it.
        from: String,
        /// The line in it, from 1.
        line: usize,
        /// The name, as the server would see it.
        name: String,
    },
    /// A block comment that does not end, in a file that the code adds to. The addition would be a
    /// part of the comment.
    #[error(
        "{from}:{line}: the comment that begins here with `;--` does not end, and would hide what the code adds to the file; end it with `--;`"
    )]
    OpenComment {
        /// The file.
        from: String,
        /// The line in it, from 1.
        line: usize,
    },
    /// A section that cannot be written.
    #[error("{file}, section [{section}] set from code: {what}")]
    Section {
        /// The file.
        file: String,
        /// The section.
        section: String,
        /// The mistake, and what was expected.
        what: String,
    },
    /// A line of [`Builder::dialplan`](crate::Builder::dialplan) that the server would not take.
    #[error("dialplan set from code, line {line}, {text:?}: {what}")]
    Dialplan {
        /// The line in the text, from 1.
        line: usize,
        /// The line itself.
        text: String,
        /// The mistake, and what was expected.
        what: &'static str,
    },
    /// An invalid name of a module.
    #[error("module {name:?}: a name has letters, digits, `_`, `-` and `.` in it")]
    Module {
        /// The name.
        name: String,
    },
    /// An invalid line of `.permissions`, or one about a file that does not exist.
    #[error(
        "{}:{line}: expected `path: octal mode` of a file beside or below it", .from.display()
    )]
    Permissions {
        /// The file.
        from: PathBuf,
        /// The line in it, from 1.
        line: usize,
    },
    /// A folder of files that is not named after a folder of the sandbox.
    #[error(
        "{}: expected a folder named after a key of asterisk.conf: {}",
        .path.display(),
        crate::sandbox::place::DIRECTORIES[..11].join(", ")
    )]
    Tree {
        /// The folder.
        path: PathBuf,
    },
    /// An invalid option.
    #[error("option {key:?}: a key is a word, and a value has no line break in it")]
    Option {
        /// The key.
        key: String,
    },
    /// An argument of the command line that would break the sandbox or the boot.
    #[error("argument {argument:?}: {why}")]
    Argument {
        /// The argument.
        argument: String,
        /// The reason for which it is refused.
        why: &'static str,
    },
    /// A variable of the environment that cannot be set.
    #[error(
        "environment variable {name:?}: a name is not empty and has no `=`, neither name nor value has a NUL, and NOTIFY_SOCKET and ASTERISK_INSTANCE are set by the sandbox"
    )]
    Variable {
        /// The name of the variable.
        name: String,
    },
    /// An unknown value of the environment variable `ASTERISK_KEEP`.
    #[error("{}={value}: expected always, failed or never", crate::folder::VARIABLE)]
    Keep {
        /// The value.
        value: String,
    },
    /// A path with characters that have a special meaning for Asterisk.
    #[error(
        "{path:?}: the path of a sandbox has letters, digits and `/._-+~@,` in it and nothing else, and that of a server neither `;` nor control characters"
    )]
    OddPath {
        /// The path.
        path: String,
    },
    /// A line of the options that could keep the server from reading its main configuration.
    #[error(
        "{from}:{line}: options are lines of `key = value` or comments; anything else could send the server to the system's folders"
    )]
    Options {
        /// The file.
        from: String,
        /// The line in it, from 1.
        line: usize,
    },
    /// A file that the builder alone writes.
    #[error(
        "{from}: asterisk.conf is generated, or the sandbox would not be private; put options into asterisk.options.conf.inc"
    )]
    AsteriskConf {
        /// The file.
        from: String,
    },
}
