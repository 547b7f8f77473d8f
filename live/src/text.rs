//! Texts of events as values that stay: identifiers, and fields that are replaced only when they
//! change.

use std::borrow::Cow;
use std::sync::Arc;

use ami::{Event, unescape};

/// A text that several tables share, such as an identifier.
pub type Id = Arc<str>;

/// Returns a field as text; bytes that are not UTF-8 are replaced.
pub(crate) fn text<'a>(event: &'a Event, name: &str) -> Option<Cow<'a, str>> {
    event.get(name).map(String::from_utf8_lossy)
}

/// Returns a field that says something: neither empty nor one of the server's words for none.
pub(crate) fn filled<'a>(event: &'a Event, name: &str) -> Option<Cow<'a, str>> {
    text(event, name).filter(|it| !matches!(&**it, "" | "(null)" | "<unknown>" | "<null>" | "none"))
}

/// Returns the name or number of a caller as an event tells it: without escapes, and empty if the
/// server knows none.
pub(crate) fn party<'a>(event: &'a Event, name: &str) -> Cow<'a, [u8]> {
    match event.get(name) {
        None | Some(b"<unknown>") => Cow::Borrowed(b""),
        Some(value) => unescape(value),
    }
}

/// Sets a text if it differs. Returns `true` if it did.
pub(crate) fn set(text: &mut Box<str>, value: &[u8]) -> bool {
    if text.as_bytes() == value {
        return false;
    }
    let value = String::from_utf8_lossy(value);
    if **text == *value {
        return false;
    }
    *text = value.into();
    true
}

/// Returns a field that says yes or no.
pub(crate) fn flag(event: &Event, name: &str) -> Option<bool> {
    match &*text(event, name)? {
        "Yes" | "yes" | "on" | "true" | "1" => Some(true),
        "No" | "no" | "off" | "false" | "0" => Some(false),
        _ => None,
    }
}
