//! From a server and a test's configuration to a sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::Address;
use crate::includes;
use crate::modules::Modules;
use crate::sandbox::{Layout, Run, Sandbox};
use crate::server::Server;
use crate::template::{self, Keys};

/// The longest path of a UNIX socket. Asterisk cuts a longer one without a word.
const SOCKET_PATH: usize = 107;

/// Where a test puts options of `asterisk.conf`.
const OPTIONS: &str = "asterisk.options.conf.inc";

/// The files of ours that others build on.
const BASE: [(&str, &str); 5] = [
    ("asterisk.conf", include_str!("../templates/asterisk.conf")),
    (
        OPTIONS,
        include_str!("../templates/asterisk.options.conf.inc"),
    ),
    (
        "indications.conf",
        include_str!("../templates/indications.conf"),
    ),
    ("logger.conf", include_str!("../templates/logger.conf")),
    ("manager.conf", include_str!("../templates/manager.conf")),
];

/// Files that have to be there: what ours include, and what the server would complain of.
const EMPTY: [&str; 13] = [
    "logger.general.conf.inc",
    "logger.logfiles.conf.inc",
    "manager.general.conf.inc",
    "manager.users.conf.inc",
    "modules.conf.inc",
    "acl.conf",
    "ccss.conf",
    "cdr.conf",
    "cel.conf",
    "extensions.conf",
    "features.conf",
    "stasis.conf",
    "udptl.conf",
];

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
        let run = Run::create(&self.root).map_err(at(&self.root))?;
        let address = Address::claim().map_err(BuildError::Address)?;
        let mut sandbox = Sandbox {
            directories: Layout(run.path.join("ast1")),
            run,
            address,
            server: self.server.clone(),
            boot_timeout: self.boot_timeout,
            keep: false,
        };
        self.fill(&sandbox)?;
        sandbox.keep = self.keep;
        Ok(sandbox)
    }

    fn fill(&self, sandbox: &Sandbox) -> Result<(), BuildError> {
        let layout = &sandbox.directories;
        let socket = layout.runtime().join("asterisk.ctl");
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH {
            return Err(BuildError::LongPath {
                path: socket,
                length,
            });
        }
        make_folders(layout)?;
        link_data(&self.server.directories().data, &layout.data())?;
        let files = Layers::of(self)?;
        files.check_includes()?;
        files.check_options()?;
        files.write(&layout.etc(), &keys(sandbox))
    }

    /// `asterisk.conf` with the options that the code sets.
    fn asterisk_conf(&self) -> Result<String, BuildError> {
        let mut conf = BASE[0].1.to_owned();
        for (key, value) in &self.options {
            let line = format!("{key} = {value}");
            if line.contains(['\n', '\r']) || breaks_options(&line) {
                return Err(BuildError::Option { key: key.clone() });
            }
            conf.push_str(&line);
            conf.push('\n');
        }
        Ok(conf)
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
        (
            "astmoddir",
            shown(sandbox.server.directories().modules.clone()),
        ),
        ("astvarlibdir", shown(layout.data())),
        ("astdbdir", shown(layout.data())),
        ("astkeydir", shown(layout.data())),
        ("astdatadir", shown(layout.data())),
        ("astagidir", shown(layout.data().join("agi-bin"))),
        ("astspooldir", shown(layout.spool())),
        ("astrundir", shown(layout.runtime())),
        ("astlogdir", shown(layout.logs())),
        ("astcachedir", shown(layout.cache())),
        (
            "astsbindir",
            shown(binary.parent().map(Path::to_owned).unwrap_or_default()),
        ),
    ])
}

/// The configuration files by name, the last layer of each.
struct Layers(BTreeMap<PathBuf, Layer>);

struct Layer {
    text: Vec<u8>,
    from: From,
}

/// Who gave a file.
enum From {
    Us,
    Folder(PathBuf),
    Code,
}

impl From {
    /// The file of that name, as its author knows it.
    fn of(&self, name: &Path) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Us | Self::Code => format!("{}, set from code", name.display()),
        }
    }
}

/// Whether a line of options can make the whole file unreadable.
fn breaks_options(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with('[') && line.contains('(')
}

impl Layers {
    fn of(builder: &Builder) -> Result<Self, BuildError> {
        let mut layers = Self(BTreeMap::new());
        for name in EMPTY {
            layers.add(name, "", From::Us);
        }
        for (name, text) in BASE {
            layers.add(name, text, From::Us);
        }
        layers.add("asterisk.conf", &builder.asterisk_conf()?, From::Us);
        layers.add("modules.conf", &builder.modules.conf(), From::Us);
        for folder in &builder.folders {
            layers.add_folder(folder, Path::new(""))?;
        }
        for (name, text) in &builder.files {
            if name == "asterisk.conf" {
                return Err(BuildError::AsteriskConf {
                    from: "the code".to_owned(),
                });
            }
            layers.add(name, text, From::Code);
        }
        Ok(layers)
    }

    fn add(&mut self, name: &str, text: &str, from: From) {
        self.0.insert(
            name.into(),
            Layer {
                text: text.into(),
                from,
            },
        );
    }

