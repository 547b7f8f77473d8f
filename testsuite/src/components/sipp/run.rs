//! A run of SIPp: a process in a group of its own, what it writes, and whether it failed.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::mem;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{messages, ports, told};
use crate::job::{OutputBuffer, Reason};

/// The time that SIPp may take to bind its port, on a machine that has much else to do.
const BINDING: Duration = Duration::from_secs(5);

/// The time between two looks at its ports.
const LOOK: Duration = Duration::from_millis(10);

/// The time that the rest of its output may take to come when it has ended.
const REST: Duration = Duration::from_secs(1);

/// The part of a file that is looked at for a failure, in bytes: of messages the last, of errors
/// the first.
const PART: u64 = 4 * 1024 * 1024;

/// The number of messages that a failure tells.
const MESSAGES: usize = 12;

/// The files that a run writes, besides its output.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    /// The folder and the beginning of the names. `None` where there is no folder.
    pub(super) start: Option<PathBuf>,
}

impl Records {
    /// The path of a file.
    fn path(&self, what: &str) -> Option<PathBuf> {
        let start = self.start.as_ref()?;
        let mut name = start.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{what}.txt"));
        Some(start.with_file_name(name))
    }

    /// The arguments that have SIPp write errors, messages and what its scenario logs.
    pub(super) fn arguments(&self) -> Vec<String> {
        let files = [
            ("-trace_err", "-error_file", "errors"),
            ("-trace_msg", "-message_file", "messages"),
            ("-trace_logs", "-log_file", "log"),
        ];
        let arguments = files.iter().filter_map(|(trace, option, what)| {
            let path = self.path(what)?.display().to_string();
            Some([(*trace).to_owned(), (*option).to_owned(), path])
        });
        arguments.flatten().collect()
    }

    /// The beginning of a file; empty if there is none.
    fn first(&self, what: &str) -> String {
        self.part(what, |_| 0)
    }

    /// The end of a file; empty if there is none.
    fn last(&self, what: &str) -> String {
        self.part(what, |length| length.saturating_sub(PART))
    }

