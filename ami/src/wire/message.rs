//! Messages from the server: the bytes as received, and methods to read them.
//!
//! A [`Message`] is a slice of the read buffer ([`Bytes`]) and a few offsets. Receiving a message
//! copies, decodes and unescapes nothing, and a clone counts a reference. Fields are found by
//! walking the lines in the order in which the server sent them, repeats included. Names are
//! compared without regard to ASCII case. Values are bytes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::framing::{EVENT, End};
use super::grammar::{self, END_COMMAND, Line, Lines, RawLines};
use super::redact::Showing;
use super::value::{Variable, unescape};

/// The kind of a message, which its first line decides. Later lines do not count: an
/// `OriginateResponse` is an event with a field `Response`, and a `UserEvent` can have a field
/// `Event`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// The first line is `Response: …`.
    Response,
    /// The first line is `Event: …`.
    Event,
    /// Any other first line: the rest of a message that unescaped data cut in two, or bare lines.
    Other,
}

/// A message: an ordered list of fields and bare lines.
///
/// Names of fields are compared without regard to ASCII case, and values are bytes as sent. Cloning
/// is cheap.
///
/// A message shares its bytes with the buffer that it was read into: 64 KiB, or more for a large
/// message. Programs that keep a few messages for long should [`detach`](Self::detach) them.
#[derive(Clone, Eq, PartialEq)]
pub struct Message {
    /// All bytes, including the empty line at the end. Invariant: less than 4 GiB, as the codec
    /// limits it.
    raw: Bytes,
    /// Invariant: `raw[..lines]` is a whole number of lines, each with its LF.
    lines: u32,
    /// The end of the text of a command in the old format; 0 if there is none.
    marker: u32,
    /// The end of the line that decides the kind, without its line end.
    head_end: u32,
    /// The beginning of the value on that line; 0 if it is not known and has to be searched.
    head: u16,
    kind: Kind,
}

impl Message {
    /// Creates a message from a complete frame.
    #[inline]
    pub(crate) fn new(raw: Bytes, end: End) -> Self {
        debug_assert!(raw[..end.lines].ends_with(b"\n"));
        let (kind, head) = kind_of(&raw[..end.first]);
        let (head_end, marker) = (offset(end.first), offset(end.marker.unwrap_or_default()));
        Self { lines: offset(end.lines), marker, head_end, head, kind, raw }
    }

    /// Creates an event from a complete frame that begins with [`EVENT`].
    #[inline]
    pub(crate) fn event(raw: Bytes, end: End) -> Self {
        debug_assert!(EVENT.len() == usize::from(EVENT_AT) && raw.starts_with(EVENT));
        debug_assert!(raw[..end.lines].ends_with(b"\n"));
        let (lines, head_end) = (offset(end.lines), offset(end.first));
        Self { raw, lines, marker: 0, head_end, head: EVENT_AT, kind: Kind::Event }
    }

    /// Creates a message of these lines, which an empty line ends.
    pub(crate) fn of_lines(raw: Bytes) -> Self {
        let lines = raw.len() - if raw.ends_with(b"\r\n") { 2 } else { 1 };
        let first = grammar::first_line(&raw).len();
        let end = raw.len();
        Self::new(raw, End { first, lines, marker: None, end })
    }

    /// Creates a message of the whole lines at the beginning of a message. Returns `None` if there
    /// is no whole line.
    pub(crate) fn of_beginning(head: &[u8]) -> Option<Self> {
        let end = memchr::memrchr(b'\n', head)? + 1;
        Some(Self::of_lines(Bytes::from([&head[..end], b"\r\n"].concat())))
    }

    /// Converts a message into a response if its first line is its ActionID and its second line is
    /// `Response`, as proxies and some old modules send it.
    pub(crate) fn into_response_behind_id(self) -> Option<Self> {
        let first = self.raw.get(..ACTION_ID.len() - 1)?;
        if self.kind != Kind::Other || first != &ACTION_ID[1..] {
            return None;
        }
        let begin = grammar::find_lf(&self.raw)? + 1;
        let line = grammar::first_line(&self.raw[begin..]);
        let (kind, head) = kind_of(line);
        let head = u16::try_from(begin + usize::from(head)).ok()?;
        let head_end = offset(begin + line.len());
        (kind == Kind::Response).then_some(Self { kind, head, head_end, ..self })
    }

