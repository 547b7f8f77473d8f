//! A running server: what can be done to it, and its end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::folder::Witness;
use crate::instance::Log;
use crate::nats::boot::{BootError, Place};
use crate::nats::life::{Life, Stopping};
use crate::nats::server::Server;

/// A running `nats-server`, with JetStream.
///
/// [`stop`](Self::stop) ends the server in an orderly way and removes the folder. Dropping an
/// instance kills the server. An instance that is dropped without having been stopped, by a `?` or
/// a panic, belongs to a test that failed: its folder stays as evidence, and the path is printed on
/// the error output. [`Builder::keep_on_drop`](super::Builder::keep_on_drop) and the environment
/// variable `ASTERISK_KEEP` (`always`, `failed` or `never`; `failed` unless set) change that. After
/// [`shut_down`](Self::shut_down), dropping the instance removes the folder.
#[derive(Debug)]
pub struct Instance {
    // In the order in which they are dropped.
    life: Mutex<Arc<Life>>,
    witness: Witness,
    place: Place,
    /// Held during a restart.
    restarting: tokio::sync::Mutex<()>,
}

/// The result of a stop.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    /// The way in which the server ended.
    pub stopping: Stopping,
    /// The exit status of the process.
    pub status: ExitStatus,
    /// The time from the call to the end of the process.
    pub took: Duration,
}

impl Instance {
    pub(super) fn new(life: Life, place: Place, witness: Witness) -> Self {
        let life = Mutex::new(Arc::new(life));
        Self { life, witness, place, restarting: tokio::sync::Mutex::new(()) }
    }

    /// Returns the URL for clients, such as `nats://127.0.0.1:40575`, without credentials. The port
    /// stays the same as long as the instance is there, whether the server runs or not.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.place.port.address
    }

    /// Returns the server.
    pub fn server(&self) -> &Server {
        &self.place.server
    }

    /// Returns the folder of the run. Files that are put there are removed with it, and kept with
    /// it.
    pub fn folder(&self) -> &Path {
        &self.place.run.path
    }

    /// Returns the folder of the store, in which streams are kept.
    pub fn store(&self) -> &Path {
        &self.place.store
    }

    /// Returns the log, from the beginning of the current boot.
    pub fn log(&self) -> Log {
        let life = self.life();
        Log::new(self.place.log(), life.log_start, life.process.exit())
    }

    /// Returns the time from the launch to the end of the last boot.
    pub fn boot_time(&self) -> Duration {
        self.life().took
    }

    /// Returns the process number of the server while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.life().process.pid()
    }

    /// Keeps the folder when the instance ends.
    pub fn keep(&self) {
        self.place.run.keep();
    }

    /// Waits until the server has ended. Cancel safe.
    pub async fn exited(&self) -> ExitStatus {
        self.life().process.exited().await
    }

    /// Kills the server (SIGKILL), as a crash would end it, and waits for its end. The folder and
    /// the port stay, so the server can be [started again](Self::restart).
    ///
    /// # Cancel safety
    ///
    /// The signal is sent by the first poll.
    pub async fn kill(&self) -> ExitStatus {
        // A restart may begin another life meanwhile, which is not the one to wait for.
        let life = self.life();
        life.process.signal(Signal::KILL);
        life.process.exited().await
    }

    /// Stops the server for the time being (SIGSTOP), and blocks for the moment until it has
    /// stopped: connections stay, also new ones are accepted by the kernel, and nothing answers. A
    /// server that has ended is left as it is.
    pub fn pause(&self) {
        self.life().process.suspend();
    }

    /// Lets a server that was [stopped for the time being](Self::pause) go on (SIGCONT).
    pub fn resume(&self) {
        self.life().process.resume();
    }

    /// Ends the server in an orderly way, also one that is [paused](Self::pause), and leaves the
    /// folder and the port: its log can be read, and the server can be
    /// [started again](Self::restart). A server that does not end within 20 s is killed.
    pub async fn shut_down(&self) -> Stopped {
        // A server that is being booted is there to be stopped afterwards.
        drop(self.restarting.lock().await);
        self.end().await
    }

    /// Ends the server as [`shut_down`](Self::shut_down) does, if it runs, and boots it again: on
    /// the same port, with the same store. The result says how the server ended. From then on, the
    /// log and the process are those of the new boot.
    ///
    /// Restarts happen one after another, and [`shut_down`](Self::shut_down) waits for one that is
    /// under way.
    ///
    /// # Errors
    ///
    /// Returns an error as [`Builder::boot`](super::Builder::boot) does. The server does not run
    /// then, and can be restarted again.
    ///
    /// # Cancel safety
    ///
    /// A restart that is given up leaves a server that does not run.
    pub async fn restart(&self) -> Result<Stopped, BootError> {
        let _restarting = self.restarting.lock().await;
        let stopped = self.end().await;
        let life = Arc::new(self.place.start().await?);
        self.witness.set_in_use(true);
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = life;
        Ok(stopped)
    }

    /// Stops the server as [`shut_down`](Self::shut_down) does and removes the folder, unless the
    /// folder is to be kept. If the server had ended by itself, or had to be killed, the folder is
    /// kept, and its path is printed on the error output. A folder of the user's for the
    /// [store](super::Builder::store) stays.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be removed. The server has ended all the same.
    ///
    /// # Cancel safety
    ///
    /// Giving up the call drops the instance: the server is killed, and the folder stays.
    pub async fn stop(self) -> io::Result<Stopped> {
        let stopped = self.shut_down().await;
        self.place.run.end()?;
        Ok(stopped)
    }

    fn life(&self) -> Arc<Life> {
        Arc::clone(&self.life.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn end(&self) -> Stopped {
        let begun = Instant::now();
        let life = self.life();
        let (stopping, status) = life.end().await;
        self.witness.set_in_use(false);
        let took = begun.elapsed();
        tracing::info!(?stopping, %status, ?took, "nats-server has ended");
        if matches!(stopping, Stopping::ByItself | Stopping::Killed) {
            self.place.run.keep_and_announce();
        }
        Stopped { stopping, status, took }
    }
}
