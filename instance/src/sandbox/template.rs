//! Keys (`<<key>>`) in configuration files, which stand for something that only the sandbox knows.
//!
//! `${…}` belongs to the dialplan, and `<<` is harmless in it, so only a name between the brackets
//! makes a key.

use std::collections::BTreeMap;

/// The values of the keys.
pub(crate) type Keys = BTreeMap<String, String>;

/// An unknown key.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct UnknownKey {
    pub(crate) line: usize,
    pub(crate) key: String,
}

/// Replaces the known keys by their values. An unknown key stays as it is; the first one is
/// returned.
pub(crate) fn render(text: &[u8], keys: &Keys) -> (Vec<u8>, Option<UnknownKey>) {
    let mut out = Vec::with_capacity(text.len());
    let mut unknown = None;
    let mut at = 0;
    while at < text.len() {
        let Some(key) = key_at(&text[at..]) else {
            out.push(text[at]);
            at += 1;
            continue;
        };
        match keys.get(key) {
            Some(value) => out.extend_from_slice(value.as_bytes()),
            None => {
                let line = 1 + text[..at].iter().filter(|&&byte| byte == b'\n').count();
                unknown.get_or_insert_with(|| UnknownKey { line, key: key.to_owned() });
                out.extend_from_slice(&text[at..at + key.len() + 4]);
            }
        }
        at += key.len() + 4;
    }
    (out, unknown)
}

/// Returns the key that `text` begins with: `<<`, a letter, letters, digits, dots or underscores,
/// `>>`.
fn key_at(text: &[u8]) -> Option<&str> {
    let rest = text.strip_prefix(b"<<")?;
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let length = rest.iter().take_while(|byte| inner(byte)).count();
    let key = str::from_utf8(&rest[..length]).ok()?;
    (key.starts_with(|first: char| first.is_ascii_alphabetic())
        && rest[length..].starts_with(b">>"))
    .then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> (String, Option<UnknownKey>) {
        let keys = Keys::from([
            ("address".to_owned(), "127.1.2.3".to_owned()),
            ("astlogdir".to_owned(), "/tmp/x".to_owned()),
        ]);
        let (out, unknown) = render(text.as_bytes(), &keys);
        (String::from_utf8(out).unwrap(), unknown)
    }

    #[test]
    fn known_keys_are_replaced_wherever_they_stand() {
        let (out, unknown) = rendered("a=<<address>>:5038<<address>>\n<<astlogdir>>/x");
        assert_eq!((out.as_str(), unknown), ("a=127.1.2.3:5038127.1.2.3\n/tmp/x/x", None));
    }

    #[test]
    fn what_is_no_key_passes_untouched() {
        for text in ["<<", "a << b >> c", "<<>>", "<<1>>", "${X}<<$[1<<2]", "<<<", "<<address>"] {
            assert_eq!(rendered(text), (text.to_owned(), None));
        }
        assert_eq!(rendered("<<<address>>>").0, "<127.1.2.3>");
    }

    #[test]
    fn the_first_unknown_key_is_told_with_its_line() {
        let (out, unknown) = rendered("one\ntwo <<adress>> <<other>>\n");
        assert_eq!(out, "one\ntwo <<adress>> <<other>>\n");
        assert_eq!(unknown, Some(UnknownKey { line: 2, key: "adress".to_owned() }));
    }
}
