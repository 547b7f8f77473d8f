//! Reading messages back, for consumers and for a bridge that takes over.

use std::time::SystemTime;

use ami::{Codec, Event, Frame};
use async_nats::HeaderMap;
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio_util::codec::Decoder;

use super::control::Control;
use super::entry::Place;
use super::id::{Id, Run};
use super::{AFTER, ID, PLACE, VERSION, time};
use crate::origin::Origin;

/// A message of a bridge: an event or a control item, with its place in the stream of its server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The id.
    pub id: Id,
    /// The last id before this one that is the same in every bridge, if the message has an id of
    /// one bridge alone.
    pub after: Option<Id>,
    /// The server.
    pub origin: Origin,
    /// The run of the bridge that published the message.
    pub bridge: Run,
    /// The place in the stream of the server, as that bridge has counted.
    pub place: Place,
    /// An event or a control item.
    pub body: Body,
}

/// The body of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// An event of the server.
    Event(Event),
    /// A control item of the bridge.
    Control(Control),
}

/// A message that no bridge has written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A header is missing.
    #[error("no header {0} in the message")]
    NoHeader(&'static str),
    /// A header has another form.
    #[error("the header {name} is {value:?}, which no bridge writes")]
    Header {
        /// The name of the header.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// The version of the body is newer.
    #[error("the body has version {0}, expected {VERSION}")]
    Version(u32),
    /// The body is not the JSON of a bridge.
    #[error("the body is not the JSON of a bridge")]
    Json(#[source] serde_json::Error),
    /// The body has neither an event nor a control item, or both.
    #[error("the body has not exactly one of `event` and `control`")]
    Body,
    /// The body is not the bytes of an event.
    #[error("the body is not the bytes of one event")]
    Raw,
}

impl Message {
    /// Reads a message that was received from NATS.
    ///
    /// # Errors
    ///
    /// Returns an error if no bridge has written the message.
    pub fn parse(message: &async_nats::Message) -> Result<Self, MessageError> {
        let none = HeaderMap::new();
        Self::from_parts(message.headers.as_ref().unwrap_or(&none), &message.payload)
    }

    /// Reads a message from its headers and its body.
    ///
    /// # Errors
    ///
    /// Returns an error if no bridge has written the message.
    pub fn from_parts(headers: &HeaderMap, payload: &Bytes) -> Result<Self, MessageError> {
        let id = id(headers, ID)?.ok_or(MessageError::NoHeader(ID))?;
        let after = self::id(headers, AFTER)?;
        match headers.get(PLACE) {
            Some(text) => {
                let text = text.as_str();
                let (bridge, place) = place(text).ok_or_else(|| header(PLACE, text))?;
                let body = Body::Event(event(payload).ok_or(MessageError::Raw)?);
                let origin = id.origin().clone();
                Ok(Self { id, after, origin, bridge, place, body })
            }
            None => Self::from_json(id, after, payload),
        }
    }

    fn from_json(id: Id, after: Option<Id>, payload: &[u8]) -> Result<Self, MessageError> {
        let Version { v } = serde_json::from_slice(payload).map_err(MessageError::Json)?;
        if v != VERSION {
            return Err(MessageError::Version(v));
        }
        let json: Json = serde_json::from_slice(payload).map_err(MessageError::Json)?;
        let body = match (json.event, json.control) {
            (Some(event), None) => Body::Event(event),
            (None, Some(control)) => Body::Control(control),
            _ => return Err(MessageError::Body),
        };
        let origin = Origin::new(json.origin).map_err(|_| MessageError::Body)?;
        let bridge = json.bridge.parse().map_err(|_| MessageError::Body)?;
        let (boot, connection, position) = (json.boot, json.connection, json.position);
        let place = Place { boot, connection, position, micros: time::micros(json.received) };
        Ok(Self { id, after, origin, bridge, place, body })
    }

    /// Returns the last shared id up to and with this message, from which a bridge can go on
    /// exactly.
    pub fn last_shared(&self) -> Option<super::Shared> {
        self.id.shared().or_else(|| self.after.as_ref()?.shared())
    }
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct Json {
    origin: String,
    bridge: String,
    boot: u32,
    connection: u32,
    position: u64,
    #[serde(deserialize_with = "time::required")]
    received: SystemTime,
    event: Option<Event>,
    control: Option<Control>,
}

fn id(headers: &HeaderMap, name: &'static str) -> Result<Option<Id>, MessageError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.as_str().parse().map(Some).map_err(|_| header(name, value.as_str()))
}

fn header(name: &'static str, value: &str) -> MessageError {
    MessageError::Header { name, value: value.chars().take(200).collect() }
}

fn place(text: &str) -> Option<(Run, Place)> {
    let parts: Vec<_> = text.split('/').collect();
    let [run, boot, connection, position, micros] = parts[..] else { return None };
    let place = Place {
        boot: boot.parse().ok()?,
        connection: connection.parse().ok()?,
        position: position.parse().ok()?,
        micros: micros.parse().ok()?,
    };
    Some((run.parse().ok()?, place))
}

/// Returns the event that has these bytes.
pub(crate) fn event(raw: &[u8]) -> Option<Event> {
    let mut bytes = BytesMut::from(raw);
    match Codec::without_banner().max_message(usize::MAX).decode(&mut bytes) {
        Ok(Some(Frame::Event(event))) if bytes.is_empty() => Some(event),
        _ => None,
    }
}
