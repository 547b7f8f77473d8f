#![doc = include_str!("../README.md")]

mod address;
mod boot;
mod builder;
mod cache;
mod includes;
mod layout;
mod log;
mod modules;
mod process;
mod provision;
mod sandbox;
mod server;
mod template;

pub use boot::{BootError, BootFailure, Instance, Stage, Stopped, Stopping};
pub use builder::{BuildError, Builder};
pub use layout::{Directories, LayoutError};
pub use modules::Modules;
pub use provision::{FetchError, Progress};
pub use sandbox::Sandbox;
pub use server::{FindError, ProbeError, Server, ServerError, Version, Want};

/// Between fork and exec a child has a copy of every descriptor. A test that looks at a lock or a port right after it was
/// given up takes this for itself; one that forks shares it.
#[cfg(test)]
static FORKS: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// The example of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
