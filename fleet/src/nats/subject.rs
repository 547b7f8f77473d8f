//! Subjects: their form, and the escapes of their tokens.
//!
//! Events have the subject `PREFIX.ev.ORIGIN.CLASS.NAME`, control items `PREFIX.ctl.ORIGIN.KIND`.
//! The second token is the bridge's alone, so no name of an event can look like a control item.

use std::fmt::Write as _;

use ami::{Event, Line};

use crate::origin::Origin;

/// The longest token in bytes. NATS reads the line of a message with its subject, reply and sizes
/// into 4 KiB by default, and refuses a connection that sends a longer one.
const LONGEST: usize = 255;

/// The class of an event without `Privilege`.
const NO_CLASS: &str = "none";

/// The subjects of a bridge, which begin with its prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subjects {
    prefix: String,
}

/// A text that cannot be the prefix of subjects.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{prefix:?} cannot be the prefix of subjects: expected tokens of ASCII letters, digits, `-` \
     or `_`, separated by dots, 100 bytes at most"
)]
pub struct PrefixError {
    prefix: String,
}

/// The parts of a subject of an event or a control item, without escapes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Parsed {
    /// An event.
    Event {
        /// The server.
        origin: Origin,
        /// The first class of the event.
        class: Token,
        /// The name of the event.
        name: Token,
    },
    /// A control item.
    Control {
        /// The server.
        origin: Origin,
        /// The kind of the item.
        kind: Token,
    },
}

/// A token of a subject, without escapes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// `true` if the token was too long, and the bytes are only its beginning.
    pub cut: bool,
}

impl Default for Subjects {
    fn default() -> Self {
        Self { prefix: "ami".into() }
    }
}

impl Subjects {
    /// Creates the subjects with a prefix of one or more tokens.
    ///
    /// # Errors
    ///
    /// Returns an error if the prefix is empty, too long, or has a token that is empty or has other
    /// characters than ASCII letters, digits, `-` and `_`.
    pub fn new(prefix: impl Into<String>) -> Result<Self, PrefixError> {
        let prefix = prefix.into();
        let plain = |token: &str| !token.is_empty() && token.bytes().all(is_plain);
        if prefix.len() <= 100 && prefix.split('.').all(plain) {
            Ok(Self { prefix })
        } else {
            Err(PrefixError { prefix })
        }
    }

    /// Returns the prefix.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the subject of an event.
    pub fn event(&self, origin: &Origin, event: &Event) -> String {
        let mut subject = self.begin("ev", origin, 64);
        push_class(&mut subject, event);
        subject.push('.');
        push_escaped(&mut subject, event.head().iter().copied());
        subject
    }

    /// Returns the subject of a control item.
    pub fn control(&self, origin: &Origin, kind: &str) -> String {
        let mut subject = self.begin("ctl", origin, kind.len());
        push_escaped(&mut subject, kind.bytes());
        subject
    }

    /// Returns the subject of an action that is sent over NATS.
    pub fn action(&self, origin: &Origin, action: &str) -> String {
        let mut subject = self.begin("do", origin, action.len());
        push_escaped(&mut subject, action.bytes());
        subject
    }

    /// Returns the pattern of the subjects of all actions.
    pub fn actions(&self) -> String {
        format!("{}.do.>", self.prefix)
    }

    /// Returns the pattern of the subjects of all actions for a server.
    pub fn actions_of(&self, origin: &Origin) -> String {
        self.begin("do", origin, 1) + ">"
    }

    /// Returns the pattern of the subjects of all events of a server.
    pub fn events_of(&self, origin: &Origin) -> String {
        self.begin("ev", origin, 1) + ">"
    }

    /// Returns the pattern of the subjects of all control items of a server.
    pub fn controls_of(&self, origin: &Origin) -> String {
        self.begin("ctl", origin, 1) + ">"
    }