    fn add_folder(&mut self, folder: &Path, inside: &Path) -> Result<(), BuildError> {
        // Joining nothing would add a slash that the error shows.
        let here = if inside.as_os_str().is_empty() {
            folder.to_owned()
        } else {
            folder.join(inside)
        };
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let path = entry.map_err(at(&here))?.path();
            let name = inside.join(path.file_name().unwrap_or_default());
            if path.is_dir() {
                self.add_folder(folder, &name)?;
                continue;
            }
            if name == Path::new("asterisk.conf") {
                return Err(BuildError::AsteriskConf {
                    from: path.display().to_string(),
                });
            }
            let text = fs::read(&path).map_err(at(&path))?;
            self.0.insert(
                name,
                Layer {
                    text,
                    from: From::Folder(path),
                },
            );
        }
        Ok(())
    }

    /// A `.conf.inc` that a test brings and nothing includes would be without effect.
    fn check_includes(&self) -> Result<(), BuildError> {
        let is_include = |name: &&PathBuf| name.to_string_lossy().ends_with(".conf.inc");
        for name in self.0.keys().filter(is_include) {
            let layer = &self.0[name];
            let file = name.file_name().unwrap_or_default().to_string_lossy();
            let included = self.0.iter().any(|(other, layer)| {
                let text = String::from_utf8_lossy(&layer.text);
                other != name && includes::included(&text).any(|it| includes::is_for(it, &file))
            });
            // A test's own manager.conf need not include what ours does.
            if !included && !matches!(layer.from, From::Us) {
                return Err(BuildError::NotIncluded {
                    from: layer.from.of(name),
                });
            }
        }
        Ok(())
    }

    /// A main configuration that the server cannot read makes it fall back to its built-in folders, which are the
    /// system's. So what a test adds to ours must not be able to break it: no includes, no templates.
    fn check_options(&self) -> Result<(), BuildError> {
        let name = Path::new(OPTIONS);
        let layer = &self.0[name];
        for (at, line) in String::from_utf8_lossy(&layer.text).lines().enumerate() {
            if breaks_options(line) {
                return Err(BuildError::Options {
                    from: layer.from.of(name),
                    line: at + 1,
                });
            }
        }
        Ok(())
    }

    fn write(self, etc: &Path, keys: &Keys) -> Result<(), BuildError> {
        for (name, layer) in self.0 {
            let (text, unknown) = template::render(&layer.text, keys);
            match (unknown, layer.from) {
                // A test's file may mean something else by it.
                (None, _) | (_, From::Folder(_)) => {}
                (Some(unknown), _) => {
                    let known = keys
                        .keys()
                        .map(|key| format!("<<{key}>>"))
                        .collect::<Vec<_>>();
                    return Err(BuildError::UnknownKey {
                        file: name,
                        line: unknown.line,
                        key: unknown.key,
                        known: known.join(" "),
                    });
                }
            }
            let path = etc.join(&name);
            let folder = path.parent().unwrap_or(etc);
            fs::create_dir_all(folder).map_err(at(folder))?;
            fs::write(&path, text).map_err(at(&path))?;
        }
        Ok(())
    }
}

/// The folders that the server and its modules expect and do not make.
fn make_folders(layout: &Layout) -> Result<(), BuildError> {
    let spool = [
        "outgoing",
        "monitor",
        "recording",
        "voicemail",
        "meetme",
        "system",
        "tmp",
    ];
    let logs = ["cdr-csv", "cdr-custom", "cel-custom"];
    let mut folders = vec![
        layout.etc(),
        layout.data(),
        layout.runtime(),
        layout.cache(),
    ];
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
    let languages = folders(&from)?;
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
    let entries = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    Ok(entries.filter_map(named).collect())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |error| BuildError::File { path, error }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file or folder could not be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// No loopback address is free.
    #[error("failed to claim a loopback address: {0}")]
    Address(#[source] io::Error),
    /// The control socket would have a wrong name.
    #[error(
        "{}: a socket's path has at most {SOCKET_PATH} bytes, this one has {length}; choose a shorter root",
        .path.display()
    )]
    LongPath {
        /// The socket's path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// A key that means nothing, in a file that was set from code.
    #[error("{}:{line}: <<{key}>> is not known; these are: {known}", .file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The line in it, from 1.
        line: usize,
        /// The key.
        key: String,
        /// Those that are known.
        known: String,
    },
    /// A `.conf.inc` that has no effect.
    #[error(
        "{from}: nothing includes it; our files include logger.general, logger.logfiles, manager.general, manager.users, modules and asterisk.options .conf.inc"
    )]
    NotIncluded {
        /// The file.
        from: String,
    },
    /// An option that would be more than one.
    #[error(
        "option {key:?}: neither key nor value can hold a line break, a directive or a section"
    )]
    Option {
        /// The key.
        key: String,
    },
    /// A line that could keep the server from reading its main configuration.
    #[error(
        "{from}:{line}: options are lines of `key = value`; a directive or a template could break asterisk.conf, and the server would use the system's folders"
    )]
    Options {
        /// The file.
        from: String,
        /// The line in it, from 1.
        line: usize,
    },
    /// A file that only we can write.
    #[error(
        "{from}: asterisk.conf is generated, or the sandbox would not be private; put options into asterisk.options.conf.inc"
    )]
    AsteriskConf {
        /// The file.
        from: String,
    },
}
