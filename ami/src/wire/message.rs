//! One message from the server: its bytes as received, and the ways to look into them.
//!
//! A [`Message`] is a slice of the read buffer ([`Bytes`]) and a few offsets. Nothing is copied,
//! decoded or unescaped on the way in; a clone counts a reference. Fields are found by walking the
//! lines, in the order in which the server sent them, repeats included. Names compare without
//! regard to ASCII case, values are bytes.

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

/// What the first line of a message says it is. Later lines do not count: an `OriginateResponse` is
/// an event that has a field `Response`, and a `UserEvent` can have a field `Event`.
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
/// It shares its bytes with the buffer that it was read into: 64 KiB, or a large message. Whoever
/// keeps a few messages for long should [`detach`](Self::detach) them.
#[derive(Clone, Eq, PartialEq)]
pub struct Message {
    /// Everything, the empty line at the end too. Invariant: less than 4 GiB, as the codec limits
    /// it.
    raw: Bytes,
    /// Invariant: `raw[..lines]` is a whole number of lines, each with its LF.
    lines: u32,
    /// Where the text of a command in the old format ends; 0 if there is none.
    marker: u32,
    /// Where the line ends that says what this is, without its line end.
    head_end: u32,
    /// Where the value on that line begins; 0 if it has to be looked for.
    head: u16,
    kind: Kind,
}

impl Message {
    /// A message from a complete frame.
    #[inline]
    pub(crate) fn new(raw: Bytes, end: End) -> Self {
        debug_assert!(raw[..end.lines].ends_with(b"\n"));
        let (kind, head) = kind_of(&raw[..end.first]);
        let (head_end, marker) = (offset(end.first), offset(end.marker.unwrap_or_default()));
        Self { lines: offset(end.lines), marker, head_end, head, kind, raw }
    }

    /// An event from a complete frame that begins with [`EVENT`].
    #[inline]
    pub(crate) fn event(raw: Bytes, end: End) -> Self {
        debug_assert!(EVENT.len() == usize::from(EVENT_AT) && raw.starts_with(EVENT));
        debug_assert!(raw[..end.lines].ends_with(b"\n"));
        let (lines, head_end) = (offset(end.lines), offset(end.first));
        Self { raw, lines, marker: 0, head_end, head: EVENT_AT, kind: Kind::Event }
    }

    /// A message whose lines are these, with an empty line behind them.
    pub(crate) fn of_lines(raw: Bytes) -> Self {
        let lines = raw.len() - if raw.ends_with(b"\r\n") { 2 } else { 1 };
        let first = grammar::first_line(&raw).len();
        let end = raw.len();
        Self::new(raw, End { first, lines, marker: None, end })
    }

    /// The whole lines of the beginning of a message, as a message. `None` if there is no such
    /// line.
    pub(crate) fn of_beginning(head: &[u8]) -> Option<Self> {
        let end = memchr::memrchr(b'\n', head)? + 1;
        Some(Self::of_lines(Bytes::from([&head[..end], b"\r\n"].concat())))
    }

    /// The response that a message is whose first line is its ActionID and whose second line says
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

