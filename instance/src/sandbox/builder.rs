//! The builder of sandboxes.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ami::Config;

use crate::folder::{Keeping, Run, Witness};
use crate::sandbox::Sandbox;
use crate::sandbox::address::Address;
use crate::sandbox::arguments;
use crate::sandbox::data::{link_data, make_folders};
use crate::sandbox::documentation::{self, Documentation};
use crate::sandbox::error::{BuildError, at};
use crate::sandbox::files::is_folder;
use crate::sandbox::layers::{Addition, Layers};
use crate::sandbox::modules::Modules;
use crate::sandbox::place::{DIRECTORIES, Place};
use crate::sandbox::template::Keys;
use crate::sandbox::trees;
use crate::sandbox::variables::Variables;
use crate::server::Environment;
use crate::server::Server;

/// The manager user of our `manager.conf`.
const USER: &str = "user";
const SECRET: &str = "mysecret";

/// The maximum length of the path of a UNIX socket. Asterisk cuts a longer one silently.
const SOCKET_PATH: usize = 107;

/// A builder of sandboxes, which collects what goes into one.
#[derive(Clone)]
pub struct Builder {
    server: Server,
    root: PathBuf,
    address: Option<Ipv4Addr>,
    folders: Vec<Folder>,
    files: Vec<(String, String)>,
    additions: Vec<(String, Addition)>,
    options: Vec<(String, String)>,
    modules: Modules,
    documentation: Documentation,
    login: Option<Config>,
    journal: usize,
    arguments: Vec<OsString>,
    boot_timeout: Duration,
    variables: Variables,
    keep: bool,
    keep_on_drop: bool,
}

/// A folder of the test, in the order in which they were named.
#[derive(Clone, Debug)]
enum Folder {
    Test(PathBuf),
    Configs(PathBuf),
    Files(PathBuf),
}

