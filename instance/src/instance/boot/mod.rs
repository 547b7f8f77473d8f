//! The boot: from a sandbox to a running server that is logged in to.

mod error;
mod ready;

use std::collections::BTreeMap;
use std::fs::File;
use std::future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use tokio::time::timeout;

pub use self::error::{AmiSettings, BootError, BootFailure, OtherUsers, Stage};
use self::ready::Boot;
use crate::instance::errors::{self, Before};
use crate::instance::findings::Finding;
use crate::instance::life::Life;
use crate::instance::log;
use crate::instance::notify::Notifications;
use crate::instance::process::Process;
use crate::sandbox::{CONSOLE, Sandbox, listening};

/// The time for a server that nobody can log in to until it ends, so that its log is complete.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Sandbox {
    /// Launches the server and waits until it is fully booted and logged in to.
    pub(super) async fn start(&self) -> Result<Life, BootError> {
        let begun = Instant::now();
        let launch = log::lengths(&self.logs());
        let mut before = Before { launched: SystemTime::now(), launch, ready: BTreeMap::new() };
        let (process, notifications) = match self.launch() {
            Ok(started) => started,
            Err(failure) => return Err(self.failed(Stage::Created, failure, Vec::new(), &before)),
        };
        let mut boot = Boot {
            sandbox: self,
            process: &process,
            notifications: &notifications,
            stage: Stage::Launched,
            before: &mut before,
        };
        let booted = tokio::select! {
            booted = timeout(boot.sandbox.boot_timeout, boot.finish()) => booted,
            status = process.exited() => Ok(Err(BootFailure::Exited(status))),
        };
        let stage = boot.stage;
        let booted = booted.unwrap_or(Err(BootFailure::Timeout(self.boot_timeout)));
        match booted {
            Ok((client, journal)) => {
                let took = begun.elapsed();
                tracing::info!(?took, address = self.ami_address(), "booted");
                let asked = AtomicBool::new(false);
                let place = (Arc::clone(&self.run), self.number);
                Ok(Life { client, journal, process, before, took, asked, place })
            }
            Err(failure) => Err(self.post_mortem(stage, failure, process, &before).await),
        }
    }

    /// Ends a server that did not boot, and finds out why it did not.
    async fn post_mortem(
        &self,
        stage: Stage,
        mut failure: BootFailure,
        process: Process,
        before: &Before,
    ) -> BootError {
        // The log is complete when the server has ended by itself, which a hanging one does not.
        if !matches!(failure, BootFailure::Timeout(_)) {
            process.signal(Signal::TERM);
            // A server that does not end is killed.
            let _ = process.awaited(LAST_WORDS, future::pending(), future::ready(())).await;
        }
        process.kill();
        // A required module ends the server when it fails to load, and AMI needs its file.
        if matches!(failure, BootFailure::Exited(_) | BootFailure::NotListening { .. })
            && let Some(missing) = self.missing_include(before)
        {
            failure = missing.into();
        }
        if let BootFailure::NotListening { reason, settings, .. } = &mut failure {
            let (log, ours) = (self.log(), AmiSettings::At(self.ami_address()));
            *reason = errors::why_no_ami(&log, before.length_at_launch(&log));
            if *settings == ours {
                *settings = AmiSettings::Unknown;
                let (ip, port) = (self.address.ip, self.address.ami_port);
                if let Some(holder) = listening::holder(ip, port) {
                    let reason = reason.get_or_insert_default();
                    reason.push_str(&format!("; {holder} listens there"));
                }
            }
        }
        let mut findings = match process.status() {
            Some(status) => self.findings(status, &process, before).await.0,
            None => Vec::new(),
        };
        // The errors are among the last words.
        findings.retain(|it| !matches!(it, Finding::Error(_) | Finding::MoreErrors(_)));
        self.failed(stage, failure, findings, before)
    }

    fn launch(&self) -> Result<(Process, Notifications), BootFailure> {
        let failed = |what: String| move |error| BootFailure::Launch { what, error };
        let notifications = Notifications::bind(self.place.notify_socket());
        let notifications =
            notifications.map_err(failed("bind the socket that it notifies".to_owned()))?;
        let console = self.logs().join(CONSOLE);
        // The output before a restart stays.
        let output = File::options().create(true).append(true).open(console);
        let output = output.map_err(failed("open console.txt".to_owned()))?;
        let command = self.command();
        // The values of the environment may be secret.
        let arguments: Vec<_> = command.get_args().collect();
        tracing::debug!(program = ?command.get_program(), ?arguments, "launching");
        let program = format!("execute {}", command.get_program().display());
        let process = Process::spawn(command, output, &self.place.base);
        Ok((process.map_err(failed(program))?, notifications))
    }

    fn failed(
        &self,
        stage: Stage,
        failure: BootFailure,
        findings: Vec<Finding>,
        before: &Before,
    ) -> BootError {
        let kept = self.run.keep_for_error();
        let (folder, log) = (self.folder().to_owned(), self.log());
        let start = before.length_at_launch(&log);
        let last_words = errors::evidence(&self.logs(), &log, start);
        let number = self.number;
        let users = self.users_besides(&failure);
        BootError { number, stage, failure, users, findings, last_words, folder, kept }
    }

    /// Returns the manager users of the configuration, if the server refused a login as a user that
    /// is none of them.
    fn users_besides(&self, failure: &BootFailure) -> Option<OtherUsers> {
        let login = self.login.as_ref()?;
        if !matches!(failure, BootFailure::Login(error) if error.response().is_some()) {
            return None;
        }
        let sections = self.sections("manager.conf").into_iter().map(|it| it.name().to_owned());
        let users = sections.filter(|name| !name.eq_ignore_ascii_case("general"));
        let (users, tried) = (users.collect::<Vec<_>>(), login.user());
        // The server does not tell cases apart (`get_manager_by_name_locked`).
        let is_there = users.iter().any(|user| user.eq_ignore_ascii_case(tried));
        (!is_there).then(|| OtherUsers { tried: tried.to_owned(), users })
    }
}