    /// Returns the kind of the message, as its first line decides it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the bytes as received, including the empty line that ends the message.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the lines in order: fields, and lines without a colon. A value with line ends in it
    /// is several lines here; [`whole`](Self::whole) returns it in one piece.
    pub fn lines(&self) -> Lines<'_> {
        let (head, tail) = self.parts();
        Lines::of(head, tail)
    }

    /// Returns the lines before the text of a command in the old format, or all lines if there is
    /// no such text, and the lines after the text.
    fn parts(&self) -> (&[u8], &[u8]) {
        let head = &self.raw[..self.lines as usize];
        match self.marker as usize {
            0 => (head, b""),
            marker => (head, &self.raw[marker + END_COMMAND.len()..self.raw.len() - 2]),
        }
    }

    /// Returns the fields in order, as (name, value). Lines without a colon are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines().filter_map(|line| match line {
            Line::Field(name, value) => Some((name, value)),
            Line::Bare(_) => None,
        })
    }

    /// Returns the value of the first field of that name, as sent. Asterisk itself reads headers
    /// this way.
    ///
    /// Names are compared without regard to ASCII case and to blanks around them: a dialplan with
    /// `UserEvent(Result, Status: passed)` makes the server send the blank before `Status`. If the
    /// value has LF in it, this method returns its first line; see [`whole`](Self::whole).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let name = grammar::wanted(name)?;
        let (head, tail) = self.parts();
        let found = |line| grammar::value_of(line, name);
        // Most messages have no tail, and searching an empty one would cost a call for each field.
        let value = RawLines::of(head).find_map(found);
        if value.is_some() || tail.is_empty() { value } else { RawLines::of(tail).find_map(found) }
    }

    /// Returns the value of the first field whose name is a prefix and a name, such as `Dest` and
    /// `Channel`, as [`get`](Self::get) does for a name in one piece. Neither part has blanks or a
    /// colon in it.
    pub(crate) fn get_joined(&self, prefix: &str, name: &str) -> Option<&[u8]> {
        let (prefix, name) = (prefix.as_bytes(), name.as_bytes());
        let (head, tail) = self.parts();
        let found = |line| grammar::value_of_joined(line, prefix, name);
        let value = RawLines::of(head).find_map(found);
        if value.is_some() || tail.is_empty() { value } else { RawLines::of(tail).find_map(found) }
    }

    /// Returns the values of all fields of that name, in order.
    pub fn get_all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let name = grammar::wanted(name);
        let (head, tail) = if name.is_some() { self.parts() } else { (&b""[..], &b""[..]) };
        let name = name.unwrap_or_default();
        RawLines::of(head)
            .chain(RawLines::of(tail))
            .filter_map(move |line| grammar::value_of(line, name))
    }

    /// Returns the value of the first field of that name up to the next CR LF, including any LF in
    /// it.
    ///
    /// A server ends its lines in CR LF and writes values unchanged, so the text of an SMS or the
    /// output of a command can contain a line such as `YES: NO`. To [`get`](Self::get) that line is
    /// a field of its own, because `get` has to split at each LF: servers also send some fields
    /// that end in LF alone (`CallStarted` in the items of `Agents`). To this method the line is a
    /// part of the value, and a field inside a value is not found. From a peer that ends its lines
    /// in LF alone, this method returns the same as `get`.
    pub fn whole(&self, name: &str) -> Option<&[u8]> {
        let name = grammar::wanted(name)?;
        self.whole_lines().find_map(|line| grammar::value_of(line, name))
    }

    /// Returns the lines up to each CR LF, with the LFs inside them. From a peer that ends its
    /// lines in LF alone, returns the lines up to each LF.
    pub(crate) fn whole_lines(&self) -> impl Iterator<Item = &[u8]> {
        let (head, tail) = self.parts();
        let (short, long) = if self.has_crlf() { (&b""[..], head) } else { (head, &b""[..]) };
        let long = grammar::whole_lines(long).chain(grammar::whole_lines(tail));
        RawLines::of(short).chain(long)
    }

    /// Returns `true` if the first line ends in CR LF.
    fn has_crlf(&self) -> bool {
        // If the head is not on the first line, the first line is an ActionID with the same line
        // end.
        self.raw.get(self.head_end as usize) == Some(&b'\r')
    }

    /// Returns the value of the first field of that name as text. Bytes that are not UTF-8 are
    /// replaced with U+FFFD.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// Returns the value of the first field of that name as UTF-8, or `None` if there is no such
    /// field.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not UTF-8. AMI declares no character set, and the server
    /// passes some values on as they came.
    pub fn utf8(&self, name: &str) -> Result<Option<&str>, Utf8Error> {
        self.get(name).map(str::from_utf8).transpose()
    }

    /// Returns the value of the first field of that name without the server's escapes. [`unescape`]
    /// lists the fields that have them.
    pub fn unescaped(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.get(name).map(unescape)
    }

    /// Returns the channel variables in order, in both spellings and of all roles. The variables of
    /// `VarSet` and `Status` are ordinary fields and not included.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.fields().filter_map(|(name, value)| Variable::of(name, value))
    }

    /// Returns the ActionID, if there is one. Only the server's own spelling of the name counts. In
    /// a message whose lines end in CR LF, the ActionID has to stand on such a line, because a line
    /// after a bare LF is part of a value.
    pub fn action_id(&self) -> Option<&[u8]> {
        static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ACTION_ID));
        let lines = &self.raw[..self.lines as usize];
        if lines.starts_with(&ACTION_ID[1..]) {
            return Some(self.value_from(ACTION_ID.len() - 1));
        }
        let crlf = self.has_crlf();
        let mut from = 0;
        loop {
            let at = from + FINDER.find(&lines[from..])?;
            from = at + ACTION_ID.len();
            if !crlf || lines[..at].ends_with(b"\r") {
                return Some(self.value_from(from));
            }
        }
    }

    /// Returns the text from an offset to the end of its line.
    fn value_from(&self, begin: usize) -> &[u8] {
        grammar::first_line(&self.raw[begin..])
    }

    /// Returns the output of a command line by line, as sent: the repeated `Output` fields of
    /// Asterisk 14 and later, or the text of a `Response: Follows` of earlier versions.
    pub fn command_output(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.legacy_text().unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let old = (!text.is_empty()).then(|| text.split(|&byte| byte == b'\n'));
        self.get_all("Output").chain(old.into_iter().flatten())
    }

    /// Copies the message into memory of its own, so that keeping it does not keep the read buffer.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { raw: Bytes::copy_from_slice(&self.raw), ..self.clone() }
    }

    /// Returns the text after a `Response: Follows`, as servers before Asterisk 14 send it, with
    /// its line ends and without the end marker. Returns `None` for any other message.
    pub fn legacy_text(&self) -> Option<&[u8]> {
        let marker = self.marker as usize;
        (marker > 0).then(|| &self.raw[self.lines as usize..marker])
    }

    /// Returns the value on the first line: the name of an event or the status of a response.
    #[inline]
    pub fn head(&self) -> &[u8] {
        match self.head {
            0 => self.head_of_line(),
            head => &self.raw[usize::from(head)..self.head_end as usize],
        }
    }

    /// Finds the head if its offset is not known.
    #[cold]
    fn head_of_line(&self) -> &[u8] {
        match grammar::field(&self.raw[..self.head_end as usize]) {
            Line::Field(_, value) => value,
            Line::Bare(_) => b"",
        }
    }
}

