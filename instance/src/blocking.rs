//! The same for threads that block: plain `#[test]` functions and programs without a runtime.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use instance::ami::{Matcher, Originate};
//! use instance::{Builder, blocking};
//!
//! let instance = blocking::boot(Builder::new(blocking::server(22)?).test("tests/sample"))?;
//! instance.originate(Originate::to_application("Local/s@default", "Echo", ""))?;
//! let event = instance.expect(Matcher::event("UserEvent"), Duration::from_secs(30))?;
//! println!("{event:?}");
//! instance.stop()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The connections are served by a runtime of this module with one thread, which runs from the
//! first use to the end of the process. These functions may also be called on a thread of another
//! runtime, which they block.

use std::borrow::Borrow;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ami::{
    Action, Collected, CommandOutput, Event, Filter, Item, ListError, Matcher, Originate,
    Originated, Response, Subscription,
};
use tokio::runtime::{Builder as RuntimeBuilder, Handle, Runtime};

use crate::{
    BootError, CallFile, CallFileError, CliError, ExpectError, LogError, Progress, Record,
    RecordError, Resources, Sandbox, Server, ServerError, StartError, Stop, Stopped, Want,
};

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Returns the runtime, which is made at the first use.
fn handle() -> io::Result<Handle> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let made = RuntimeBuilder::new_multi_thread()
        .worker_threads(1)
        .thread_name("asterisk-blocking")
        .enable_all()
        .build()?;
    Ok(runtime.insert(made).handle().clone())
}

/// Waits for a future of this crate or of `ami`, for calls without a function here.
///
/// # Panics
///
/// Panics if the system does not give the runtime its thread, at the first use.
pub fn wait<F>(future: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    let handle = match handle() {
        Ok(handle) => handle,
        Err(error) => panic!("failed to start the runtime: {error}"),
    };
    if Handle::try_current().is_err() {
        return handle.block_on(future);
    }
    // A thread of a runtime must not wait for another; one that belongs to none may.
    thread::scope(|scope| match scope.spawn(|| handle.block_on(future)).join() {
        Ok(output) => output,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// As [`Server::find_or_fetch`].
///
/// # Errors
///
/// As there.
pub fn find_or_fetch(
    want: &Want,
    progress: impl FnMut(Progress) + Send,
) -> Result<Server, ServerError> {
    wait(Server::find_or_fetch(want, progress))
}

/// As [`server`](crate::server()).
///
/// # Errors
///
/// As there.
pub fn server(want: impl Into<Want>) -> Result<Server, ServerError> {
    wait(crate::server(want.into()))
}

/// As [`Builder::boot`](crate::Builder::boot) and [`Sandbox::boot`]: boots what a builder makes, or
/// a sandbox.
///
/// # Errors
///
/// As there.
pub fn boot<B>(what: B) -> Result<Instance, StartError>
where
    B: TryInto<Sandbox>,
    StartError: From<B::Error>,
{
    let sandbox = what.try_into()?;
    Ok(Instance(wait(sandbox.boot())?))
}

/// As [`Sandbox::boot_all`].
///
/// # Errors
///
/// As there.
pub fn boot_all(sandboxes: Vec<Sandbox>) -> Result<Vec<Instance>, BootError> {
    Ok(wait(Sandbox::boot_all(sandboxes))?.into_iter().map(Instance).collect())
}

/// A running server in its sandbox: [`crate::Instance`] with functions that block.
///
/// Dropping it does the same as there. There is no `Deref` to that type, because its functions of
/// the same names do nothing until they are awaited; [`asynchronous`](Self::asynchronous) returns
/// it.
#[derive(Debug)]
pub struct Instance(crate::Instance);

impl Instance {
    /// Returns the asynchronous instance with its AMI client. With [`wait`], calls without a
    /// function here can be made.
    pub fn asynchronous(&self) -> &crate::Instance {
        &self.0
    }

    /// As [`crate::Instance::ami_address`].
    pub fn ami_address(&self) -> String {
        self.0.ami_address()
    }

    /// As [`crate::Instance::boot_time`].
    pub fn boot_time(&self) -> Duration {
        self.0.boot_time()
    }

    /// As [`crate::Instance::configuration_warnings`].
    pub fn configuration_warnings(&self) -> Vec<String> {
        self.0.configuration_warnings()
    }

    /// As [`crate::Instance::sandbox`].
    pub fn sandbox(&self) -> &Sandbox {
        self.0.sandbox()
    }

    /// As [`crate::Instance::pid`].
    pub fn pid(&self) -> Option<u32> {
        self.0.pid()
    }

    /// As [`crate::Instance::keep`].
    pub fn keep(&self) {
        self.0.keep();
    }

    /// As [`crate::Instance::call_file`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn call_file(&self, call: &CallFile) -> Result<PathBuf, CallFileError> {
        self.0.call_file(call)
    }

    /// As [`crate::Instance::cdr`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn cdr(&self) -> Result<Vec<Record>, RecordError> {
        self.0.cdr()
    }

    /// As [`crate::Instance::cel`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn cel(&self) -> Result<Vec<Record>, RecordError> {
        self.0.cel()
    }

    /// Reads the records of a file, as [`crate::Instance::records`] does.
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn records(&self, file: impl AsRef<Path>) -> Result<Vec<Record>, RecordError> {
        self.0.records(file)
    }

    /// Reads the records of a file, as [`crate::Instance::records_named`] does.
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn records_named<N: Into<String>>(
        &self,
        file: impl AsRef<Path>,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Vec<Record>, RecordError> {
        self.0.records_named(file, names)
    }

    /// As [`crate::Instance::resources`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn resources(&self) -> io::Result<Resources> {
        self.0.resources()
    }

    /// As [`ami::Client::call`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn call(&self, action: Action) -> Result<Response, ami::Error> {
        wait(self.0.ami().call(action))
    }

    /// As [`ami::Client::list`], to its end.
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn list(&self, action: Action) -> Result<Collected, ListError> {
        wait(self.0.ami().list(action).collect())
    }

    /// As [`ami::Client::command`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn command(&self, command: &str) -> Result<CommandOutput, ami::Error> {
        wait(self.0.ami().command(command))
    }

    /// As [`ami::Client::originate`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn originate(&self, originate: Originate) -> Result<Originated, ami::Error> {
        wait(self.0.ami().originate(originate))
    }

    /// As [`crate::Instance::expect`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn expect(
        &self,
        matcher: impl Borrow<Matcher> + Send,
        timeout: Duration,
    ) -> Result<Event, ExpectError> {
        wait(self.0.expect(matcher, timeout))
    }

    /// As [`ami::Client::subscribe`].
    pub fn subscribe(&self, filter: Filter) -> Events {
        Events(self.0.ami().subscribe(filter))
    }

    /// As [`crate::Instance::cli`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn cli(&self, command: &str) -> Result<String, CliError> {
        wait(self.0.cli(command))
    }

    /// As [`crate::Instance::channels`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn channels(&self) -> Result<Vec<String>, CliError> {
        wait(self.0.channels())
    }

    /// As [`crate::Instance::reload`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn reload(&self, module: Option<&str>) -> Result<(), ami::Error> {
        wait(self.0.reload(module))
    }

    /// As [`crate::Instance::log`].
    pub fn log(&self) -> Log {
        Log(self.0.log())
    }

    /// As [`crate::Instance::log_file`].
    pub fn log_file(&self, name: impl AsRef<Path>) -> Log {
        Log(self.0.log_file(name))
    }

    /// As [`crate::Instance::exited`].
    pub fn exited(&self) -> ExitStatus {
        wait(self.0.exited())
    }

    /// As [`crate::Instance::kill`].
    pub fn kill(&self) -> ExitStatus {
        wait(self.0.kill())
    }

    /// As [`crate::Instance::restart`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn restart(&self) -> Result<Stopped, BootError> {
        wait(self.0.restart())
    }

    /// As [`crate::Instance::shut_down`].
    pub fn shut_down(&self, stop: Stop) -> Stopped {
        wait(self.0.shut_down(stop))
    }

    /// As [`crate::Instance::stop`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn stop(self) -> io::Result<Stopped> {
        wait(self.0.stop())
    }

    /// As [`crate::Instance::stop_all`].
    pub fn stop_all(instances: Vec<Self>) -> Vec<io::Result<Stopped>> {
        wait(crate::Instance::stop_all(instances.into_iter().map(|it| it.0).collect()))
    }
}

