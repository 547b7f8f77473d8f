//! Reads fields as values. Every getter of a typed event comes down to a method here.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::value::{Address, ChannelName, UniqueId};
use crate::wire::{Event, unescape};

/// A field of an event by name. The name may have a prefix, as in `DestChannel`.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    event: &'a Event,
    prefix: &'static str,
    name: &'static str,
}

impl<'a> Field<'a> {
    #[inline]
    pub(crate) fn new(event: &'a Event, prefix: &'static str, name: &'static str) -> Self {
        Self { event, prefix, name }
    }

    #[inline]
    fn raw(self) -> Option<&'a [u8]> {
        if self.prefix.is_empty() {
            self.event.get(self.name)
        } else {
            self.event.get_joined(self.prefix, self.name)
        }
    }

    /// Returns the value of a field that is not empty.
    fn filled(self) -> Option<&'a [u8]> {
        self.raw().filter(|value| !value.is_empty())
    }

    #[inline]
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.raw().map(String::from_utf8_lossy)
    }

    /// Returns the text of a value that the server escapes.
    pub(crate) fn unescaped(self) -> Option<Cow<'a, str>> {
        self.raw().map(|value| lossy(unescape(value)))
    }

    /// Returns the values of all fields of that name.
    pub(crate) fn texts(self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.event.get_all(self.name).map(String::from_utf8_lossy)
    }

    /// Returns the value as an open enumeration, which admits any text.
    pub(crate) fn open<T: From<Cow<'a, str>>>(self) -> Option<T> {
        self.filled().map(|value| T::from(String::from_utf8_lossy(value)))
    }

    pub(crate) fn channel_name(self) -> Option<ChannelName<'a>> {
        self.filled().map(|value| ChannelName::from(String::from_utf8_lossy(value)))
    }

    pub(crate) fn unique_id(self) -> Option<UniqueId<'a>> {
        self.filled().map(|value| UniqueId::from(String::from_utf8_lossy(value)))
    }

    pub(crate) fn number<T: FromStr>(self) -> Result<Option<T>, FieldError> {
        self.parse("a number", |text| text.parse().ok())
    }

    pub(crate) fn hex(self) -> Result<Option<u32>, FieldError> {
        self.parse("a hexadecimal number with 0x", |text| {
            u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
        })
    }

    pub(crate) fn flag(self) -> Result<Option<bool>, FieldError> {
        self.parse("yes or no", flag)
    }

    pub(crate) fn seconds(self) -> Result<Option<Duration>, FieldError> {
        self.parse("a number of seconds", |text| text.parse().ok().map(Duration::from_secs))
    }

    pub(crate) fn millis(self) -> Result<Option<Duration>, FieldError> {
        self.parse("a number of milliseconds", |text| text.parse().ok().map(Duration::from_millis))
    }

    pub(crate) fn clock(self) -> Result<Option<Duration>, FieldError> {
        self.parse("a time as HH:MM:SS", clock)
    }

    pub(crate) fn epoch(self) -> Result<Option<SystemTime>, FieldError> {
        self.parse("a number of seconds since 1970", epoch)
    }

    pub(crate) fn address(self) -> Result<Option<Address>, FieldError> {
        self.parse("an address", |text| text.parse().ok())
    }

    /// Parses a value that is not empty.
    fn parse<T>(
        self,
        expected: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.filled() else { return Ok(None) };
        match str::from_utf8(value).ok().and_then(|text| parse(text.trim())) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(self.error(value, expected)),
        }
    }

    #[cold]
    fn error(self, value: &[u8], expected: &'static str) -> FieldError {
        FieldError {
            event: self.event.name().into_owned(),
            field: [self.prefix, self.name].concat(),
            value: value.into(),
            expected,
        }
    }
}

fn lossy(value: Cow<'_, [u8]>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(value) => String::from_utf8_lossy(value),
        Cow::Owned(value) => Cow::Owned(String::from_utf8_lossy(&value).into_owned()),
    }
}

/// Parses the words for yes and no that the server writes.
fn flag(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["yes", "true", "1", "on", "y", "t"]) {
        return Some(true);
    }
    is(&["no", "false", "0", "off", "n", "f"]).then_some(false)
}

/// Parses `HH:MM:SS`, where the hours can have more digits.
fn clock(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let seconds = hours.checked_mul(3600)?.checked_add(minutes * 60)?.checked_add(seconds)?;
    parts.next().is_none().then_some(Duration::from_secs(seconds))
}

/// Parses seconds since 1970, with up to nine decimals.
fn epoch(text: &str) -> Option<SystemTime> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit()) && decimals.len() <= 9;
    let nanos = format!("{decimals:0<9}").parse().ok().filter(|_| digits)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds.parse().ok()?, nanos))
}

/// The error of a field whose value is not of the type that the field is documented with. The event
/// is not affected: its other fields can be read, and [`value`](Self::value) has this one as sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldError {
    event: String,
    field: String,
    value: Box<[u8]>,
    expected: &'static str,
}

impl FieldError {
    /// Returns the name of the event.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Returns the name of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns the value as sent.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, field, value, expected } = self;
        let value = value.escape_ascii();
        write!(f, "field {field:?} of event {event:?} is \"{value}\", expected {expected}")
    }
}

impl std::error::Error for FieldError {}