    /// Returns the parts of the subject of an event or a control item. Returns `None` for any
    /// other subject.
    pub fn parse(&self, subject: &str) -> Option<Parsed> {
        let rest = subject.strip_prefix(&self.prefix)?.strip_prefix('.')?;
        let tokens: Vec<_> = rest.split('.').collect();
        match tokens[..] {
            ["ev", origin, class, name] => Some(Parsed::Event {
                origin: Origin::new(origin).ok()?,
                class: unescape(class)?,
                name: unescape(name)?,
            }),
            ["ctl", origin, kind] => {
                Some(Parsed::Control { origin: Origin::new(origin).ok()?, kind: unescape(kind)? })
            }
            _ => None,
        }
    }

    fn begin(&self, root: &str, origin: &Origin, room: usize) -> String {
        let length = self.prefix.len() + root.len() + origin.as_str().len() + 3;
        let mut subject = String::with_capacity(length + room);
        for token in [&self.prefix, root, origin.as_str()] {
            subject.push_str(token);
            subject.push('.');
        }
        subject
    }
}

/// Returns the token of a subject for these bytes.
///
/// Every byte but ASCII letters, digits, `-` and `_` becomes `%` and two hexadecimal digits. An
/// empty token is `%`. A token of more than 255 bytes is cut before the escape or letter that does
/// not fit, and ends in `%`.
pub fn escape(bytes: impl AsRef<[u8]>) -> String {
    let mut token = String::new();
    push_escaped(&mut token, bytes.as_ref().iter().copied());
    token
}

/// Returns the bytes that [`escape`] made a token of. Returns `None` for a token that it cannot
/// have made.
pub fn unescape(token: &str) -> Option<Token> {
    let (text, cut) = match token.strip_suffix('%') {
        Some("") => return Some(Token { bytes: Vec::new(), cut: false }),
        Some(text) => (text, true),
        None => (token, false),
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first == b'%' {
            let digits = rest.get(..2).filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &rest[2..];
        } else if is_plain(first) {
            bytes.push(first);
        } else {
            return None;
        }
    }
    (!bytes.is_empty()).then_some(Token { bytes, cut })
}

/// Appends the class of an event: the first one of `Privilege`, in lower case. Only the second line
/// counts, where servers write it, because a field behind it can be anybody's.
fn push_class(subject: &mut String, event: &Event) {
    let class = match event.lines().nth(1) {
        Some(Line::Field(name, value)) if name == b"Privilege" => {
            value.split(|&byte| byte == b',').next().unwrap_or_default().trim_ascii()
        }
        _ => b"",
    };
    if class.is_empty() || class == b"<none>" {
        subject.push_str(NO_CLASS);
    } else {
        push_escaped(subject, class.iter().map(u8::to_ascii_lowercase));
    }
}

