//! The values that a session begins with.

use std::fmt;

use crate::wire::percent_decode;

/// The values that the server tells of the channel when a session begins: `agi_channel`,
/// `agi_callerid`, `agi_extension` and others.
///
/// With AsyncAGI, the server cuts the list off at 1,024 bytes, and at 2,047 bytes of its encoded
/// form; [`is_complete`](Self::is_complete) tells.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Env {
    values: Vec<(String, String)>,
    complete: bool,
}

impl Env {
    /// Reads the field `Env` of `AsyncAGIStart`.
    pub(super) fn decode(field: &[u8]) -> Self {
        Self::parse(&percent_decode(field))
    }

    /// Reads the lines of values, which an empty line ends.
    pub(super) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut values: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match (line.split_once(':'), values.last_mut()) {
                (Some((name, value)), _) if name.starts_with("agi_") => {
                    values.push((name.to_owned(), value.trim_start().to_owned()));
                }
                // A line end in a value.
                (_, Some((_, value))) => {
                    value.push('\n');
                    value.push_str(line);
                }
                (_, None) => {}
            }
        }
        Self { values, complete: text.ends_with("\n\n") }
    }

    /// Returns the first value of that name, such as `agi_callerid`. Bytes that are not UTF-8 are
    /// replaced with U+FFFD. The server writes `unknown` for a caller that it does not know.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Returns the arguments of the application behind the first one, `agi_arg_1` and so on: `a`
    /// and `b` of `AGI(agi:async,a,b)`.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        let number = |name: &str| name.strip_prefix("agi_arg_")?.parse::<u32>().ok();
        self.iter().filter_map(move |(name, value)| number(name).map(|_| value))
    }

    /// Returns the names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns `true` if the server sent all values.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name() {
        let env = Env::decode(
            b"agi_request%3A%20async%0Aagi_calleridname%3A%20a%3A%20b%0Ac%0Aagi_x%3A%20%0A%0A",
        );
        assert_eq!(env.get("agi_request"), Some("async"));
        assert_eq!(env.get("agi_calleridname"), Some("a: b\nc"));
        assert_eq!((env.get("agi_x"), env.get("agi_y")), (Some(""), None));
        assert!(env.is_complete() && env.iter().count() == 3);
        let cut = Env::decode(b"agi_request%3A%20async%0Aagi_chan");
        assert!(!cut.is_complete() && cut.get("agi_request") == Some("async\nagi_chan"));
        assert!(!Env::decode(b"").is_complete());
        let arguments = Env::parse(b"agi_arg_1: a\nagi_arg_2: \nagi_arg_x: c\nagi_arg_3: d: e\n\n");
        assert_eq!(arguments.arguments().collect::<Vec<_>>(), ["a", "", "d: e"]);
    }
}
