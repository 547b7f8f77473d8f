//! The errors of finding and adding servers.

use std::fmt;

use crate::origin::{Origin, OriginError};

/// The error of adding a server to a fleet.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The text cannot be a name.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// Another server has the name.
    #[error("the name {origin} is taken by the server {address}")]
    Taken {
        /// The name, as the other server has it.
        origin: Origin,
        /// The address of the other server.
        address: String,
    },
}

/// The error of looking for a server under a name that none has.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no server {name:?} in this fleet, which has {}", Names(known))]
pub struct NoServer {
    pub(super) name: String,
    pub(super) known: Vec<Origin>,
}

impl NoServer {
    /// Returns the names that there are.
    pub fn known(&self) -> &[Origin] {
        &self.known
    }
}

struct Names<'a>(&'a [Origin]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.0.split_first() else { return f.write_str("none") };
        write!(f, "{first}")?;
        others.iter().try_for_each(|it| write!(f, ", {it}"))
    }
}
