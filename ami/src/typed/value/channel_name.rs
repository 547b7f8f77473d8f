//! The name of a channel, such as `PJSIP/alice-00000001`.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use super::text::text_value;

/// The name of a channel, such as `PJSIP/alice-00000001`.
///
/// A name is a technology, a slash, and a text that the technology chooses, with a suffix behind
/// the last dash that tells the channels of one device apart. Channels that come in pairs end in
/// `;1` and `;2`. The parts are read when they are asked for, and any text is accepted, because
/// modules choose names as they like: `Message/ast_msg_queue` has no suffix, and the suffix of
/// `AudioSocket/127.0.0.1:9092-72b6…` is not a number.
///
/// Names are compared by the byte. The server itself compares them without regard to case.
///
/// ```
/// use ami::value::{ChannelHalf, ChannelName};
///
/// let name = ChannelName::from("Local/s@default-00000001;2");
/// assert_eq!(name.technology(), Some("Local"));
/// assert_eq!(name.resource(), Some("s@default"));
/// assert_eq!((name.suffix(), name.number()), (Some("00000001"), Some(1)));
/// assert_eq!(name.half(), Some(ChannelHalf::Second));
/// assert_eq!(name.other_half().unwrap(), "Local/s@default-00000001;1");
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(transparent))]
pub struct ChannelName<'a>(Cow<'a, str>);

/// One of the two channels of a pair, such as those of a Local channel.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChannelHalf {
    /// The name ends in `;1`. Of a Local channel, the half that the application has.
    First,
    /// The name ends in `;2`. Of a Local channel, the half that runs in the dialplan.
    Second,
}

/// The ending that the server adds to the name of a channel that was replaced and is about to end.
const ZOMBIE: &str = "<ZOMBIE>";

impl<'a> ChannelName<'a> {
    /// Returns the technology: the text before the first slash, such as `PJSIP`. `None` if there is
    /// no slash.
    pub fn technology(&self) -> Option<&str> {
        self.0.split_once('/').map(|(technology, _)| technology)
    }

    /// Returns the text between the first slash and the suffix: the endpoint of a `PJSIP` channel,
    /// `extension@context` of a `Local` channel, `i1/` and a number of a `DAHDI` channel, or the
    /// name of the other channel in `AsyncGoto/PJSIP/alice-00000001`. `None` if there is no slash.
    pub fn resource(&self) -> Option<&str> {
        let (_, rest) = self.stem().split_once('/')?;
        Some(rest.rsplit_once('-').map_or(rest, |(resource, _)| resource))
    }

    /// Returns the suffix: the text behind the last dash, without `;1` and `;2`. `None` if there is
    /// no dash behind the slash.
    pub fn suffix(&self) -> Option<&str> {
        let (_, rest) = self.stem().split_once('/')?;
        rest.rsplit_once('-').map(|(_, suffix)| suffix)
    }

    /// Returns the suffix as a number if it has eight hexadecimal digits, as `PJSIP`, `SIP`,
    /// `Local` and many others write it. The server counts the channels of a technology since its
    /// start. `None` for others, such as `IAX2` and `DAHDI`, whose suffixes mean something else.
    pub fn number(&self) -> Option<u32> {
        let suffix = self.suffix()?;
        let digits = suffix.len() == 8 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(suffix, 16).ok().filter(|_| digits)
    }

    /// Returns `true` if the technology is `Local`, without regard to ASCII case.
    pub fn is_local(&self) -> bool {
        self.technology().is_some_and(|it| it.eq_ignore_ascii_case("Local"))
    }

    /// Returns `true` if the channel was replaced in a transfer or a pickup and is about to end:
    /// the name ends in `<ZOMBIE>`.
    pub fn is_zombie(&self) -> bool {
        self.0.ends_with(ZOMBIE)
    }

    /// Returns the half of its pair that the channel is, or `None` if the name ends in neither `;1`
    /// nor `;2`.
    pub fn half(&self) -> Option<ChannelHalf> {
        self.pair().map(|(_, half)| half)
    }

    /// Returns the name of the other channel of the pair, or `None` if the name ends in neither
    /// `;1` nor `;2`.
    pub fn other_half(&self) -> Option<ChannelName<'static>> {
        let (base, half) = self.pair()?;
        let other = match half {
            ChannelHalf::First => "2",
            ChannelHalf::Second => "1",
        };
        Some(ChannelName::from([base, ";", other].concat()))
    }

    /// Returns the name without `;1`, `;2` and `<ZOMBIE>`, which the two channels of a pair share.
    pub fn stem(&self) -> &str {
        self.pair().map_or_else(|| self.living(), |(base, _)| base)
    }

    fn pair(&self) -> Option<(&str, ChannelHalf)> {
        let name = self.living();
        let first = name.strip_suffix(";1").map(|base| (base, ChannelHalf::First));
        first.or_else(|| name.strip_suffix(";2").map(|base| (base, ChannelHalf::Second)))
    }

    /// Returns the name without the mark of a zombie.
    fn living(&self) -> &str {
        self.0.strip_suffix(ZOMBIE).unwrap_or(&self.0)
    }
}

