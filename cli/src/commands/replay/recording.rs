//! A recording that is played back.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ami::{Codec, Frame, Malformed};
use anyhow::{Context, bail};
use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::commands::events::Times;
use crate::exit::{Exit, Failure};
use crate::out::escape;

/// A recording: its banner, and its messages with their times.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) banner: String,
    pub(super) messages: Vec<(Duration, Bytes)>,
    pub(super) is_truncated: bool,
}

impl Recording {
    pub(super) fn read(path: &Path, is_timed: bool) -> Result<Self, Failure> {
        let read = Self::parse(path, is_timed);
        let named = read.with_context(|| format!("{} cannot be played", path.display()));
        named.map_err(|error| Failure::new(Exit::Refused, error))
    }

    fn parse(path: &Path, is_timed: bool) -> Result<Self, anyhow::Error> {
        let mut bytes = BytesMut::from(&fs::read(path)?[..]);
        let size = bytes.len();
        let mut codec = Codec::new();
        let banner = match codec.decode_eof(&mut bytes)? {
            Some(Frame::Banner(banner)) if banner.version().is_some() => escape(banner.line()),
            _ => bail!("it is no recording: expected `Asterisk Call Manager/…` in the first line"),
        };
        let times = if is_timed { Some(Times::read(path)?) } else { None };
        let mut recording = Self { banner, messages: Vec::new(), is_truncated: false };
        let mut begun = None;
        while let Some(frame) = codec.decode_eof(&mut bytes)? {
            let (raw, stamp) = match &frame {
                Frame::Event(event) => (event.raw().clone(), stamp(event)),
                Frame::Other(message) => (message.raw().clone(), None),
                Frame::Malformed(Malformed::Truncated(_)) => {
                    recording.is_truncated = true;
                    continue;
                }
                _ => continue,
            };
            let at = match &times {
                None => Duration::ZERO,
                Some(Some(times)) => times.at(size - bytes.len()),
                Some(None) => stamp.context(
                    "there is no file of its times, and its events have none (timestampevents): \
                     --speed and --as-recorded need them",
                )?,
            };
            let at = at.saturating_sub(*begun.get_or_insert(at));
            recording.messages.push((at, raw));
        }
        if recording.messages.is_empty() {
            bail!("it has no events");
        }
        Ok(recording)
    }

    /// Divides the times.
    pub(super) fn faster(&mut self, speed: f64) {
        for (at, _) in &mut self.messages {
            let seconds = at.as_secs_f64() / speed;
            *at = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 2);
        }
    }
}

/// Returns the time that the server sent with an event.
fn stamp(event: &ami::Event) -> Option<Duration> {
    let seconds: f64 = event.utf8("Timestamp").ok()??.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
