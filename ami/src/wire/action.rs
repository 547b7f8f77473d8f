//! Actions, which the client sends: a name and ordered fields.
//!
//! The server reads lines into a buffer of 1,024 bytes, reads at most 128 lines, and takes CR, LF
//! and NUL for line ends. It answers an action that breaks these rules in ways that cannot be
//! matched to the action, so the rules are checked before anything is sent (`main/manager.c`,
//! `get_input` and `do_message`).

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, BytesMut};

use super::grammar::{self, Line};
use super::redact::Showing;

/// The longest line that the server reads, without its CR LF.
const MAX_LINE: usize = 1022;
/// The largest number of lines that the server reads.
const MAX_LINES: usize = 128;
/// The longest ActionID that every action of the server repeats intact.
const MAX_ACTION_ID: usize = 67;

/// An action: a name and fields in order. Fields can be repeated.
///
/// The methods that build an action never fail. The first problem is kept, and
/// [`check`](Self::check) or sending the action reports it.
///
/// ```
/// use ami::Action;
///
/// let action = Action::new("Setvar").field("Variable", "GREETING").field("Value", "hello");
/// assert!(action.check().is_ok());
/// // A line break would smuggle in a second action.
/// let action = Action::new("Setvar").field("Value", "x\r\n\r\nAction: Logoff");
/// assert!(action.check().is_err());
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Action {
    name: String,
    /// The encoded fields, each with its CR LF.
    fields: Vec<u8>,
    /// The number of lines in `fields`.
    count: usize,
    id: Option<Box<str>>,
    /// The first problem found. It is kept until the action is sent, so that a chain of calls need
    /// not check each step.
    problem: Option<Box<ActionError>>,
}

impl Action {
    /// Creates an action without fields.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let mut action = Self { name, fields: Vec::new(), count: 0, id: None, problem: None };
        let line = "Action: ".len() + action.name.len();
        if let Some(problem) = line_break("value", action.name.as_bytes()) {
            action.fail("Action", problem);
        } else if action.name.trim() != action.name || action.name.is_empty() {
            action.fail("Action", ActionProblem::Name);
        } else if line > MAX_LINE {
            action.fail("Action", ActionProblem::TooLong(line));
        }
        action
    }

    /// Creates a `UserEvent` action. The server sends the event of that name, with the action's
    /// fields, to every connection that may read events of class `user`.
    pub fn user_event(name: impl AsRef<[u8]>) -> Self {
        Self::new("UserEvent").field("UserEvent", name)
    }

    /// Adds a field at the end. The value is sent unchanged. The server drops blanks at the
    /// beginning of a value.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        let line = name.len() + 2 + value.len();
        let reserved = ["Action", "ActionID"].iter().any(|own| name.eq_ignore_ascii_case(own));
        let problem = line_break("name", name.as_bytes())
            .or_else(|| line_break("value", value))
            .or_else(|| (name.is_empty() || name.contains(':')).then_some(ActionProblem::Name))
            .or_else(|| (name.trim() != name).then_some(ActionProblem::Name))
            .or_else(|| reserved.then_some(ActionProblem::Reserved))
            .or_else(|| (line > MAX_LINE).then_some(ActionProblem::TooLong(line)))
            // The action's name and its ActionID are lines too.
            .or_else(|| {
                (self.count + 3 > MAX_LINES).then(|| ActionProblem::TooMany(self.count + 3))
            });
        if let Some(problem) = problem {
            self.fail(name, problem);
            return self;
        }
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.fields.extend_from_slice(part);
        }
        self.count += 1;
        self
    }

    /// Sets the caller's own ActionID: 1 to 67 ASCII letters, digits or characters of `_.:-`.
    ///
    /// [`Codec`](crate::Codec) sends this ActionID. A [`Client`](crate::Client) ignores it and
    /// sends one of its own, which begins with a random part.
    #[must_use]
    pub fn with_action_id(mut self, id: &str) -> Self {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        if id.is_empty() || id.len() > MAX_ACTION_ID || !id.bytes().all(safe) {
            self.fail("ActionID", ActionProblem::ActionId);
        }
        self.id = Some(id.into());
        self
    }

    /// Returns the action's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the ActionID that [`with_action_id`](Self::with_action_id) has set. An action that a
    /// peer of the test kit has received has the ActionID that it came with.
    pub fn action_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Checks that the action can be sent.
    ///
    /// # Errors
    ///
    /// Returns the first problem, in the order in which the fields were added.
    pub fn check(&self) -> Result<(), ActionError> {
        self.problem.as_deref().cloned().map_or(Ok(()), Err)
    }

    /// Appends the action's bytes to `out`. The ActionID comes second, so that the server has read
    /// it before it can object to the rest.
    pub(crate) fn encode(&self, id: Option<&str>, out: &mut BytesMut) -> Result<(), ActionError> {
        self.check()?;
        out.reserve(self.name.len() + self.fields.len() + id.map_or(0, str::len) + 32);
        for part in ["Action: ", &self.name, "\r\n"] {
            out.put_slice(part.as_bytes());
        }
        if let Some(id) = id {
            for part in ["ActionID: ", id, "\r\n"] {
                out.put_slice(part.as_bytes());
            }
        }
        out.put_slice(&self.fields);
        out.put_slice(b"\r\n");
        Ok(())
    }

    /// Marks the action as one that cannot be sent.
    pub(crate) fn refuse(mut self, field: &str, problem: ActionProblem) -> Self {
        self.fail(field, problem);
        self
    }

    fn fail(&mut self, field: &str, problem: ActionProblem) {
        let (action, field) = (self.name.clone(), field.to_owned());
        self.problem.get_or_insert_with(|| Box::new(ActionError { action, field, problem }));
    }
}