text_value!(ChannelName);

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (Option<&'static str>, Option<&'static str>, Option<&'static str>, Option<u32>);

    #[test]
    fn names_of_all_technologies_are_taken_apart() {
        let cases: [(&str, Parts); 17] = [
            ("PJSIP/alice-00000001", (Some("PJSIP"), Some("alice"), Some("00000001"), Some(1))),
            (
                "PJSIP/al-ice-0000abcd",
                (Some("PJSIP"), Some("al-ice"), Some("0000abcd"), Some(43981)),
            ),
            ("Local/s@c-0000000a;2", (Some("Local"), Some("s@c"), Some("0000000a"), Some(10))),
            ("SIP/trunk-ffffffff", (Some("SIP"), Some("trunk"), Some("ffffffff"), Some(u32::MAX))),
            ("IAX2/bob-1234", (Some("IAX2"), Some("bob"), Some("1234"), None)),
            ("DAHDI/i1/5551234-1a", (Some("DAHDI"), Some("i1/5551234"), Some("1a"), None)),
            ("DAHDI/pseudo-1", (Some("DAHDI"), Some("pseudo"), Some("1"), None)),
            ("Message/ast_msg_queue", (Some("Message"), Some("ast_msg_queue"), None, None)),
            (
                "AsyncGoto/PJSIP/alice-00000001",
                (Some("AsyncGoto"), Some("PJSIP/alice"), Some("00000001"), Some(1)),
            ),
            ("PJSIP/a-00000001<ZOMBIE>", (Some("PJSIP"), Some("a"), Some("00000001"), Some(1))),
            (
                "Local/s@c-00000001;1<ZOMBIE>",
                (Some("Local"), Some("s@c"), Some("00000001"), Some(1)),
            ),
            ("X/a-+0000001", (Some("X"), Some("a"), Some("+0000001"), None)),
            ("a-b/c", (Some("a-b"), Some("c"), None, None)),
            ("none", (None, None, None, None)),
            ("", (None, None, None, None)),
            ("/", (Some(""), Some(""), None, None)),
            ("é/ü-ß;2", (Some("é"), Some("ü"), Some("ß"), None)),
        ];
        for (text, parts) in cases {
            let name = ChannelName::from(text);
            let found = (name.technology(), name.resource(), name.suffix(), name.number());
            assert_eq!(found, parts, "{text}");
        }
    }

    #[test]
    fn a_half_has_another() {
        let one = ChannelName::from("Local/s@c-00000001;1");
        let two = ChannelName::from("Local/s@c-00000001;2");
        assert_eq!((one.half(), two.half()), (Some(ChannelHalf::First), Some(ChannelHalf::Second)));
        assert_eq!((one.other_half(), two.other_half()), (Some(two.clone()), Some(one.clone())));
        assert_eq!((one.stem(), two.stem()), ("Local/s@c-00000001", "Local/s@c-00000001"));
        let zombie = ChannelName::from("Local/s@c-00000001;2<ZOMBIE>");
        assert!(zombie.is_zombie() && !two.is_zombie());
        assert_eq!((zombie.stem(), zombie.other_half()), (one.stem(), Some(one.clone())));
        for text in ["PJSIP/a-00000001", "Local/s@c-00000001;3", "Local/s@c-00000001;", ""] {
            let name = ChannelName::from(text);
            assert_eq!((name.half(), name.other_half(), name.stem()), (None, None, text));
        }
        assert!(one.is_local() && ChannelName::from("local/x").is_local());
        assert!(!ChannelName::from("Localised/x").is_local());
    }

    #[test]
    fn a_name_is_a_text_to_compare_to_find_and_to_send() {
        let name = ChannelName::from("PJSIP/a-00000001");
        assert_eq!(name, "PJSIP/a-00000001");
        assert_eq!("PJSIP/a-00000001", name);
        assert_eq!(name, *"PJSIP/a-00000001");
        assert_ne!(*"pjsip/a-00000001", name);
        let known = std::collections::HashMap::from([(name.clone().into_owned(), 1)]);
        assert_eq!((known.get("PJSIP/a-00000001"), known.get(&name)), (Some(&1), Some(&1)));
        assert!(name.starts_with("PJSIP/"));
        assert_eq!(format!("{name:>18}"), "  PJSIP/a-00000001");
        let action = crate::Action::new("Hangup").field("Channel", &name);
        assert_eq!(action.get("Channel"), Some(name.as_bytes()));
    }
}
