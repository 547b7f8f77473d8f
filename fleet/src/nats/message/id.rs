//! The ids of messages.
//!
//! A server that stamps its events writes the same bytes to every session, so their digest, with
//! the stamp, is the same in every bridge. Everything else has an id of its own in each run of a
//! bridge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ami::{Event, Line};

use crate::origin::Origin;

/// The digits of a stamp's fraction.
const FRACTION: usize = 6;

/// The name of one run of a bridge. Another run, also on the same machine, has another name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Run(Arc<str>);

/// The part behind the origin of an id that is the same in every bridge.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Shared {
    /// The seconds of the server's stamp.
    pub seconds: u64,
    /// The microseconds of the server's stamp.
    pub micros: u32,
    /// The number of times that the very same bytes came with this stamp, from 1.
    pub repeat: u32,
    /// The first 64 bits of the SHA-256 of the event's bytes.
    pub digest: u64,
}

/// The id of a message, which is its header `Nats-Msg-Id`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Id {
    /// The id of an event with a stamp, in every bridge: `ORIGIN.SECONDS.MICROS.DIGEST`, and
    /// `.REPEAT` from 2.
    Shared {
        /// The server.
        origin: Origin,
        /// The rest.
        shared: Shared,
    },
    /// The id of anything else, in this run alone: `RUN.ORIGIN.NUMBER`.
    Private {
        /// The run of the bridge.
        run: Run,
        /// The server.
        origin: Origin,
        /// The number among the private ids of this run and origin, from 1.
        number: u64,
    },
}

/// The id of an entry within its origin and the own run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    /// The id is the same in every bridge.
    Shared(Shared),
    /// The id is this run's own.
    Private {
        /// The number, from 1.
        number: u64,
        /// The last shared id before it.
        after: Option<Shared>,
    },
}

/// A text that is not the id of a message.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{text:?} is not the id of a message: expected ORIGIN.SECONDS.MICROS.DIGEST or \
     RUN.ORIGIN.NUMBER"
)]
pub struct IdError {
    text: String,
}

/// The keys of an origin's entries, in the order in which they come.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    private: u64,
    last: Option<Shared>,
    /// The digests with the stamp of `last`, and the number of times that each came.
    same: Vec<(u64, u32)>,
}

impl Run {
    /// Creates a name that no other run has: 16 random hexadecimal digits.
    pub fn random() -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        // Six bits of a random UUID are fixed, and they stand in different halves.
        Self(format!("{:016x}", high.rotate_left(32) ^ low).into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Run {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(IdError { text: text.into() })
        }
    }
}

impl Shared {
    /// Returns the stamp: seconds and microseconds.
    pub fn stamp(&self) -> (u64, u32) {
        (self.seconds, self.micros)
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}.{:016x}", self.seconds, self.micros, self.digest)?;
        if self.repeat > 1 { write!(f, ".{}", self.repeat) } else { Ok(()) }
    }
}

impl Id {
    /// Returns the server.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Shared { origin, .. } | Self::Private { origin, .. } => origin,
        }
    }

    /// Returns the part that is the same in every bridge, if the id is.
    pub fn shared(&self) -> Option<Shared> {
        match self {
            Self::Shared { shared, .. } => Some(*shared),
            Self::Private { .. } => None,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared { origin, shared } => write!(f, "{origin}.{shared}"),
            Self::Private { run, origin, number } => write!(f, "{run}.{origin}.{number}"),
        }
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parse(text).ok_or_else(|| IdError { text: text.chars().take(200).collect() })
    }
}

fn parse(text: &str) -> Option<Id> {
    let parts: Vec<_> = text.splitn(6, '.').collect();
    match parts[..] {
        [run, origin, number] => Some(Id::Private {
            run: run.parse().ok()?,
            origin: origin.parse().ok()?,
            number: decimal(number)?,
        }),
        [origin, seconds, micros, digest] => {
            let shared = shared(seconds, micros, digest, 1)?;
            Some(Id::Shared { origin: origin.parse().ok()?, shared })
        }
        [origin, seconds, micros, digest, repeat] => {
            let repeat = u32::try_from(decimal(repeat)?).ok().filter(|&it| it > 1)?;
            let shared = shared(seconds, micros, digest, repeat)?;
            Some(Id::Shared { origin: origin.parse().ok()?, shared })
        }
        _ => None,
    }
}

fn shared(seconds: &str, micros: &str, digest: &str, repeat: u32) -> Option<Shared> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digest = Some(digest).filter(|it| it.len() == 16 && it.bytes().all(lower))?;
    let digest = u64::from_str_radix(digest, 16).ok()?;
    Some(Shared { seconds: decimal(seconds)?, micros: fraction(micros)?, repeat, digest })
}

fn fraction(digits: &str) -> Option<u32> {
    u32::try_from(decimal(Some(digits).filter(|it| it.len() == FRACTION)?)?).ok()
}