    /// The part of a file from a place that its length says. A scenario that sends without end
    /// writes more than there is memory.
    fn part(&self, what: &str, place: impl Fn(u64) -> u64) -> String {
        let read = |path: PathBuf| -> io::Result<Vec<u8>> {
            let (mut file, mut bytes) = (File::open(path)?, Vec::new());
            file.seek(SeekFrom::Start(place(file.metadata()?.len())))?;
            file.take(PART).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = self.path(what).and_then(|path| read(path).ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn write(&self, what: &str, text: &str) {
        if let Some(path) = self.path(what).filter(|_| !text.is_empty()) {
            // It is evidence, and the disk may be full: the verdict stands without.
            let _ = fs::write(path, text);
        }
    }
}

/// An output of the process, as far as it is held.
type Held = Arc<Mutex<OutputBuffer>>;

/// A SIPp that runs, in a process group of its own. Dropping it kills the group.
pub(in crate::components) struct Run {
    called: String,
    child: Child,
    /// The group, until it was killed.
    group: Option<Pid>,
    begun: Instant,
    /// The port that it binds. `None` if it binds none, or not soon.
    port: Option<u16>,
    records: Records,
    /// The standard output and the error output.
    outputs: [Held; 2],
    readers: JoinSet<()>,
    /// The exit status, and the time that the run took.
    ended: Option<(ExitStatus, Duration)>,
    /// The text of the error output, once it has ended.
    errors: String,
    is_killed: bool,
}

impl Run {
    /// Starts a process. `called` names it in failures.
    pub(super) fn start(
        mut command: Command,
        called: String,
        port: Option<u16>,
        records: Records,
    ) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let (outputs, mut readers) = (<[Held; 2]>::default(), JoinSet::new());
        if let Some(output) = child.stdout.take() {
            readers.spawn(read(output, Arc::clone(&outputs[0])));
        }
        if let Some(output) = child.stderr.take() {
            readers.spawn(read(output, Arc::clone(&outputs[1])));
        }
        let (ended, errors) = (None, String::new());
        let begun = Instant::now();
        let is_killed = false;
        Ok(Self {
            called,
            child,
            group,
            begun,
            port,
            records,
            outputs,
            readers,
            ended,
            errors,
            is_killed,
        })
    }

    /// Waits until its port is bound, or it has ended. Cancel safe.
    pub(in crate::components) async fn is_ready(&mut self) {
        if let Some(port) = self.port {
            self.has_bound(port).await;
        }
    }

    /// Waits until it is ready and runs for so long at least, or has ended. Cancel safe.
    pub(super) async fn is_at_work(&mut self, least: Duration) {
        let rest = least.saturating_sub(self.begun.elapsed());
        if timeout(rest, self.exited()).await.is_err() {
            self.is_ready().await;
        }
    }

    /// Waits until it has bound a port, or has ended. It does not wait for ever. Cancel safe.
    pub(super) async fn has_bound(&mut self, port: u16) {
        while self.ended.is_none() && self.begun.elapsed() < BINDING {
            if self.child.id().is_some_and(|id| ports::is_bound(id, port)) {
                return;
            }
            let _ = timeout(LOOK, self.exited()).await;
        }
    }

    /// Waits until it has ended. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns the reason if it failed: its exit status, what it said of it, its last messages. One
    /// that was [killed](Self::kill) has not failed.
    pub(in crate::components) async fn end(&mut self) -> Result<(), Reason> {
        self.exited().await;
        self.complete().await;
        match self.ended {
            Some((status, took)) if !self.is_killed && !status.success() => {
                Err(self.failure(status, took))
            }
            _ => Ok(()),
        }
    }

    /// Kills it, at the end of the test: it is not judged.
    pub(in crate::components) async fn kill(&mut self) {
        // One that has ended by itself is judged as ever.
        self.is_killed |= matches!(self.child.try_wait(), Ok(None));
        self.kill_group();
        self.exited().await;
        self.complete().await;
    }

    /// Returns what to tell if it did not end in time, with its last messages.
    pub(in crate::components) fn still(&self) -> Reason {
        let mut details = messages::last(&self.records.last("messages"), MESSAGES);
        if details.is_empty() {
            details.push("it has neither sent nor received a message".to_owned());
        }
        Reason { what: format!("{} still waits", self.called), details }
    }

    /// Waits until the process has ended. Cancel safe.
    async fn exited(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let status = loop {
            match self.child.wait().await {
                Ok(status) => break status,
                Err(error) => {
                    tracing::warn!(%error, "a child cannot be waited for");
                    sleep(LOOK).await;
                }
            }
        };
        self.ended = Some((status, self.begun.elapsed()));
    }

    /// Takes what it wrote, once it has ended.
    async fn complete(&mut self) {
        // What it started has nothing more to do.
        self.kill_group();
        let rest = async { while self.readers.join_next().await.is_some() {} };
        if timeout(REST, rest).await.is_err() {
            self.readers.abort_all();
        }
        let [screen, errors] = self.outputs.each_ref().map(taken);
        self.records.write("screen", &screen);
        self.records.write("stderr", &errors);
        self.errors.push_str(&errors);
    }

    fn failure(&self, status: ExitStatus, took: Duration) -> Reason {
        let cause = told::cause(&self.records.first("errors"));
        let cause = cause.or_else(|| told::cause(&self.errors));
        let messages = self.records.last("messages");
        let mut why = cause.unwrap_or_else(|| {
            let last = self.errors.lines().rfind(|line| !line.trim().is_empty());
            let meaning = status.code().map_or("it told no reason", told::meaning);
            let last = last.filter(|it| !it.starts_with("Resolving remote host"));
            last.map_or_else(|| meaning.to_owned(), told::on_a_line)
        });
        if told::is_unexpected(&why) && messages::is_repeated(&messages) {
            why.push_str(
                ", a retransmission: SIPp or Asterisk answered later than 500 ms, too much runs at once",
            );
        }
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with status {code}"),
            (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
        };
        let what = format!("{} {how} after {:.1} s: {why}", self.called, took.as_secs_f64());
        Reason { what, details: messages::last(&messages, MESSAGES) }
    }

    fn kill_group(&mut self) {
        if let Some(group) = self.group.take() {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Reads an output to its end.
async fn read(mut output: impl AsyncRead + Unpin, held: Held) {
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = output.read(&mut chunk).await {
        held.lock().unwrap_or_else(PoisonError::into_inner).push(&chunk[..count]);
    }
}

/// Takes what was read of an output.
fn taken(held: &Held) -> String {
    let buffer = mem::take(&mut *held.lock().unwrap_or_else(PoisonError::into_inner));
    buffer.end().output().text().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, records: Records) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Run::start(command, "a.xml".to_owned(), None, records).unwrap()
    }

    async fn reason(script: &str) -> String {
        run(script, Records::default()).end().await.unwrap_err().what
    }

    #[tokio::test]
    async fn a_status_and_a_signal_fail_and_0_passes() {
        assert!(run("echo Unable to bind >&2", Records::default()).end().await.is_ok());
        for (script, told) in [
            ("exit 97", "a.xml ended with status 97 after 0."),
            ("exit 254", "a port is taken"),
            ("echo 'no such library' >&2; exit 1", "no such library"),
            ("kill -9 $$", "a.xml was ended by signal 9 after 0."),
        ] {
            let reason = reason(script).await;
            assert!(reason.contains(told), "{script}: {reason}");
        }
    }

    #[tokio::test]
    async fn one_that_is_killed_has_not_failed_unless_it_had_before() {
        let mut killed = run("sleep 60", Records::default());
        killed.kill().await;
        assert!(killed.end().await.is_ok());
        let mut failed = run("exit 1", Records::default());
        failed.exited().await;
        failed.kill().await;
        assert!(failed.end().await.is_err());
    }

    #[tokio::test]
    async fn what_it_started_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records { start: Some(folder.path().join("01-a")) };
        let begun = Instant::now();
        // The second holds the output open.
        let mut run = run("sleep 60 & echo $!", records.clone());
        assert!(run.end().await.is_ok());
        assert!(begun.elapsed() < Duration::from_secs(30));
        let id = records.first("screen");
        let stat = format!("/proc/{}/stat", id.trim());
        // It was killed, and may end a moment later.
        let is_gone = || fs::read_to_string(&stat).map_or(true, |it| it.contains(") Z "));
        while !is_gone() {
            assert!(begun.elapsed() < Duration::from_secs(30));
            sleep(LOOK).await;
        }
    }

    #[test]
    fn of_long_files_a_part_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records { start: Some(folder.path().join("01-a")) };
        let file = File::create(records.path("messages").unwrap()).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"first", 0).unwrap();
        // A hole takes no room.
        std::os::unix::fs::FileExt::write_all_at(&file, b"last", 3 * PART).unwrap();
        let (first, last) = (records.first("messages"), records.last("messages"));
        assert!(first.starts_with("first") && last.ends_with("last"));
        assert_eq!([first.len(), last.len()], [usize::try_from(PART).unwrap(); 2]);
        assert_eq!(records.last("errors"), "");
    }

    #[tokio::test]
    async fn failures_tell_the_last_messages_and_retransmissions() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records { start: Some(folder.path().join("01-a")) };
        let edge = "-----------------------------------------------";
        let received = format!("{edge} d t\nUDP message received [1] bytes :\n\nBYE x\n\n");
        let messages =
            format!("{received}{received}{edge}\nUnexpected UDP message received:\n\nBYE x\n");
        fs::write(records.path("messages").unwrap(), messages).unwrap();
        let error = "2026-11-27\tt\te: Aborting call on unexpected message for Call-Id '1': while expecting 'ACK' (index 2), received 'BYE x\n'";
        fs::write(records.path("errors").unwrap(), error).unwrap();
        let mut run = run("exit 1", records);
        let reason = run.end().await.unwrap_err();
        assert!(reason.what.contains("received 'BYE x', a retransmission: "), "{reason:?}");
        assert_eq!(reason.details, ["t received BYE x"; 2]);
        assert_eq!(run.still().what, "a.xml still waits");
    }
}
