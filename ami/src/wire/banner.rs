//! The line that a server greets with.

use bytes::Bytes;

use super::grammar;

/// The line that a server greets with: `Asterisk Call Manager/11.0.0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Banner(pub(super) Bytes);

impl Banner {
    /// The line as sent, without its end.
    pub fn line(&self) -> &[u8] {
        &self.0
    }

    /// The version of the protocol (not of Asterisk) that the server names, or nothing when the
    /// line is no banner.
    pub fn version(&self) -> Option<&str> {
        grammar::banner(&self.0).and_then(|version| str::from_utf8(version).ok())
    }

    /// Whether the server can answer `Command` in the old format. Those before Asterisk 14 do;
    /// their protocol's version is at most 2. An unknown version is taken for an old server.
    pub(super) fn may_be_legacy(&self) -> bool {
        let major = self.version().and_then(|version| version.split('.').next());
        major.and_then(|major| major.parse::<u32>().ok()).is_none_or(|major| major < 3)
    }
}