/// The name of the field that ties an answer to its action, on a line of its own.
const ACTION_ID: &[u8] = b"\nActionID: ";

/// The offset of the name of an event.
const EVENT_AT: u16 = 7;

/// Converts an offset in a message.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Writes the fields in order, without the values of fields that hold secrets. No value is shown of
/// a message that is neither a response nor an event, because it may be the rest of a secret.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut showing = Showing::default();
        for line in self.whole_lines() {
            let mut shown = showing.line(grammar::field(line));
            // A value of several lines is shown if each of its lines may be shown.
            let mut inside = line.split(|&byte| byte == b'\n').skip(1).map(grammar::field);
            shown.hidden |= inside.any(|line| Showing::default().line(line).hidden);
            shown.length = self.kind == Kind::Other;
            list.entry(&shown);
        }
        if let Some(text) = self.legacy_text() {
            list.entry(&format_args!("({} bytes of command output)", text.len()));
        }
        list.finish()
    }
}

/// Returns the kind that a line names and the offset of its value, or 0 if the value has to be
/// searched.
#[inline]
fn kind_of(line: &[u8]) -> (Kind, u16) {
    if line.starts_with(EVENT) {
        return (Kind::Event, EVENT_AT);
    }
    let Line::Field(name, value) = grammar::field(line) else { return (Kind::Other, 0) };
    let kind = if name.eq_ignore_ascii_case(b"Event") {
        Kind::Event
    } else if name.eq_ignore_ascii_case(b"Response") {
        Kind::Response
    } else {
        return (Kind::Other, 0);
    };
    (kind, u16::try_from(line.len() - value.len()).unwrap_or_default())
}