/// Methods that read an action back, for tests and for programs that forward actions.
///
/// ```
/// use ami::Action;
///
/// let action = Action::new("Originate").field("Channel", "PJSIP/alice").field("Variable", "A=1");
/// assert_eq!(action.get("channel"), Some(&b"PJSIP/alice"[..]));
/// assert_eq!(action.text("Variable").as_deref(), Some("A=1"));
/// assert_eq!(action.fields().count(), 2);
/// ```
impl Action {
    /// Returns the fields in order, as (name, value), secrets included. The action's name, its
    /// ActionID, and fields that [`check`](Self::check) objects to are left out.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        grammar::RawLines::of(&self.fields).filter_map(|line| match grammar::field(line) {
            // Names were added as `&str`, so they are UTF-8.
            Line::Field(name, value) => Some((str::from_utf8(name).ok()?, value)),
            Line::Bare(_) => None,
        })
    }

    /// Returns the value of the first field of that name. Names are compared without regard to
    /// ASCII case, as in the server.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Returns the values of all fields of that name, in order.
    pub fn get_all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.fields()
            .filter_map(move |(own, value)| own.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns the value of the first field of that name as text. Bytes that are not UTF-8 are
    /// replaced with U+FFFD.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// Returns `true` if the action has that name. Names are compared without regard to ASCII case,
    /// as in the server.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Writes the name and the fields, without the values of fields that hold secrets.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple(&self.name);
        let mut showing = Showing::default();
        let mut rest = &self.fields[..];
        while let Ok((after, line)) = grammar::line(rest) {
            tuple.field(&showing.line(grammar::field(line)));
            rest = after;
        }
        tuple.finish()
    }
}

fn line_break(part: &'static str, bytes: &[u8]) -> Option<ActionProblem> {
    let byte = bytes.iter().copied().find(|byte| matches!(byte, b'\r' | b'\n' | 0))?;
    Some(ActionProblem::LineBreak { part, byte })
}

/// The error of an action that cannot be sent: the field and the problem.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("field {field:?} of action {action:?}: {problem}")]
pub struct ActionError {
    /// The name of the action.
    pub action: String,
    /// The name of the field.
    pub field: String,
    /// The problem with the field.
    pub problem: ActionProblem,
}

