//! Texts of a server on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns a text without what a terminal would act on: control characters, and those that change
/// the direction of text, are escaped. Bytes that are not UTF-8 are written as `\xNN`. Callers
/// choose their names, so every text of a server may have any byte.
pub(crate) fn escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for char in chunk.valid().chars() {
            if is_harmful(char) {
                out.extend(char.escape_default());
            } else {
                out.push(char);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Returns a text in JSON without what a terminal would act on: such characters, which are in
/// strings alone, are escaped as JSON does it.
pub(super) fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_harmful) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        if is_harmful(char) {
            // Writing to a string does not fail. All of these have four digits at most.
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out.into()
}

fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        assert_eq!(escape(b"\x1b[2J\x07\r\n\t"), r"\u{1b}[2J\u{7}\r\n\t");
        assert_eq!(escape("\u{9b}31m\u{202e}abc".as_bytes()), r"\u{9b}31m\u{202e}abc");
        assert_eq!(escape(b"M\xfcller"), r"M\xfcller");
        assert_eq!(escape("Müller 日本".as_bytes()), "Müller 日本");
    }

    #[test]
    fn json_is_escaped_and_means_the_same() {
        let value = serde_json::json!({ "a": "\x1b[2J\u{9b}31m\u{7f}\u{202e}\u{feff} Müller" });
        let text = value.to_string();
        let escaped = escape_json(&text);
        assert!(!escaped.contains(is_harmful), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
