//! One instance's part of a run: its folders, its address, and the server that is to run in it.

pub(crate) mod address;
mod builder;
pub(crate) mod conf;
mod data;
mod documentation;
mod error;
mod files;
mod includes;
mod layers;
pub(crate) mod listening;
mod modules;
mod parts;
mod permissions;
mod sections;
mod template;
mod trees;
pub(crate) mod variables;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ami::Config;

pub use self::builder::Builder;
pub use self::documentation::Documentation;
pub use self::error::BuildError;
pub use self::modules::Modules;
pub use self::sections::Section;
use crate::folder::run::Run;
use crate::instance::log;
use crate::sandbox::address::Address;
use crate::sandbox::variables::Variables;
use crate::server::Server;

/// A rendered sandbox, ready to [boot](Self::boot). Dropping it removes it; the folder of a run
/// with several instances goes away with the last of them.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) run: Arc<Run>,
    pub(crate) witness: Witness,
    pub(crate) number: u32,
    pub(crate) layout: Layout,
    pub(crate) address: Address,
    pub(crate) server: Server,
    pub(crate) login: Config,
    pub(crate) boot_timeout: Duration,
    /// Variables of the server's environment beside those that it inherits.
    pub(crate) variables: Variables,
    /// The includes of files that are not there.
    pub(crate) missing: Vec<MissingInclude>,
}

/// An `#include` of a file that is not there. Whether the server reads the file that has it is not
/// known before the boot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct MissingInclude {
    /// The file that includes it, as its author knows it.
    pub(crate) from: String,
    /// The line in it, from 1.
    pub(crate) line: usize,
    /// The name, as the server sees it.
    pub(crate) name: String,
}

impl Sandbox {
    /// The folder of the run. What is put there goes away with it, and is kept with it.
    pub fn folder(&self) -> &Path {
        &self.run.path
    }

    /// The number of the instance in its run, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The server that will run in it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The address that belongs to it alone.
    pub fn address(&self) -> std::net::IpAddr {
        self.address.ip
    }

    /// The `host:port` that AMI listens on.
    pub fn ami_address(&self) -> String {
        format!("{}:{}", self.address.ip, self.address.ami_port)
    }

    /// The `host:port` that HTTP, and with it ARI, listens on where its modules are loaded: user
    /// `testsuite`, password `testsuite`, unless the test's configuration says otherwise.
    pub fn http_address(&self) -> String {
        format!("{}:{}", self.address.ip, self.address.http_port)
    }

    /// The main configuration file, for `asterisk -C`.
    pub fn asterisk_conf(&self) -> PathBuf {
        self.layout.etc().join("asterisk.conf")
    }

    /// The folder of the configuration files (`astetcdir`).
    pub fn etc(&self) -> PathBuf {
        self.layout.etc()
    }

    /// The folder of the log files (`astlogdir`).
    pub fn logs(&self) -> PathBuf {
        self.layout.logs()
    }

    /// The folder of call files, voicemail and recordings (`astspooldir`).
    pub fn spool(&self) -> PathBuf {
        self.layout.spool()
    }

    /// The folder of sounds, keys, scripts and the database (`astdatadir`, `astvarlibdir`).
    pub fn data(&self) -> PathBuf {
        self.layout.data()
    }

    /// The server's control socket, for `asterisk -r`.
    pub fn control_socket(&self) -> PathBuf {
        self.layout.control_socket()
    }

    /// Sets the manager user that the boot logs in with, as
    /// [`Builder::login`](crate::Builder::login) does: for a user that was found in the
    /// rendered files.
    pub fn set_login(&mut self, user: impl Into<String>, secret: impl Into<String>) {
        self.login = Config::new(user, secret).reconnect(None);
    }

    /// Says on the error output that the folder is kept, if it is, and if that was not said yet.
    pub fn tell_kept(&self) {
        self.run.tell_kept();
    }

    /// Keeps the folder, whatever happens from now on.
    pub fn keep(&self) {
        self.run.keep();
    }

    /// The last lines of what the server printed and logged.
    pub(crate) fn last_words(&self) -> Vec<String> {
        let logs = self.logs();
        let mut words = log::tail(&logs.join("console.txt"), 10);
        words.extend(log::tail(&logs.join("messages.txt"), 10));
        words
    }

    /// Removes the folder, unless it is to be kept, or another instance is in it.
    pub(crate) fn end(self) -> io::Result<()> {
        let Self { run, witness, .. } = self;
        drop(witness);
        Arc::into_inner(run).map_or(Ok(()), |run| run.end())
    }
}

/// Keeps the run when it is dropped by a panic, or while a server is in use: whoever drops it then,
/// by a `?` above all, did not come to its end. That another instance of the run was stopped does
/// not matter.
#[derive(Debug)]
pub(crate) struct Witness {
    run: Arc<Run>,
    /// Whether to keep what is dropped in use.
    heeds: bool,
    in_use: AtomicBool,
}

impl Witness {
    pub(crate) fn new(run: &Arc<Run>, heeds: bool) -> Self {
        Self { run: Arc::clone(run), heeds, in_use: AtomicBool::new(false) }
    }

    /// Says whether a server is in use: from the end of its boot until it was shut down.
    pub(crate) fn set_in_use(&self, in_use: bool) {
        self.in_use.store(in_use, Ordering::Relaxed);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() || self.heeds && self.in_use.load(Ordering::Relaxed) {
            self.run.keep_and_tell();
        }
    }
}

/// Where things are inside one instance's folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) base: PathBuf,
    /// `astmoddir`: the server's own, unless the test brings a module.
    pub(crate) modules: PathBuf,
    /// `astsbindir`: where the server's binary is.
    pub(crate) binaries: PathBuf,
}

/// The keys of `asterisk.conf` that name a folder.
pub(crate) const DIRECTORIES: [&str; 12] = [
    "astetcdir",
    "astmoddir",
    "astvarlibdir",
    "astdbdir",
    "astkeydir",
    "astdatadir",
    "astagidir",
    "astspooldir",
    "astrundir",
    "astlogdir",
    "astcachedir",
    "astsbindir",
];

impl Layout {
    /// The folder that a key of `asterisk.conf` names.
    pub(crate) fn directory(&self, key: &str) -> Option<PathBuf> {
        Some(match key {
            "astetcdir" => self.etc(),
            "astmoddir" => self.modules.clone(),
            "astvarlibdir" | "astdbdir" | "astkeydir" | "astdatadir" => self.data(),
            "astagidir" => self.data().join("agi-bin"),
            "astspooldir" => self.spool(),
            "astrundir" => self.runtime(),
            "astlogdir" => self.logs(),
            "astcachedir" => self.cache(),
            "astsbindir" => self.binaries.clone(),
            _ => return None,
        })
    }

    pub(crate) fn etc(&self) -> PathBuf {
        self.base.join("etc/asterisk")
    }

    /// The place for modules that a test brings.
    pub(crate) fn own_modules(&self) -> PathBuf {
        self.base.join("usr/lib/asterisk/modules")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.base.join("var/lib/asterisk")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.base.join("var/spool/asterisk")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.base.join("var/run/asterisk")
    }

    pub(crate) fn control_socket(&self) -> PathBuf {
        self.runtime().join("asterisk.ctl")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.base.join("var/log/asterisk")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.base.join("var/cache/asterisk")
    }
}
