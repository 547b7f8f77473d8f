//! Tests as a test target of cargo: with the command line that cargo and nextest use, and told as
//! libtest tells.
//!
//! This is the last room and depends on all others. A command line of libtest comes in, a run of
//! the session goes out. A list of tests is made here, for it needs no server.
//!
//! Pitfalls: nextest lists twice and then starts a process for each test, so what a run does before
//! its first test counts for each of them. Nothing may be written into the package's folder.

use std::fs;
use std::io::ErrorKind::{DirectoryNotEmpty, NotFound};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use self::arguments::Arguments;
use crate::components::Registry;
use crate::files::{FoundTest, GlobalConfig, Suite};
use crate::job::{Options, Target};
use crate::report::libtest::{Libtest, name};
use crate::session;
use crate::worker;

mod arguments;

/// The exit code of a run that failed, as libtest has it.
const FAILED: u8 = 101;

/// The files that mark the folder of what cargo builds. It writes the first one only where it made
/// the folder itself.
const TARGET: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// The variable that names the package's folder where tests run.
const PACKAGE: &str = "CARGO_MANIFEST_DIR";

/// The variable in which nextest counts the executions of a test, from 1.
const ATTEMPT: &str = "NEXTEST_ATTEMPT";

/// The `main` of a test target of cargo: a package's tests, in YAML and in Rust, for `cargo test`
/// and `cargo nextest`.
///
/// ```toml
/// [[test]]
/// name = "asterisk"
/// harness = false
/// ```
///
/// ```no_run
/// // tests/asterisk.rs
/// use std::process::ExitCode;
///
/// use testsuite::{Harness, Registry, TestCase, TestResult};
///
/// /// `test-modules: {test-object: {typename: 'own.Boots'}}`
/// async fn boots(test: TestCase) -> TestResult {
///     test.start().await?;
///     Ok(())
/// }
///
/// fn main() -> ExitCode {
///     let registry = Registry::new().test("own.Boots", boots);
///     Harness::new(env!("CARGO_MANIFEST_DIR"), registry).run()
/// }
/// ```
///
/// The package is a suite: `tests/tests.yaml` lists its tests; without it every folder below
/// `tests` with a `test-config.yaml` is one. The name of a test is the path of its folder below
/// `tests`, such as `calls/answers`.
#[derive(Debug)]
pub struct Harness {
    registry: Registry,
    package: PathBuf,
    suite: PathBuf,
}

impl Harness {
    /// Tests of a package. Its folder is `env!("CARGO_MANIFEST_DIR")`, which counts as long as it
    /// is there: after that, where the program was built on another machine, it is the one that
    /// `CARGO_MANIFEST_DIR` names when the tests run.
    pub fn new(package: impl Into<PathBuf>, registry: Registry) -> Self {
        Self { registry, package: package.into(), suite: PathBuf::new() }
    }

    /// Sets the folder of the suite, the one that has the folder `tests`, from that of the package;
    /// the package's own unless set.
    #[must_use]
    pub fn suite(mut self, folder: impl Into<PathBuf>) -> Self {
        self.suite = folder.into();
        self
    }

