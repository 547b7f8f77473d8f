//! The end of the program: exit codes, failures, signals.

use std::io;
use std::process::ExitCode;

use ami::{Disconnect, Error, LoginError};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit codes, for the help.
pub(crate) const CODES: &str = "\
Exit codes:
   0  done
   1  refused by the server, or failed
   2  the command line, or the configuration of the program, is wrong
   3  no connection
   4  login refused
   5  the action was never sent
   6  the action may have been executed, but its answer did not come
   7  events were lost while they were followed
   8  the event that was waited for has not come
   9  several servers: not all ended alike, and the error output says how each did
  10  call: busy
  11  call: no answer
  12  call: congestion
  13  call: no such extension
  14  call: hung up
  19  call: failed in another way
 130  interrupted";

/// The end of the program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    Done,
    /// Refused by the server, or failed.
    Refused,
    Usage,
    NoConnection,
    LoginRefused,
    NeverSent,
    MayHaveBeenExecuted,
    Lost,
    /// The event that was waited for has not come.
    NoMatch,
    /// Several servers did not all end alike.
    Differ,
    /// A call that was placed was not answered, or did not go well.
    Call(Unanswered),
    Interrupted,
    /// The code of a monitoring plugin, 0 to 3.
    Plugin(u8),
    /// The code of another program that was run.
    Passed(u8),
}

/// The reason why a call was not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unanswered {
    Busy,
    NoAnswer,
    Congestion,
    NoSuchExtension,
    HungUp,
    Other,
}

impl Exit {
    /// Returns the end of several servers: what became of each, if that is the same of all.
    pub(crate) fn of_all(exits: impl IntoIterator<Item = Self>) -> Self {
        let mut exits = exits.into_iter();
        let first = exits.next().unwrap_or(Self::Done);
        if exits.all(|exit| exit == first) { first } else { Self::Differ }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NoConnection => 3,
            Self::LoginRefused => 4,
            Self::NeverSent => 5,
            Self::MayHaveBeenExecuted => 6,
            Self::Lost => 7,
            Self::NoMatch => 8,
            Self::Differ => 9,
            Self::Call(Unanswered::Busy) => 10,
            Self::Call(Unanswered::NoAnswer) => 11,
            Self::Call(Unanswered::Congestion) => 12,
            Self::Call(Unanswered::NoSuchExtension) => 13,
            Self::Call(Unanswered::HungUp) => 14,
            Self::Call(Unanswered::Other) => 19,
            Self::Interrupted => 130,
            Self::Plugin(code) | Self::Passed(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A failure: the end of the program, and what to say of it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// `None` if there is nothing to say, such as of a reader that went away.
    pub(crate) error: Option<anyhow::Error>,
    /// The remedy, if it is known.
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: Some(error.into()), hint: None }
    }

    /// Adds what to do about the failure.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns a failure of the command line.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(text.into()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Login(LoginError::Refused(_)) => Exit::LoginRefused,
            Error::Login(_) | Error::Connect { .. } | Error::NotBooted(_) => Exit::NoConnection,
            // The client has connected before, and the server refuses it now.
            Error::Disconnected { reason: Disconnect::Refused(error), .. } if error.is_final() => {
                Exit::LoginRefused
            }
            Error::Action(_) => Exit::Usage,
            Error::Missed(_) | Error::Lost(_) => Exit::Lost,
            Error::Rejected(_) | Error::Command { .. } | Error::Originate { .. } => Exit::Refused,
            Error::Forbidden(_) | Error::Withheld { .. } | Error::EventMask { .. } => Exit::Refused,
            _ if error.may_have_been_executed() => Exit::MayHaveBeenExecuted,
            _ => Exit::NeverSent,
        };
        Self::new(exit, error)
    }
}

impl From<io::Error> for Failure {
    /// A reader of the output that goes away ends the program, and is no failure.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Done, error: None, hint: None };
        }
        Self::new(Exit::Refused, error)
    }
}

/// The signals that end the program, from when this value is created.
#[derive(Debug)]
pub(crate) struct Interrupts {
    int: Signal,
    term: Signal,
}

/// A signal that ends the program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Interrupt {
    /// SIGINT, as of Ctrl-C.
    Int,
    /// SIGTERM.
    Term,
}

impl Interrupts {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { int: signal(SignalKind::interrupt())?, term: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.int.recv() => Interrupt::Int,
            _ = self.term.recv() => Interrupt::Term,
        }
    }
}

/// Listens to SIGINT and SIGTERM from now on, and returns the future that waits for one of them.
/// Has to be called within the runtime.
pub(crate) fn interrupted() -> Result<impl Future<Output = Exit>, Failure> {
    let mut interrupts = Interrupts::new()?;
    Ok(async move {
        interrupts.next().await;
        Exit::Interrupted
    })
}
