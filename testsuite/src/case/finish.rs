//! The end of a test: servers are stopped, modules asked, and what was said is weighed.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use instance::{Finding, Stop, Stopped};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Ast, Panicked, TestCase, TestResult, lock};
use crate::job::{Account, INTERRUPTED, Outcome, Phase, PhaseTime, Reason};

/// The signals by which a test itself ends a server: SIGKILL and SIGTERM.
const WILLED: [i32; 2] = [9, 15];

/// How long events may take to be handed out after the last server is gone.
const EVENTS: Duration = Duration::from_secs(10);

/// How often to look for channels where no event tells that one has gone.
const LOOK: Duration = Duration::from_millis(100);

/// How long events may be behind the server: their order is certain, their time is not.
const BEHIND: Duration = Duration::from_secs(1);

/// Waits until a server has no channels, and what they said has come; or until it is no server any
/// more.
async fn calls_are_over(ast: &Ast) {
    let mut told = ast.channels_told();
    let mut gone = None;
    while let Ok(channels) = ast.channels().await {
        let all_told = told.borrow_and_update().is_empty();
        if channels.is_empty() {
            let since = gone.get_or_insert_with(Instant::now);
            // A test may have asked for fewer events.
            if all_told || since.elapsed() > BEHIND {
                return;
            }
        }
        let _ = timeout(LOOK, told.changed()).await;
    }
}

/// What ended a test.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// It itself.
    Done,
    /// Its time-out, after so many seconds.
    Timeout(f64),
    /// Somebody who wants it to end.
    Cancelled,
}

impl TestCase {
    /// Runs a test to its end and weighs what was said.
    pub(crate) async fn run(
        &self,
        body: impl Future<Output = TestResult>,
        cancelled: &CancellationToken,
    ) -> Account {
        self.begin(Phase::Prepare);
        let (end, open) = self.until_its_end(body, cancelled).await;
        self.begin(Phase::Stop);
        // Of its end a server has much to say.
        let log = self.asts().iter().flat_map(Ast::last_lines).collect();
        let stopped = self.stop_servers(&end, cancelled).await;
        let capture = lock(&self.shared.capture).take();
        if let Some(capture) = capture
            && let Err(error) = capture.finish()
        {
            self.note(format!("the capture of packets is not complete: {error:#}"));
        }
        let all: Vec<_> = stopped.iter().map(|(_, stopped)| stopped.clone()).collect();
        self.tell(|module| module.stopped(&all, self));
        self.give_up_tasks().await;
        self.judge_findings(&stopped);
        Account { log, ..self.weigh(&end, open) }
    }

    /// How it ended, and what was being waited for then.
    async fn until_its_end(
        &self,
        body: impl Future<Output = TestResult>,
        cancelled: &CancellationToken,
    ) -> (End, Vec<Reason>) {
        let mut body = std::pin::pin!(body);
        let end = tokio::select! {
            biased;
            result = &mut body => {
                match result {
                    // As the last word of a test that says nothing else.
                    Ok(()) => self.set_passed(true),
                    Err(error) => {
                        self.state().faulty |= error.is::<Panicked>();
                        self.fail(format!("{:#}", anyhow::Error::from_boxed(error)));
                    }
                }
                End::Done
            }
            () = self.shared.ended.cancelled() => End::Done,
            ended = self.a_server_ends() => {
                self.fail(ended);
                End::Done
            }
            () = cancelled.cancelled() => {
                self.fail(INTERRUPTED);
                End::Cancelled
            }
            () = self.time_is_up() => {
                End::Timeout(self.state().timeout.unwrap_or_default().as_secs_f64())
            }
        };
        (end, self.shared.open.reasons())
    }

    /// Ends what goes on beside the test. One that panicked has failed it.
    async fn give_up_tasks(&self) {
        let tasks: Vec<_> = lock(&self.shared.spawned).drain(..).collect();
        for task in tasks {
            task.abort();
            if let Err(error) = task.await
                && error.is_panic()
            {
                self.fail(format!("a task of the test: {}", Panicked::new(&*error.into_panic())));
            }
        }
    }

    /// Waits until a server ends that must not.
    async fn a_server_ends(&self) -> String {
        loop {
            let asts = self.asts();
            let mut ends: Vec<_> = asts.iter().map(|ast| Box::pin(ast.ended())).collect();
            let any = std::future::poll_fn(|context| {
                for (at, end) in ends.iter_mut().enumerate() {
                    if let std::task::Poll::Ready(status) = end.as_mut().poll(context) {
                        return std::task::Poll::Ready((at, status));
                    }
                }
                std::task::Poll::Pending
            });
            tokio::select! {
                (at, status) = any => {
                    let number = asts[at].number();
                    return format!("Asterisk {number} ended in the middle of the test ({status})");
                }
                // There are servers now that were not there.
                () = self.shared.booted.notified() => {}
            }
        }
    }