    /// Does what the command line says: lists or runs the tests, as `--help` tells.
    ///
    /// Exits with 0 if no test failed, else with 101, also where something could not be run.
    ///
    /// The program starts itself anew for each test, so nothing but this may happen in its `main`,
    /// and no thread may be there yet.
    pub fn run(self) -> ExitCode {
        if let Some(ended) = worker::run_if_wanted(&self.registry) {
            return ended;
        }
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help goes to standard output and is no failure. There is nobody to tell if it
                // cannot be printed.
                let _ = error.print();
                return ExitCode::from(if error.use_stderr() { FAILED } else { 0 });
            }
        };
        self.follow(&arguments).unwrap_or_else(|error| {
            // Nobody may read it; the code tells as well.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(FAILED)
        })
    }

    fn follow(&self, arguments: &Arguments) -> anyhow::Result<ExitCode> {
        let root = self.root();
        let global = GlobalConfig::named(None);
        let suite = Suite::find(&root, global.as_deref())?;
        // With a list that cannot be read, nobody knows which tests are missing.
        if let Some(problem) = suite.problems.first() {
            return Err(problem.clone().into());
        }
        let is_skipped = |test: &FoundTest| suite.skipped(test).is_some();
        let chosen: Vec<_> = suite
            .tests
            .iter()
            .filter(|test| arguments.chooses(name(&test.name)))
            .filter(|test| !arguments.ignored || is_skipped(test))
            .map(|test| test.name.clone())
            .collect();
        if arguments.list {
            list(&chosen, arguments.is_terse()).context("the list cannot be printed")?;
            return Ok(ExitCode::SUCCESS);
        }
        let target = Target {
            filtered: suite.tests.len() - chosen.len(),
            names: chosen.into_iter().collect(),
            also_skipped: arguments.ignored || arguments.include_ignored,
            form: arguments.form(),
        };
        if target.names.is_empty() {
            // Which needs no server.
            Libtest::new(&target, Path::new("")).none().context("the standard output")?;
            return Ok(ExitCode::SUCCESS);
        }
        let options = options(root, arguments, target)?;
        let ended = session::start(&self.registry, &options);
        Ok(if ended == ExitCode::SUCCESS { ended } else { ExitCode::from(FAILED) })
    }

    /// The folder of the suite.
    fn root(&self) -> PathBuf {
        let moved = || std::env::var_os(PACKAGE).map(PathBuf::from);
        let package = Some(self.package.clone()).filter(|it| it.is_dir()).or_else(moved);
        package.unwrap_or_else(|| self.package.clone()).join(&self.suite)
    }
}

/// Prints the names of tests, as libtest does and nextest reads it.
fn list(tests: &[String], terse: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for test in tests {
        writeln!(out, "{}: test", name(test))?;
    }
    if !terse {
        let count = tests.len();
        let noun = if count == 1 { "test" } else { "tests" };
        writeln!(out, "\n{count} {noun}, 0 benchmarks")?;
    }
    Ok(())
}

/// The settings of the run, as those of the runner's command line.
fn options(root: PathBuf, arguments: &Arguments, target: Target) -> anyhow::Result<Options> {
    let mut options = Options::try_parse_from(["asterisk"])?;
    options.suite = root;
    options.jobs = arguments.threads()?;
    options.stop_on_error = arguments.fail_fast;
    options.chosen.logs = place().context("a folder for the evidence")?;
    // Where nextest tries a test again, the evidence of its failure was told.
    let is_first = std::env::var_os(ATTEMPT).is_none_or(|it| it == "1");
    for test in target.names.iter().filter(|_| is_first) {
        forget(&options.chosen.logs.join(test))?;
    }
    options.target = Some(target);
    Ok(options)
}

/// The folder for what a run writes: below that of what cargo builds, where the files of tests go,
/// or else beside the program.
fn place() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("the path of this program")?;
    let folder = program.parent().unwrap_or_else(|| Path::new("/"));
    let target = folder.ancestors().find(|it| TARGET.iter().any(|name| it.join(name).is_file()));
    let target = target.unwrap_or(folder);
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    // `asterisk-1f0c…`: each build has a name of its own.
    let is_hash = |it: &str| it.len() == 16 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let name = stem.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).map_or(&*stem, |it| it.0);
    Ok(target.join("tmp").join(format!("{name}-logs")))
}

/// Removes the evidence of earlier runs of a test.
fn forget(evidence: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(evidence).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // A test may have others below it.
        if name.strip_prefix("run_").is_some_and(|number| number.parse::<u32>().is_ok()) {
            let path = entry.path();
            match fs::remove_dir_all(&path) {
                Ok(()) => {}
                // Another run removes it as well, or writes it just now.
                Err(error) if matches!(error.kind(), NotFound | DirectoryNotEmpty) => {}
                Err(error) => {
                    let what = format!("earlier evidence: {}", path.display());
                    return Err(error).context(what);
                }
            }
        }
    }
    Ok(())
}
