//! The end of a run, which comes by itself or with the test.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Run;
use crate::case::TestCase;
use crate::job::Reason;

/// The end of a run.
pub(in crate::components) enum End {
    /// The run ended before the test did, and may have failed.
    ByItself(Result<(), Reason>),
    /// The run was killed, and had this to wait for.
    Killed(Reason),
}

/// Waits until a run has ended by itself, or kills it when it is time.
pub(in crate::components) async fn of(run: &mut Run, time: &CancellationToken) -> End {
    tokio::select! {
        biased;
        ended = run.end() => return End::ByItself(ended),
        () = time.cancelled() => {}
    }
    let waits = run.still();
    run.kill().await;
    match run.end().await {
        Ok(()) => End::Killed(waits),
        // It had ended, and what it wrote had not come yet.
        failed => End::ByItself(failed),
    }
}

/// Runs of SIPp that go on beside a component, until the test ends.
#[derive(Default)]
pub(in crate::components) struct Beside {
    /// The end of the test.
    end: CancellationToken,
    tasks: TaskTracker,
}

impl Beside {
    /// The time at which runs are killed.
    pub(in crate::components) fn end(&self) -> CancellationToken {
        self.end.clone()
    }

    /// Begins something that goes on until then.
    pub(in crate::components) fn spawn(
        &self,
        test: &TestCase,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        test.spawn(self.tasks.track_future(task));
    }

    /// Kills what runs, and waits until that has ended.
    pub(in crate::components) async fn let_go(&self) {
        self.end.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Tells what a run waited for when time ran out. One that the test ended is as good as ended.
pub(in crate::components) fn tell_late(test: &TestCase, waits: Reason) {
    if !test.was_stopped() {
        tell(test, waits);
    }
}

/// Tells a reason that is no failure, one note to a line.
pub(in crate::components) fn tell(test: &TestCase, Reason { what, details }: Reason) {
    test.note(what);
    details.into_iter().for_each(|line| test.note(format!("  {line}")));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::process::Command;
    use tokio::time::sleep;

    use super::super::run::Records;
    use super::*;

    async fn ended(script: &str) -> End {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let run = Run::start(command, "a.xml".to_owned(), None, Records::default());
        let (mut run, time) = (run.unwrap(), CancellationToken::new());
        let later = async {
            sleep(Duration::from_millis(600)).await;
            time.cancel();
        };
        tokio::join!(of(&mut run, &time), later).0
    }

    #[tokio::test]
    async fn one_that_failed_before_it_was_time_is_not_one_that_was_killed() {
        // Something of another group holds its output open.
        let failed = ended("setsid sleep 2 & sleep 0.1; exit 1").await;
        assert!(matches!(failed, End::ByItself(Err(_))));
        assert!(matches!(ended("sleep 60").await, End::Killed(_)));
    }
}