    /// Ends the last phase, and returns how long each took.
    pub(crate) fn phase_times(&self) -> Vec<PhaseTime> {
        let mut state = self.state();
        state.end_phase(None);
        state.phases.clone()
    }

    /// The folder that its servers are in.
    pub(crate) fn folder_of_run(&self) -> Option<PathBuf> {
        self.state().folder.clone()
    }

    async fn stop_servers(&self, end: &End, cancelled: &CancellationToken) -> Vec<(u32, Stopped)> {
        // What is a failure already cannot become anything else.
        let failed = self.state().passed == Some(false);
        let patience = if failed { Duration::ZERO } else { self.state().patience };
        let kill = *end == End::Cancelled;
        let stop_one = |ast: Ast, cancelled: CancellationToken| async move {
            tokio::select! {
                () = cancelled.cancelled() => {}
                // `core stop gracefully` would unload all modules: some take ten seconds for that.
                _ = timeout(patience, calls_are_over(&ast)) => {}
            }
            ast.shut_down(if kill { Stop::Kill } else { Stop::Now }).await
        };
        let asts = self.asts();
        let stops: Vec<_> =
            asts.iter().map(|ast| tokio::spawn(stop_one(ast.clone(), cancelled.clone()))).collect();
        let mut stopped = Vec::new();
        for (stop, ast) in stops.into_iter().zip(&asts) {
            match stop.await {
                Ok(it) => stopped.push((ast.number(), it)),
                Err(error) => {
                    self.fail(format!("Asterisk {} could not be stopped: {error}", ast.number()));
                }
            }
        }
        // Events that the servers sent before they ended count.
        let pumps: Vec<_> = lock(&self.shared.pumps).drain(..).collect();
        for pump in pumps {
            match timeout(EVENTS, pump).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.fail(format!("events could not be handed out: {error}")),
                Err(_) => self.note("an AMI connection outlived its server"),
            }
        }
        stopped
    }

    /// What servers left: a crash is a failure, whatever the test says.
    fn judge_findings(&self, stopped: &[(u32, Stopped)]) {
        for (number, finding) in stopped
            .iter()
            .flat_map(|(number, it)| it.findings.iter().map(move |finding| (*number, finding)))
        {
            let what = format!("Asterisk {number}: {finding}");
            if let Finding::Crash(crash) = finding {
                self.state().cores.extend(crash.core.clone());
            }
            let asts = self.asts();
            let let_go = asts.iter().any(|ast| ast.number() == number && ast.is_let_go());
            match finding {
                Finding::Ended(_) if let_go => self.note(what),
                Finding::Crash(crash) if let_go && WILLED.contains(&crash.signal) => {
                    self.note(what)
                }
                Finding::Crash(_) | Finding::Ended(_) | Finding::Sanitizer { .. } => {
                    self.state().faulty = true;
                    self.fail(what);
                }
                // Of those there are many in tests that pass.
                Finding::Error(_) | Finding::MoreErrors(_) => {}
                _ => self.note(what),
            }
        }
    }

    fn weigh(&self, end: &End, open: Vec<Reason>) -> Account {
        let mut state = self.state();
        let forgotten = std::mem::take(&mut state.tokens).into_iter();
        let forgotten = forgotten.map(|(_, what)| Reason::new(format!("it was not done: {what}")));
        state.reasons.extend(forgotten);
        let passed = state.passed == Some(true) && state.reasons.is_empty();
        let mut reasons = std::mem::take(&mut state.reasons);
        match end {
            _ if passed => {}
            End::Timeout(seconds) => {
                reasons.lead(Reason::new(format!("no verdict within {seconds} s")));
            }
            _ if !reasons.is_empty() => {}
            _ if state.passed.is_some() => reasons.push(Reason::new("the test was said to fail")),
            _ => reasons.push(Reason::new("the test ended without a verdict")),
        }
        if !passed {
            reasons.extend(open);
        }
        let outcome = match end {
            _ if passed => Outcome::Passed,
            _ if state.faulty => Outcome::Faulty,
            End::Timeout(_) => Outcome::TimedOut,
            End::Done | End::Cancelled => Outcome::Failed,
        };
        Account {
            outcome,
            cores: std::mem::take(&mut state.cores),
            reasons: reasons.into_vec(),
            notes: std::mem::take(&mut state.notes).into_vec(),
            ..Account::default()
        }
    }
}
