//! Writing messages.

use std::io::Write as _;

use ami::Event;
use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use bytes::Bytes;

use super::control::Control;
use super::entry::{Content, Entry, Place};
use super::id::{Id, Key, Run};
use super::{AFTER, ID, PLACE, VERSION, time};
use crate::nats::config::Format;
use crate::nats::subject::Subjects;
use crate::origin::Origin;

/// A message to publish.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// The writer of a bridge's messages.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) subjects: Subjects,
    pub(crate) format: Format,
    pub(crate) run: Run,
}

impl Writer {
    /// Returns the message of an entry.
    ///
    /// # Errors
    ///
    /// Returns an error if the body cannot be written as JSON, which no entry causes.
    pub(crate) fn message(
        &self,
        origin: &Origin,
        entry: &Entry,
    ) -> Result<Outgoing, serde_json::Error> {
        let Entry { key, place, content } = entry;
        let mut headers = HeaderMap::new();
        let (subject, payload) = match content {
            Content::Event(event) => {
                let subject = self.subjects.event(origin, event);
                (subject, self.event(origin, place, event, &mut headers)?)
            }
            Content::Control(control) => self.control(origin, place, control)?,
            Content::Missed(count, reason) => {
                let control = Control::Missed { count: *count, reason: *reason };
                self.control(origin, place, &control)?
            }
        };
        if let Key::Private { after: Some(shared), .. } = *key {
            let after = Id::Shared { origin: origin.clone(), shared };
            headers.insert(HeaderName::from_static(AFTER), after.to_string());
        }
        let id = entry.id(&self.run, origin).to_string();
        headers.insert(HeaderName::from_static(ID), id.as_str());
        Ok(Outgoing { subject, id, headers, payload })
    }

    fn event(
        &self,
        origin: &Origin,
        place: &Place,
        event: &Event,
        headers: &mut HeaderMap,
    ) -> Result<Bytes, serde_json::Error> {
        match self.format {
            Format::Json => {
                let mut body = self.begin(origin, place, event.raw().len() * 3 / 2 + 256)?;
                body.extend_from_slice(b",\"event\":");
                serde_json::to_writer(&mut body, event)?;
                body.push(b'}');
                Ok(body.into())
            }
            Format::Raw => {
                let Place { boot, connection, position, micros } = place;
                let run = &self.run;
                let place = format!("{run}/{boot}/{connection}/{position}/{micros}");
                headers.insert(HeaderName::from_static(PLACE), place);
                Ok(event.raw().clone())
            }
        }
    }

    fn control(
        &self,
        origin: &Origin,
        place: &Place,
        control: &Control,
    ) -> Result<(String, Bytes), serde_json::Error> {
        let mut body = self.begin(origin, place, 512)?;
        body.extend_from_slice(b",\"control\":");
        serde_json::to_writer(&mut body, control)?;
        body.push(b'}');
        Ok((self.subjects.control(origin, control.kind()), body.into()))
    }

    /// Begins a body. No name and no number in it needs an escape.
    fn begin(
        &self,
        origin: &Origin,
        place: &Place,
        room: usize,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let Place { boot, connection, position, micros } = place;
        let (run, received) = (&self.run, time::text(*micros));
        let mut body = Vec::with_capacity(room);
        write!(
            body,
            "{{\"v\":{VERSION},\"origin\":\"{origin}\",\"bridge\":\"{run}\",\"boot\":{boot},\
             \"connection\":{connection},\"position\":{position},\"received\":\"{received}\""
        )
        .map_err(serde_json::Error::io)?;
        Ok(body)
    }
}