    /// What the first line says this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bytes as received, with the empty line that ends the message.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The lines in order: fields, and lines without a colon. A value that has line ends in it is
    /// several lines here; [`whole`](Self::whole) gives it in one piece.
    pub fn lines(&self) -> Lines<'_> {
        let (head, tail) = self.parts();
        Lines::of(head, tail)
    }

    /// The lines before the text of a command in the old format, or all of them; and those behind
    /// it.
    fn parts(&self) -> (&[u8], &[u8]) {
        let head = &self.raw[..self.lines as usize];
        match self.marker as usize {
            0 => (head, b""),
            marker => (head, &self.raw[marker + END_COMMAND.len()..self.raw.len() - 2]),
        }
    }

    /// The fields in order, as (name, value); lines without a colon are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines().filter_map(|line| match line {
            Line::Field(name, value) => Some((name, value)),
            Line::Bare(_) => None,
        })
    }

    /// The value of the first field of that name, as sent. Asterisk itself reads headers this way.
    ///
    /// Names compare without regard to ASCII case, nor to blanks around them: who writes
    /// `UserEvent(Result, Status: passed)` in a dialplan means `Status`, and the server sends the
    /// blank. Of a value that has LF in it this is the first line; see [`whole`](Self::whole).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let name = grammar::wanted(name)?;
        let (head, tail) = self.parts();
        let found = |line| grammar::value_of(line, name);
        // As a rule there is no tail, and looking into nothing costs a call for each field.
        let value = RawLines::of(head).find_map(found);
        if value.is_some() || tail.is_empty() { value } else { RawLines::of(tail).find_map(found) }
    }

    /// The values of all fields of that name, in order.
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

    /// The value of the first field of that name up to the next CR LF, with the LFs in it.
    ///
    /// A server ends its lines in CR LF and writes values as they are. In the text of an SMS, or in
    /// what a command printed, a line `YES: NO` is a field of its own to [`get`](Self::get), which
    /// has to split at each LF, for servers also send some fields that end in LF alone
    /// (`CallStarted` in the items of `Agents`). Here it is a part of the value, and a field
    /// inside of a value is not found. From a peer that ends its lines in LF alone, this is
    /// what `get` gives.
    pub fn whole(&self, name: &str) -> Option<&[u8]> {
        let name = grammar::wanted(name)?;
        self.whole_lines().find_map(|line| grammar::value_of(line, name))
    }

    /// The lines up to each CR LF, with the LFs that are in them; from a peer that ends its lines
    /// in LF alone, up to each LF.
    pub(crate) fn whole_lines(&self) -> impl Iterator<Item = &[u8]> {
        let (head, tail) = self.parts();
        let (short, long) = if self.has_crlf() { (&b""[..], head) } else { (head, &b""[..]) };
        let long = grammar::whole_lines(long).chain(grammar::whole_lines(tail));
        RawLines::of(short).chain(long)
    }

    /// Whether the first line ends in CR LF.
    fn has_crlf(&self) -> bool {
        // Where the head is not the first line, the first line is an ActionID, which ends alike.
        self.raw.get(self.head_end as usize) == Some(&b'\r')
    }

    /// The first value of that name as text, with U+FFFD for what is not UTF-8.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// The first value of that name as text.
    ///
    /// # Errors
    ///
    /// If the value is not UTF-8: AMI declares no character set, and some values pass through the
    /// server as they came.
    pub fn utf8(&self, name: &str) -> Result<Option<&str>, Utf8Error> {
        self.get(name).map(str::from_utf8).transpose()
    }

    /// The first value of that name without the server's escapes; [`unescape`] tells which fields
    /// have them.
    pub fn unescaped(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.get(name).map(unescape)
    }

    /// The channel variables in order, in both spellings and of all roles. Those of `VarSet` and
    /// `Status` are fields of their own and not among them.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.fields().filter_map(|(name, value)| Variable::of(name, value))
    }

    /// The ActionID, if there is one, in the server's own spelling of the name. In a message whose
    /// lines end in CR LF it stands on such a line: one behind an LF is part of a value.
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

    /// The text from a place to the end of its line.
    fn value_from(&self, begin: usize) -> &[u8] {
        grammar::first_line(&self.raw[begin..])
    }

    /// The output of a command, in either format: the repeated `Output` fields of Asterisk 14 and
    /// later, or the text of a `Response: Follows` before that. One item a line, bytes as sent.
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

    /// The text behind a `Response: Follows`, as servers before 14 send it: without the end marker,
    /// with its line ends.
    pub fn legacy_text(&self) -> Option<&[u8]> {
        let marker = self.marker as usize;
        (marker > 0).then(|| &self.raw[self.lines as usize..marker])
    }

    /// The value on the first line: the name of an event, the status of a response.
    #[inline]
    pub fn head(&self) -> &[u8] {
        match self.head {
            0 => self.head_of_line(),
            head => &self.raw[usize::from(head)..self.head_end as usize],
        }
    }

    /// The head, where its place is not known.
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

/// Where the name of an event is.
const EVENT_AT: u16 = 7;

/// A place in a message.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Reads like the wire, one field after another, with the values of fields that hold secrets left
/// out. Of a message that is neither response nor event no value shows: it may be the rest of a
/// secret.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut showing = Showing::default();
        for line in self.whole_lines() {
            let mut shown = showing.line(grammar::field(line));
            // A value of several lines shows if each of them may.
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

/// The kind that a line names, and where its value begins; 0 if it has to be looked for.
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

    /// The event's name, with U+FFFD for what is not UTF-8; [`head`](Message::head) has the bytes.
    /// [`is`](Self::is) compares it.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.head())
    }

    /// Whether the event has that name, without regard to ASCII case.
    pub fn is(&self, name: &str) -> bool {
        self.head().eq_ignore_ascii_case(name.as_bytes())
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

    /// The same response in memory of its own; see [`Message::detach`].
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }

    /// The status word: `Success`, `Error`, `Goodbye`, and `Follows` from servers before 14. What
    /// is not UTF-8 is U+FFFD; [`head`](Message::head) has the bytes.
    pub fn status(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.head())
    }

    /// Whether the server refused the action or failed at it: its status is `Error`, or a word that
    /// begins with `Fail`, as some modules and proxies have it. Success is no proof of success:
    /// some actions answer `Success` with a message that tells of a failure.
    pub fn is_error(&self) -> bool {
        let fails = self.head().get(..4).is_some_and(|it| it.eq_ignore_ascii_case(b"Fail"));
        fails || self.head().eq_ignore_ascii_case(b"Error")
    }

    pub(crate) fn is_success(&self) -> bool {
        self.head().eq_ignore_ascii_case(b"Success")
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
