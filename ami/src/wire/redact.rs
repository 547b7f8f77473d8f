//! Messages and actions for people to read, without the secrets in them.

use std::fmt;

use memchr::memchr;

use super::grammar::{self, Line};

/// Lines for people to read, without secrets: for `Debug` of messages and actions.
#[derive(Default)]
pub(crate) struct Showing {
    /// `true` if an earlier line names a variable or a key that holds a secret. The value of that
    /// secret is a field of its own.
    named: bool,
}

impl Showing {
    pub(crate) fn line<'a>(&mut self, line: Line<'a>) -> Shown<'a> {
        let is = |name: &[u8], any: &[&str]| {
            any.iter().any(|it| grammar::trim_name(name).eq_ignore_ascii_case(it.as_bytes()))
        };
        let hidden = match line {
            Line::Field(name, value) => {
                self.named |= is(name, &["Variable", "Key"]) && is_secret(value);
                is_secret(name)
                    || assigns_secret(value)
                    || self.named && is(name, &["Value", "Val"])
            }
            Line::Bare(text) => assigns_secret(text),
        };
        Shown { line, hidden, length: false }
    }
}

/// One line for people to read.
pub(crate) struct Shown<'a> {
    line: Line<'a>,
    pub(super) hidden: bool,
    /// `true` if only the length of the line may be shown.
    pub(super) length: bool,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Line::Field(name, _) if self.hidden => write!(f, "{}: (hidden)", name.escape_ascii()),
            Line::Field(name, value) if self.length && !name.eq_ignore_ascii_case(b"ActionID") => {
                write!(f, "({} bytes)", name.len() + 1 + value.len())
            }
            // The output of a command can hold any secret, in any form.
            Line::Field(name, value)
                if grammar::trim_name(name).eq_ignore_ascii_case(b"Output") =>
            {
                write!(f, "Output: ({} bytes)", value.len())
            }
            // So can a command, behind its first word.
            Line::Field(name, value)
                if grammar::trim_name(name).eq_ignore_ascii_case(b"Command") =>
            {
                let value = String::from_utf8_lossy(value);
                match value.trim().split_once(char::is_whitespace) {
                    Some((first, _)) => write!(f, "Command: \"{} …\"", first.escape_debug()),
                    None => write!(f, "Command: {value:?}"),
                }
            }
            Line::Field(name, value) => {
                write!(f, "{}: {:?}", name.escape_ascii(), String::from_utf8_lossy(value))
            }
            Line::Bare(_) if self.hidden => f.write_str("(hidden)"),
            Line::Bare(text) if self.length => write!(f, "({} bytes)", text.len()),
            Line::Bare(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
        }
    }
}

/// Returns `true` if the value of a field must not be shown.
pub(crate) fn hides(name: &[u8], value: &[u8]) -> bool {
    is_secret(name) || assigns_secret(value)
}

/// Returns `true` if a field of that name holds a secret or may hold one: `Secret` and `Key` of
/// Login, the passwords and secrets of configuration and of the details of technologies, `register`
/// with its user and password, whole configurations in `JSON`, and the values that `UpdateConfig`
/// sets.
fn is_secret(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 6] = [b"secret", b"password", b"passwd", b"md5cred", b"token", b"digest"];
    let name = name.trim_ascii().to_ascii_lowercase();
    let ends = ENDS.iter().any(|end| name.ends_with(end));
    ends || name == b"key" || name == b"register" || name == b"json" || name.starts_with(b"value-")
}

/// Returns `true` if a value is a line of configuration that sets a secret, such as `secret=…` in
/// the answer to `GetConfig`.
fn assigns_secret(value: &[u8]) -> bool {
    memchr(b'=', value).is_some_and(|at| is_secret(&value[..at]))
}
