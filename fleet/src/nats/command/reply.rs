//! The reply to a request.

use std::fmt;

use ami::{Error, Kind, Message, Replied, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::origin::Origin;

/// The end of a command, and what is known about its execution.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// The server has executed the action.
    Answered,
    /// The server has refused the action.
    Refused,
    /// No byte of the action was sent to the server, and none will be.
    NeverSent,
    /// The action was sent, or was about to be, and there is no complete answer.
    MaybeExecuted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::NeverSent => "never-sent",
            Self::MaybeExecuted => "may-have-been-executed",
        })
    }
}

/// A reply to a request, with the members of its JSON object.
pub(super) struct Reply {
    pub(super) outcome: Outcome,
    members: Map<String, Value>,
}

impl Reply {
    fn new(outcome: Outcome) -> Self {
        let mut members = Map::new();
        members.insert("v".into(), 1.into());
        match outcome {
            Outcome::Answered | Outcome::Refused => {
                members.insert("outcome".into(), outcome.to_string().into());
            }
            Outcome::NeverSent | Outcome::MaybeExecuted => {
                members.insert("outcome".into(), "failed".into());
                members.insert("delivery".into(), outcome.to_string().into());
            }
        }
        Self { outcome, members }
    }

    /// Returns the reply to a request that is not sent to the server, for this reason.
    pub(super) fn never_sent(why: &dyn std::error::Error) -> Self {
        Self::new(Outcome::NeverSent).error(why)
    }

    /// Returns the reply to a request whose answer is not complete, for this reason.
    pub(super) fn maybe_executed(why: &dyn std::error::Error) -> Self {
        Self::new(Outcome::MaybeExecuted).error(why)
    }

    /// Returns the reply to a request that was handed to the client.
    pub(super) fn of(sent: Result<Vec<Replied>, Error>) -> Self {
        match sent {
            Ok(messages) => Self::of_messages(messages),
            Err(error) => match error.response() {
                Some(response) => {
                    let mut reply = Self::new(Outcome::Refused).error(&error);
                    reply.put("response", message(response));
                    reply
                }
                None if error.may_have_been_executed() => Self::maybe_executed(&error),
                None => Self::never_sent(&error),
            },
        }
    }

    fn of_messages(messages: Vec<Replied>) -> Self {
        let messages: Vec<_> = messages.into_iter().map(Replied::into_message).collect();
        let responses = messages.iter().cloned().filter_map(Response::from_message);
        let refusal = responses.into_iter().find(Response::is_error);
        let mut reply = match refusal {
            Some(refusal) => {
                let error = Error::Rejected(Box::new(refusal));
                Self::new(Outcome::Refused).error(&error)
            }
            None => Self::new(Outcome::Answered),
        };
        let (mut items, mut output) = (Vec::new(), Vec::new());
        for said in &messages {
            match said.kind() {
                Kind::Event if is_end(said) => reply.put("complete", message(said)),
                Kind::Response if !reply.members.contains_key("response") => {
                    output.extend(said.command_output().map(text));
                    reply.put("response", without_output(message(said)));
                }
                // A second response, or a message without the ActionID, is part of the reply too.
                Kind::Event | Kind::Response | Kind::Other => items.push(message(said)),
            }
        }
        for (name, list) in [("items", items), ("output", output)] {
            if !list.is_empty() {
                reply.put(name, list.into());
            }
        }
        reply
    }

    /// Returns the reply in place of this one, which is too large to be published.
    pub(super) fn too_large(&self, why: &dyn std::error::Error) -> Self {
        match self.outcome {
            Outcome::NeverSent => Self::never_sent(why),
            _ => Self::maybe_executed(why),
        }
    }

    /// Adds which bridge has answered, for which server and action.
    pub(super) fn signed(mut self, bridge: &str, origin: &Origin, action: &str) -> Self {
        for (name, value) in [("bridge", bridge), ("origin", origin.as_str()), ("action", action)] {
            self.put(name, value.into());
        }
        self
    }

    pub(super) fn body(&self) -> Bytes {
        Value::Object(self.members.clone()).to_string().into()
    }

    fn error(mut self, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        self.put("error", text.into());
        self
    }

    fn put(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }
}

fn is_end(event: &Message) -> bool {
    event.get("EventList").is_some_and(|it| it.eq_ignore_ascii_case(b"Complete"))
}

fn message(message: &Message) -> Value {
    // Lists of pairs cannot fail to be written.
    serde_json::to_value(message).unwrap_or_default()
}

/// Returns a response without the output of a command, which is told by itself.
fn without_output(mut response: Value) -> Value {
    if let Some(members) = response.as_object_mut() {
        members.remove("text");
        if let Some(Value::Array(lines)) = members.get_mut("lines") {
            let is_output = |line: &Value| {
                let name = line.get(0).and_then(Value::as_str);
                name.is_some_and(|name| name.eq_ignore_ascii_case("Output"))
            };
            lines.retain(|line| !is_output(line));
        }
    }
    response
}

/// Returns a line as text, or as a list of bytes if it is not UTF-8.
fn text(line: &[u8]) -> Value {
    str::from_utf8(line).map_or_else(|_| json!(line), Value::from)
}
