#![doc = include_str!("../README.md")]
#![expect(
    clippy::test_attr_in_doctest,
    reason = "the README's tests are run by `tests/it/readme.rs`"
)]

// The crate is divided into rooms, which are its modules. A room depends only on rooms above it.
// The `mod.rs` of each room describes its purpose.

// Errors as people read them.
mod readable;

// The folders of runs, and what must not outlive the process that made them.
mod folder;

// Servers: found, or fetched.
mod server;

// Sandboxes: the files, folders and the address of one instance.
mod sandbox;

// Running servers of Asterisk.
mod instance;

// Running servers of NATS.
pub mod nats;

// The program SIPp.
pub mod sipp;

// The same for threads that block.
#[expect(clippy::result_large_err, reason = "the errors are those of the asynchronous functions")]
pub mod blocking;

// The client that tests use, with its matchers.
pub use ami;

// Finding a server.
pub use server::{
    CacheError, Directories, FetchError, FindError, LayoutError, ProbeError, Progress, Server,
    ServerError, Version, Want, cache_folder, server,
};

// Making a sandbox.
pub use sandbox::{BuildError, Builder, Documentation, Modules, Sandbox, Section};

// Booting it.
pub use instance::{
    AmiSettings, BootError, BootFailure, Instance, NoAmiError, OtherUsers, Stage, StartError,
};

// Using a running server.
pub use instance::{
    CallFile, CallFileError, CliError, ExpectError, ExpectFailure, Log, LogError, LogFailure,
    Record, RecordError, Resources,
};

// Its end.
pub use instance::{Crash, Finding, Stop, Stopped, Stopping};

// The runs of other processes.
pub use folder::{FoundRun, RunState};

// For the workspace's runner of tests and program alone.
#[doc(hidden)]
pub use folder::{MARK, adopt_descendants, kill_children, kill_marked, lock_file, marked};

/// Keeps tests that fork apart from tests that need a lock or a port to be free right after it was
/// given up: between fork and exec, a child has a copy of every descriptor. The former share it,
/// the latter hold it alone.
#[cfg(test)]
static FORKS: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// The example of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
