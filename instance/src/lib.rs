#![doc = include_str!("../README.md")]

mod address;
#[expect(clippy::result_large_err, reason = "the errors are those of the asynchronous functions")]
pub mod blocking;
mod boot;
mod builder;
mod cache;
mod call_file;
mod conf;
mod console;
mod crash;
mod descendants;
mod documentation;
mod errors;
mod findings;
mod guard;
mod instance;
mod join;
mod keep;
mod layout;
mod listening;
mod log;
mod modules;
mod process;
mod provision;
mod records;
mod resources;
mod run;
mod sandbox;
mod sections;
mod server;
mod stop;
mod template;
mod variables;

pub use boot::{AmiSettings, BootError, BootFailure, Stage};
pub use builder::{BuildError, Builder};
pub use cache::CacheError;
pub use call_file::{CallFile, CallFileError};
pub use console::CliError;
pub use crash::Crash;
pub use documentation::Documentation;
pub use findings::{Finding, Stopping};
pub use instance::Instance;
pub use layout::{Directories, LayoutError};
pub use log::{Log, LogError, LogFailure};
pub use modules::Modules;
pub use provision::{FetchError, Progress};
pub use records::{Record, RecordError};
pub use resources::Resources;
pub use run::{FoundRun, RunState};
pub use sandbox::Sandbox;
pub use sections::Section;
pub use server::{FindError, ProbeError, Server, ServerError, Version, Want};
pub use stop::{Stop, Stopped};

/// The folder in which fetched servers are kept, if the environment names a place for one.
pub fn cache_folder() -> Option<std::path::PathBuf> {
    cache::Environment::read().cache
}

/// Between fork and exec a child has a copy of every descriptor. A test that looks at a lock or a
/// port right after it was given up takes this for itself; one that forks shares it.
#[cfg(test)]
static FORKS: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// The example of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
