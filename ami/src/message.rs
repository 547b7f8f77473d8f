//! One message from the server: its bytes as received, and the ways to look into them.
//!
//! A [`Message`] is a slice of the read buffer ([`Bytes`]) and a few offsets. Nothing is copied, decoded or unescaped
//! on the way in; a clone counts a reference. Fields are found by walking the lines, in the order in which the server
//! sent them, repeats included. Names compare without regard to ASCII case, values are bytes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memchr;
use memchr::memmem::Finder;

use crate::parse::{self, END_COMMAND, Line, Lines, RawLines};
use crate::value::{Variable, unescape};

/// What the first line of a message says it is. Later lines do not count: an `OriginateResponse` is an event that has a
/// field `Response`, and a `UserEvent` can have a field `Event`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The first line is `Response: …`.
    Response,
    /// The first line is `Event: …`.
    Event,
    /// Anything else: the rest of a message that unescaped data cut in two, or bare lines.
    Other,
}

/// One message: an ordered list of fields and bare lines.
///
/// It shares its bytes with the buffer that it was read into: 64 KiB, or a large message. Whoever keeps a few messages
/// for long should [`detach`](Self::detach) them.
#[derive(Clone, Eq, PartialEq)]
pub struct Message {
    /// Everything, the empty line at the end too.
    raw: Bytes,
    kind: Kind,
    /// Invariant: `raw[..lines]` is a whole number of lines, each with its LF.
    lines: usize,
    /// Whether a command's text in the old format follows the lines, with its end marker.
    legacy: bool,
}

impl Message {
    /// A message from a complete frame. `lines` is the length of the frame without the empty line at its end.
    pub(crate) fn new(raw: Bytes, lines: usize) -> Self {
        debug_assert!(raw[..lines].ends_with(b"\n"));
        let kind = kind_of(&raw);
        Self { raw, kind, lines, legacy: false }
    }

    /// A response in the old command format.
    pub(crate) fn legacy(raw: Bytes) -> Self {
        let lines = parse::legacy_head(&raw);
        Self { raw, kind: Kind::Response, lines, legacy: true }
    }

    /// What the first line says this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bytes as received, with the empty line that ends the message.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The lines in order: fields, and lines without a colon.
    pub fn lines(&self) -> Lines<'_> {
        Lines::of(&self.raw[..self.lines])
    }

    /// The fields in order, as (name, value); lines without a colon are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines().filter_map(|line| match line {
            Line::Field(name, value) => Some((name, value)),
            Line::Bare(_) => None,
        })
    }

    /// The value of the first field of that name, as sent. Asterisk itself reads headers this way.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// The values of all fields of that name, in order.
    pub fn get_all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let name = name.as_bytes().trim_ascii_end();
        // No field has a colon in its name: the first one ends it.
        let lines = if name.contains(&b':') { b"" } else { &self.raw[..self.lines] };
        RawLines::of(lines).filter_map(move |line| parse::value_of(line, name))
    }

    /// The first value of that name as text, with U+FFFD for what is not UTF-8.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// The first value of that name as text.
    ///
    /// # Errors
    ///
    /// If the value is not UTF-8: AMI declares no character set, and some values pass through the server as they came.
    pub fn utf8(&self, name: &str) -> Result<Option<&str>, Utf8Error> {
        self.get(name).map(str::from_utf8).transpose()
    }

    /// The first value of that name without the server's escapes; [`unescape`] tells which fields have them.
    pub fn unescaped(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.get(name).map(unescape)
    }

    /// The channel variables in order, in both spellings and of all roles. Those of `VarSet` and `Status` are fields of
    /// their own and not among them.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.fields().filter_map(|(name, value)| Variable::of(name, value))
    }

    /// The ActionID, if there is one, in the server's own spelling of the name.
    pub fn action_id(&self) -> Option<&[u8]> {
        static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\nActionID: "));
        let lines = &self.raw[..self.lines];
        let value = &lines[FINDER.find(lines)? + FINDER.needle().len()..];
        let end = memchr(b'\n', value)?;
        Some(value[..end].strip_suffix(b"\r").unwrap_or(&value[..end]))
    }

    /// The output of a command, in either format: the repeated `Output` fields of Asterisk 14 and later, or the text of
    /// a `Response: Follows` before that. One item a line, bytes as sent.
    pub fn command_output(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.legacy_text().unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let old = (!text.is_empty()).then(|| text.split(|&byte| byte == b'\n'));
        self.get_all("Output").chain(old.into_iter().flatten())
    }

    /// The same message in memory of its own, so that keeping it does not keep the read buffer.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { raw: Bytes::copy_from_slice(&self.raw), ..self.clone() }
    }

    /// The text behind a `Response: Follows`, as servers before 14 send it: without the end marker, with its line ends.
    pub fn legacy_text(&self) -> Option<&[u8]> {
        self.legacy.then(|| &self.raw[self.lines..self.raw.len() - END_COMMAND.len()])
    }

    /// The value on the first line: the name of an event, the status of a response.
    pub fn head(&self) -> &[u8] {
        let end = memchr(b'\n', &self.raw).unwrap_or_default();
        let line = &self.raw[..end];
        match parse::field(line.strip_suffix(b"\r").unwrap_or(line)) {
            Line::Field(_, value) => value,
            Line::Bare(_) => b"",
        }
    }
}

