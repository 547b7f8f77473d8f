//! Typed actions and events against real servers that do everything.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod classes;
mod effects;
mod lists;
mod permissions;
mod scenario;
mod seen;
