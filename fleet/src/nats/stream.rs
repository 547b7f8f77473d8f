//! The stream: made or checked, and its last messages.
//!
//! The settings of a stream that is there are read and written back as JSON, so that those that
//! this crate does not know stay as they are.

mod answer;
mod error;

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{RequestError, RequestErrorKind};
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind};
use async_nats::{HeaderValue, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::answer::Appended;
pub(crate) use self::error::StreamError;
use super::config::Config;
use super::connect::Connection;
use super::message::{Message, MessageError, Outgoing};
use super::subject::Subjects;
use crate::origin::Origin;

/// The number of attempts to add subjects while others change the stream too.
const ATTEMPTS: usize = 10;

/// The settings of a stream that is made. A stream that is there keeps its own.
#[derive(Clone, Debug)]
pub(crate) struct StreamSettings {
    pub(crate) name: String,
    pub(crate) max_age: Duration,
    pub(crate) max_bytes: u64,
    pub(crate) replicas: usize,
}

/// A message of the stream with its sequence. The message is an error if no bridge has written it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) sequence: u64,
    pub(crate) message: Result<Message, MessageError>,
}

/// A stream of messages.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) connection: Connection,
    pub(crate) subjects: Subjects,
    name: String,
}

#[derive(Deserialize)]
struct Info {
    config: Value,
    state: State,
}

#[derive(Deserialize)]
struct State {
    last_seq: u64,
}

impl StreamSettings {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            name: config.stream.clone(),
            max_age: config.max_age,
            max_bytes: config.max_bytes,
            replicas: config.replicas,
        }
    }

    fn json(&self, subjects: &[String]) -> Value {
        json!({
            "name": self.name,
            "description": "events of Asterisk servers",
            "subjects": subjects,
            "retention": "limits",
            "max_consumers": -1,
            "max_msgs": -1,
            "max_msgs_per_subject": -1,
            "max_msg_size": -1,
            "max_bytes": i64::try_from(self.max_bytes).unwrap_or(i64::MAX),
            "max_age": u64::try_from(self.max_age.as_nanos()).unwrap_or(u64::MAX),
            "discard": "old",
            "storage": "file",
            "num_replicas": self.replicas,
            "allow_direct": true,
        })
    }
}

