//! Tests of the program on real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod call;
mod cli;
mod completion;
mod connect;
mod context;
mod doctor;
mod events;
mod explain;
mod program;
mod readme;
mod servers;
mod terminal;
mod top;
mod trace;
mod trial;
mod views;
