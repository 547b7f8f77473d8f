//! The replies of a peer.

use std::fmt;

use crate::wire::Action;

/// A reply of a peer to an action: messages, each with the action's ActionID, and what happens to
/// the connection afterwards.
///
/// Text converts into a reply: one message, or several with an empty line between them, with LF or
/// CR LF. The ActionID is added as the second line of each message.
///
/// ```
/// use ami::testing::Reply;
///
/// let pong = Reply::success().field("Ping", "Pong");
/// let same = Reply::from("Response: Success\nPing: Pong");
/// let calls = Reply::list(["Event: CoreShowChannel\nChannel: PJSIP/alice-00000001"]);
/// let queued = Reply::success().event("OriginateResponse").field("Response", "Failure");
/// ```
#[derive(Clone, Eq, PartialEq)]
#[must_use = "a reply does nothing until it is sent"]
pub struct Reply {
    parts: Vec<Part>,
    pub(super) then: Then,
}

#[derive(Clone, Eq, PartialEq)]
enum Part {
    /// A message: its first line, and the lines after the ActionID, each with its line end.
    Message { head: Vec<u8>, rest: Vec<u8> },
    /// The event that ends a list of this many items.
    Complete(usize),
    /// Bytes that are sent unchanged.
    Raw(Vec<u8>),
}

/// The fate of the connection after a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    GoOn,
    Close,
    Stall,
}

impl Reply {
    /// Creates a reply without any message: the server stays silent.
    pub fn none() -> Self {
        Self { parts: Vec::new(), then: Then::GoOn }
    }

    /// Creates a response with that status. [`success`](Self::success) and [`error`](Self::error)
    /// are the usual ones.
    pub fn response(status: &str) -> Self {
        Self::none().field("Response", status)
    }

    /// Creates the response `Response: Success`.
    pub fn success() -> Self {
        Self::response("Success")
    }

    /// Creates the response `Response: Error` with this message.
    pub fn error(message: &str) -> Self {
        Self::response("Error").field("Message", message)
    }

    /// Creates a list: its beginning, the items, and the event that ends it, which is named like
    /// the action with `Complete` appended. Each item is the text of an event.
    pub fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Self {
        let mut list = Self::success().field("EventList", "start");
        let before = list.parts.len();
        for item in items {
            list.add_text(item.as_ref());
        }
        let count = list.parts.len() - before;
        list.parts.push(Part::Complete(count));
        list
    }

    /// Creates the answer to a `Command` that prints these lines, in the form of Asterisk 14 and
    /// later.
    pub fn output(text: &str) -> Self {
        let reply = Self::success().field("Message", "Command output follows");
        text.lines().fold(reply, |reply, line| reply.field("Output", line))
    }

    /// Adds an event with the ActionID, such as `OriginateResponse`. Fields that are added next
    /// belong to this event.
    pub fn event(mut self, name: &str) -> Self {
        self.parts.push(Part::message());
        self.field("Event", name)
    }

    /// Adds a field to the last message. After a list or after raw bytes, the field begins a new
    /// message. The value is sent unchanged, line ends included, as servers do, so it can cut its
    /// message in two or forge another one.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        if !matches!(self.parts.last(), Some(Part::Message { .. })) {
            self.parts.push(Part::message());
        }
        let line = [name.as_bytes(), b": ", value.as_ref(), b"\r\n"].concat();
        if let Some(part) = self.parts.last_mut() {
            part.add(&line);
        }
        self
    }

    /// Adds bytes that are sent unchanged, without an ActionID.
    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Raw(bytes.as_ref().to_vec()));
        self
    }

    /// Closes the connection after the reply.
    pub fn then_close(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    /// Stalls the connection after the reply: it stays open, and the peer neither reads nor
    /// answers, like a server that hangs.
    pub fn then_stall(mut self) -> Self {
        self.then = Then::Stall;
        self
    }

    /// Adds the messages in a text.
    fn add_text(&mut self, text: &str) {
        let mut inside = false;
        for line in text.lines() {
            if line.is_empty() {
                inside = false;
                continue;
            }
            if !std::mem::replace(&mut inside, true) {
                self.parts.push(Part::message());
            }
            if let Some(part) = self.parts.last_mut() {
                part.add(format!("{line}\r\n").as_bytes());
            }
        }
    }

    /// Returns the bytes of the reply to an action.
    pub(super) fn encode(&self, action: &Action) -> Vec<u8> {
        let id = action.action_id().map(|id| format!("ActionID: {id}\r\n")).unwrap_or_default();
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Message { head, rest } => {
                    out.extend([head, id.as_bytes(), rest, b"\r\n"].concat());
                }
                Part::Complete(items) => {
                    let name = action.name();
                    let end = format!(
                        "Event: {name}Complete\r\n{id}EventList: Complete\r\nListItems: {items}\r\n\r\n"
                    );
                    out.extend(end.into_bytes());
                }
                Part::Raw(bytes) => out.extend(bytes),
            }
        }
        out
    }
}

impl Part {
    fn message() -> Self {
        Self::Message { head: Vec::new(), rest: Vec::new() }
    }

    /// Adds a line to a message.
    fn add(&mut self, line: &[u8]) {
        match self {
            Self::Message { head, .. } if head.is_empty() => head.extend_from_slice(line),
            Self::Message { rest, .. } => rest.extend_from_slice(line),
            Self::Complete(_) | Self::Raw(_) => {}
        }
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        let mut reply = Self::none();
        reply.add_text(text);
        reply
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}

/// Shows the number of parts. The text is left out, because it may hold a secret.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("parts", &self.parts.len())
            .field("then", &self.then)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(reply: impl Into<Reply>) -> String {
        let action = Action::new("Things").with_action_id("7");
        String::from_utf8(reply.into().encode(&action)).unwrap()
    }

    #[test]
    fn every_message_has_the_id_in_its_second_line() {
        let pong = "Response: Success\r\nActionID: 7\r\nPing: Pong\r\n\r\n";
        assert_eq!(encoded(Reply::success().field("Ping", "Pong")), pong);
        for text in ["Response: Success\nPing: Pong", "\nResponse: Success\r\nPing: Pong\n\n"] {
            assert_eq!(encoded(text), pong, "{text:?}");
        }
        assert_eq!(
            encoded(Reply::success().event("A").field("B", "c\r\nd").raw("raw")),
            "Response: Success\r\nActionID: 7\r\n\r\n\
             Event: A\r\nActionID: 7\r\nB: c\r\nd\r\n\r\nraw"
        );
        assert_eq!(encoded(Reply::none()), "");
    }

    #[test]
    fn a_list_counts_its_items() {
        assert_eq!(
            encoded(Reply::list(["Event: A\nN: 1", "Event: A\n\nEvent: B\n"])),
            "Response: Success\r\nActionID: 7\r\nEventList: start\r\n\r\n\
             Event: A\r\nActionID: 7\r\nN: 1\r\n\r\n\
             Event: A\r\nActionID: 7\r\n\r\nEvent: B\r\nActionID: 7\r\n\r\n\
             Event: ThingsComplete\r\nActionID: 7\r\nEventList: Complete\r\nListItems: 3\r\n\r\n"
        );
    }
}
