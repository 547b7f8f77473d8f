//! The banner, with which a server greets.

use bytes::Bytes;

use super::grammar;

/// The line with which a server greets, such as `Asterisk Call Manager/11.0.0`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Banner(pub(super) Bytes);

impl Banner {
    /// Returns the banner of a client that has not logged in yet.
    pub(crate) fn empty() -> Self {
        Self(Bytes::new())
    }

    /// Returns the line as sent, without its line end.
    pub fn line(&self) -> &[u8] {
        &self.0
    }

    /// Returns the version of the protocol (not of Asterisk) that the server names, or `None` if
    /// the line is not a banner or its version is not UTF-8.
    pub fn version(&self) -> Option<&str> {
        grammar::banner(&self.0).and_then(|version| str::from_utf8(version).ok())
    }

    /// Returns the first two numbers of the version, with 0 for a missing second one, or `None` if
    /// the server names no version.
    pub(crate) fn numbers(&self) -> Option<(u32, u32)> {
        let mut numbers = self.version()?.split('.').map(str::parse::<u32>);
        let mut number = || numbers.next().and_then(Result::ok);
        Some((number()?, number().unwrap_or_default()))
    }

    /// Returns `true` if the server can answer `Command` in the old format. Servers before Asterisk
    /// 14 do; the version of their protocol is at most 2. A server without a version counts as old.
    pub(super) fn may_be_legacy(&self) -> bool {
        self.numbers().is_none_or(|(major, _)| major < 3)
    }
}
