//! A run from the command line to the exit code.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Context as _;
use instance::Server;
use tokio::sync::Semaphore;

use crate::components::Registry;
use crate::files::GlobalConfig;
use crate::files::{FoundTest, Suite};
use crate::job::Account;
use crate::job::Options;
use crate::job::Output;
use crate::job::Settings;
use crate::job::Weight;
use crate::job::usage;
use crate::plan::{self, Candidate, Fate, How, Planned};
use crate::plan::{Facts, FoundSipp, Python, Runners};
use crate::plan::{RUNNER, list};
use crate::report::json::Json;
use crate::report::junit::JUnit;
use crate::report::libtest::Libtest;
use crate::report::live::Live;
use crate::report::plain::Plain;
use crate::report::{Event, Finished, Header, Reports, Summary, Verdict};
use crate::session::durations::History;
use crate::session::execute::Context;
use crate::session::find;
use crate::session::ground::Ground;
use crate::session::isolation::{self, Isolation};
use crate::session::schedule::Schedule;
use crate::session::signals::Signals;
use crate::session::task::Task;
use crate::session::{lock, order};

/// A test passed, or none had to.
pub(super) const PASSED: u8 = 0;
/// A test failed.
const FAILED: u8 = 1;
/// Something could not be run.
pub(super) const NOT_RUN: u8 = 2;

/// The failure to print a list.
const LIST: &str = "the list cannot be printed";

/// Runs the tests that the options choose, or lists them.
pub(super) async fn tests(
    registry: &Registry,
    options: &Options,
    signals: &Signals,
) -> anyhow::Result<ExitCode> {
    if let Some(what) = options.unsupported() {
        anyhow::bail!(what);
    }
    // Before anybody can build another in its place.
    let program = isolation::program()?;
    let begun = Instant::now();
    let global = GlobalConfig::named(options.chosen.testsuite_config.as_deref());
    let suite = suite(options, global.as_deref())?;
    let chosen = plan::chosen(&suite, options)?;
    let discovery = begun.elapsed().as_secs_f64();
    warn_of(&suite);
    if options.list_tags {
        list::tags(&chosen).context(LIST)?;
        return Ok(ExitCode::from(PASSED));
    }
    check(&suite, &chosen, options)?;
    let python =
        Python::find(options.python.as_deref(), &suite.root).map_err(anyhow::Error::msg)?;
    let wanted = options.asterisk.clone().unwrap_or_default();
    let server = find::server(wanted, signals).await?;
    let sandboxes = sandboxes()?;
    let mut ground = Ground::new(server.clone(), &sandboxes)?;
    let facts =
        find::unless_ended(signals, ground.facts()).await?.map_err(anyhow::Error::from_boxed)?;
    let isolation = Isolation::find(&program);
    let isolated = isolation.is_there();
    let version = suite.global.forced_version.clone().or_else(|| facts.version());
    let runners = Runners {
        suite: &suite.root,
        registry,
        global: &suite.global,
        version: version.as_ref(),
        python: &python,
        choice: options.choice(),
        is_target: options.target.is_some(),
    };
    let candidates = plan::candidates(&suite, &chosen, &runners, options);
    let found = sipp(&candidates, options, signals).await?;
    let planned = fates(candidates, &runners, &facts, found.as_ref(), options, isolated);
    let sipp = found.and_then(Result::ok);
    if options.list_tests || options.list_terse {
        let listed = list::tests(&planned, &chosen, server.version().as_str(), options.list_terse);
        listed.context(LIST)?;
        return Ok(ExitCode::from(PASSED));
    }
    let tree = needs_tree(&planned, options)
        .then(|| ground.tree(&facts, &python, sipp.as_ref()))
        .transpose();
    let settings = Settings {
        suite: suite.root.clone(),
        server: server.binary().to_owned(),
        sipp: sipp.map(|sipp| sipp.binary().to_owned()),
        base: ground.base(&suite.root).context("the suite's configs")?,
        sandboxes,
        tree: tree.context("the tree for programs")?,
        isolated,
        chosen: options.chosen.clone().absolute(global).context("--logs")?,
    };
    let times = Times { discovery, preparation: begun.elapsed().as_secs_f64() - discovery };
    let session = Session::new(options, (isolation, program), &server, ground, settings, times)?;
    session.iterations(&planned, !suite.problems.is_empty(), signals).await
}

/// Reads the suite that the options name.
fn suite(options: &Options, global: Option<&Path>) -> anyhow::Result<Suite> {
    let root = std::fs::canonicalize(&options.suite)
        .with_context(|| format!("the suite {}", options.suite.display()))?;
    Ok(Suite::find(&root, global)?)
}

