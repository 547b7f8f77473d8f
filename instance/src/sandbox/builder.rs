//! The builder of sandboxes: what goes into one.

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use ami::Config;

use crate::sandbox::documentation::Documentation;
use crate::sandbox::layers::Addition;
use crate::sandbox::modules::Modules;
use crate::sandbox::variables::Variables;
use crate::server::Server;

/// The file with the dialplan.
const EXTENSIONS: &str = "extensions.conf";

/// The manager user of our `manager.conf`.
const USER: &str = "user";
const SECRET: &str = "mysecret";

/// A builder of sandboxes, which collects what goes into one.
#[derive(Clone)]
pub struct Builder {
    pub(super) server: Server,
    pub(super) root: PathBuf,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<(String, String)>,
    pub(super) additions: Vec<(String, Addition)>,
    pub(super) options: Vec<(String, String)>,
    pub(super) modules: Modules,
    pub(super) documentation: Documentation,
    pub(super) login: Option<Config>,
    pub(super) journal: usize,
    pub(super) arguments: Vec<OsString>,
    pub(super) boot_timeout: Duration,
    pub(super) variables: Variables,
    pub(super) keep: bool,
    pub(super) keep_on_drop: bool,
}

/// A folder of the test, in the order in which they were named.
#[derive(Clone, Debug)]
pub(super) enum Folder {
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

    /// Adds text to `extensions.conf`, behind what other layers and earlier calls gave: contexts
    /// with their extensions. A context that exists already gets more extensions. If the modules
    /// are a [list](Modules::list), `pbx_config` is loaded even if it is not in it; the
    /// applications that the dialplan calls have to be.
    ///
    /// ```no_run
    /// # async fn f(server: instance::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = instance::Builder::new(server).dialplan(
    ///     "[default]
    ///      exten => s,1,Answer()
    ///       same => n,UserEvent(Result,Status: pass)",
    /// );
    /// let instance = builder.boot().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`build`](Self::build) refuses what the server would drop with a warning at most: text
    /// before the first context, a line that is neither an extension nor another key of a context,
    /// an extension without priority or application, a priority that is none, and a comment that
    /// does not end. Two extensions with the same priority are not found: the server keeps the
    /// first one, and logs a warning.
    #[must_use]
    pub fn dialplan(mut self, text: impl Into<String>) -> Self {
        self.additions.push((EXTENSIONS.to_owned(), Addition::Dialplan(text.into())));
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
    /// Many can come before a call that waits looks at them again, so a number below some hundreds
    /// can drop the event that it waits for. With 0 none are kept, and `expect` is an error.
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
}
