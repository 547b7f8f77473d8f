//! Building: from what a builder collected to the files and the address of a sandbox.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use crate::folder::{Keeping, Run, Witness};
use crate::sandbox::Sandbox;
use crate::sandbox::address::Address;
use crate::sandbox::arguments;
use crate::sandbox::builder::{Builder, Folder};
use crate::sandbox::data::{link_data, make_folders};
use crate::sandbox::documentation::{self, Documentation};
use crate::sandbox::error::{BuildError, at};
use crate::sandbox::files::is_folder;
use crate::sandbox::layers::Layers;
use crate::sandbox::place::{DIRECTORIES, Place};
use crate::sandbox::template::Keys;
use crate::sandbox::trees;
use crate::server::Environment;

/// The maximum length of the path of a UNIX socket. Asterisk cuts a longer one silently.
const SOCKET_PATH: usize = 107;

impl Builder {
    /// Makes the sandbox.
    ///
    /// # Errors
    ///
    /// Returns an error if the configuration is invalid, or if a file cannot be read or written.
    /// The folder is removed then, even if it is to be kept.
    pub fn build(self) -> Result<Sandbox, BuildError> {
        let run = self.run()?;
        let mut sandbox = self.claim(&run, 1)?;
        let keys = keys(std::slice::from_ref(&sandbox), 0);
        self.fill(&mut sandbox, keys)?;
        run.begin();
        if self.keep {
            run.keep();
        }
        Ok(sandbox)
    }

    /// Makes the sandboxes of several instances of one test, numbered from 1, in one run. Each
    /// knows the others: in configuration files, `<<ast2.address>>` is the address of the second
    /// one, and so on for every key.
    ///
    /// The run's folder is made below the root of the first.
    ///
    /// # Errors
    ///
    /// Returns the error of the first sandbox that fails, as [`build`](Self::build) does. Nothing
    /// is left then.
    pub fn build_all(builders: impl IntoIterator<Item = Self>) -> Result<Vec<Sandbox>, BuildError> {
        let builders: Vec<_> = builders.into_iter().collect();
        let Some(first) = builders.first() else {
            return Ok(Vec::new());
        };
        let run = first.run()?;
        let claimed = builders.iter().zip(1..).map(|(builder, number)| builder.claim(&run, number));
        let mut sandboxes = claimed.collect::<Result<Vec<_>, _>>()?;
        for (at, builder) in builders.iter().enumerate() {
            let keys = keys(&sandboxes, at);
            builder.fill(&mut sandboxes[at], keys)?;
        }
        run.begin();
        if builders.iter().any(|builder| builder.keep) {
            run.keep();
        }
        Ok(sandboxes)
    }

    /// Creates the folder of a run. Asterisk takes a path that is not absolute for one below
    /// `/etc/asterisk`, and one with a star for a pattern; if it finds nothing there, it goes to
    /// the system's own folders. So a path must not have characters with a special meaning.
    fn run(&self) -> Result<Arc<Run>, BuildError> {
        let root = std::path::absolute(&self.root).map_err(at(&self.root))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+~@,".contains(c);
        if !root.to_str().is_some_and(|root| root.chars().all(plain)) {
            return Err(BuildError::OddPath { path: root.display().to_string() });
        }
        arguments::check(&self.arguments)?;
        self.variables.check()?;
        let keeping = Keeping::read().map_err(|value| BuildError::Keep { value })?;
        Ok(Arc::new(Run::create(&root, keeping).map_err(at(&root))?))
    }

