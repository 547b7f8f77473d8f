//! The part of the spool on disk: files without names, one for each segment.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut};

use crate::nats::message::{Content, Control, Entry, Key, Place, Shared, Why, event};

/// Entries that are written or read together.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// The file, whose readers share its position.
    pub(super) file: Arc<Mutex<File>>,
    pub(super) length: u64,
}

/// Work that touches the disk. Done where waiting is allowed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) queue: usize,
    pub(super) segment: u64,
    pub(super) bytes: usize,
    pub(super) work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    Write(Arc<Vec<Entry>>, Option<PathBuf>),
    Read(Written),
}

/// The result of a job.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) queue: usize,
    pub(super) segment: u64,
    pub(super) bytes: usize,
    pub(super) result: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Written(io::Result<Written>),
    Read(io::Result<Vec<Entry>>),
}

impl Job {
    pub(super) fn run(self) -> Done {
        let Self { queue, segment, bytes, work } = self;
        let result = match work {
            Work::Write(entries, folder) => Outcome::Written(write(&entries, folder)),
            Work::Read(written) => Outcome::Read(read(&written)),
        };
        Done { queue, segment, bytes, result }
    }
}

fn write(entries: &[Entry], folder: Option<PathBuf>) -> io::Result<Written> {
    let mut bytes = Vec::new();
    for entry in entries {
        encode(entry, &mut bytes)?;
    }
    let mut file = match folder {
        Some(folder) => tempfile::tempfile_in(folder)?,
        None => tempfile::tempfile()?,
    };
    file.write_all(&bytes)?;
    Ok(Written { file: Arc::new(Mutex::new(file)), length: bytes.len() as u64 })
}

/// Reads the entries of a segment.
pub(super) fn read(written: &Written) -> io::Result<Vec<Entry>> {
    let mut bytes = Vec::new();
    {
        let mut file = written.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind()?;
        (&mut *file).take(written.length).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 != written.length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut rest = &bytes[..];
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let entry = decode(&mut rest);
        entries.push(entry.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?);
    }
    Ok(entries)
}

fn encode(entry: &Entry, out: &mut Vec<u8>) -> io::Result<()> {
    let Entry { key, place, content } = entry;
    match *key {
        Key::Shared(shared) => {
            out.put_u8(0);
            put_shared(shared, out);
        }
        Key::Private { number, after } => {
            out.put_u8(1 + u8::from(after.is_some()));
            out.put_u64(number);
            if let Some(after) = after {
                put_shared(after, out);
            }
        }
    }
    out.put_u32(place.boot);
    out.put_u32(place.connection);
    out.put_u64(place.position);
    out.put_u64(place.micros);
    match content {
        Content::Event(event) => {
            out.put_u8(0);
            out.put_u64(event.raw().len() as u64);
            out.put_slice(event.raw());
        }
        Content::Control(control) => {
            out.put_u8(1);
            let json = serde_json::to_vec(control)?;
            out.put_u64(json.len() as u64);
            out.put_slice(&json);
        }
        Content::Missed(count, why) => {
            out.put_u8(2);
            let json = serde_json::to_vec(&(count, why))?;
            out.put_u64(json.len() as u64);
            out.put_slice(&json);
        }
    }
    Ok(())
}

fn put_shared(shared: Shared, out: &mut Vec<u8>) {
    out.put_u64(shared.seconds);
    out.put_u32(shared.micros);
    out.put_u32(shared.repeat);
    out.put_u64(shared.digest);
}

fn decode(rest: &mut &[u8]) -> Option<Entry> {
    let key = match rest.try_get_u8().ok()? {
        0 => Key::Shared(shared(rest)?),
        1 => Key::Private { number: rest.try_get_u64().ok()?, after: None },
        2 => Key::Private { number: rest.try_get_u64().ok()?, after: Some(shared(rest)?) },
        _ => return None,
    };
    let place = Place {
        boot: rest.try_get_u32().ok()?,
        connection: rest.try_get_u32().ok()?,
        position: rest.try_get_u64().ok()?,
        micros: rest.try_get_u64().ok()?,
    };
    let kind = rest.try_get_u8().ok()?;
    let length = usize::try_from(rest.try_get_u64().ok()?).ok()?;
    let (body, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let content = match kind {
        0 => Content::Event(event(body)?),
        1 => Content::Control(Box::new(serde_json::from_slice::<Control>(body).ok()?)),
        2 => {
            let (count, why) = serde_json::from_slice::<(u64, Why)>(body).ok()?;
            Content::Missed(count, why)
        }
        _ => return None,
    };
    Some(Entry { key, place, content })
}

fn shared(rest: &mut &[u8]) -> Option<Shared> {
    Some(Shared {
        seconds: rest.try_get_u64().ok()?,
        micros: rest.try_get_u32().ok()?,
        repeat: rest.try_get_u32().ok()?,
        digest: rest.try_get_u64().ok()?,
    })
}
