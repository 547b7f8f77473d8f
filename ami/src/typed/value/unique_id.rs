//! The unique id of a channel, such as `1700000000.1` or `host-1700000000.1`.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

use super::text::text_value;

/// The unique id of a channel, such as `1700000000.1` or `host-1700000000.1`.
///
/// The server makes an id of the time at which it created the channel and of a counter, behind the
/// `systemname` of `asterisk.conf` and a dash if there is one (`main/channel.c`). A client that
/// originates a call can choose any other id (`ChannelId`), so the parts are `Option`s.
///
/// ```
/// use ami::value::UniqueId;
///
/// let id = UniqueId::from("my-pbx-1700000000.42");
/// assert_eq!(id.system(), Some("my-pbx"));
/// assert_eq!((id.seconds(), id.sequence()), (Some(1_700_000_000), Some(42)));
/// assert_eq!(UniqueId::from("order-17").seconds(), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(transparent))]
pub struct UniqueId<'a>(Cow<'a, str>);

impl UniqueId<'_> {
    /// Returns the name of the server, or `None` if the id has none or is not one of the server's.
    pub fn system(&self) -> Option<&str> {
        self.parts()?.0
    }

    /// Returns the time at which the channel was created, in seconds since 1970, or `None` if the
    /// id is not one of the server's.
    pub fn seconds(&self) -> Option<u64> {
        self.parts().map(|(_, seconds, _)| seconds)
    }

    /// Returns the time at which the channel was created, by the server's clock and in whole
    /// seconds, or `None` if the id is not one of the server's.
    pub fn time(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.seconds()?))
    }

    /// Returns the number that the server counts up with each channel since its start, or `None` if
    /// the id is not one of the server's.
    pub fn sequence(&self) -> Option<u32> {
        self.parts().map(|(_, _, sequence)| sequence)
    }

    fn parts(&self) -> Option<(Option<&str>, u64, u32)> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (rest, sequence) = self.0.rsplit_once('.')?;
        let (system, seconds) = match rest.rsplit_once('-') {
            Some((system, seconds)) => (Some(system), seconds),
            None => (None, rest),
        };
        let plain = digits(seconds) && digits(sequence);
        Some((system, seconds.parse().ok().filter(|_| plain)?, sequence.parse().ok()?))
    }
}

text_value!(UniqueId);

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = Option<(Option<&'static str>, u64, u32)>;

    #[test]
    fn ids_of_the_server_are_taken_apart_and_others_are_not() {
        let cases: [(&str, Parts); 15] = [
            ("1700000000.1", Some((None, 1_700_000_000, 1))),
            ("host-1700000000.1", Some((Some("host"), 1_700_000_000, 1))),
            ("my-host.org-1700000000.10", Some((Some("my-host.org"), 1_700_000_000, 10))),
            ("-1.2", Some((Some(""), 1, 2))),
            ("none", None),
            ("", None),
            (".", None),
            ("1.", None),
            (".1", None),
            ("1700000000.+1", None),
            ("+1.1", None),
            ("1.1;2", None),
            ("1.4294967296", None),
            ("18446744073709551616.1", None),
            ("é-1.é", None),
        ];
        for (text, parts) in cases {
            let id = UniqueId::from(text);
            assert_eq!(id.system(), parts.and_then(|(system, ..)| system), "{text}");
            assert_eq!(id.seconds(), parts.map(|(_, seconds, _)| seconds), "{text}");
            assert_eq!(id.sequence(), parts.map(|(.., sequence)| sequence), "{text}");
            let since = id.time().map(|it| it.duration_since(SystemTime::UNIX_EPOCH).unwrap());
            assert_eq!(since.map(|it| it.as_secs()), id.seconds(), "{text}");
        }
        assert_eq!(UniqueId::from("18446744073709551615.1").time(), None);
    }
}