/// As [`crate::Log`].
#[derive(Debug)]
pub struct Log(crate::Log);

impl Log {
    /// As [`crate::Log::lines`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn lines(&mut self) -> io::Result<Vec<String>> {
        self.0.lines()
    }

    /// As [`crate::Log::tail`].
    pub fn tail(&self, lines: usize) -> Vec<String> {
        self.0.tail(lines)
    }

    /// As [`crate::Log::wait_for`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn wait_for(&mut self, text: &str, timeout: Duration) -> Result<String, LogError> {
        wait(self.0.wait_for(text, timeout))
    }

    /// As [`crate::Log::wait_until`].
    ///
    /// # Errors
    ///
    /// Returns an error where the asynchronous function does.
    pub fn wait_until(
        &mut self,
        what: &str,
        timeout: Duration,
        matches: impl FnMut(&str) -> bool + Send,
    ) -> Result<String, LogError> {
        wait(self.0.wait_until(what, timeout, matches))
    }
}

/// As [`ami::Subscription`].
#[derive(Debug)]
pub struct Events(Subscription);

impl Events {
    /// Returns the next event, or the notice that some were missed.
    ///
    /// # Errors
    ///
    /// Returns an error if no event comes in time, or none can come any more.
    pub fn next(&mut self, timeout: Duration) -> Result<Item, EventError> {
        let next = wait(async { tokio::time::timeout(timeout, self.0.next()).await });
        match next {
            Ok(Some(item)) => Ok(item),
            Ok(None) => Err(EventError::Ended),
            Err(_) => Err(EventError::Timeout(timeout)),
        }
    }
}

/// The reason for which there is no event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The time-out.
    #[error("no event within {0:?}")]
    Timeout(Duration),
    /// The connection or the subscription has ended.
    #[error("no event can come any more: the subscription has ended")]
    Ended,
}

/// ```compile_fail
/// fn coerced(instance: &instance::blocking::Instance) -> &instance::Instance {
///     instance
/// }
/// ```
#[cfg(doctest)]
struct NoDeref;
