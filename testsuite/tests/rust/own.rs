//! Tests written in Rust: a program with them is a runner for them, and for all others.

use std::error::Error;
use std::io::Write;
use std::num::ParseIntError;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ami::{Action, Originate};
use instance::Modules;
use testsuite::{
    CallError, Component, ConfigError, Happening, Harness, Id, Life, Matcher, Needs, Registry,
    Section, Setting, Stage, Step, TestCase, TestResult, Watcher,
};

mod fast_agi;
mod restarts;

fn main() -> ExitCode {
    match std::env::var_os("OWN_TESTS_PACKAGE") {
        // As a test target of cargo, of this package.
        Some(package) => Harness::new(package, registry()).run(),
        None => testsuite::main(registry()),
    }
}

fn registry() -> Registry {
    Registry::new()
        .test("own.Sample", sample)
        .test("own.Unanswered", unanswered)
        .test("own.Refused", refused)
        .test("own.TwoServers", two_servers)
        .test("own.Calls", calls)
        .test("own.Lists", lists)
        .test("own.Causes", causes)
        .test("own.Observed", observed)
        .test("own.Unloads", unloads)
        .test("own.Patient", patient)
        .test("own.Unmet", unmet)
        .test("own.Token", token)
        .test("own.Panics", panics)
        .test("own.WrongParts", wrong_parts)
        .test("own.Prints", prints)
        .component("own.Says", says)
        .test("own.Crash", crash)
        .test("own.Killed", killed)
        .test("own.FastAgi", fast_agi::answers)
        .test("own.NoRequest", fast_agi::waits)
        .test("own.Restarts", restarts::restarts)
        .test("own.CutOff", restarts::cut_off)
        .test("own.Stuck", stuck)
        .test("own.Aborts", aborts)
        .test("own.Sticky", sticky)
        .test("own.NoBoot", no_boot)
        .test("own.Loud", loud)
        .test("own.Forged", forged)
        .test("own.Fails", fails)
        .test("own.Chain", chain)
        .test("own.Endless", endless)
        .test("own.Verbose", verbose)
        .test("own.LongLog", long_log)
}

fn result() -> Matcher {
    Matcher::event("UserEvent").header("UserEvent", "TestResult")
}

fn call() -> Originate {
    Originate::to_application("Local/s@default", "Echo", "")
}

/// As short as the page's.
async fn sample(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut results = ast.watch(result());
    test.originate(call());
    let result = results.next().await?;
    test.set_passed(result.text("result").as_deref() == Some("pass"));
    Ok(())
}

/// A call that the dialplan never answers, and one that it hangs up, whose outcome is asked for.
async fn unanswered(test: TestCase) -> TestResult {
    match test.originate(call()).await {
        Err(CallError::NoServer) => {}
        other => test.fail(format!("a call without a server: {other:?}")),
    }
    let ast = test.start().await?;
    let mut results = ast.watch(result());
    let mut silent = test.originate(call());
    results.next().await?;
    tokio::select! {
        biased;
        ended = &mut silent => test.fail(format!("the call is over: {ended:?}")),
        () = std::future::ready(()) => {}
    }
    match test.originate(Originate::to_application("Local/busy@default", "Echo", "")).await {
        Err(CallError::Failed(error)) if matches!(*error, ami::Error::Originate { .. }) => {}
        other => test.fail(format!("a call to one who is busy: {other:?}")),
    }
    Ok(())
}

/// Waits for what cannot come, for the server refuses the call. Another one is given up after it
/// has failed.
async fn refused(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut failed = ast.watch(Matcher::event("OriginateResponse").header("Response", "Failure"));
    let to_nobody = Originate::to_application("Local/nobody@nowhere", "Echo", "");
    let given_up = test.originate(to_nobody);
    failed.next().await?;
    test.set_timeout(Duration::from_secs(2));
    let mut results = ast.watch(result());
    test.originate(Originate::to_extension("Local/s@default", "default", "nobody", "1"));
    results.next().await?;
    drop(given_up);
    Ok(())
}

async fn two_servers(test: TestCase) -> TestResult {
    let asts = test.start_many(2).await?;
    let mut results = asts[1].watch(result().header("result", "pass"));
    let caller = asts[0].clone();
    test.spawn(async move {
        let _ = caller.ami().originate(call()).await;
    });
    results.next().await?;
    Ok(())
}

/// Calls that are answered, that are not, and that the server refuses.
async fn calls(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let call = |channel: &str| ast.originate(Originate::to_application(channel, "Echo", ""));
    let answered = call("Local/answers@default").await?.ok_or("not answered")?;
    if answered.channel() != "Local/answers@default-00000000;1" {
        test.fail(format!("the channel is {}", answered.channel()));
    }
    for channel in ["Local/silent@default", "Local/nobody@nowhere", "Nonesuch/1"] {
        if let Some(answered) = call(channel).await? {
            test.fail(format!("{channel} was answered: {answered:?}"));
        }
    }
    let to = |channel: &str, exten: &str| Originate::to_extension(channel, "default", exten, "1");
    for refused in [to("answers", "silent"), to("Local/answers@default", "nobody")] {
        match ast.originate(refused).await {
            Err(ami::Error::Rejected(_)) => {}
            other => test.fail(format!("it was not refused: {other:?}")),
        }
    }
    ast.ami().close().await?;
    if let Ok(answered) = call("Local/answers@default").await {
        test.fail(format!("there is no connection any more: {answered:?}"));
    }
    Ok(())
}

