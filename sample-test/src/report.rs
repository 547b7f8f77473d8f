//! The report that the user sees: a line for everything that happens, and on a terminal the time as
//! it passes.

use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use instance::ami::{self, Event, Filter, Item, Originated, Subscription};
use instance::{Finding, Instance as Asterisk, Progress, Sandbox};

use crate::logs;

/// The output of the program.
pub(crate) struct Report {
    begun: Instant,
    verbose: bool,
    /// On a terminal, the line at the bottom.
    bar: Option<ProgressBar>,
}

impl Report {
    pub(crate) fn new(verbose: bool) -> Self {
        let bar = io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_style(clock());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { begun: Instant::now(), verbose, bar }
    }

    /// Tells what happened.
    pub(crate) fn say(&self, text: &str) {
        tracing::info!("{text}");
        self.print(text);
    }

    /// Tells that the sandbox was made, and begins the log files in its folder.
    pub(crate) fn created(&self, sandbox: &Sandbox) -> io::Result<()> {
        let (folder, server) = (sandbox.folder(), sandbox.server());
        logs::start(folder)?;
        let asterisk = format!("Asterisk {} ({})", server.version(), server.binary().display());
        self.say(&format!("created instance 1 in {}: {asterisk}", folder.display()));
        Ok(())
    }

    /// Tells of a server that has booted, and what happens on it during a test.
    pub(crate) async fn follow<T>(&self, asterisk: &Asterisk, test: impl Future<Output = T>) -> T {
        self.say(&format!("booted in {} ms", asterisk.boot_time().as_millis()));
        self.say(&format!("logged in to {} as user", asterisk.ami_address()));
        let events = asterisk.ami().subscribe(Filter::all());
        tokio::select! {
            // What has come is told before the test goes on.
            biased;
            () = self.tell(events) => unreachable!("it is pending at the end"),
            tested = test => tested,
        }
    }

    async fn tell(&self, mut events: Subscription) {
        let mut sound = String::new();
        while let Some(item) = events.next().await {
            match item {
                Item::Event(event) => self.event(&event, &mut sound),
                missed => self.say(&format!("events are missing here: {missed:?}")),
            }
        }
        pending().await
    }

    fn event(&self, event: &Event, sound: &mut String) {
        tracing::debug!("{event:?}");
        if self.verbose {
            self.print(&format!("{event:?}"));
        }
        let field = |name| event.text(name).unwrap_or_default();
        if event.is("Newexten") {
            let (context, exten, priority) =
                (field("Context"), field("Extension"), field("Priority"));
            let (application, data) = (field("Application"), field("AppData"));
            let step = format!("{context},{exten},{priority} {application}({data})");
            self.say(&step);
            if let Some(bar) = &self.bar {
                bar.set_message(step);
            }
            *sound = data.into_owned();
        } else if event.is("VarSet")
            && field("Variable") == "PLAYBACKSTATUS"
            && field("Value") == "SUCCESS"
        {
            self.say(&format!("played {sound} to its end"));
        }
    }

    /// Tells of a call that was answered.
    pub(crate) async fn originated(
        &self,
        call: impl Future<Output = Result<Originated, ami::Error>>,
    ) -> Result<(), ami::Error> {
        let answered = call.await?;
        self.say(&format!("originated: {} answered", answered.channel()));
        Ok(())
    }

    /// Stops the server, which must not have crashed. After a test that failed, tells what it found
    /// and keeps the folder.
    pub(crate) async fn stopped(
        &self,
        asterisk: Asterisk,
        tested: anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if let Err(error) = &tested {
            tracing::error!(reason = format!("{error:#}"), "failed");
            asterisk.keep();
        }
        let folder = asterisk.sandbox().folder().to_owned();
        let stopped = asterisk.stop().await?;
        self.say(&format!("stopped in {} ms", stopped.took.as_millis()));
        if tested.is_err() {
            stopped.findings.iter().for_each(|finding| self.say(&finding.to_string()));
            stopped.last_words.iter().for_each(|line| self.say(&format!("    {line}")));
        }
        if folder.exists() {
            self.say(&format!("the folder of the run is kept: {}", folder.display()));
        }
        let crash = stopped.findings.iter().find(|it| matches!(it, Finding::Crash(_)));
        tested
            .and_then(|()| crash.map_or(Ok(()), |crash| Err(anyhow::Error::msg(crash.to_string()))))
    }

    /// Shows how a fetch goes on: a bar on a terminal, elsewhere a line for each step. `last` is
    /// the progress before.
    pub(crate) fn fetching(&self, progress: &Progress, last: &mut Option<Progress>) {
        let new = progress.is_new_after(last.replace(progress.clone()).as_ref());
        match (&self.bar, progress) {
            (Some(bar), Progress::Download { done, total, .. }) => {
                show(bar, *done, *total, progress)
            }
            (Some(bar), Progress::Unpack { done, total }) => {
                show(bar, *done as u64, *total as u64, progress);
            }
            (Some(bar), Progress::Done { .. }) => {
                bar.set_style(clock());
                bar.set_message("");
                self.say(&progress.to_string());
            }
            _ if new => self.say(&progress.to_string()),
            _ => {}
        }
    }

    /// Tells the verdict in the last line.
    pub(crate) fn end(&self, verdict: anyhow::Result<()>) -> ExitCode {
        let (line, code) = match verdict {
            Ok(()) => ("passed".to_owned(), ExitCode::SUCCESS),
            Err(error) => (format!("FAILED: {error:#}"), ExitCode::FAILURE),
        };
        self.say(&line);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        code
    }

    fn print(&self, text: &str) {
        let line = format!("[{:6.2} s] {text}", self.begun.elapsed().as_secs_f64());
        // Whoever read the output may be gone; the test goes on.
        let write = || drop(writeln!(io::stdout(), "{line}"));
        match &self.bar {
            // The bar is drawn on standard error; the lines are this program's output.
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn show(bar: &ProgressBar, done: u64, total: u64, progress: &Progress) {
    bar.set_style(style("{spinner} {elapsed} [{bar:30}] {percent:>3} % {msg}"));
    bar.set_length(total);
    bar.set_position(done);
    bar.set_message(progress.to_string());
}

fn clock() -> ProgressStyle {
    style("{spinner} {elapsed} {msg}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
