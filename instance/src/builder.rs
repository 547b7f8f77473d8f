//! From a server and a test's configuration to a sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::Address;
use crate::builder::error::at;
use crate::builder::layers::Layers;
use crate::modules::Modules;
use crate::sandbox::{Layout, Run, Sandbox};
use crate::server::Server;
use crate::template::Keys;

mod error;
mod layers;

pub use error::BuildError;

/// The longest path of a UNIX socket. Asterisk cuts a longer one without a word.
const SOCKET_PATH: usize = 107;

/// What goes into a sandbox.
#[derive(Clone, Debug)]
pub struct Builder {
    server: Server,
    root: PathBuf,
    folders: Vec<PathBuf>,
    files: Vec<(String, String)>,
    options: Vec<(String, String)>,
    modules: Modules,
    boot_timeout: Duration,
    keep: bool,
}

impl Builder {
    /// A sandbox for a server, with nothing in it but our base files.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            root: "/tmp".into(),
            folders: Vec::new(),
            files: Vec::new(),
            options: Vec::new(),
            modules: Modules::All,
            boot_timeout: Duration::from_secs(45),
            keep: false,
        }
    }

    /// Adds the configuration files of a folder, such as a test's `configs/ast1`, with its subfolders. Each replaces a
    /// file of ours or of an earlier folder that has the same name.
    #[must_use]
    pub fn configs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
        self
    }

    /// Adds a configuration file, over those of the folders. A `<<key>>` in it must be one that is known.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Sets an option in the section `[options]` of `asterisk.conf`.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((key.into(), value.into()));
        self
    }

    /// Which modules to load; all of them unless set. A `modules.conf` of the test has the last word.
    #[must_use]
    pub fn modules(mut self, modules: Modules) -> Self {
        self.modules = modules;
        self
    }

    /// Where the sandbox is made; below `/tmp` unless set. The path has to be short, for the server's control socket.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// How long the server may take to boot; 45 s unless set.
    #[must_use]
    pub fn boot_timeout(mut self, timeout: Duration) -> Self {
        self.boot_timeout = timeout;
        self
    }

    /// Whether the folder stays when all is over.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Makes the sandbox.
    ///
    /// # Errors
    ///
    /// If something of the configuration cannot be right, or a file cannot be read or written. Nothing is left then.
    pub fn build(self) -> Result<Sandbox, BuildError> {
        let address = Address::claim().map_err(BuildError::Address)?;
        let run = Run::create(&self.root).map_err(at(&self.root))?;
        let mut sandbox = Sandbox {
            directories: Layout(run.path.join("ast1")),
            run,
            address,
            server: self.server.clone(),
            boot_timeout: self.boot_timeout,
            keep: false,
        };
        self.fill(&sandbox)?;
        if self.keep {
            sandbox.keep();
        }
        Ok(sandbox)
    }

    fn fill(&self, sandbox: &Sandbox) -> Result<(), BuildError> {
        let layout = &sandbox.directories;
        let socket = layout.control_socket();
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH {
            return Err(BuildError::LongPath { path: socket, length });
        }
        make_folders(layout)?;
        link_data(&self.server.directories().data, &layout.data())?;
        let files = Layers::of(self)?;
        files.check_includes()?;
        files.check_options()?;
        files.write(&layout.etc(), &keys(sandbox))
    }
}

/// What the keys in configuration files stand for.
fn keys(sandbox: &Sandbox) -> Keys {
    let layout = &sandbox.directories;
    let shown = |path: PathBuf| path.display().to_string();
    let binary = sandbox.server.binary();
    Keys::from([
        ("address", sandbox.address.ip.to_string()),
        ("amiport", sandbox.address.ami_port.to_string()),
        ("instanceid", "1".to_owned()),
        ("astetcdir", shown(layout.etc())),
        ("astmoddir", shown(sandbox.server.directories().modules.clone())),
        ("astvarlibdir", shown(layout.data())),
        ("astdbdir", shown(layout.data())),
        ("astkeydir", shown(layout.data())),
        ("astdatadir", shown(layout.data())),
        ("astagidir", shown(layout.data().join("agi-bin"))),
        ("astspooldir", shown(layout.spool())),
        ("astrundir", shown(layout.runtime())),
        ("astlogdir", shown(layout.logs())),
        ("astcachedir", shown(layout.cache())),
        ("astsbindir", shown(binary.parent().map(Path::to_owned).unwrap_or_default())),
    ])
}

/// The folders that the server and its modules expect and do not make.
fn make_folders(layout: &Layout) -> Result<(), BuildError> {
    let spool = ["outgoing", "monitor", "recording", "voicemail", "meetme", "system", "tmp"];
    let logs = ["cdr-csv", "cdr-custom", "cel-custom"];
    let mut folders = vec![layout.etc(), layout.data(), layout.runtime(), layout.cache()];
    folders.extend(spool.map(|name| layout.spool().join(name)));
    folders.extend(logs.map(|name| layout.logs().join(name)));
    for folder in folders {
        fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    Ok(())
}

/// Makes the server's data reachable: a link for each folder of it. `sounds` is a folder of our own, for the server
/// writes recordings there; in it each language is a link. Debian's package has its English under another name, and
/// leaves the link `en` to a script that runs only when it is installed.
fn link_data(from: &Path, to: &Path) -> Result<(), BuildError> {
    let link = |original: &Path, link: &Path| symlink(original, link).map_err(at(link));
    for (name, path) in folders(from)? {
        if name == "sounds" {
            continue;
        }
        link(&path, &to.join(&name))?;
    }
    let sounds = to.join("sounds");
    fs::create_dir_all(&sounds).map_err(at(&sounds))?;
    let from = from.join("sounds");
    if !from.is_dir() {
        return Ok(());
    }
    let own = fs::canonicalize(&from).map_err(at(&from))?;
    let mut languages = folders(&from)?;
    // Debian's package has links in there to the system's own recordings.
    languages.retain(|_, path| fs::canonicalize(path).is_ok_and(|path| path.starts_with(&own)));
    for (name, path) in &languages {
        link(path, &sounds.join(name))?;
    }
    let english = languages.iter().find(|(name, _)| name.starts_with("en_"));
    if let Some((_, path)) = english
        && !sounds.join("en").exists()
    {
        link(path, &sounds.join("en"))?;
    }
    Ok(())
}

/// The folders in a folder by name, also those behind a link.
fn folders(folder: &Path) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let entries = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    Ok(entries.filter_map(named).collect())
}