/// Leaves out the texts, which may have secrets in them.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|(name, _)| name).collect();
        let additions: Vec<_> = self.additions.iter().map(|(name, _)| name).collect();
        f.debug_struct("Builder")
            .field("server", &self.server)
            .field("root", &self.root)
            .field("folders", &self.folders)
            .field("files", &files)
            .field("additions", &additions)
            .field("modules", &self.modules)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Begins a sandbox for a server, with our base files alone.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            root: "/tmp".into(),
            address: None,
            folders: Vec::new(),
            files: Vec::new(),
            additions: Vec::new(),
            options: Vec::new(),
            modules: Modules::All,
            documentation: Documentation::Short,
            // Another server may have the address once this one has ended.
            // The user of our configuration may do everything, so there is nothing to ask.
            login: Some(Config::new(USER, SECRET).reconnect(None).ask_permissions(false)),
            journal: 10_000,
            arguments: Vec::new(),
            boot_timeout: Duration::from_secs(45),
            variables: Variables::default(),
            keep: false,
            keep_on_drop: true,
        }
    }

    /// Adds the parts of a test's folder that are for this instance, in the layout of the Asterisk
    /// test suite: the configuration in `configs/ast1`, and files in `files/common` and
    /// `files/ast1`, with the number of the instance. None of these folders has to exist.
    #[must_use]
    pub fn test(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(Folder::Test(folder.into()));
        self
    }

    /// Adds the configuration files of a folder, such as a test's `configs/ast1`, with its
    /// subfolders. Each replaces a file of ours or of an earlier folder that has the same name.
    /// A file `.permissions` in it sets modes: lines of `relative path: octal mode`.
    #[must_use]
    pub fn configs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(Folder::Configs(folder.into()));
        self
    }

    /// Adds files outside the configuration: a folder like a test's `files/common`, in which each
    /// subfolder is named after a key of `asterisk.conf` (`astdatadir`, `astspooldir`,
    /// `astmoddir` …) and goes into the folder that the key stands for. Files are copied as
    /// they are, with their modes, and may replace the server's own for this sandbox.
    #[must_use]
    pub fn files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(Folder::Files(folder.into()));
        self
    }

    /// Adds a configuration file, in place of one of that name in the folders. Each `<<key>>` in it
    /// must be known.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Adds text at the end of a configuration file from any layer, or begins a file. The text
    /// comes behind all whole files.
    #[must_use]
    pub fn append(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.additions.push((name.into(), Addition::Text(text.into())));
        self
    }

    /// Sets keys of a section at the end of a configuration file, in a `(+)` section if the file
    /// has one of that name. Semicolons in values are escaped.
    #[must_use]
    pub fn section<K: Into<String>, V: Into<String>>(
        mut self,
        file: impl Into<String>,
        name: impl Into<String>,
        keys: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let keys = keys.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.additions.push((file.into(), Addition::Section { name: name.into(), keys }));
        self
    }

    /// Sets an option in the section `[options]` of `asterisk.conf`.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((key.into(), value.into()));
        self
    }

    /// Sets the modules to load; all of them unless set. A `modules.conf` of the test takes
    /// precedence.
    #[must_use]
    pub fn modules(mut self, modules: Modules) -> Self {
        self.modules = modules;
        self
    }

    /// Sets how much of its documentation the server gets; the part that its boot needs unless set.
    #[must_use]
    pub fn documentation(mut self, documentation: Documentation) -> Self {
        self.documentation = documentation;
        self
    }

    /// Sets the folder below which the sandbox is made; `/tmp` unless set. The path has to be
    /// short, because of the server's control socket.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Sets the loopback address of the instance; an address that nobody else has unless set. This
    /// is for tests that name an address in their files: only one instance at a time can have it.
    #[must_use]
    pub fn address(mut self, address: Ipv4Addr) -> Self {
        self.address = Some(address);
        self
    }

    /// Sets the manager user that the boot logs in with; that of our `manager.conf` unless set.
    /// This is for tests that bring a `manager.conf` of their own.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, secret: impl Into<String>) -> Self {
        self.login = Some(Config::new(user, secret).reconnect(None));
        self
    }

    /// Boots without AMI. Our `manager.conf` disables it then, and the boot ends when the server
    /// says that it is ready. A `manager.conf` of the test's own is taken as it is. The instance
    /// has no client ([`Instance::try_ami`](crate::Instance::try_ami)); it is used over the command
    /// line ([`Instance::cli`](crate::Instance::cli)), or over the protocols that the test
    /// configures.
    ///
    /// ```no_run
    /// # async fn f(server: instance::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = instance::Builder::new(server).without_ami().build()?.boot().await?;
    /// print!("{}", instance.cli("core show version").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn without_ami(mut self) -> Self {
        self.login = None;
        self
    }

    /// Sets the number of events that are kept for [`Instance::expect`](crate::Instance::expect);
    /// 10,000 unless set. When more events come that nobody expects, the oldest ones are dropped.
    /// With 0 none are kept, and `expect` is an error.
    #[must_use]
    pub fn journal(mut self, events: usize) -> Self {
        self.journal = events;
        self
    }

    /// Sets the time-out of the boot, counted from the launch; 45 s unless set.
    #[must_use]
    pub fn boot_timeout(mut self, timeout: Duration) -> Self {
        self.boot_timeout = timeout;
        self
    }

    /// Sets a variable of the server's environment, for example for the programs that its dialplan
    /// runs. The last value of a variable counts. [`build`](Self::build) refuses a name that is
    /// empty or has `=` in it, and the variables `NOTIFY_SOCKET` and `ASTERISK_INSTANCE`, which are
    /// ours. A server inherits only what it needs from the environment of this process: see
    /// [`Sandbox::command`](crate::Sandbox::command).
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.0.push((name.into(), value.into()));
        self
    }

    /// Adds an argument of the server's command line, such as `-d` or `-vvv`. The value of an
    /// option is the rest of its argument, or the next one (`-L`, `5`).
    ///
    /// [`build`](Self::build) refuses options that would break the sandbox or the boot: another
    /// configuration (`-C`), user (`-U`), group (`-G`) or control socket (`-s`), a console (`-c`),
    /// a remote console (`-r`, `-R`, `-x`), a server in the background (`-F`), and those after
    /// which the server ends at once (`-h`, `-V`) or asks for a pass code (`-i`). Options that the
    /// server does not have are refused, too.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets whether the folder stays at the end; it does not unless set.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Sets whether the folder stays if the instance is dropped without having been stopped. It
    /// does unless set, because a test that fails with `?` ends in that way. Programs for which
    /// that is no failure set `false`.
    #[must_use]
    pub fn keep_on_drop(mut self, keep: bool) -> Self {
        self.keep_on_drop = keep;
        self
    }

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
        layers.set_modules(&self.modules)?;
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
