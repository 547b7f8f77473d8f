//! The end of a test: components let go, servers are stopped, components judge, and what was said
//! is weighed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, pending, select_all};
use instance::{Finding, Stop};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ast::{Calls, MESSAGES};
use super::{Ast, Ended, Happening, Panicked, TestCase, TestResult, lock};
use crate::job::{Account, INTERRUPTED, Outcome, Phase, PhaseTime, Reason};

/// The signals by which a test itself ends a server: SIGKILL and SIGTERM.
const WILLED: [i32; 2] = [9, 15];

/// The time that servers may take to end when they unload their modules: calls are over by then.
const UNLOADING: Duration = Duration::from_secs(30);

/// The time that events which are sure to come may take to be handed out, also on a machine that
/// has much else to do.
const EVENTS: Duration = Duration::from_secs(10);

/// The time that components have to judge when somebody wants the end of all.
const MOMENT: Duration = Duration::from_secs(1);

/// The time between two looks at the channels where no event tells that one has gone.
const LOOK: Duration = Duration::from_millis(100);

/// The time that the records of calls may take to come to an end when all channels have gone.
const RECORDS: Duration = Duration::from_secs(3);

/// The time that events may be behind the server where nobody knows whether they come at all.
const BEHIND: Duration = Duration::from_secs(1);

/// Waits until a server has no channels, and what they said has come; or until it is no server any
/// more.
async fn calls_are_over(ast: &Ast) {
    let mut told = ast.calls_told();
    let mut gone = None;
    while let Ok(channels) = ast.channels().await {
        let all_told = told.borrow_and_update().are_over();
        if channels.iter().all(|it| it.as_bytes() == MESSAGES) {
            let since = gone.get_or_insert_with(Instant::now);
            // A test may have asked for fewer events.
            if all_told || since.elapsed() > BEHIND {
                // The records of calls are written by another thread, behind the last hangup.
                if !told.borrow().are_recorded() && ast.tells_end_of_records().await {
                    let _ = timeout(RECORDS, told.wait_for(Calls::are_recorded)).await;
                }
                let limit = if ast.gets_fence().await { EVENTS } else { BEHIND };
                let _ = timeout(limit, ast.fence()).await;
                return;
            }
        }
        let _ = timeout(LOOK, told.changed()).await;
    }
}

/// Waits until somebody wants the end of all, and a moment more.
async fn after_cancellation(cancelled: &CancellationToken) {
    cancelled.cancelled().await;
    sleep(MOMENT).await;
}

