//! Waiting for a launched server until it is fully booted and logged in to.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use ami::{Action, Client, Config, Filter};
use tokio::time::{sleep, timeout};

use crate::folder::descendants;
use crate::instance::boot::error::{AmiSettings, BootFailure, Stage};
use crate::instance::console;
use crate::instance::errors::{self, Before};
use crate::instance::journal::Journal;
use crate::instance::log;
use crate::instance::notify::{Notifications, READY};
use crate::instance::process::Process;
use crate::sandbox::Sandbox;
use crate::sandbox::listening::listens;

/// The time after which a server that has not said that it is ready is asked, and the time between
/// two questions. It may be a build without `sd_notify`; a build with it may boot for longer.
const ASK_AFTER: Duration = Duration::from_secs(1);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The longest wait for a server's answer.
const ANSWER: Duration = Duration::from_secs(1);

/// The longest wait for a server to say that it is ready after its last commands are registered.
const MOMENT: Duration = Duration::from_secs(2);

/// The longest wait for the log of a server that is ready, and the time between two looks at it.
const LOGGED: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The longest wait for the end of a server that closed a connection.
const DYING: Duration = Duration::from_millis(100);

/// The client of a booted server, and the journal of its events.
pub(super) type Session = (Option<Client>, Option<Journal>);

/// A boot between the launch and the login.
pub(super) struct Boot<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) process: &'a Process,
    pub(super) notifications: &'a Notifications,
    /// The stage that was reached.
    pub(super) stage: Stage,
    pub(super) before: &'a mut Before,
}

impl Boot<'_> {
    /// Waits until the server is ready, and logs in unless the sandbox is without AMI.
    pub(super) async fn finish(&mut self) -> Result<Session, BootFailure> {
        tokio::select! {
            notified = self.notifications.wait_for(READY) => {
                let what = "read what it notifies".to_owned();
                notified.map_err(|error| BootFailure::Launch { what, error })?;
            }
            () = self.asked() => {}
        }
        self.stage = Stage::Ready;
        let session = match &self.sandbox.login {
            Some(login) => self.log_in(login).await?,
            None => (None, None),
        };
        self.logged().await;
        if let Some(missing) = self.sandbox.missing_include(self.before) {
            return Err(missing.into());
        }
        self.before.ready = log::lengths(&self.sandbox.logs());
        Ok(session)
    }

    /// Waits until the log says that the server is ready. The log says so later than the server:
    /// nobody has the server do anything before that line, so no error behind it is of the boot. A
    /// server whose log is behind by a thousand lines may leave the line out; then everything is
    /// logged after a while.
    async fn logged(&self) {
        let begun = Instant::now();
        let mut log = self.sandbox.log();
        while log.exists() && !errors::says_ready(&log, self.before.length_at_launch(&log)) {
            if begun.elapsed() > LOGGED || self.sandbox.has_full_disk() {
                tracing::warn!("the log does not say that the server is ready");
                return;
            }
            sleep(LOOK_EVERY).await;
            log = self.sandbox.log();
        }
    }

    async fn log_in(&self, login: &Config) -> Result<Session, BootFailure> {
        let address = self.sandbox.ami_address();
        if !self.listens() {
            let settings = self.settings().await;
            return Err(BootFailure::NotListening { address, settings, reason: None });
        }
        let connect = login.connect(address);
        let journal = NonZeroUsize::new(self.sandbox.journal)
            .map(|kept| Journal::of(connect.subscribe(Filter::all()), kept));
        match connect.await {
            Ok(client) => {
                // The client asks what its user may send. A server that is stopped before it has
                // answered logs an error. Answers come in order, so that of the next action is
                // enough.
                let _ = timeout(ANSWER, client.call(Action::new("Ping"))).await;
                Ok((Some(client), journal))
            }
            // A server that dies takes the connection with it. The exit status says more.
            Err(error) if error.fault() == ami::Fault::Link => {
                match timeout(DYING, self.process.exited()).await {
                    Ok(status) => Err(BootFailure::Exited(status)),
                    Err(_) => Err(BootFailure::Login(error)),
                }
            }
            Err(error) => Err(BootFailure::Login(error)),
        }
    }

    /// Asks the server for its settings of AMI.
    async fn settings(&self) -> AmiSettings {
        let socket = self.sandbox.control_socket();
        match timeout(ANSWER, console::ask(&socket, "manager show settings")).await {
            Ok(Ok(printed)) => AmiSettings::parse(&printed),
            _ => AmiSettings::Unknown,
        }
    }

    /// Returns `false` if this server does not listen for AMI. If the kernel does not tell, the
    /// login will.
    fn listens(&self) -> bool {
        let address = &self.sandbox.address;
        let Some(pid) = self.process.pid() else {
            return true;
        };
        // A server behind a script is not the process that we started.
        listens(&[pid], address.ip, address.ami_port) != Some(false)
            || listens(&descendants::pids(&self.sandbox.place.base), address.ip, address.ami_port)
                != Some(false)
    }

    /// Waits until a server that does not notify has booted. The last line of its boot says so. If
    /// there is no log, the boot ends a moment after the last CLI commands are registered
    /// (`asterisk_daemon` in `main/asterisk.c`).
    async fn asked(&self) {
        sleep(ASK_AFTER).await;
        let socket = self.sandbox.control_socket();
        let mut known = None;
        loop {
            let log = self.sandbox.log();
            if errors::says_ready(&log, self.before.length_at_launch(&log)) {
                return;
            }
            if known.is_none() {
                let asked = timeout(ANSWER, console::ask(&socket, "core show help core stop now"));
                known = asked.await.is_ok_and(|it| it.is_ok()).then(Instant::now);
            }
            if known.is_some_and(|known| known.elapsed() > MOMENT) {
                return;
            }
            sleep(ASK_EVERY).await;
        }
    }
}
