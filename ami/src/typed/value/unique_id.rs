//! The unique id of a channel, such as `1700000000.1` or `host-1700000000.1`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// The unique id of a channel, such as `1700000000.1` or `host-1700000000.1`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UniqueId<'a>(Cow<'a, str>);

impl UniqueId<'_> {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Converts the value into one that borrows nothing.
    pub fn into_owned(self) -> UniqueId<'static> {
        UniqueId(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> From<Cow<'a, str>> for UniqueId<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl Deref for UniqueId<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
