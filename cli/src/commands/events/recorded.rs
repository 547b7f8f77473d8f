//! The events of a recording.

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use ami::{Banner, Codec, Filter, Frame, Malformed};
use anyhow::Context;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::codec::Decoder;

use super::Told;
use super::times::Times;
use crate::exit::{Exit, Failure};
use crate::out::escape;

/// The events of a recording: the bytes of a server, which begin with its banner.
pub(in crate::commands) struct Recorded {
    name: String,
    input: Pin<Box<dyn AsyncRead>>,
    codec: Codec,
    buffer: BytesMut,
    /// The next frame, if it has been read.
    ahead: Option<Frame>,
    is_read: bool,
    banner: Banner,
    filter: Filter,
    /// The times of the recording, if there is a file of them.
    times: Option<Times>,
    /// The numbers of bytes that were read, up to the end of the frame that was returned, and up
    /// to the end of the next one.
    read: usize,
    end: usize,
    end_ahead: usize,
}

impl Recorded {
    /// Opens a recording; `-` is the standard input.
    pub(in crate::commands) async fn open(path: &Path, filter: Filter) -> Result<Self, Failure> {
        let name = path.display();
        let mut times = None;
        let input: Pin<Box<dyn AsyncRead>> = if path == Path::new("-") {
            Box::pin(tokio::io::stdin())
        } else {
            let read = Times::read(path).with_context(|| format!("the times of {name}"));
            times = read.map_err(|error| Failure::new(Exit::Refused, error))?;
            let opened = tokio::fs::File::open(path).await;
            Box::pin(opened.map_err(|error| unreadable(&name.to_string(), error))?)
        };
        let mut codec = Codec::new();
        let mut buffer = BytesMut::new();
        let (mut input, mut is_read, mut read) = (input, false, 0);
        let first = loop {
            if let Some(frame) = codec.decode(&mut buffer)? {
                break Some(frame);
            }
            if is_read {
                break None;
            }
            let more = input.read_buf(&mut buffer).await;
            let more = more.map_err(|error| unreadable(&name.to_string(), error))?;
            is_read = more == 0;
            read += more;
        };
        let banner = match first {
            Some(Frame::Banner(banner)) if banner.version().is_some() => banner,
            other => return Err(no_recording(&name.to_string(), other)),
        };
        Ok(Self {
            name: name.to_string(),
            input,
            codec,
            buffer,
            ahead: None,
            is_read,
            banner,
            filter,
            times,
            read,
            end: 0,
            end_ahead: 0,
        })
    }

    pub(in crate::commands) async fn next(&mut self) -> Result<Option<Told>, Failure> {
        loop {
            if self.ahead.is_none() {
                self.look_ahead()?;
            }
            let Some(frame) = self.ahead.take() else {
                if self.is_read {
                    return Ok(None);
                }
                let more = self.input.read_buf(&mut self.buffer).await;
                let more = more.map_err(|error| unreadable(&self.name, error))?;
                self.is_read = more == 0;
                self.read += more;
                continue;
            };
            self.end = self.end_ahead;
            self.look_ahead()?;
            match frame {
                Frame::Event(event) if self.filter.matches(&event) => {
                    return Ok(Some(Told::Event(event)));
                }
                Frame::Malformed(Malformed::TooLarge { .. }) => return Ok(Some(Told::Missed(1))),
                Frame::Malformed(Malformed::Truncated(rest)) => {
                    return Ok(Some(Told::Truncated(rest.len())));
                }
                _ => {}
            }
        }
    }

    /// Decodes the next frame, if it has been read.
    fn look_ahead(&mut self) -> Result<(), Failure> {
        let decode = if self.is_read { Codec::decode_eof } else { Codec::decode };
        self.ahead = decode(&mut self.codec, &mut self.buffer)?;
        self.end_ahead = self.read - self.buffer.len();
        Ok(())
    }

    /// Returns the time of the event that was returned last, in seconds from the beginning of the
    /// recording.
    pub(super) fn time(&self) -> Option<String> {
        Some(format!("{:>12}", format!("+{:.3}", self.at()?.as_secs_f64())))
    }

    /// Returns the time of the event that was returned last, counted from the beginning of the
    /// recording.
    pub(in crate::commands) fn at(&self) -> Option<Duration> {
        Some(self.times.as_ref()?.at(self.end))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ahead.is_none()
    }

    pub(in crate::commands) fn banner(&self) -> &[u8] {
        self.banner.line()
    }
}

fn unreadable(name: &str, error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("{name} cannot be read"));
    Failure::new(Exit::Refused, error)
}

fn no_recording(name: &str, first: Option<Frame>) -> Failure {
    let begin = match first {
        Some(Frame::Banner(banner)) => format!("begins with {:?}", escape(banner.line())),
        _ => "has no first line".to_owned(),
    };
    let text = format!("{name} is no recording: it {begin}, expected `Asterisk Call Manager/…`");
    Failure::new(Exit::Refused, anyhow::Error::msg(text))
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("banner", &self.banner).finish_non_exhaustive()
    }
}
