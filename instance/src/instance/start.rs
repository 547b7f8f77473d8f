//! The step from a builder to a running server.

use std::convert::Infallible;
use std::fmt;

use crate::instance::{BootError, Instance};
use crate::readable;
use crate::sandbox::{BuildError, Builder, Sandbox};

impl Builder {
    /// Makes the sandbox and boots it: [`build`](Self::build) and [`Sandbox::boot`] in one.
    ///
    /// The AMI connection and the journal of events belong to the runtime that this is called on,
    /// and end with it. Each `#[tokio::test]` has a runtime of its own; a server that several tests
    /// share is best booted by [`blocking::boot`](crate::blocking::boot), whose runtime stays.
    ///
    /// # Errors
    ///
    /// Returns the errors of both.
    ///
    /// # Cancel safety
    ///
    /// A boot that is given up kills the server and removes the folder.
    pub async fn boot(self) -> Result<Instance, StartError> {
        Ok(self.build()?.boot().await?)
    }
}

impl TryFrom<Builder> for Sandbox {
    type Error = BuildError;

    fn try_from(builder: Builder) -> Result<Self, BuildError> {
        builder.build()
    }
}

/// The error of a server that was not started: its sandbox could not be built, or it did not boot.
/// `Debug`, which tests that return errors print, writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The sandbox could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server did not boot.
    #[error(transparent)]
    Boot(#[from] BootError),
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

/// Exists so that a sandbox, which is built already, can be booted where a builder can.
impl From<Infallible> for StartError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
