//! Servers: finding one, fetching one from Debian, and what is known of it before it runs.
//!
//! A [`Server`] is a binary that has said its version, together with its folders. Servers come from
//! the environment variable `ASTERISK`, from `PATH`, and from the cache of fetched servers; all
//! that the environment says is read once, into an [`Environment`], so that tests can make one up.
//!
//! The room names `readable`, and `folder` for the wait for a file lock, and knows nothing of
//! sandboxes. What crosses its door are servers, their errors, and the steps of a fetch. Pitfalls:
//!
//! - A fetched server brings its own loader and libraries, so its binary is never executed by
//!   itself: [`Server::command`] is the way.
//! - Several processes may fetch the same version. One holds the lock, the others wait, and a
//!   folder gets its final name by a rename when it is complete.
//! - A tool such as apt outlives its parent unless something ends it.

mod chain;
mod environment;
mod find;
mod launch;
mod layout;
mod once;
mod probe;
mod probe_error;
mod program;
mod progress;
mod provision;
mod releases;
mod version;

#[cfg(test)]
pub(crate) use self::chain::chain;
pub(crate) use self::environment::Environment;
pub use self::environment::{CacheError, cache_folder};
pub use self::find::{FindError, ServerError, Want};
pub(crate) use self::launch::Launch;
pub(crate) use self::layout::Installation;
pub use self::layout::{Directories, LayoutError};
pub use self::once::server;
pub(crate) use self::once::steps;
pub use self::probe::Server;
pub(crate) use self::probe::{ask, version};
pub use self::probe_error::ProbeError;
pub(crate) use self::program::{NoProgram, find_program};
pub use self::progress::Progress;
pub use self::provision::FetchError;
pub(crate) use self::provision::Fetched;
#[cfg(test)]
pub(crate) use self::provision::tests::Standin;
pub(crate) use self::releases::{Release, Versions, binary};
pub use self::version::Version;
