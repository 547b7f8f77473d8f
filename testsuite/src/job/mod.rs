//! A job: the settings of a run, what the runner and the process of a test say to each other, and
//! the outcome of a test.
//!
//! This room depends on `files` and `matching`. Everything that crosses from one process to the
//! other is here, serializable and bounded: a test can fill neither the runner's memory nor a line
//! of the protocol.
//!
//! Pitfalls: paths are absolute, for a worker changes its working directory. The messages have a
//! socket of their own; what a test prints goes through a pipe and is never taken for a message.

mod lines;
pub(crate) mod link;
mod options;
mod outcome;
mod output;
mod protocol;
mod settings;
mod target;
pub(crate) mod usage;
mod weight;

pub(crate) use self::lines::Lines;
pub(crate) use self::options::{Choice, Command, Limit, Options};
pub use self::outcome::Reason;
pub(crate) use self::outcome::{Account, Few, INTERRUPTED, Outcome, Phase, PhaseTime};
pub(crate) use self::output::{Output, OutputBuffer};
pub(crate) use self::protocol::{Job, LONGEST, Message};
pub(crate) use self::settings::Settings;
pub(crate) use self::target::{Form, Target};
pub(crate) use self::weight::Weight;
