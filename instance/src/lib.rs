#![doc = include_str!("../README.md")]

mod folder;

mod server;

mod sandbox;

mod instance;

#[expect(clippy::result_large_err, reason = "the errors are those of the asynchronous functions")]
pub mod blocking;

pub use folder::{FoundRun, RunState};
pub use instance::{
    AmiSettings, BootError, BootFailure, CallFile, CallFileError, CliError, Crash, Finding,
    Instance, Log, LogError, LogFailure, Record, RecordError, Resources, Stage, Stop, Stopped,
    Stopping,
};
pub use sandbox::{BuildError, Builder, Documentation, Modules, Sandbox, Section};
pub use server::{
    CacheError, Directories, FetchError, FindError, LayoutError, ProbeError, Progress, Server,
    ServerError, Version, Want,
};

/// The folder in which fetched servers are kept, if the environment names a place for one.
pub fn cache_folder() -> Option<std::path::PathBuf> {
    server::environment::Environment::read().cache
}

/// Between fork and exec a child has a copy of every descriptor. A test that looks at a lock or a
/// port right after it was given up takes this for itself; one that forks shares it.
#[cfg(test)]
static FORKS: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// The example of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
