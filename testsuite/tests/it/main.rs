//! The runner as its users run it, with real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod components;
mod control;
mod ends;
mod harness;
mod library;
mod lint;
mod output;
mod sipp;
mod suite;
mod support;
mod verdicts;
mod watch;
