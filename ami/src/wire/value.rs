//! Encoded values: escapes, percent-encoding, and channel variables.
//!
//! The codec hands out values as sent. The server escapes some of them, from Asterisk 13.5 on. The
//! wire does not show which, so the caller has to know the field.

use std::borrow::Cow;

use percent_encoding::percent_decode as decode;

use super::grammar;

/// Decodes the escapes that the server puts into some values (`main/utils.c`,
/// `ast_escape_c_alloc`): `\n`, `\r`, `\t`, `\a`, `\b`, `\f` and `\v` for control characters, and a
/// backslash before a backslash, `'`, `"` and `?`.
///
/// Asterisk 13.5 and later escape these values:
///
/// - `CallerIDName` and `ConnectedLineName` of a channel's snapshot, with any prefix, and the value
///   in `ChanVariable: name=value` (but not in `ChanVariable(channel): name=value`);
/// - `Value` of `VarSet`;
/// - the text in `CID-CallingPres` of `NewCallerid`;
/// - `Subtype` and `Message` of `PresenceStateChange`.
///
/// The same data elsewhere, for example in `OriginateResponse`, `Status` and the answer to
/// `Getvar`, is not escaped.
///
/// ```
/// assert_eq!(&*ami::unescape(br#"say \"hi\"\r\n"#), b"say \"hi\"\r\n");
/// assert_eq!(&*ami::unescape(b"plain"), b"plain");
/// ```
pub fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', value) else { return Cow::Borrowed(value) };
    let mut out = value[..first].to_vec();
    let mut bytes = value[first..].iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => bytes.next().map_or(b'\\', meaning),
            byte => byte,
        });
    }
    Cow::Owned(out)
}

/// Returns the byte that a character after a backslash stands for.
fn meaning(byte: u8) -> u8 {
    match byte {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        other => other,
    }
}

/// Decodes the percent-encoding of `Env` in `AsyncAGIStart` and of `Result` in `AsyncAGIExec`
/// (`res/res_agi.c`, by way of `ast_uri_encode`). `+` stands for itself. A `%` without two
/// hexadecimal digits after it is kept.
///
/// ```
/// let env = b"agi_channel%3A%20Local%2F1%40c%0Aagi_enhanced%3A%200.0%0A";
/// assert_eq!(&*ami::percent_decode(env), b"agi_channel: Local/1@c\nagi_enhanced: 0.0\n");
/// ```
pub fn percent_decode(value: &[u8]) -> Cow<'_, [u8]> {
    decode(value).into()
}

/// A channel variable in an event. The server adds the variables that `channelvars` in
/// `manager.conf` names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Variable<'a> {
    /// The owner of the variable: the role in the prefix of the field (`Dest` in
    /// `DestChanVariable`, empty in `ChanVariable`), or the channel in `ChanVariable(channel)`.
    pub of: &'a [u8],
    /// The name of the variable.
    pub name: &'a [u8],
    /// The value as sent.
    pub value: &'a [u8],
    /// `true` if the value is [escaped](unescape), as in a channel's snapshot on Asterisk 13.5 and
    /// later.
    pub escaped: bool,
}

impl<'a> Variable<'a> {
    /// Returns the variable in a field, if there is one.
    pub(crate) fn of(field: &'a [u8], value: &'a [u8]) -> Option<Self> {
        const FIELD: &[u8] = b"ChanVariable";
        let field = grammar::trim_name(field);
        let (of, escaped) = match field.strip_suffix(b")") {
            Some(rest) => {
                let (name, channel) = rest.split_at_checked(FIELD.len())?;
                (channel.strip_prefix(b"(").filter(|_| name.eq_ignore_ascii_case(FIELD))?, false)
            }
            None => {
                let (of, name) = field.split_at_checked(field.len().checked_sub(FIELD.len())?)?;
                name.eq_ignore_ascii_case(FIELD).then_some((of, true))?
            }
        };
        let at = memchr::memchr(b'=', value)?;
        Some(Self { of, name: &value[..at], value: &value[at + 1..], escaped })
    }

    /// Returns the value without escapes.
    pub fn unescaped(&self) -> Cow<'a, [u8]> {
        if self.escaped { unescape(self.value) } else { Cow::Borrowed(self.value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_back() {
        let cases: [(&[u8], &[u8]); 6] = [
            (br#"a\r\nb\\c\"d\'e\?"#, b"a\r\nb\\c\"d'e?"),
            (br"\a\b\f\n\r\t\v", b"\x07\x08\x0c\n\r\t\x0b"),
            (br"\x\1", b"x1"),
            (b"tail\\", b"tail\\"),
            (b"\\\\", b"\\"),
            (b"\xe9\xff", b"\xe9\xff"),
        ];
        for (sent, meant) in cases {
            assert_eq!(&*unescape(sent), meant, "{}", sent.escape_ascii());
        }
    }

    #[test]
    fn percent_encoding_is_taken_back() {
        let cases: [(&[u8], &[u8]); 4] = [
            (b"a%3a%20b%0A", b"a: b\n"),
            (b"1+1", b"1+1"),
            (b"%", b"%"),
            (b"%f%zz%E9", b"%f%zz\xe9"),
        ];
        for (sent, meant) in cases {
            assert_eq!(&*percent_decode(sent), meant, "{}", sent.escape_ascii());
        }
    }

    #[test]
    fn variables_in_both_spellings_and_nothing_else() {
        let of = |field: &'static str, value: &'static str| {
            Variable::of(field.as_bytes(), value.as_bytes()).map(|it| {
                let text = |bytes| str::from_utf8(bytes).unwrap();
                (text(it.of), text(it.name), text(it.value), it.escaped)
            })
        };
        assert_eq!(of("ChanVariable", "A=b=c"), Some(("", "A", "b=c", true)));
        assert_eq!(of("DestChanVariable", "A="), Some(("Dest", "A", "", true)));
        assert_eq!(of("destchanvariable ", "A="), Some(("dest", "A", "", true)));
        assert_eq!(
            of("ChanVariable(Local/1@c-00000001;2)", "K=v"),
            Some(("Local/1@c-00000001;2", "K", "v", false))
        );
        assert_eq!(of("ChanVariable", "no value"), None);
        for field in
            ["Variable", "Value", "ChanVariables", "ChanVariable(x", "Chan(Variable)", ")", ""]
        {
            assert_eq!(of(field, "A=b"), None, "{field}");
        }
    }
}
