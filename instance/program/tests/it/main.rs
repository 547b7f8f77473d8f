//! The program from outside, with real servers of both versions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fetch;
mod machine;
#[path = "../../../tests/it/memory.rs"]
mod memory;
mod program;
#[expect(dead_code, reason = "the tests of the library need more of it")]
#[path = "../../../tests/it/support.rs"]
mod support;
