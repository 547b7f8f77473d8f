//! One test in a process of its own: the runner says which, and is told how it went.
//!
//! This room depends on the rooms up to `components`. A job comes in over the socket, messages go
//! out; the runner takes from here how to start such a process, and how to keep the evidence of one
//! that died.
//!
//! Pitfalls: nothing of a test may outlive its process, also where the kernel allows no namespace
//! of its own. The process must enter its namespaces before it has threads.

pub(crate) mod evidence;
mod main;
pub(crate) mod namespace;
mod native;
mod script;

pub(crate) use self::main::run_if_wanted;