fn decimal(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl Keys {
    /// Returns the key of an event.
    pub(crate) fn event(&mut self, event: &Event) -> Key {
        let Some(stamp) = stamp(event) else { return self.private() };
        let digest = digest(event.raw());
        if self.last.is_none_or(|last| last.stamp() != stamp) {
            self.same.clear();
        }
        let repeat = match self.same.iter_mut().find(|(known, _)| *known == digest) {
            Some((_, times)) => {
                *times += 1;
                *times
            }
            None => {
                self.same.push((digest, 1));
                1
            }
        };
        let shared = Shared { seconds: stamp.0, micros: stamp.1, repeat, digest };
        self.last = Some(shared);
        Key::Shared(shared)
    }

    /// Returns the key of anything else than an event.
    pub(crate) fn private(&mut self) -> Key {
        Key::Private { number: self.number(), after: self.last }
    }

    /// Returns a number that no other private id of the run and origin has.
    pub(crate) fn number(&mut self) -> u64 {
        self.private += 1;
        self.private
    }
}

/// Returns the server's stamp. Only the third line counts, where servers write it, because a field
/// behind it can be anybody's.
fn stamp(event: &Event) -> Option<(u64, u32)> {
    let Some(Line::Field(b"Timestamp", value)) = event.lines().nth(2) else { return None };
    let (seconds, micros) = str::from_utf8(value).ok()?.split_once('.')?;
    Some((decimal(seconds)?, fraction(micros)?))
}

fn digest(raw: &[u8]) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, raw);
    digest.as_ref().iter().take(8).fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event::parse(text).unwrap()
    }

    fn text(key: Key) -> String {
        let origin = Origin::new("berlin").unwrap();
        match key {
            Key::Shared(shared) => Id::Shared { origin, shared }.to_string(),
            Key::Private { number, .. } => {
                Id::Private { run: "r1".parse().unwrap(), origin, number }.to_string()
            }
        }
    }

    #[test]
    fn a_stamped_event_has_the_same_id_in_every_bridge() {
        let (mut one, mut other) = (Keys::default(), Keys::default());
        other.private();
        let event = event("Event: A\nPrivilege: call,all\nTimestamp: 1700000000.000042\nB: c");
        let key = one.event(&event);
        // `printf 'Event: A\r\n…B: c\r\n\r\n' | sha256sum`.
        assert_eq!(text(key), "berlin.1700000000.000042.55821d288f5ffc60");
        assert_eq!(key, other.event(&event));
    }

    #[test]
    fn the_same_bytes_again_are_counted() {
        let mut keys = Keys::default();
        let a = event("Event: A\nPrivilege: call,all\nTimestamp: 1.000001");
        let b = event("Event: B\nPrivilege: call,all\nTimestamp: 1.000001");
        let later = event("Event: A\nPrivilege: call,all\nTimestamp: 1.000002");
        let mut repeats = |event: &Event| match keys.event(event) {
            Key::Shared(shared) => shared.repeat,
            Key::Private { .. } => panic!("private"),
        };
        // Another event between them with the same stamp does not hide the repeat.
        assert_eq!([&a, &a, &b, &a, &later, &a].map(&mut repeats), [1, 2, 1, 3, 1, 1]);
        assert!(text(keys.event(&a)).ends_with(".2"));
    }

    #[test]
    fn only_the_third_line_is_a_stamp() {
        let mut keys = Keys::default();
        for text in [
            "Event: A\nPrivilege: call,all\nB: c\nTimestamp: 1.000001",
            "Event: A\nTimestamp: 1.000001",
            "Event: A\nPrivilege: call,all\nTimestamp: 1.1",
            "Event: A\nPrivilege: call,all\nTimestamp: -1.000001",
            "Event: A\nPrivilege: call,all\nTimestamp: .000001",
            "Event: A\nPrivilege: call,all\nTimestamp: 1.00000a",
            "Event: A\nPrivilege: call,all\nTimestamp: 99999999999999999999.000001",
        ] {
            assert!(matches!(keys.event(&event(text)), Key::Private { .. }), "{text}");
        }
    }

    #[test]
    fn a_private_id_names_the_shared_one_before_it() {
        let mut keys = Keys::default();
        assert_eq!(keys.private(), Key::Private { number: 1, after: None });
        let Key::Shared(shared) = keys.event(&event("Event: A\nPrivilege: a\nTimestamp: 1.000001"))
        else {
            panic!("private");
        };
        assert_eq!(keys.private(), Key::Private { number: 2, after: Some(shared) });
        assert_eq!(text(keys.private()), "r1.berlin.3");
    }

    #[test]
    fn ids_are_read_back() {
        for text in [
            "berlin.1700000000.000042.00000000000000ff",
            "berlin.1700000000.000042.00000000000000ff.2",
            "r1.berlin.7",
        ] {
            assert_eq!(text.parse::<Id>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "berlin.1",
            "berlin.1.42.00000000000000ff",
            "berlin.1.000042.00000000000000FF",
            "berlin.1.000042.ff",
            "berlin.1.000042.00000000000000ff.1",
            "berlin.1.000042.00000000000000ff.2.3",
            "r1.ber lin.7",
            "r1.berlin.+7",
            "r1.berlin.",
        ] {
            assert!(text.parse::<Id>().is_err(), "{text}");
        }
        let (one, other) = (Run::random(), Run::random());
        assert!(one != other && one.as_str().len() == 16, "{one} {other}");
        assert_eq!(one.to_string().parse(), Ok(one));
    }
}
