//! The report that the user sees: a line for everything that happens, and on a terminal the time as
//! it passes.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use instance::Progress;

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

    /// Tells what only those want to read who asked for more.
    pub(crate) fn detail(&self, text: &str) {
        tracing::debug!("{text}");
        if self.verbose {
            self.print(text);
        }
    }

    /// Shows on a terminal what is being waited for.
    pub(crate) fn waiting(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
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

    /// The last line.
    pub(crate) fn end(&self, verdict: &str) {
        self.say(verdict);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
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