impl Stream {
    /// Opens the stream, or makes it, and adds the subjects of these servers.
    pub(crate) async fn open(
        connection: &Connection,
        subjects: &Subjects,
        settings: &StreamSettings,
        origins: &[Origin],
    ) -> Result<Self, StreamError> {
        let name = settings.name.clone();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=32).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(StreamError::Name(name));
        }
        let stream = Self { connection: connection.clone(), subjects: subjects.clone(), name };
        if let Some(info) = stream.info().await? {
            stream.check(&info.config)?;
        } else if !origins.is_empty() {
            let all: Vec<_> = origins.iter().flat_map(|it| stream.patterns(it)).collect();
            let made: Response<Info> =
                stream.api("CREATE", "be made", &settings.json(&all)).await?;
            match made {
                Response::Ok(_) => return Ok(stream),
                // Another bridge was faster.
                Response::Err { error } if error.error_code() == ErrorCode::STREAM_NAME_EXIST => {}
                Response::Err { error } => {
                    return Err(stream.refused("be made", &error, origins).await);
                }
            }
        }
        stream.add(origins).await?;
        Ok(stream)
    }

    /// Adds the subjects of servers, as far as they are missing.
    pub(crate) async fn add(&self, origins: &[Origin]) -> Result<(), StreamError> {
        self.change(origins, |present, patterns| {
            for pattern in patterns {
                if !present.iter().any(|it| covers(it, &pattern)) {
                    present.push(pattern);
                }
            }
        })
        .await
    }

    /// Removes the subjects of servers, so that another stream can have them. The messages stay. A
    /// stream without any subject cannot be, so the last ones stay, too.
    pub(crate) async fn remove(&self, origins: &[Origin]) -> Result<(), StreamError> {
        self.change(origins, |present, patterns| {
            if present.iter().any(|it| !patterns.contains(it)) {
                present.retain(|it| !patterns.contains(it));
            }
        })
        .await
    }

    async fn change(
        &self,
        origins: &[Origin],
        change: impl Fn(&mut Vec<String>, Vec<String>) + Send,
    ) -> Result<(), StreamError> {
        // A change between reading and writing by another bridge can undo this one.
        for _ in 0..ATTEMPTS {
            let Some(Info { mut config, .. }) = self.info().await? else {
                return Err(StreamError::Gone(self.name.clone()));
            };
            let mut present = subjects_of(&config);
            let count = present.len();
            change(&mut present, origins.iter().flat_map(|it| self.patterns(it)).collect());
            if present.len() == count {
                return Ok(());
            }
            config["subjects"] = present.into();
            let changed: Response<Info> = self.api("UPDATE", "take subjects", &config).await?;
            if let Response::Err { error } = changed {
                return Err(self.refused("take subjects", &error, origins).await);
            }
        }
        let reason = format!("its subjects were changed {ATTEMPTS} times meanwhile");
        Err(StreamError::Refused { stream: self.name.clone(), what: "take subjects", reason })
    }

    /// Returns the last sequence.
    pub(crate) async fn last_sequence(&self) -> Result<u64, StreamError> {
        match self.info().await? {
            Some(info) => Ok(info.state.last_seq),
            None => Err(StreamError::Gone(self.name.clone())),
        }
    }

    /// Returns the message with a sequence, if it is there.
    pub(crate) async fn get(&self, sequence: u64) -> Result<Option<Stored>, StreamError> {
        if sequence == 0 {
            return Ok(None);
        }
        let stream = self.handle().await?;
        self.stored(stream.get_raw_message(sequence).await)
    }

    /// Returns the last message of a server: event or control item.
    pub(crate) async fn last_of(&self, origin: &Origin) -> Result<Option<Stored>, StreamError> {
        let stream = self.handle().await?;
        let [events, controls] = self.patterns(origin);
        let event = self.stored(stream.get_last_raw_message_by_subject(&events).await)?;
        let control = self.stored(stream.get_last_raw_message_by_subject(&controls).await)?;
        Ok(event.into_iter().chain(control).max_by_key(|it| it.sequence))
    }

    /// Returns the last event of a server.
    pub(crate) async fn last_event_of(
        &self,
        origin: &Origin,
    ) -> Result<Option<Stored>, StreamError> {
        let stream = self.handle().await?;
        let events = self.subjects.events_of(origin);
        self.stored(stream.get_last_raw_message_by_subject(&events).await)
    }

    /// Stores a message if the last sequence of the stream is the expected one.
    pub(crate) async fn append(
        &self,
        message: &Outgoing,
        expected: u64,
        timeout: Duration,
    ) -> Result<Appended, StreamError> {
        let mut headers = message.headers.clone();
        let value = HeaderValue::from(expected);
        headers.insert(async_nats::header::NATS_EXPECTED_LAST_SEQUENCE, value);
        let request =
            Request::new().headers(headers).payload(message.payload.clone()).timeout(Some(timeout));
        let answer = self.connection.client.send_request(message.subject.clone(), request).await;
        match answer {
            Ok(answer) => Appended::of(&answer)
                .ok_or_else(|| self.unanswered("store a message", "not an acknowledgement".into())),
            Err(error) => match error.kind() {
                async_nats::RequestErrorKind::NoResponders => Ok(Appended::Gone),
                async_nats::RequestErrorKind::MaxPayloadExceeded => Ok(Appended::TooLarge),
                _ => Err(self.unanswered("store a message", Box::new(error))),
            },
        }
    }

    /// Returns the patterns of the subjects of a server.
    fn patterns(&self, origin: &Origin) -> [String; 2] {
        [self.subjects.events_of(origin), self.subjects.controls_of(origin)]
    }

    async fn info(&self) -> Result<Option<Info>, StreamError> {
        match self.api("INFO", "be read", &json!({})).await? {
            Response::Ok(info) => Ok(Some(info)),
            Response::Err { error } if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Ok(None)
            }
            Response::Err { error } => Err(self.refused("be read", &error, &[]).await),
        }
    }

    /// Checks what a stream that is there must have.
    fn check(&self, config: &Value) -> Result<(), StreamError> {
        let has = |name: &str| config.get(name).is_some_and(|it| *it != Value::Null);
        let is = |name: &str| config.get(name) == Some(&Value::Bool(true));
        let reason = if config["retention"] != "limits" {
            "its retention drops messages that are consumed, expected `limits`"
        } else if is("sealed") {
            "it is sealed"
        } else if is("no_ack") {
            "it acknowledges nothing (`no_ack`)"
        } else if has("mirror") || has("sources") {
            "it is filled from another stream (`mirror` or `sources`)"
        } else if has("subject_transform") {
            "it changes subjects (`subject_transform`)"
        } else if subjects_of(config).iter().any(|it| overlaps(it, &self.subjects.actions())) {
            "it has the subjects of actions too, which would be stored as messages of another writer"
        } else {
            return Ok(());
        };
        Err(StreamError::Settings { stream: self.name.clone(), reason: reason.into() })
    }

    /// Returns the error of a refusal. Looks for the stream that has the subjects, if one has.
    async fn refused(
        &self,
        what: &'static str,
        error: &async_nats::jetstream::Error,
        origins: &[Origin],
    ) -> StreamError {
        let stream = self.name.clone();
        let overlap = [ErrorCode::STREAM_SUBJECT_OVERLAP, ErrorCode::STREAM_CREATE];
        if overlap.contains(&error.error_code()) {
            for origin in origins {
                for pattern in self.patterns(origin) {
                    let context = &self.connection.jetstream;
                    match context.stream_by_subject(pattern).await {
                        Ok(other) if other != stream => {
                            return StreamError::Overlap { origin: origin.clone(), stream: other };
                        }
                        _ => {}
                    }
                }
            }
        }
        StreamError::Refused { stream, what, reason: error.to_string() }
    }

    async fn api<V: DeserializeOwned>(
        &self,
        operation: &str,
        what: &'static str,
        body: &impl Serialize,
    ) -> Result<Response<V>, StreamError> {
        let subject = format!("STREAM.{operation}.{}", self.name);
        let answer = self.connection.jetstream.request(subject, body).await;
        answer.map_err(|error: RequestError| match error.kind() {
            RequestErrorKind::InvalidSubject => StreamError::Name(self.name.clone()),
            _ => self.unanswered(what, Box::new(error)),
        })
    }

    async fn handle(&self) -> Result<async_nats::jetstream::stream::Stream<()>, StreamError> {
        let handle = self.connection.jetstream.get_stream_no_info(&self.name).await;
        handle.map_err(|_| StreamError::Name(self.name.clone()))
    }

    fn stored(
        &self,
        answer: Result<async_nats::jetstream::message::StreamMessage, RawMessageError>,
    ) -> Result<Option<Stored>, StreamError> {
        match answer {
            Ok(stored) => Ok(Some(Stored {
                sequence: stored.sequence,
                message: Message::from_parts(&stored.headers, &stored.payload),
            })),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                RawMessageErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Err(StreamError::Gone(self.name.clone()))
                }
                RawMessageErrorKind::JetStream(error) => Err(StreamError::Refused {
                    stream: self.name.clone(),
                    what: "return a message",
                    reason: error.to_string(),
                }),
                _ => Err(self.unanswered("return a message", Box::new(error))),
            },
        }
    }

    /// Returns the error of a connection that was closed.
    pub(crate) fn closed(&self) -> StreamError {
        self.unanswered("store a message", "the connection is closed".into())
    }

    /// Returns the error of a message that cannot be written.
    pub(crate) fn unwritten(&self, source: serde_json::Error) -> StreamError {
        StreamError::Body { stream: self.name.clone(), source }
    }

    fn unanswered(
        &self,
        what: &'static str,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> StreamError {
        StreamError::Unanswered { stream: self.name.clone(), what, source }
    }
}