fn push_escaped(subject: &mut String, bytes: impl ExactSizeIterator<Item = u8>) {
    let begin = subject.len();
    if bytes.len() == 0 {
        subject.push('%');
    }
    for byte in bytes {
        let before = subject.len();
        if is_plain(byte) {
            subject.push(char::from(byte));
        } else {
            // Writing to a `String` never fails.
            let _ = write!(subject, "%{byte:02X}");
        }
        // The last byte is for the mark of a token that was cut.
        if subject.len() - begin >= LONGEST {
            subject.truncate(before);
            subject.push('%');
            return;
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Origin {
        Origin::new("berlin").unwrap()
    }

    fn subject(event: &[u8]) -> String {
        Subjects::default().event(&berlin(), &Event::parse(event).unwrap())
    }

    #[test]
    fn a_subject_has_origin_class_and_name() {
        for (event, expected) in [
            (&b"Event: Hangup\r\nPrivilege: call,all"[..], "call.Hangup"),
            (b"Event: Hangup\r\nPrivilege: Call,all", "call.Hangup"),
            (b"Event: X\r\nPrivilege: <none>", "none.X"),
            (b"Event: X\r\nPrivilege: ", "none.X"),
            (b"Event: X", "none.X"),
            // A field that is not the server's.
            (b"Event: X\r\nA: b\r\nPrivilege: call,all", "none.X"),
            (b"Event: X\r\nPrivilege: a.b >,all", "a%2Eb%20%3E.X"),
        ] {
            assert_eq!(subject(event), format!("ami.ev.berlin.{expected}"));
        }
        assert_eq!(Subjects::default().control(&berlin(), "Gap"), "ami.ctl.berlin.Gap");
        let shop = Subjects::new("shop.ami").unwrap();
        assert_eq!(shop.control(&berlin(), "Gap"), "shop.ami.ctl.berlin.Gap");
        assert_eq!(shop.events_of(&berlin()), "shop.ami.ev.berlin.>");
        assert_eq!(shop.controls_of(&berlin()), "shop.ami.ctl.berlin.>");
        assert_eq!(shop.actions_of(&berlin()), "shop.ami.do.berlin.>");
        assert_eq!(shop.action(&berlin(), "Ping"), "shop.ami.do.berlin.Ping");
    }

    #[test]
    fn a_forged_name_stays_one_token() {
        for (name, token) in [
            (&b"a.b"[..], "a%2Eb"),
            (b"*", "%2A"),
            (b">", "%3E"),
            (b"two words\t", "two%20words%09"),
            (b"%", "%25"),
            (b"", "%"),
            (b"\xff\xc3\xa4", "%FF%C3%A4"),
            (b"Ok-1_z", "Ok-1_z"),
        ] {
            assert_eq!(escape(name), token);
            assert_eq!(unescape(token), Some(Token { bytes: name.to_vec(), cut: false }));
        }
        assert_eq!(subject(b"Event: \r\nA: b"), "ami.ev.berlin.none.%");
    }

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=255 {
            let token = escape([byte]);
            assert_eq!(unescape(&token).unwrap().bytes, [byte]);
            assert!(!token.contains(['.', '*', '>', ' ', '\t', '\r', '\n', '\0']), "{token}");
        }
    }

    #[test]
    fn an_overlong_name_is_cut_and_marked() {
        let fits = "x".repeat(254);
        assert_eq!(escape(&fits), fits);
        for (name, kept) in [("x".repeat(255), 254), ("x".repeat(5000), 254), (" ".repeat(90), 84)]
        {
            let token = escape(&name);
            assert!(token.len() <= 255 && token.ends_with('%'), "{token}");
            let back = unescape(&token).unwrap();
            assert!(back.cut);
            assert_eq!(back.bytes, name.as_bytes()[..kept]);
        }
    }

    #[test]
    fn a_subject_is_read_back() {
        let subjects = Subjects::default();
        let token = |text: &str| Token { bytes: text.into(), cut: false };
        assert_eq!(
            subjects.parse("ami.ev.berlin.call.a%2Eb"),
            Some(Parsed::Event { origin: berlin(), class: token("call"), name: token("a.b") })
        );
        assert_eq!(
            subjects.parse("ami.ctl.berlin.Gap"),
            Some(Parsed::Control { origin: berlin(), kind: token("Gap") })
        );
        for other in [
            "ami.ev.berlin.call",
            "ami.ev.berlin.call.A.B",
            "ami.ctl.berlin.call.A",
            "ami.do.berlin.Ping",
            "amiev.berlin.call.A",
            "x.ev.berlin.call.A",
            "ami.ev.b%20n.call.A",
            "ami.ev.berlin.call.%2",
            "ami.ev.berlin.call.%+1",
            "ami.ev.berlin.call.",
            "ami.ev.berlin.call.a b",
        ] {
            assert_eq!(subjects.parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_prefix_is_plain_tokens() {
        for prefix in ["", ".", "a.", "a..b", "a b", "a.*", ">", "ä", &"x".repeat(101)] {
            let error = Subjects::new(prefix).unwrap_err();
            assert!(error.to_string().contains("cannot be the prefix"), "{error}");
        }
        assert_eq!(Subjects::new("a-1.b_2").unwrap().prefix(), "a-1.b_2");
    }
}