    /// Claims an empty sandbox.
    fn claim(&self, run: &Arc<Run>, number: u32) -> Result<Sandbox, BuildError> {
        let address = Address::claim(self.address)
            .map_err(|error| BuildError::Address { wanted: self.address, error })?;
        let binary = self.server.binary();
        let place = Place {
            base: run.path.join(format!("ast{number}")),
            modules: self.server.directories().modules.clone(),
            binaries: binary.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let socket = place.control_socket();
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH {
            return Err(BuildError::LongPath { path: socket, length });
        }
        Ok(Sandbox {
            run: Arc::clone(run),
            witness: Witness::new(run, self.keep_on_drop),
            number,
            place,
            address,
            server: self.server.clone(),
            login: self.login.clone(),
            journal: self.journal,
            arguments: self.arguments.clone(),
            boot_timeout: self.boot_timeout,
            variables: self.variables.clone(),
            missing: Vec::new(),
        })
    }

    fn fill(&self, sandbox: &mut Sandbox, mut keys: Keys) -> Result<(), BuildError> {
        let place = &mut sandbox.place;
        make_folders(place)?;
        link_data(&self.server.directories().data, &place.data())?;
        self.link_documentation(place)?;
        let mut layers = Layers::base(&self.options, self.login.is_some())?;
        if place.data().join("moh").is_dir() {
            layers.add_music_on_hold();
        }
        for folder in &self.folders {
            match folder {
                Folder::Configs(folder) => layers.add_folder(folder)?,
                Folder::Files(folder) => add_files(folder, place, &mut layers)?,
                Folder::Test(folder) => {
                    fs::read_dir(folder).map_err(at(folder))?;
                    let number = sandbox.number;
                    let configs = folder.join(format!("configs/ast{number}"));
                    if is_folder(&folder.join("configs"))? && is_folder(&configs)? {
                        layers.add_folder(&configs)?;
                    }
                    let files = folder.join("files");
                    let has_files = is_folder(&files)?;
                    for name in ["common".to_owned(), format!("ast{number}")] {
                        let files = files.join(name);
                        if has_files && is_folder(&files)? {
                            add_files(&files, place, &mut layers)?;
                        }
                    }
                }
            }
        }
        for (name, text) in &self.files {
            layers.add_file(name, text)?;
        }
        for (name, addition) in &self.additions {
            layers.add_to(name, addition)?;
        }
        layers.set_modules(&self.modules, &self.server.directories().modules)?;
        layers.set_log()?;
        layers.check_links()?;
        layers.check_includes()?;
        layers.check_options()?;
        // The folder of modules is another one if the test brings a module.
        let modules = place.modules.display().to_string();
        keys.insert("astmoddir".to_owned(), modules.clone());
        keys.insert(format!("ast{}.astmoddir", sandbox.number), modules);
        sandbox.missing = layers.write(&place.etc(), &keys)?;
        Ok(())
    }

    fn link_documentation(&self, place: &Place) -> Result<(), BuildError> {
        let full = self.server.directories().data.join("documentation");
        let place = place.data().join("documentation");
        let link = |original: &Path| symlink(original, &place).map_err(at(&place));
        if self.documentation == Documentation::Full {
            return link(&full);
        }
        let short = match Environment::read().cache {
            Some(cache) => {
                documentation::shortened(&full, &cache).and_then(|it| symlink(it, &place))
            }
            None => documentation::shorten_into(&place, &full),
        };
        // If we do not understand the documentation, the server gets it as it is.
        short.or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the documentation cannot be shortened: the boot takes longer");
            if place.exists() {
                fs::remove_dir_all(&place).map_err(at(&place))?;
            }
            link(&full)
        })
    }
}

/// Adds files of a test. Files for `astetcdir` are configuration like others.
fn add_files(folder: &Path, place: &mut Place, layers: &mut Layers) -> Result<(), BuildError> {
    let configuration = folder.join("astetcdir");
    if is_folder(&configuration)? {
        layers.add_folder(&configuration)?;
    }
    trees::copy(folder, place)
}

/// Returns the values of the keys in the configuration files of one of several instances.
fn keys(sandboxes: &[Sandbox], own: usize) -> Keys {
    let mut keys = Keys::new();
    for (at, sandbox) in sandboxes.iter().enumerate() {
        let fixed = [
            ("address", sandbox.address.ip.to_string()),
            ("amiport", sandbox.address.ami_port.to_string()),
            ("httpport", sandbox.address.http_port.to_string()),
            ("instanceid", sandbox.number.to_string()),
        ];
        let folders = DIRECTORIES.iter().filter_map(|key| {
            let path = sandbox.place.directory(key)?;
            Some((*key, path.display().to_string()))
        });
        for (key, value) in fixed.into_iter().chain(folders) {
            keys.insert(format!("ast{}.{key}", sandbox.number), value.clone());
            if at == own {
                keys.insert(key.to_owned(), value);
            }
        }
    }
    keys
}