/// Reads like the wire, one field after another, with the values of fields that hold secrets left out.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut showing = Showing::default();
        for line in self.lines() {
            list.entry(&showing.line(line));
        }
        if let Some(text) = self.legacy_text() {
            list.entry(&format_args!("({} bytes of command output)", text.len()));
        }
        list.finish()
    }
}

/// What the first line says.
fn kind_of(raw: &[u8]) -> Kind {
    if raw.starts_with(b"Event: ") {
        return Kind::Event;
    }
    match parse::line(raw).map(|(_, line)| parse::field(line)) {
        Ok(Line::Field(name, _)) if name.eq_ignore_ascii_case(b"Event") => Kind::Event,
        Ok(Line::Field(name, _)) if name.eq_ignore_ascii_case(b"Response") => Kind::Response,
        _ => Kind::Other,
    }
}

/// A message whose first line is `Event: …`.
#[derive(Clone, Eq, PartialEq)]
pub struct Event(Message);

impl Event {
    pub(crate) fn new(message: Message) -> Self {
        debug_assert_eq!(message.kind, Kind::Event);
        Self(message)
    }

    /// The event that a message is, if it is one.
    pub fn from_message(message: Message) -> Option<Self> {
        (message.kind == Kind::Event).then_some(Self(message))
    }

    /// The same event in memory of its own; see [`Message::detach`].
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }

    /// The event's name, as sent.
    pub fn name(&self) -> &[u8] {
        self.head()
    }

    /// Whether the event has that name, without regard to ASCII case.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// The message, with all its fields.
    pub fn into_message(self) -> Message {
        self.0
    }
}

/// A message whose first line is `Response: …`.
#[derive(Clone, Eq, PartialEq)]
pub struct Response(Message);

impl Response {
    pub(crate) fn new(message: Message) -> Self {
        debug_assert_eq!(message.kind, Kind::Response);
        Self(message)
    }

    /// The response that a message is, if it is one.
    pub fn from_message(message: Message) -> Option<Self> {
        (message.kind == Kind::Response).then_some(Self(message))
    }

    /// The status word: `Success`, `Error`, `Goodbye`, and `Follows` from servers before 14.
    pub fn status(&self) -> &[u8] {
        self.head()
    }

    /// Whether the server refused the action or failed at it. Success is no proof of success: some actions answer
    /// `Success` with a message that tells of a failure.
    pub fn is_error(&self) -> bool {
        self.status().eq_ignore_ascii_case(b"Error")
    }

    /// The server's words about the outcome, or nothing.
    pub fn message(&self) -> Cow<'_, str> {
        self.text("Message").unwrap_or_default()
    }

    /// The message, with all its fields.
    pub fn into_message(self) -> Message {
        self.0
    }
}

macro_rules! view {
    ($view:ident) => {
        impl Deref for $view {
            type Target = Message;

            fn deref(&self) -> &Message {
                &self.0
            }
        }

        impl fmt::Debug for $view {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

view!(Event);
view!(Response);

/// Lines for people, without secrets: for `Debug` of messages and actions.
#[derive(Default)]
pub(crate) struct Showing {
    /// Whether an earlier line names a variable or a key that holds a secret: its value is a field of its own.
    named: bool,
}

impl Showing {
    pub(crate) fn line<'a>(&mut self, line: Line<'a>) -> Shown<'a> {
        let is = |name: &[u8], any: &[&str]| {
            any.iter().any(|it| name.trim_ascii_end().eq_ignore_ascii_case(it.as_bytes()))
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
        Shown { line, hidden }
    }
}

/// One line for people.
pub(crate) struct Shown<'a> {
    line: Line<'a>,
    hidden: bool,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Line::Field(name, _) if self.hidden => write!(f, "{}: (hidden)", name.escape_ascii()),
            // What a command prints can hold any secret, in any form.
            Line::Field(name, value) if name.eq_ignore_ascii_case(b"Output") => {
                write!(f, "Output: ({} bytes)", value.len())
            }
            Line::Field(name, value) => {
                write!(f, "{}: {:?}", name.escape_ascii(), String::from_utf8_lossy(value))
            }
            Line::Bare(_) if self.hidden => f.write_str("(hidden)"),
            Line::Bare(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
        }
    }
}

/// Whether a field of that name holds a secret, or can: `Secret` and `Key` of Login, the passwords and secrets of
/// configuration and of the technologies' details, `register` with its user and password, whole configurations in `JSON`, and what `UpdateConfig` sets.
fn is_secret(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 6] = [b"secret", b"password", b"passwd", b"md5cred", b"token", b"digest"];
    let name = name.trim_ascii().to_ascii_lowercase();
    let ends = ENDS.iter().any(|end| name.ends_with(end));
    ends || name == b"key" || name == b"register" || name == b"json" || name.starts_with(b"value-")
}

/// Whether a value is a line of configuration that sets a secret, as `GetConfig` answers: `secret=…`.
fn assigns_secret(value: &[u8]) -> bool {
    memchr(b'=', value).is_some_and(|at| is_secret(&value[..at]))
}
