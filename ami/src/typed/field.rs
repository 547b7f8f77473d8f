//! Reads fields as values. Every getter of a typed event comes down to a method here.
//!
//! A text is `None` if the event has no such field, and an empty text if the field is empty. Every
//! other kind is `None` if the field is absent or empty, or is `(null)`, which the server writes
//! where it has no text. The value of a text is never changed: `<unknown>` and `unknown` stay as
//! they are, and bytes that are not UTF-8 are replaced with U+FFFD in texts and do not parse as
//! anything else.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::field_error::Expected;
pub(crate) use super::field_error::FieldError;
use super::time::{clock, date_time, decimal};
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

    /// Returns the prefix and the name.
    #[cfg(feature = "testing")]
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        (self.prefix, self.name)
    }

    fn raw(self) -> Option<&'a [u8]> {
        self.event.get_joined(self.prefix, self.name)
    }

    /// Returns the value of a field that says something.
    fn filled(self) -> Option<&'a [u8]> {
        self.raw().filter(|value| !matches!(*value, b"" | b"(null)"))
    }

    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.raw().map(lossy)
    }

    /// Returns the text of a value that the server escapes.
    pub(crate) fn unescaped(self) -> Option<Cow<'a, str>> {
        self.raw().map(unescaped)
    }

    /// Returns the values of all fields of that name, in order. No group with a prefix has such
    /// fields.
    pub(crate) fn texts(self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        debug_assert!(self.prefix.is_empty());
        self.event.get_all(self.name).map(lossy)
    }

    /// Returns the value as an open enumeration, which admits any text.
    pub(crate) fn open<T: From<Cow<'a, str>>>(self) -> Option<T> {
        self.filled().map(|value| T::from(lossy(value)))
    }

    /// Returns the value as the name of a channel, or `None` if it stands for no channel.
    pub(crate) fn channel_name(self) -> Option<ChannelName<'a>> {
        self.of_channel().map(|value| lossy(value).into())
    }

    /// Returns the value as a unique id, or `None` if it stands for no channel.
    pub(crate) fn unique_id(self) -> Option<UniqueId<'a>> {
        self.of_channel().map(|value| lossy(value).into())
    }

    /// Returns the value of a field that identifies a channel, without the words that the server
    /// writes for no channel: `none` in `VarSet`, the others in `OriginateResponse`.
    fn of_channel(self) -> Option<&'a [u8]> {
        self.filled().filter(|value| !matches!(*value, b"none" | b"<unknown>" | b"<null>"))
    }

    /// Parses a number, or an enumeration of numbers.
    pub(crate) fn number<T: FromStr>(self) -> Result<Option<T>, FieldError> {
        self.parse(Expected::Type(std::any::type_name::<T>()), |text| text.parse().ok())
    }

    pub(crate) fn hex(self) -> Result<Option<u32>, FieldError> {
        self.parse(Expected::Text("a hexadecimal number such as 0x1f"), |text| {
            let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| plain)
        })
    }

    pub(crate) fn flag(self) -> Result<Option<bool>, FieldError> {
        self.parse(Expected::Text("yes or no"), flag)
    }

    pub(crate) fn seconds(self) -> Result<Option<Duration>, FieldError> {
        self.parse(Expected::Text("a number of seconds"), decimal)
    }

    pub(crate) fn millis(self) -> Result<Option<Duration>, FieldError> {
        self.parse(Expected::Text("a number of milliseconds"), |text| Some(decimal(text)? / 1_000))
    }

    /// Parses microseconds. `N/A`, which the server writes for a value that it has not measured, is
    /// `None`.
    pub(crate) fn micros(self) -> Result<Option<Duration>, FieldError> {
        if self.raw().is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"N/A")) {
            return Ok(None);
        }
        self.parse(Expected::Text("a number of microseconds"), |text| {
            Some(decimal(text)? / 1_000_000)
        })
    }

    pub(crate) fn clock(self) -> Result<Option<Duration>, FieldError> {
        self.parse(Expected::Text("a duration as HH:MM:SS"), clock)
    }

    /// Parses a time. The server writes 0 for what never happened, which is `None`.
    pub(crate) fn epoch(self) -> Result<Option<SystemTime>, FieldError> {
        let time = self.parse(Expected::Text("a number of seconds since 1970"), |text| {
            SystemTime::UNIX_EPOCH.checked_add(decimal(text)?)
        })?;
        Ok(time.filter(|time| *time != SystemTime::UNIX_EPOCH))
    }

    pub(crate) fn date_time(self) -> Result<Option<SystemTime>, FieldError> {
        self.parse(Expected::Text("a time such as 2026-01-31T12:00:00.000+0000"), date_time)
    }

    pub(crate) fn address(self) -> Result<Option<Address>, FieldError> {
        self.parse(Expected::Text("an IP address"), |text| text.parse().ok())
    }

    /// Parses the value of a field that says something, without blanks around it.
    fn parse<T>(
        self,
        expected: Expected,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let value = self.filled().unwrap_or_default().trim_ascii();
        if value.is_empty() {
            return Ok(None);
        }
        match str::from_utf8(value).ok().and_then(parse) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(self.error(expected)),
        }
    }

    #[cold]
    fn error(self, expected: Expected) -> FieldError {
        let field = [self.prefix, self.name].concat();
        let value = self.raw().unwrap_or_default();
        FieldError::new(self.event.name().into_owned(), field, value, expected)
    }
}

/// Converts bytes into text. Most values are UTF-8, and checking that is faster than looking for
/// the places that are not.
pub(crate) fn lossy(value: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(value),
    }
}

/// Converts bytes that the server escaped into text.
pub(crate) fn unescaped(value: &[u8]) -> Cow<'_, str> {
    match unescape(value) {
        Cow::Borrowed(value) => lossy(value),
        Cow::Owned(value) => Cow::Owned(lossy(&value).into_owned()),
    }
}

/// Parses the words for yes and no that the server writes and reads.
fn flag(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["yes", "true", "1", "on", "y", "t"]) {
        return Some(true);
    }
    is(&["no", "false", "0", "off", "n", "f"]).then_some(false)
}

#[cfg(test)]
mod tests;
