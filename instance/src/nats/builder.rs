//! The builder of instances: what goes into one.

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use crate::folder::{Keeping, Run, Witness};
use crate::nats::boot::{Place, StartError};
use crate::nats::configuration::{Configuration, Login, Tls};
use crate::nats::instance::Instance;
use crate::nats::port::Port;
use crate::nats::server::Server;
use crate::sandbox::{BuildError, at};

/// A builder of instances, which collects what goes into one.
#[derive(Clone)]
pub struct Builder {
    server: Server,
    root: PathBuf,
    store: Option<PathBuf>,
    configuration: Configuration,
    boot_timeout: Duration,
    keep: bool,
    keep_on_drop: bool,
}

/// Leaves out the configuration, which may have secrets in it.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("server", &self.server)
            .field("root", &self.root)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Begins an instance of a server: without a login, without TLS, with a store of its own.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            root: "/tmp".into(),
            store: None,
            configuration: Configuration::default(),
            boot_timeout: Duration::from_secs(45),
            keep: false,
            keep_on_drop: true,
        }
    }

    /// Sets the user and password that clients have to log in with. A [token](Self::token) does
    /// not count any more.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let (name, password) = (name.into(), password.into());
        self.configuration.login = Some(Login::User { name, password });
        self
    }

    /// Sets the token that clients have to log in with. A [user](Self::user) does not count any
    /// more.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.configuration.login = Some(Login::Token(token.into()));
        self
    }

    /// Sets the files of a certificate and its key, in PEM. Clients have to use TLS then, and the
    /// certificate has to name `127.0.0.1` for those that check it.
    #[must_use]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.configuration.tls = Some(Tls { certificate: certificate.into(), key: key.into() });
        self
    }

    /// Sets configuration in the server's own language, such as `max_payload: 64KB` or accounts
    /// with permissions. The address, the port and the file of the log stay as they are whatever
    /// the text says, a `store_dir` in it is an error of the boot, and [`user`](Self::user),
    /// [`token`](Self::token) and [`tls`](Self::tls) replace the same in it.
    #[must_use]
    pub fn configuration(mut self, text: impl Into<String>) -> Self {
        self.configuration.added = Some(text.into());
        self
    }

    /// Sets the folder of the store, in which streams are kept. The folder is made if it is not
    /// there, and stays when the instance ends. Unless set, it is below the folder of the instance.
    #[must_use]
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// Sets the folder below which the folder of the instance is made; it is `/tmp` unless set.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Sets the longest time for a boot, 45 s unless set. Reading a large store takes time.
    #[must_use]
    pub fn boot_timeout(mut self, timeout: Duration) -> Self {
        self.boot_timeout = timeout;
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

    /// Makes the folder, launches the server, and waits until it says that it is ready. JetStream
    /// is up then.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written or no port is free, at once if the server ends,
    /// with the lines of its log that say why, and at the boot time-out. After a failed boot the
    /// folder is kept unless `ASTERISK_KEEP=never` is set.
    ///
    /// # Cancel safety
    ///
    /// A boot that is given up kills the server and removes the folder.
    pub async fn boot(self) -> Result<Instance, StartError> {
        let (place, witness) = self.place()?;
        let life = place.start().await?;
        witness.set_in_use(true);
        Ok(Instance::new(life, place, witness))
    }

    /// Makes the folder with what is in it.
    fn place(self) -> Result<(Place, Witness), BuildError> {
        let keeping = Keeping::read().map_err(|value| BuildError::Keep { value })?;
        let root = absolute(&self.root).map_err(at(&self.root))?;
        let run = Arc::new(Run::create(&root, keeping).map_err(at(&root))?);
        let folder = run.path.join("nats");
        fs::create_dir(&folder).map_err(at(&folder))?;
        self.configuration.write(&folder)?;
        let store = self.store.as_deref().map_or_else(
            || Ok(folder.join("store")),
            |store: &Path| absolute(store).map_err(at(store)),
        )?;
        fs::create_dir_all(&store).map_err(at(&store))?;
        let wanted = Some(Ipv4Addr::LOCALHOST);
        let port = Port::claim().map_err(|error| BuildError::Address { wanted, error })?;
        run.begin();
        if self.keep {
            run.keep();
        }
        let witness = Witness::new(&run, self.keep_on_drop);
        let Self { server, boot_timeout, .. } = self;
        Ok((Place { run, folder, store, port, server, boot_timeout }, witness))
    }
}
