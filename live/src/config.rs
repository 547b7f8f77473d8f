//! The settings of a state that is kept.

use ami::{Buffer, Overflow};

use crate::state::Part;

/// The settings of a [`Live`](crate::Live).
///
/// ```
/// use live::{Config, Part};
///
/// let config = Config::new().history(1000).parts([Part::Channels, Part::Bridges]);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) changes: usize,
    pub(crate) history: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) buffer: Buffer,
}

impl Config {
    /// Creates the default settings: all parts, no history, and watchers that may fall behind by
    /// 4,096 changes.
    pub fn new() -> Self {
        Self { changes: 4096, history: 0, parts: Part::ALL.to_vec(), buffer: Buffer::default() }
    }

    /// Sets the number of changes that a watcher may fall behind, at least one. A change is kept
    /// until every watcher has taken it, or until there are this many that are newer.
    #[must_use]
    pub fn changes(mut self, changes: usize) -> Self {
        self.changes = changes.max(1);
        self
    }

    /// Sets the number of ended calls that are kept; none by default. The oldest ones are dropped.
    #[must_use]
    pub fn history(mut self, calls: usize) -> Self {
        self.history = calls;
        self
    }

    /// Sets the parts that are followed; all by default. The others are
    /// [`Unknown::NotFollowed`](crate::Unknown::NotFollowed), and cost nothing.
    #[must_use]
    pub fn parts(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.parts = parts.into_iter().collect();
        self
    }

    /// Sets the size of the buffer between the client and the state; that of a subscription by
    /// default. If it is full, the state is stale until the server was asked again, whatever
    /// [`Overflow`] says.
    #[must_use]
    pub fn buffer(mut self, buffer: Buffer) -> Self {
        self.buffer = buffer.overflow(Overflow::Skip);
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