fn subjects_of(config: &Value) -> Vec<String> {
    let subjects = config["subjects"].as_array().map_or(&[][..], Vec::as_slice);
    subjects.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// Returns `true` if a pattern matches all subjects that another one matches.
fn covers(pattern: &str, other: &str) -> bool {
    let (mut pattern, mut other) = (pattern.split('.'), other.split('.'));
    loop {
        match (pattern.next(), other.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(one), Some(token)) if one == token => {}
            _ => return false,
        }
    }
}

/// Returns `true` if there is a subject that both patterns match.
fn overlaps(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (Some(">"), Some(_)) | (Some(_), Some(">")) | (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "*" || b == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_narrower_ones() {
        for (pattern, other, expected) in [
            (">", "ami.ev.berlin.>", true),
            ("ami.>", "ami.ev.berlin.>", true),
            ("ami.ev.*.>", "ami.ev.berlin.>", true),
            ("ami.ev.berlin.>", "ami.ev.berlin.>", true),
            ("ami.ev.berlin.*", "ami.ev.berlin.>", false),
            ("ami.ev.berlin", "ami.ev.berlin.>", false),
            ("ami.ev.berlin.>", "ami.ev.*.>", false),
            ("ami.ev.berlin.>", "ami.ev.bonn.>", false),
            ("ami.ev.berlin.>", "ami.ev.berlin", false),
        ] {
            assert_eq!(covers(pattern, other), expected, "{pattern} {other}");
        }
    }
}
