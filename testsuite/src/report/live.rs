//! A terminal: the tests that run, with what they are doing and for how long; how many are done,
//! and how long the rest takes.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::{Event, Finished, Report, Verdict, span, text};

/// A view that changes.
#[derive(Debug)]
pub(crate) struct Live {
    view: MultiProgress,
    all: ProgressBar,
    running: HashMap<String, ProgressBar>,
    /// The numbers of tests that passed, failed, and were not run.
    counts: [u64; 3],
    colours: bool,
}

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

impl Live {
    /// A view on the standard output; none where that is no terminal, or one that cannot draw:
    /// `TERM` is `dumb` or not set.
    pub(crate) fn new() -> Option<Self> {
        let target = ProgressDrawTarget::stdout();
        if target.is_hidden() {
            return None;
        }
        let view = MultiProgress::with_draw_target(target);
        let all = view.add(ProgressBar::no_length());
        all.set_style(style("{bar:30} {pos}/{len} {msg}, {elapsed}, {eta} left"));
        // See no-color.org.
        let colours = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Some(Self { view, all, running: HashMap::new(), counts: [0; 3], colours })
    }

    fn finished(&mut self, test: &Finished) -> io::Result<()> {
        if let Some(bar) = self.running.remove(&test.name) {
            bar.finish_and_clear();
            self.view.remove(&bar);
        }
        let (word, at) = match test.verdict {
            Verdict::Passed => ("passed", 0),
            Verdict::Flaky => ("FLAKY", 0),
            Verdict::Failed => ("FAILED", 1),
            Verdict::TimedOut => ("TIMED OUT", 1),
            Verdict::Broken => ("BROKEN", 2),
            Verdict::Skipped => ("skipped", 2),
            Verdict::Lacking => ("lacking", 2),
            Verdict::NotRun => return Ok(()),
        };
        self.counts[at] += 1;
        if test.verdict.was_run() {
            self.all.inc(1);
        }
        let [passed, failed, others] = self.counts;
        self.all.set_message(format!("{passed} passed, {failed} failed, {others} not run"));
        let colour = match at {
            _ if !self.colours => "",
            0 if test.verdict == Verdict::Passed => GREEN,
            1 => RED,
            _ => YELLOW,
        };
        let reset = if colour.is_empty() { "" } else { RESET };
        let time = span(test.seconds);
        let mut line = format!("{colour}{word:>9}{reset} {time:>9} {}", test.name);
        if test.verdict == Verdict::Flaky {
            line.push_str(&format!(" (passed at execution {})", test.attempts));
        }
        if !test.why.is_empty() {
            line.push_str(&format!(": {}", test.why.join("; ")));
        }
        self.view.println(line)?;
        if test.verdict.is_failure() || test.verdict == Verdict::Flaky {
            // At once: to draw the view again for each of a million lines would take minutes.
            self.view.suspend(|| {
                let mut out = BufWriter::new(io::stdout().lock());
                text::story(test, |line| writeln!(out, "          {line}"))?;
                out.flush()
            })?;
        }
        Ok(())
    }
}

impl Report for Live {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started(header) => {
                self.counts = [0; 3];
                self.all.reset();
                self.all.set_length(u64::try_from(header.tests).unwrap_or_default());
                self.all.enable_steady_tick(Duration::from_millis(200));
                let run = format!(
                    "Asterisk {}, run {}; {}",
                    header.version, header.run, header.isolation
                );
                self.view.println(run)?;
                if let Some(seed) = header.seed {
                    self.view.println(format!("random order, with --seed={seed}"))?;
                }
            }
            Event::Test { name, attempt } => {
                let bar = self.view.insert_before(&self.all, ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {elapsed} {prefix} {msg}"));
                bar.enable_steady_tick(Duration::from_millis(200));
                let again =
                    if *attempt > 1 { format!(" (execution {attempt})") } else { String::new() };
                bar.set_prefix(format!("{name}{again}"));
                if let Some(before) = self.running.insert((*name).to_owned(), bar) {
                    before.finish_and_clear();
                    self.view.remove(&before);
                }
            }
            Event::Phase { name, phase } => {
                if let Some(bar) = self.running.get(*name) {
                    bar.set_message(phase.name());
                }
            }
            Event::Output { .. } => {}
            Event::Finished(test) => self.finished(test)?,
            Event::Ended(run, _) => {
                self.all.finish_and_clear();
                for line in text::summary(run) {
                    self.view.println(line)?;
                }
            }
        }
        Ok(())
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
