//! Sandboxes: from a server and a test's configuration to folders, files and an address that belong
//! to one instance alone.
//!
//! A [`Builder`] collects what goes in. [`Builder::build`] claims an address, lays out the folders,
//! and writes the configuration in layers, of which a later one wins: our own files, those of the
//! test's folders, those that the code sets. Then comes what the code adds to them. Everything
//! expensive is made once for each server and kept in the cache.
//!
//! The room names `folder` and `server`; nothing runs in it. What crosses its door is the
//! [`Sandbox`], with its command and its paths, the reader of configuration files, and the search
//! for whoever listens at an address. Pitfalls:
//!
//! - A server that cannot read its `asterisk.conf`, or finds no file at a relative path, goes to
//!   the system's own folders. So that file is generated, and paths have no special characters.
//! - The server ignores a configuration file with an `#include` of a missing file from that line
//!   on, and boots all the same.
//! - Much of a sandbox is links to the server's own folders. Writing through one would change the
//!   server.

mod address;
mod arguments;
mod build;
mod builder;
mod command;
mod conf;
mod data;
mod dialplan;
mod documentation;
mod error;
mod files;
mod includes;
mod layers;
pub(crate) mod listening;
mod logs;
mod modules;
mod parts;
mod permissions;
mod place;
mod sections;
mod template;
mod trees;
mod variables;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ami::Config;

use self::address::Address;
pub use self::builder::Builder;
pub(crate) use self::conf::escaped;
pub use self::documentation::Documentation;
pub use self::error::BuildError;
pub(crate) use self::error::at;
pub(crate) use self::includes::MissingInclude;
pub(crate) use self::logs::{CONSOLE, SANITIZER};
pub use self::modules::Modules;
use self::place::Place;
pub use self::sections::Section;
#[cfg(test)]
pub(crate) use self::sections::sections_of;
use self::variables::Variables;
pub(crate) use self::variables::inherited;
use crate::folder::{Run, Witness};
use crate::server::Server;

/// A sandbox that is ready to [boot](Self::boot). Dropping it removes it. The folder of a run with
/// several instances is removed with the last of them.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) run: Arc<Run>,
    pub(crate) witness: Witness,
    pub(crate) number: u32,
    pub(crate) place: Place,
    pub(crate) address: Address,
    pub(crate) server: Server,
    /// The login that the boot ends with; `None` without AMI.
    pub(crate) login: Option<Config>,
    /// The number of events that are kept.
    pub(crate) journal: usize,
    /// The arguments of the server's command line besides ours.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) boot_timeout: Duration,
    /// The variables of the server's environment besides those that it inherits.
    pub(crate) variables: Variables,
    /// The includes of missing files.
    pub(crate) missing: Vec<MissingInclude>,
}

impl Sandbox {
    /// Returns the folder of the run. Files that are put there are removed with it, and kept with
    /// it.
    pub fn folder(&self) -> &Path {
        &self.run.path
    }

    /// Returns the number of the instance in its run, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Returns the server of the sandbox.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the loopback address that belongs to the sandbox alone.
    pub fn address(&self) -> std::net::IpAddr {
        self.address.ip
    }

    /// Returns the `host:port` that AMI listens on.
    pub fn ami_address(&self) -> String {
        format!("{}:{}", self.address.ip, self.address.ami_port)
    }

    /// Returns the `host:port` that HTTP, and with it ARI, listens on if its modules are loaded:
    /// user `testsuite`, password `testsuite`, unless the test's configuration says otherwise.
    pub fn http_address(&self) -> String {
        format!("{}:{}", self.address.ip, self.address.http_port)
    }

    /// Returns the main configuration file, for `asterisk -C`.
    pub fn asterisk_conf(&self) -> PathBuf {
        self.place.etc().join("asterisk.conf")
    }

    /// Returns the folder of the configuration files (`astetcdir`).
    pub fn etc(&self) -> PathBuf {
        self.place.etc()
    }

    /// Returns the folder of the log files (`astlogdir`).
    pub fn logs(&self) -> PathBuf {
        self.place.logs()
    }

    /// Returns the folder of call files, voicemail and recordings (`astspooldir`).
    pub fn spool(&self) -> PathBuf {
        self.place.spool()
    }

    /// Returns the folder of sounds, keys, scripts and the database (`astdatadir`, `astvarlibdir`).
    pub fn data(&self) -> PathBuf {
        self.place.data()
    }

    /// Returns the control socket of the server, for `asterisk -r`.
    pub fn control_socket(&self) -> PathBuf {
        self.place.control_socket()
    }

    /// Sets the manager user that the boot logs in with, as
    /// [`Builder::login`](crate::Builder::login) does, for a user that was found in the rendered
    /// files.
    pub fn set_login(&mut self, user: impl Into<String>, secret: impl Into<String>) {
        self.login = Some(Config::new(user, secret).reconnect(None));
    }

    /// Prints on the error output that the folder is kept, if it is and that was not printed yet.
    pub fn tell_kept(&self) {
        self.run.announce_kept();
    }

    /// Keeps the folder, whatever happens from now on.
    pub fn keep(&self) {
        self.run.keep();
    }

    /// Removes the folder, unless it is to be kept, or another instance is in it.
    pub(crate) fn end(self) -> io::Result<()> {
        let Self { run, witness, .. } = self;
        drop(witness);
        Arc::into_inner(run).map_or(Ok(()), |run| run.end())
    }
}
