//! Tests at the same time: as many as there is room for, a heavy one for itself.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::job::Job;
use crate::job::Options;
use crate::job::Output;
use crate::job::Weight;
use crate::job::{Account, Outcome};
use crate::report::{Attempt, Event, Finished, Reports, Verdict, text};
use crate::session::execute::{self, Context, Execution, Progress, ProgressSender};
use crate::session::signals::Signals;
use crate::session::task::Task;

/// The number of failed executions of a test whose output is held until the test has ended.
const OUTPUTS: usize = 4;

/// The things that are needed to run tests.
pub(crate) struct Schedule<'a> {
    pub(crate) context: &'a Context,
    pub(crate) options: &'a Options,
    /// The weight of all tests that may run at the same time.
    pub(crate) room: Weight,
    pub(crate) signals: &'a Signals,
}

/// The messages of running tests, each with the name of its test.
type Inbox = mpsc::Receiver<(String, Progress)>;

impl Schedule<'_> {
    /// Runs all of them and tells of each.
    pub(crate) async fn run(
        &self,
        mut tasks: VecDeque<Task>,
        reports: &mut Reports,
    ) -> Vec<Finished> {
        let mut running: JoinSet<(Weight, Finished)> = JoinSet::new();
        // Who says more than can be told has to wait.
        let (sender, mut inbox): (_, Inbox) = mpsc::channel(1024);
        let (mut taken, mut finished) = (Weight::default(), Vec::new());
        loop {
            while let Some(task) = self.next(&mut tasks, taken) {
                let weight = task.weight.min(self.room);
                taken += weight;
                let one = TestRun {
                    context: self.context.clone(),
                    signals: self.signals.clone(),
                    executions: usize::from(self.options.retries) + 1,
                    dry: self.options.dry_run,
                    sender: sender.clone(),
                };
                running.spawn(async move { (weight, one.run(&task.job).await) });
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(ended) = running.join_next() => {
                    // What it said before it ended comes before its end.
                    while let Ok((name, told)) = inbox.try_recv() {
                        report(reports, &name, &told);
                    }
                    let (weight, test) = ended.unwrap_or_else(|error| match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        // Nobody aborts one.
                        Err(error) => unreachable!("{error}"),
                    });
                    taken -= weight;
                    reports.tell(&Event::Finished(&test));
                    if test.verdict.is_failure() && self.options.stop_on_error {
                        self.signals.drain.cancel();
                    }
                    finished.push(text::told(test));
                }
                Some((name, told)) = inbox.recv() => report(reports, &name, &told),
            }
        }
        for task in tasks {
            let test = ended(&task.job, Verdict::NotRun, 0, empty());
            reports.tell(&Event::Finished(&test));
            finished.push(text::told(test));
        }
        finished
    }

    fn next_is_wanted(&self) -> bool {
        !self.signals.end.is_cancelled() && !self.signals.drain.is_cancelled()
    }

    /// The next, if there is room for it. One that is larger than all room has it alone; nobody
    /// passes it while it waits.
    fn next(&self, tasks: &mut VecDeque<Task>, taken: Weight) -> Option<Task> {
        let fits = |task: &Task| taken + task.weight.min(self.room) <= self.room;
        tasks.front().filter(|task| self.next_is_wanted() && fits(task))?;
        tasks.pop_front()
    }
}

/// A test that is executed until it passes or has had its tries.
struct TestRun {
    context: Context,
    signals: Signals,
    executions: usize,
    dry: bool,
    sender: mpsc::Sender<(String, Progress)>,
}

impl TestRun {
    async fn run(&self, job: &Job) -> Finished {
        if self.dry {
            let account = Account { outcome: Outcome::Passed, ..Account::default() };
            return ended(job, Verdict::Passed, 1, Execution { account, ..empty() });
        }
        let (mut before, mut seconds) = (Vec::new(), 0.0);
        let progress = ProgressSender { name: job.test.clone(), to: self.sender.clone() };
        loop {
            let attempt = before.len() + 1;
            progress.send(Progress::Begun { attempt }).await;
            let end = &self.signals.end;
            let execution = execute::execute(&self.context, job, end, &progress).await;
            seconds += execution.seconds;
            let verdict = match execution.account.outcome {
                _ if execution.interrupted => Verdict::NotRun,
                Outcome::Passed if attempt > 1 => Verdict::Flaky,
                Outcome::Passed => Verdict::Passed,
                Outcome::TimedOut => Verdict::TimedOut,
                Outcome::Failed | Outcome::Faulty => Verdict::Failed,
            };
            let is_last = attempt >= self.executions || self.signals.end.is_cancelled();
            if !verdict.is_failure() || is_last {
                return Finished { before, seconds, ..ended(job, verdict, attempt, execution) };
            }
            let output = if attempt > OUTPUTS {
                Output::line("… the output of this execution is left out here …\n")
            } else {
                execution.output
            };
            before.push(Attempt { account: execution.account, output });
        }
    }
}

fn empty() -> Execution {
    Execution {
        account: Account::default(),
        output: Output::default(),
        seconds: 0.0,
        interrupted: false,
    }
}

fn ended(job: &Job, verdict: Verdict, attempts: usize, execution: Execution) -> Finished {
    Finished {
        name: job.test.clone(),
        verdict,
        why: Vec::new(),
        attempts,
        seconds: execution.seconds,
        account: execution.account,
        before: Vec::new(),
        script: job.command.clone(),
        output: execution.output,
        brief: Vec::new(),
    }
}

fn report(reports: &mut Reports, name: &str, progress: &Progress) {
    match progress {
        Progress::Begun { attempt } => reports.tell(&Event::Test { name, attempt: *attempt }),
        Progress::Phase(phase) => reports.tell(&Event::Phase { name, phase: *phase }),
        Progress::Lines(lines) => reports.tell(&Event::Output { name, lines }),
    }
}