/// A problem with a field of an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionProblem {
    /// A name or value with CR, LF or NUL in it. The server would take the rest for another field
    /// or another action.
    #[error("the {part} holds the byte {byte:#04x}, which ends a line")]
    LineBreak {
        /// The part of the field that holds the byte: `"name"` or `"value"`.
        part: &'static str,
        /// The byte.
        byte: u8,
    },
    /// A name that the server cannot find: an empty one, or one with a colon in it or a blank at an
    /// end.
    #[error("the name is empty, has a colon in it or a blank at an end")]
    Name,
    /// A line longer than the 1,022 bytes that the server reads. The number is the line's length in
    /// bytes.
    #[error("the line has {0} bytes, the server reads at most 1022")]
    TooLong(usize),
    /// A line beyond the 128 that the server reads. The number is that of the line.
    #[error("it is line {0}, the server reads at most 128")]
    TooMany(usize),
    /// A name of a variable that the server would misread.
    #[error(
        "the name of a variable has no `=`, quotes or backslashes, and commas inside of brackets only"
    )]
    Variable,
    /// A value that begins with a blank or another control character, which the server would drop.
    #[error("the value begins with a blank, which the server drops")]
    LeadingBlank,
    /// A channel whose name is empty, which the server would take for no channel.
    #[error("the name of the channel is empty")]
    NoChannel,
    /// A name that cannot be written in a filter of the server.
    #[error("a name in a filter is not empty and has no comma or bracket")]
    FilterName,
    /// An ActionID that some of the server's actions would garble.
    #[error("an ActionID has 1 to 67 letters, digits or characters of `_.:-`")]
    ActionId,
    /// A field that [`field`](Action::field) does not accept, `Action` or `ActionID`, because it
    /// has a method of its own.
    #[error("this field has a method of its own")]
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(action: &Action, id: &str) -> String {
        let mut out = BytesMut::new();
        action.encode(Some(id), &mut out).unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn problem(action: &Action) -> (String, ActionProblem) {
        let error = action.check().unwrap_err();
        (error.field, error.problem)
    }

    #[test]
    fn fields_keep_their_order_and_repeats_and_the_id_is_second() {
        let action = Action::new("X").field("Variable", "A=1").field("Variable", "B=2");
        assert_eq!(
            encoded(&action, "id-7"),
            "Action: X\r\nActionID: id-7\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n"
        );
    }

    #[test]
    fn line_breaks_are_refused_everywhere() {
        for (byte, text) in [(b'\r', "a\rb"), (b'\n', "a\nb"), (0, "a\0b")] {
            let value = ActionProblem::LineBreak { part: "value", byte };
            let name = ActionProblem::LineBreak { part: "name", byte };
            assert_eq!(problem(&Action::new("X").field("F", text)), ("F".into(), value));
            assert_eq!(problem(&Action::new("X").field(text, "v")), (text.into(), name));
            assert_eq!(problem(&Action::new(text)), ("Action".into(), value));
            assert_eq!(problem(&Action::new("X").with_action_id(text)).1, ActionProblem::ActionId);
        }
    }

    #[test]
    fn names_that_the_server_would_not_find_are_refused() {
        for name in ["", "A:", "A ", " A"] {
            assert_eq!(
                problem(&Action::new("X").field(name, "v")),
                (name.into(), ActionProblem::Name)
            );
        }
        assert_eq!(problem(&Action::new("Ping ")).1, ActionProblem::Name);
        assert_eq!(problem(&Action::new("X").field("actionid", "v")).1, ActionProblem::Reserved);
    }

    #[test]
    fn the_limits_of_the_server_hold() {
        let value = |line: usize| "x".repeat(line - "F: ".len());
        assert!(Action::new("X").field("F", value(1022)).check().is_ok());
        let (_, long) = problem(&Action::new("X").field("F", value(1023)));
        assert_eq!(long, ActionProblem::TooLong(1023));

        let fields = |n| (0..n).fold(Action::new("X"), |action, _| action.field("F", "v"));
        assert!(fields(126).check().is_ok());
        assert_eq!(problem(&fields(127)).1, ActionProblem::TooMany(129));

        assert!(Action::new("X").with_action_id(&"i".repeat(67)).check().is_ok());
        assert!(Action::new("X").with_action_id(&"i".repeat(68)).check().is_err());
    }

    #[test]
    fn the_first_problem_is_the_one_told() {
        let action = Action::new("X").field("Good", "v").field("First", "\n").field("Second", "\n");
        assert_eq!(problem(&action).0, "First");
    }

    #[test]
    fn fields_are_read_back_as_they_were_added() {
        let action = Action::new("Login")
            .field("Secret", " a:  b ")
            .field("Variable", "A=1")
            .field("Variable", b"B=\xff")
            .field("Bad", "\n")
            .with_action_id("7");
        let fields: Vec<_> = action.fields().collect();
        let expected: [(&str, &[u8]); 3] =
            [("Secret", b" a:  b "), ("Variable", b"A=1"), ("Variable", b"B=\xff")];
        assert_eq!(fields, expected);
        assert_eq!(action.get_all("variable").count(), 2);
        assert_eq!(action.text("VARIABLE").as_deref(), Some("A=1"));
        assert!(action.is("login") && action.get("ActionID").is_none());
        assert_eq!(action.action_id(), Some("7"));
    }

    #[test]
    fn debug_hides_secrets() {
        let action =
            Action::new("Login").field("Username", "u").field("Secret", "hush").field("Key", "k3y");
        let shown = format!("{action:?}");
        assert_eq!(shown, r#"Login(Username: "u", Secret: (hidden), Key: (hidden))"#);
        for (command, expected) in [
            ("database put tokens alice hush", r#"Command(Command: "database …")"#),
            ("  pjsip\thush", r#"Command(Command: "pjsip …")"#),
            ("reload", r#"Command(Command: "reload")"#),
        ] {
            let action = Action::new("Command").field("Command", command);
            assert_eq!(format!("{action:?}"), expected);
        }
    }
}