/// The cause of the end of a test.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// The test itself, or one of its components.
    Done,
    /// The time-out, after so many seconds.
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
        self.shared.ending.cancel();
        self.begin(Phase::Stop);
        if !self.shared.actors.has_begun() {
            // A test that boots nothing is judged as well.
            self.shared.actors.begin(self);
        }
        tokio::select! {
            biased;
            () = cancelled.cancelled() => {}
            () = self.let_go() => {}
        }
        // Of its end a server has much to say.
        let log = self.asts().iter().flat_map(Ast::last_lines).collect();
        let ended: Arc<[_]> = self.stop_servers(&end, cancelled).await.into();
        let capture = lock(&self.shared.capture).take();
        if let Some(capture) = capture
            && let Err(error) = capture.finish()
        {
            self.note(format!("the capture of packets is not complete: {error:#}"));
        }
        self.complete_transcripts().await;
        self.shared.actors.tell(&Happening::Stopped(Arc::clone(&ended)));
        tokio::select! {
            biased;
            busy = self.shared.actors.end() => {
                for name in busy {
                    self.set_faulty();
                    self.fail(format!("{name} did not come to an end"));
                }
            }
            // Whoever wants the end of all does not wait for one.
            () = after_cancellation(cancelled) => {}
        }
        self.give_up_tasks().await;
        self.judge_findings(&ended);
        Account { log, ..self.weigh(&end, open) }
    }

    /// Tells components that the test ends, behind all that has happened, and waits until they have
    /// let go.
    async fn let_go(&self) {
        let handed_out = lock(&self.shared.pumps).handed_out();
        // Where events come without end, some are told behind the end.
        let _ = timeout(EVENTS, handed_out).await;
        for name in self.shared.actors.let_go().await {
            self.note(format!("{name} was still busy when the test ended"));
        }
    }

    /// Waits until what the servers have said is in its files, which judges may read. The
    /// connections have ended with the servers.
    async fn complete_transcripts(&self) {
        let transcripts = std::mem::take(&mut *lock(&self.shared.transcripts));
        for transcript in transcripts {
            match timeout(EVENTS, transcript.finish()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    self.note(format!("a transcript of AMI is not complete: {error:#}"));
                }
                Err(_) => self.note("a transcript of AMI is not complete: its connection is open"),
            }
        }
    }

    /// Runs the test until something ends it. Returns the cause, and the events that were awaited
    /// then.
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
                        if error.is::<Panicked>() {
                            self.set_faulty();
                        }
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
            () = self.shared.clock.is_up() => {
                End::Timeout(self.shared.clock.timeout().unwrap_or_default().as_secs_f64())
            }
        };
        let open = self.shared.open.reasons().into_iter();
        (end, open.chain(self.shared.requests.reasons()).collect())
    }

    /// Ends what goes on beside the test. One that panicked has failed it.
    async fn give_up_tasks(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.shared.spawned));
        tasks.abort_all();
        self.tell_panics("a task of the test", &mut tasks).await;
    }

    /// Waits for tasks. One that panicked fails the test.
    async fn tell_panics(&self, what: &str, tasks: &mut JoinSet<()>) {
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                self.set_faulty();
                self.fail(format!("{what}: {}", Panicked::new(&*error.into_panic())));
            }
        }
    }

    /// Waits until a server ends that must not.
    async fn a_server_ends(&self) -> String {
        loop {
            let asts = self.asts();
            let ends = asts.iter().map(|ast| Box::pin(async { (ast.number(), ast.ended().await) }));
            let ends: Vec<_> = ends.collect();
            let any =
                async { if ends.is_empty() { pending().await } else { select_all(ends).await.0 } };
            tokio::select! {
                (number, status) = any => {
                    return format!("Asterisk {number} ended in the middle of the test ({status})");
                }
                // There are servers now that were not there.
                () = self.shared.booted.notified() => {}
            }
        }
    }

    /// Ends the last phase, and returns how long each took.
    pub(crate) fn phase_times(&self) -> Vec<PhaseTime> {
        let mut phases = lock(&self.shared.phases);
        phases.end(None);
        phases.times.clone()
    }

    async fn stop_servers(&self, end: &End, cancelled: &CancellationToken) -> Vec<Ended> {
        // What is a failure already cannot become anything else.
        let failed = self.shared.verdict.said().passed == Some(false) || self.is_late(end);
        let patience = if failed { Duration::ZERO } else { *lock(&self.shared.patience) };
        let stop = match end {
            End::Cancelled => Stop::Kill,
            _ if self.needs().unloads() && !failed => Stop::Gracefully(UNLOADING),
            // To unload all modules takes some servers ten seconds.
            _ => Stop::Now,
        };
        let asts = self.asts();
        let stops = asts.iter().map(|ast| async move {
            tokio::select! {
                () = cancelled.cancelled() => {}
                _ = timeout(patience, calls_are_over(ast)) => {}
            }
            let stopped = ast.shut_down(stop).await;
            ast.set_over();
            Ended { id: ast.id(), stopped }
        });
        let ended = join_all(stops).await;
        // Events that the servers sent before they ended count.
        let mut pumps = std::mem::take(&mut *lock(&self.shared.pumps)).into_tasks();
        let handed_out = self.tell_panics("the way of events", &mut pumps);
        if timeout(EVENTS, handed_out).await.is_err() {
            self.note("an AMI connection outlived its server");
        }
        ended
    }

    /// Judges the findings of the servers: a crash is a failure, whatever the test says.
    fn judge_findings(&self, ended: &[Ended]) {
        let findings = ended.iter().flat_map(|Ended { id, stopped }| {
            stopped.findings.iter().map(|finding| (id.number(), finding))
        });
        for (number, finding) in findings {
            let what = format!("Asterisk {number}: {finding}");
            if let Finding::Crash(crash) = finding {
                self.shared.verdict.said().cores.extend(crash.core.clone());
            }
            let asts = self.asts();
            let let_go = asts.iter().any(|ast| ast.number() == number && ast.is_let_go());
            match finding {
                Finding::Ended(_) if let_go => self.note(what),
                Finding::Crash(crash) if let_go && WILLED.contains(&crash.signal) => {
                    self.note(what)
                }
                // Our way to stop it is to blame, and not the test.
                Finding::Crash(crash) if crash.at_exit => self.note(what),
                Finding::Crash(_) | Finding::Ended(_) | Finding::Sanitizer { .. } => {
                    self.set_faulty();
                    self.fail(what);
                }
                // Of those there are many in tests that pass.
                Finding::Error(_) | Finding::MoreErrors(_) => {}
                _ => self.note(what),
            }
        }
    }

    /// Returns whether the end is a failure, whatever was said.
    fn is_late(&self, end: &End) -> bool {
        matches!(end, End::Timeout(_)) && self.shared.fails_late.load(Ordering::Relaxed)
    }

    fn weigh(&self, end: &End, open: Vec<Reason>) -> Account {
        let mut said = self.shared.verdict.said();
        let forgotten = std::mem::take(&mut said.tokens).into_iter();
        let forgotten = forgotten.map(|(_, what)| Reason::new(format!("it was not done: {what}")));
        said.reasons.extend(forgotten);
        let passed = said.passed == Some(true) && said.reasons.is_empty() && !self.is_late(end);
        let mut reasons = std::mem::take(&mut said.reasons);
        match end {
            _ if passed => {}
            End::Timeout(seconds) if said.passed == Some(true) && self.is_late(end) => {
                reasons.lead(Reason::new(format!("timed out after {seconds} s")));
            }
            End::Timeout(seconds) => {
                reasons.lead(Reason::new(format!("no verdict within {seconds} s")));
            }
            _ if !reasons.is_empty() => {}
            _ if said.passed.is_some() => reasons.push(Reason::new("the test was said to fail")),
            _ => reasons.push(Reason::new("the test ended without a verdict")),
        }
        if !passed {
            reasons.extend(open);
        }
        let outcome = match end {
            _ if passed => Outcome::Passed,
            _ if said.faulty => Outcome::Faulty,
            End::Timeout(_) => Outcome::TimedOut,
            End::Done | End::Cancelled => Outcome::Failed,
        };
        Account {
            outcome,
            cores: std::mem::take(&mut said.cores),
            reasons: reasons.into_vec(),
            notes: std::mem::take(&mut said.notes).into_vec(),
            ..Account::default()
        }
    }
}
