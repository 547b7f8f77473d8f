//! The name of a channel, such as `PJSIP/alice-00000001`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// The name of a channel, such as `PJSIP/alice-00000001`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChannelName<'a>(Cow<'a, str>);

impl ChannelName<'_> {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Converts the value into one that borrows nothing.
    pub fn into_owned(self) -> ChannelName<'static> {
        ChannelName(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> From<Cow<'a, str>> for ChannelName<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl Deref for ChannelName<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