/// Modules see the events that answer an action.
async fn lists(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    ast.ami().list(Action::new("Status")).also_to_subscribers().collect().await?;
    ast.ami().list(Action::new("Status")).collect().await?;
    Ok(())
}

/// An error whose causes are in its source alone.
#[derive(Debug, thiserror::Error)]
#[error("the garden is closed")]
struct Closed(#[source] ParseIntError);

/// The reason of a test has all causes, each once.
async fn causes(_: TestCase) -> TestResult {
    let plants = "many".parse::<u8>().map_err(Closed)?;
    Err(format!("{plants} plants").into())
}

/// The happenings that a module is told.
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        if let Ok(mut diary) = self.0.lock() {
            diary.push(what.into());
        }
    }
}

impl Watcher for Diary {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        match what {
            Happening::Started => self.note("started"),
            Happening::Connected(ast) => self.note(format!("connected {}", ast.number())),
            Happening::Event(_, event) if event.is("UserEvent") => {
                self.note(event.text("UserEvent").unwrap_or_default());
            }
            Happening::Stopping(_) => self.note("stopping"),
            Happening::Stopped(ended) => {
                self.note(format!("stopped {}", ended.len()));
                let told = self.0.lock().map(|diary| diary.join(", ")).unwrap_or_default();
                if told != "started, connected 1, One, Two, stopping, stopped 1" {
                    test.fail(format!("the module was told: {told}"));
                }
            }
            _ => {}
        }
    }
}

/// Asserts that servers stop behind an event that the runner itself asks for when the last call has
/// ended, and that nobody is told of it.
#[derive(Default)]
struct Behind(PathBuf);

impl Watcher for Behind {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        const FENCE: &str = "TESTSUITE_FENCE";
        match what {
            Happening::Connected(ast) => self.0 = ast.sandbox().folder().join("ast1.ami"),
            Happening::Event(_, event) if event.text("Variable").as_deref() == Some(FENCE) => {
                test.fail("the runner's own event was told");
            }
            Happening::Stopped(_) => {
                let said = std::fs::read_to_string(&self.0).unwrap_or_default();
                if !said.contains(&format!("Variable: {FENCE}")) {
                    test.fail("the servers stopped without a fence");
                }
            }
            _ => {}
        }
    }
}

async fn observed(test: TestCase) -> TestResult {
    test.add(Box::new(Diary(Arc::default())));
    test.add(Box::new(Behind::default()));
    test.set_patience(Duration::from_secs(20));
    let ast = test.start().await?;
    let mut second = ast.watch(Matcher::event("UserEvent").header("UserEvent", "Two"));
    let caller = ast.clone();
    test.spawn(async move {
        let _ = caller.ami().originate(call()).await;
    });
    second.next().await?;
    Ok(())
}

/// Waits for what servers say while they unload their modules.
struct Unloading;

impl Component for Unloading {
    fn needs(&self, needs: &mut Needs) {
        needs.unloading();
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        Box::pin(async {
            // Those of a whole server take ten seconds.
            setting.change(Id::default(), |it| it.modules(Modules::list(["app_echo"])))
        })
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let ast = stage.connected(Id::default()).await.ok_or("no login")?;
            stage.stopped().await;
            let log = std::fs::read_to_string(ast.log().path())?;
            if !log.contains("Unloading app_echo.so") {
                stage.test().fail("the modules were not unloaded");
            }
            Ok(())
        })
    }
}

async fn unloads(test: TestCase) -> TestResult {
    test.add(Box::new(Unloading));
    let ast = test.start().await?;
    let shown = ast.cli("module show like app_").await?;
    if shown.contains("app_dial") {
        test.fail(format!("the component changed nothing: {shown}"));
    }
    Ok(())
}

/// Longer than its time-out, but not between two steps.
async fn patient(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut steps = ast.watch(Matcher::event("UserEvent").header("UserEvent", "Step"));
    ast.ami().originate(call()).await?;
    for _ in 0..3 {
        steps.next().await?;
        test.reset_timeout();
    }
    Ok(())
}

/// Waits for weather that does not come.
async fn unmet(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let weather = Matcher::event("UserEvent").header("UserEvent", "Weather");
    let mut sunny = ast.watch(weather.matching("state", "sun")?.header("place", "here"));
    test.spawn(async move {
        let _ = ast.ami().originate(call()).await;
    });
    sunny.next().await?;
    Ok(())
}

async fn token(test: TestCase) -> TestResult {
    test.start().await?;
    test.fail_token("this was done").remove();
    let _forgotten = test.fail_token("water the plants");
    Ok(())
}

async fn panics(test: TestCase) -> TestResult {
    test.start().await?;
    panic!("this test is wrong");
}

/// A module that is wrong, and would not be heard of.
struct Wrong;

