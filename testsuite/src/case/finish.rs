//! The end of a test: servers are stopped, modules asked, and what was said is weighed.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use instance::{Finding, Stop, Stopped};
use tokio::time::timeout;

use super::{Ast, TestCase, TestResult, lock};
use crate::verdict::{Outcome, Phase, Reason};

/// How long events may take to be handed out after the last server is gone.
const EVENTS: Duration = Duration::from_secs(10);

/// How often to look for channels where no event tells that one has gone.
const LOOK: Duration = Duration::from_millis(100);

/// How long events may be behind the server: their order is certain, their time is not.
const BEHIND: Duration = Duration::from_secs(1);

/// Waits until a server has no channels, and what they said has come; or until it is no server any more.
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It itself.
    Done,
    /// Its time-out.
    Timeout,
    /// Somebody who wants it to end.
    Cancelled,
}

impl TestCase {
    /// Runs a test to its end and weighs what was said.
    pub(crate) async fn run(
        &self,
        body: impl Future<Output = TestResult>,
        cancelled: impl Future<Output = ()>,
    ) -> Outcome {
        self.phase("prepare");
        let end = self.until_its_end(body, cancelled).await;
        self.phase("stop");
        // Of its end a server has much to say.
        let log = self.asts().iter().flat_map(Ast::last_lines).collect();
        let stopped = self.stop_servers(end).await;
        let capture = lock(&self.shared.capture).take();
        if let Some(capture) = capture
            && let Err(error) = capture.finish()
        {
            self.note(format!("the capture of packets is not complete: {error}"));
        }
        self.tell(|module| module.stopped(&stopped, self));
        for task in lock(&self.shared.spawned).drain(..) {
            task.abort();
        }
        Outcome { log, ..self.weigh(end, &stopped) }
    }

    async fn until_its_end(
        &self,
        body: impl Future<Output = TestResult>,
        cancelled: impl Future<Output = ()>,
    ) -> End {
        let mut body = std::pin::pin!(body);
        let end = tokio::select! {
            biased;
            result = &mut body => {
                match result {
                    // As the last word of a test that says nothing else.
                    Ok(()) => self.set_passed(true),
                    Err(error) => self.fail(error.to_string()),
                }
                End::Done
            }
            () = self.shared.ended.cancelled() => End::Done,
            ended = self.a_server_ends() => {
                self.fail(ended);
                End::Done
            }
            () = cancelled => {
                self.fail("interrupted");
                End::Cancelled
            }
            () = self.time_is_up() => End::Timeout,
        };
        if end == End::Timeout && self.state().passed != Some(true) {
            let seconds = self.state().timeout.unwrap_or_default().as_secs_f64();
            let open = self.shared.open.reasons();
            self.fail(format!("no verdict within {seconds} s"));
            open.into_iter().for_each(|reason| self.fail_with(reason));
        }
        end
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

    /// The parts of the test so far, and how long each took.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        self.state().phases.clone()
    }

    /// The folder that its servers are in.
    pub(crate) fn folder_of_run(&self) -> Option<PathBuf> {
        self.state().folder.clone()
    }

    async fn stop_servers(&self, end: End) -> Vec<Stopped> {
        // What is a failure already cannot become anything else.
        let failed = self.state().passed == Some(false)
            || (end == End::Timeout && self.state().passed.is_none());
        let patience = if failed { Duration::ZERO } else { self.state().patience };
        let stop = |ast: Ast| async move {
            if end == End::Cancelled {
                return ast.shut_down(Stop::Kill).await;
            }
            // `core stop gracefully` would also unload all modules, and some take ten seconds for that.
            let _ = timeout(patience, calls_are_over(&ast)).await;
            ast.shut_down(Stop::Now).await
        };
        let stops: Vec<_> = self.asts().into_iter().map(|ast| tokio::spawn(stop(ast))).collect();
        let mut stopped = Vec::new();
        for stop in stops {
            match stop.await {
                Ok(it) => stopped.push(it),
                Err(error) => self.fail(format!("a server could not be stopped: {error}")),
            }
        }
        // Events that the servers sent before they ended count.
        let pumps: Vec<_> = lock(&self.shared.pumps).drain(..).collect();
        for pump in pumps {
            if timeout(EVENTS, pump).await.is_err() {
                self.note("an AMI connection outlived its server");
            }
        }
        stopped
    }

    fn weigh(&self, end: End, stopped: &[Stopped]) -> Outcome {
        let mut crashed = false;
        for (stopped, number) in stopped.iter().zip(1..) {
            for finding in &stopped.findings {
                let what = format!("Asterisk {number}: {finding}");
                let asts = self.asts();
                let may_end = asts.get(number - 1).is_some_and(Ast::is_let_go);
                match finding {
                    Finding::Crash(_) | Finding::Ended(_) if may_end => self.note(what),
                    Finding::Crash(_) | Finding::Ended(_) | Finding::Sanitizer { .. } => {
                        crashed = true;
                        self.fail(what);
                    }
                    // Of those there are many in tests that pass.
                    Finding::Error(_) => {}
                    _ => self.note(what),
                }
            }
        }
        let mut state = self.state();
        let tokens = std::mem::take(&mut state.tokens);
        state.reasons.extend(
            tokens.into_iter().map(|(_, what)| Reason::new(format!("it was not done: {what}"))),
        );
        let said = state.passed == Some(true) && state.reasons.is_empty();
        if !said && state.reasons.is_empty() {
            let what = match state.passed {
                Some(_) => "the test was said to fail",
                None => "the test ended without a verdict",
            };
            state.reasons.push(Reason::new(what));
        }
        Outcome {
            passed: said,
            timed_out: end == End::Timeout && !said,
            crashed,
            reasons: std::mem::take(&mut state.reasons),
            notes: std::mem::take(&mut state.notes),
            ..Outcome::default()
        }
    }
}