/// An event: a message whose first line is `Event: …`. Dereferences to [`Message`], which reads the
/// fields.
#[derive(Clone, Eq, PartialEq)]
pub struct Event(Message);

impl Event {
    pub(crate) fn new(message: Message) -> Self {
        debug_assert_eq!(message.kind, Kind::Event);
        Self(message)
    }

    /// Converts a message into an event. Returns `None` if it is not one.
    pub fn from_message(message: Message) -> Option<Self> {
        (message.kind == Kind::Event).then_some(Self(message))
    }

    /// Copies the event into memory of its own; see [`Message::detach`].
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }

    /// Returns the event's name. Bytes that are not UTF-8 are replaced with U+FFFD;
    /// [`head`](Message::head) returns the bytes. Use [`is`](Self::is) to compare the name.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.head())
    }

    /// Returns `true` if the event has that name, without regard to ASCII case.
    pub fn is(&self, name: &str) -> bool {
        self.head().eq_ignore_ascii_case(name.as_bytes())
    }

    /// Converts the event into a message.
    pub fn into_message(self) -> Message {
        self.0
    }
}

/// A response: a message whose first line is `Response: …`. Dereferences to [`Message`], which
/// reads the fields.
#[derive(Clone, Eq, PartialEq)]
pub struct Response(Message);

impl Response {
    pub(crate) fn new(message: Message) -> Self {
        debug_assert_eq!(message.kind, Kind::Response);
        Self(message)
    }

    /// Converts a message into a response. Returns `None` if it is not one.
    pub fn from_message(message: Message) -> Option<Self> {
        (message.kind == Kind::Response).then_some(Self(message))
    }

    /// Copies the response into memory of its own; see [`Message::detach`].
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }

    /// Returns the status word: `Success`, `Error`, `Goodbye`, or `Follows` from servers before
    /// Asterisk 14. Bytes that are not UTF-8 are replaced with U+FFFD; [`head`](Message::head)
    /// returns the bytes.
    pub fn status(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.head())
    }

    /// Returns `true` if the server refused the action or failed at it: the status is `Error`, or a
    /// word that begins with `Fail`, as some modules and proxies send. `false` does not prove
    /// success, because some actions report a failure in the message of a `Success`.
    pub fn is_error(&self) -> bool {
        let fails = self.head().get(..4).is_some_and(|it| it.eq_ignore_ascii_case(b"Fail"));
        fails || self.head().eq_ignore_ascii_case(b"Error")
    }

    pub(crate) fn is_success(&self) -> bool {
        self.head().eq_ignore_ascii_case(b"Success")
    }

    /// Returns the server's message about the outcome, or an empty text if there is none.
    pub fn message(&self) -> Cow<'_, str> {
        self.text("Message").unwrap_or_default()
    }

    /// Converts the response into a message.
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