/// Returns the folder in which sandboxes are made.
fn sandboxes() -> anyhow::Result<PathBuf> {
    let sandboxes = std::env::var_os("AST_WORK_DIR").unwrap_or_else(|| "/tmp".into());
    std::path::absolute(sandboxes).context("AST_WORK_DIR")
}

/// Finds SIPp if a test needs it.
async fn sipp(
    candidates: &[Candidate<'_>],
    options: &Options,
    signals: &Signals,
) -> anyhow::Result<Option<FoundSipp>> {
    let named = options.sipp.as_deref();
    if !plan::needs_sipp(candidates, named.is_some()) {
        return Ok(None);
    }
    find::sipp(named, signals).await.map(Some)
}

/// Decides what becomes of the tests, and warns of what Python lacks for many of them.
fn fates(
    candidates: Vec<Candidate<'_>>,
    runners: &Runners<'_>,
    facts: &Facts,
    sipp: Option<&FoundSipp>,
    options: &Options,
    isolated: bool,
) -> Vec<Planned> {
    let (planned, warning) = plan::fates(candidates, runners, facts, sipp, options, isolated);
    if let Some(warning) = warning {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    planned
}

/// Returns whether programs run that need a system tree. A dry run starts none.
fn needs_tree(planned: &[Planned], options: &Options) -> bool {
    let is_program = |it: &Planned| matches!(&it.fate, Fate::Run(how) if *how != How::Native);
    !options.dry_run && planned.iter().any(is_program)
}

/// Refuses a choice of tests that cannot be what was meant.
fn check(suite: &Suite, chosen: &[&FoundTest], options: &Options) -> anyhow::Result<()> {
    plan::check_names(suite, options).map_err(anyhow::Error::msg)?;
    if options.library && !suite.root.join(RUNNER).exists() {
        anyhow::bail!("--library: expected {RUNNER} in the suite");
    }
    if chosen.is_empty() {
        let (all, root) = (suite.tests.len(), suite.root.display());
        anyhow::bail!("none of the {all} tests of {root} is chosen");
    }
    Ok(())
}

/// Tells of lists of tests that could not be read, and of what was left out.
fn warn_of(suite: &Suite) {
    for problem in &suite.problems {
        // Nobody may read it, and that is no reason not to run.
        let _ = writeln!(io::stderr(), "warning: {problem:#}");
    }
    for notice in &suite.notices {
        let _ = writeln!(io::stderr(), "notice: {notice}");
    }
}

/// The reports. What they need of a test until its run ends is held in the folder.
fn reports(options: &Options, folder: &Path) -> anyhow::Result<Reports> {
    const OUTPUT: &str = "the standard output";
    if let Some(target) = &options.target {
        let mut reports = Reports::new(folder).context("the results of tests cannot be held")?;
        reports.add(OUTPUT, Libtest::new(target, folder));
        return Ok(reports);
    }
    let report = &options.report;
    let junit = JUnit::create(report)
        .with_context(|| format!("the JUnit report {} cannot be written", report.display()))?;
    let mut reports = Reports::new(folder).context("the results of tests cannot be held")?;
    reports.add(report.display().to_string(), junit);
    if let Some(path) = &options.json {
        let json = Json::create(path)
            .with_context(|| format!("the JSON report {} cannot be written", path.display()))?;
        reports.add(path.display().to_string(), json);
    }
    match Live::new().filter(|_| !options.plain) {
        Some(live) => reports.add(OUTPUT, live),
        None => reports.add(OUTPUT, Plain),
    }
    Ok(reports)
}

struct Times {
    discovery: f64,
    preparation: f64,
}

struct Session<'a> {
    options: &'a Options,
    context: Context,
    reports: Reports,
    history: History,
    times: Times,
    version: String,
    ground: Ground,
    settings: Settings,
}

impl<'a> Session<'a> {
    fn new(
        options: &'a Options,
        (isolation, program): (Isolation, File),
        server: &Server,
        ground: Ground,
        settings: Settings,
        times: Times,
    ) -> anyhow::Result<Self> {
        let context = Context {
            isolation,
            program: Arc::new(program),
            inactivity: options.timeout,
            time_limit: options.time_limit,
            boots: Arc::new(Semaphore::new(cores())),
        };
        let reports = reports(options, ground.shared().unwrap_or_else(|| Path::new("/tmp")))?;
        let (history, version) = (History::read(&settings.suite), server.version().to_string());
        Ok(Self { options, context, reports, history, times, version, ground, settings })
    }

    /// Runs the tests as often as was asked for. `incomplete` says that a list of tests could not
    /// be read.
    async fn iterations(
        mut self,
        planned: &[Planned],
        incomplete: bool,
        signals: &Signals,
    ) -> anyhow::Result<ExitCode> {
        let _turn = match (&self.context.isolation, self.ground.shared()) {
            (Isolation::None(_), Some(shared)) => {
                let waiting = || {
                    let _ = writeln!(io::stderr(), "waiting for another runner to end");
                };
                tokio::select! {
                    turn = lock::turn(shared, waiting) => Some(turn?),
                    () = signals.end.cancelled() => return Ok(ExitCode::from(NOT_RUN)),
                }
            }
            _ => None,
        };
        let (mut failed, mut not_run) = (false, incomplete);
        let mut run = 0;
        while self.options.number < 0
            || i64::try_from(run).is_ok_and(|run| run < self.options.number)
        {
            run += 1;
            let summary = self.iteration(planned, run, signals).await;
            failed |= summary.count(Verdict::is_failure) > 0;
            not_run |= summary.count(|it| matches!(it, Verdict::Broken | Verdict::NotRun)) > 0;
            if signals.end.is_cancelled() || signals.drain.is_cancelled() {
                break;
            }
        }
        if !self.options.dry_run {
            self.history.write();
        }
        if let Some(error) = self.reports.end() {
            // That a test failed is more.
            let _ = writeln!(io::stderr(), "error: a report could not be written: {error}");
            not_run = true;
        }
        // A run that was broken off has not shown that all pass.
        not_run |= signals.end.is_cancelled();
        Ok(ExitCode::from(if failed {
            FAILED
        } else if not_run {
            NOT_RUN
        } else {
            PASSED
        }))
    }

    async fn iteration(&mut self, planned: &[Planned], run: u64, signals: &Signals) -> Summary {
        let (started, begun, cpu) = (SystemTime::now(), Instant::now(), usage::cpu());
        let jobs = self.options.jobs.map_or_else(default_jobs, usize::from);
        let (isolation, jobs) = match &self.context.isolation {
            Isolation::Namespaces(_) => (
                format!("Up to {jobs} servers at the same time, each test in a network of its own"),
                jobs,
            ),
            Isolation::None(why) => (
                format!("One test after another, for none can have a network of its own: {why}"),
                1,
            ),
        };
        let seed = order::seed(self.options, run);
        let tasks = self.tasks(planned);
        let tasks = order::ordered(tasks, seed, &self.history);
        let header = Header {
            version: self.version.clone(),
            run,
            runs: self.options.number,
            tests: tasks.len(),
            inactivity: self.options.timeout.seconds(),
            jobs,
            isolation,
            seed,
        };
        self.reports.tell(&Event::Started(&header));
        let mut finished: Vec<_> = planned.iter().filter_map(not_to_run).collect();
        for test in &finished {
            self.reports.tell(&Event::Finished(test));
        }
        let room = Weight::of_servers(jobs);
        let schedule = Schedule { context: &self.context, options: self.options, room, signals };
        finished.extend(schedule.run(tasks, &mut self.reports).await);
        finished.sort_by(|a, b| a.name.cmp(&b.name));
        for test in finished.iter().filter(|it| it.verdict.was_run()) {
            self.history.note(&test.name, test.seconds);
        }
        let mut workers: Vec<_> = finished.iter().map(|it| it.account.memory).collect();
        workers.sort_unstable_by_key(|it| std::cmp::Reverse(*it));
        let summary = Summary {
            started,
            seconds: begun.elapsed().as_secs_f64(),
            discovery: self.times.discovery,
            preparation: self.times.preparation,
            cpu: usage::cpu() - cpu,
            memory: usage::memory(),
            workers_memory: workers.iter().take(jobs).sum(),
            tests: finished,
        };
        self.reports.summary(&summary);
        summary
    }

    /// The tests to run.
    fn tasks(&self, planned: &[Planned]) -> Vec<Task> {
        let runnable = planned.iter().filter_map(|it| match &it.fate {
            Fate::Run(how) => Some(Task::new(&self.settings, it, how)),
            _ => None,
        });
        runnable.collect()
    }
}

/// Returns the report of a test that is not run.
fn not_to_run(planned: &Planned) -> Option<Finished> {
    let (verdict, why) = match &planned.fate {
        Fate::Run(_) => return None,
        Fate::Skip(reason) => (Verdict::Skipped, vec![reason.clone()]),
        Fate::Lacks(unmet, _) => {
            (Verdict::Lacking, unmet.iter().map(ToString::to_string).collect())
        }
        Fate::Broken(error) => (Verdict::Broken, vec![format!("{error:#}")]),
    };
    Some(Finished {
        name: planned.name.clone(),
        verdict,
        why,
        attempts: 0,
        seconds: 0.0,
        account: Account::default(),
        before: Vec::new(),
        script: None,
        output: Output::default(),
        brief: Vec::new(),
    })
}

/// Tests wait most of their time.
fn default_jobs() -> usize {
    4 * cores()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
