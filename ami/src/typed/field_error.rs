//! The error of a field whose value does not parse.

use std::fmt;

use crate::wire::hides;

/// The error of a field whose value is not of the type that the field is documented with.
///
/// Converts into `Box<dyn Error + Send + Sync>` with `?`. [`ami::Error`](crate::Error) is about the
/// connection and its calls, so functions that return both need a type that holds both.
///
/// The event is not affected: its other fields can be read, and [`value`](Self::value) has this one
/// as sent. `Display` and `Debug` show the beginning of the value with control characters escaped,
/// and no value of a field that holds a secret.
// Boxed, because every getter that parses returns it by value and nearly always has none.
#[derive(Clone, Eq, PartialEq)]
pub struct FieldError(Box<Inner>);

#[derive(Clone, Eq, PartialEq)]
struct Inner {
    event: String,
    field: String,
    value: Vec<u8>,
    expected: Expected,
}

/// The form that a value was expected to have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expected {
    /// In words.
    Text(&'static str),
    /// A number of the type of that path, or an enumeration of numbers.
    Type(&'static str),
}

/// The longest value that is shown in full, in characters.
const SHOWN: usize = 64;

impl FieldError {
    pub(super) fn new(event: String, field: String, value: &[u8], expected: Expected) -> Self {
        Self(Box::new(Inner { event, field, value: value.to_vec(), expected }))
    }

    /// Returns the name of the event.
    pub fn event(&self) -> &str {
        &self.0.event
    }

    /// Returns the name of the field.
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// Returns the value as sent.
    pub fn value(&self) -> &[u8] {
        &self.0.value
    }

    /// Returns the value for people to read.
    fn shown(&self) -> String {
        if hides(self.0.field.as_bytes(), &self.0.value) {
            return "(hidden)".to_owned();
        }
        format!("\"{}\"", short(&self.0.value))
    }
}

/// Returns the beginning of a text without control characters.
fn short(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        if at == SHOWN {
            out.push('…');
            break;
        }
        if char.is_control() || matches!(char, '"' | '\\') {
            out.extend(char.escape_debug());
        } else {
            out.push(char);
        }
    }
    out
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Type(path) => {
                let name = path.rsplit("::").next().unwrap_or(path);
                write!(f, "a number of the type {name}")
            }
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { event, field, expected, .. } = &*self.0;
        let (event, field) = (short(event.as_bytes()), short(field.as_bytes()));
        write!(f, "field {field} of event {event} is {}, expected {expected}", self.shown())
    }
}

impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldError")
            .field("event", &self.0.event)
            .field("field", &self.0.field)
            .field("value", &format_args!("{}", self.shown()))
            .field("expected", &self.0.expected)
            .finish()
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(field: &str, value: &[u8]) -> FieldError {
        let number = Expected::Type(std::any::type_name::<u32>());
        FieldError::new("Hangup".to_owned(), field.to_owned(), value, number)
    }

    #[test]
    fn the_value_is_shown_in_short_and_without_control_characters() {
        let text = error("Cause", b"\x1b[2J\r\nx\"\xff").to_string();
        let shown = r#""\u{1b}[2J\r\nx\""#;
        assert_eq!(
            text,
            format!(
                "field Cause of event Hangup is {shown}\u{fffd}\", expected a number of the type u32"
            )
        );
        let long = error("Cause", "é".repeat(65).as_bytes());
        assert!(long.to_string().contains(&format!("\"{}…\"", "é".repeat(64))), "{long}");
        assert_eq!(long.value().len(), 130);
        let full = error("Cause", "é".repeat(64).as_bytes());
        assert!(full.to_string().contains(&format!("\"{}\"", "é".repeat(64))), "{full}");
        assert_eq!(size_of::<FieldError>(), size_of::<usize>());
    }

    #[test]
    fn a_secret_is_not_shown() {
        for (field, value) in [("Secret", "hunter2"), ("Line-0", "secret=hunter2")] {
            let error = error(field, value.as_bytes());
            assert_eq!(error.value(), value.as_bytes());
            for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
                assert!(!text.contains("hunter2") && text.contains("(hidden)"), "{text}");
            }
        }
    }
}