impl Watcher for Wrong {
    fn name(&self) -> &str {
        "a module"
    }

    fn see(&mut self, what: &Happening, _: &TestCase) {
        if matches!(what, Happening::Stopped(_)) {
            panic!("this module is wrong");
        }
    }
}

async fn wrong_parts(test: TestCase) -> TestResult {
    test.add(Box::new(Wrong));
    test.start().await?;
    let done = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&done);
    test.spawn(async move {
        told.notify_one();
        panic!("this task is wrong");
    });
    done.notified().await;
    Ok(())
}

/// Prints, which does not get in the way of what its process says.
async fn prints(test: TestCase) -> TestResult {
    #[expect(clippy::print_stdout, reason = "as tests do")]
    {
        print!("no line break");
        std::io::stdout().flush()?;
    }
    test.start().await?;
    Ok(())
}

/// Fails the test with what its configuration says.
struct Says(String);

fn says(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Ok(Box::new(Says(section.expect_text("what")?.to_owned())))
}

impl Watcher for Says {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        if matches!(what, Happening::Stopped(_)) {
            test.fail(&*self.0);
        }
    }
}

/// Does not give its thread back, so that nothing can end it but a signal.
async fn stuck(test: TestCase) -> TestResult {
    test.start().await?;
    test.print("stuck");
    let (_kept, never) = std::sync::mpsc::channel::<()>();
    Ok(never.recv()?)
}

/// A server may end, but not like that.
async fn crash(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    ast.may_end();
    let pid = ast.pid().ok_or("it has ended")?;
    std::process::Command::new("kill").args(["-SEGV", &pid.to_string()]).status()?;
    ast.exited().await;
    Ok(())
}

/// One that the test itself kills.
async fn killed(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut results = ast.watch(result());
    ast.may_end();
    ast.kill().await;
    let error = results.next().await.err().ok_or("it is dead")?;
    if error.source().is_none() {
        test.fail(format!("there is no cause: {error}"));
    }
    Ok(())
}

/// Takes its process along.
async fn aborts(test: TestCase) -> TestResult {
    test.start().await?;
    std::process::abort();
}

async fn sticky(test: TestCase) -> TestResult {
    test.start().await?;
    test.set_passed(false);
    test.set_passed(true);
    Ok(())
}

async fn no_boot(test: TestCase) -> TestResult {
    test.start().await?;
    Ok(())
}

/// Prints long lines from four threads, half of them as any program does.
#[expect(clippy::print_stdout, reason = "as tests do")]
async fn loud(test: TestCase) -> TestResult {
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (test, line) = (&test, number.to_string().repeat(60_000));
            scope.spawn(move || {
                for _ in 0..4 {
                    test.print(&*line);
                    println!("{line}");
                }
            });
        }
    });
    Ok(())
}

/// Prints what its process says at its end, and a child does, and fails.
#[expect(clippy::print_stdout, reason = "as tests do")]
async fn forged(test: TestCase) -> TestResult {
    const END: &str = "{\"end\":{\"outcome\":\"passed\",\"reasons\":[],\"notes\":[\"forged\"],\"log\":[],\"phases\":[],\"evidence\":null,\"cpu\":0.0,\"memory\":0}}";
    let name = std::fs::read_to_string("/proc/self/comm")?;
    test.fail(format!("the real reason, of {}", name.trim()));
    println!("{END}");
    std::process::Command::new("/bin/echo").arg(END).status()?;
    print!("without an end: ");
    test.print(END);
    Ok(())
}

/// Fails for more reasons than anybody reads.
async fn fails(test: TestCase) -> TestResult {
    for number in 0..60_000 {
        test.fail(format!("reason {number} {}", "x".repeat(400)));
        test.note(format!("note {number}"));
    }
    Ok(())
}

/// An error with a cause.
#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the outer one")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

async fn chain(_: TestCase) -> TestResult {
    Err(Outer(std::io::Error::other("the inner one")).into())
}

/// Sets each time to the longest that there is.
async fn endless(test: TestCase) -> TestResult {
    test.set_timeout(Duration::MAX);
    test.set_patience(Duration::MAX);
    test.stop_after(Duration::MAX);
    test.start().await?;
    test.reset_timeout();
    Ok(())
}

/// For the benchmark of output: prints 300 MB in lines of 60 kB, and fails.
#[expect(clippy::print_stdout, reason = "as tests do")]
async fn verbose(_: TestCase) -> TestResult {
    let line = "x".repeat(59_999);
    for _ in 0..5_000 {
        println!("{line}");
    }
    Err("it printed much".into())
}

/// For the benchmark of output: has a server with a log of 200 MB, and fails.
async fn long_log(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let log = ast.sandbox().logs().join("full.txt");
    let mut log = std::fs::File::options().append(true).open(log)?;
    let line = format!("[Jan  1 00:00:00] VERBOSE[1] pbx.c: {}\n", "x".repeat(64));
    let lines = line.repeat(1_000);
    for _ in 0..200_000_000 / lines.len() {
        log.write_all(lines.as_bytes())?;
    }
    Err("its log is long".into())
}
