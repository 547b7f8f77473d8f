//! A session of the runner: tests are found, planned, run at the same time as far as there is room,
//! and reported.
//!
//! This room depends on all before it. Options come in, an exit code goes out.
//!
//! Pitfalls: the session is one task on one thread. Whatever a test says is bounded, and a report
//! that cannot be written ends no run.

mod cache;
mod command;
mod durations;
mod execute;
mod find;
mod ground;
mod isolation;
mod known;
mod lock;
mod new_test;
mod order;
mod run;
mod schedule;
mod signals;
mod task;
mod watch;

pub(crate) use self::command::start;
