//! Plays one part of a recording back, as a server.
//!
//! `cargo run -p ami --example replay -- FILE [ADDRESS] [--as-recorded]` listens on ADDRESS
//! (127.0.0.1:5038 unless named). Each client is greeted with the recorded banner and may log in as
//! anybody, by challenge or plain; then it gets the rest of the part, at full speed, or with its
//! times from FILE.times. Every other action is answered with `Success`. FILE.2 and so on, where
//! there are any, are later parts, and are played in the same way.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ami::{Codec, Frame, Message};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::codec::Decoder;

/// A part of a recording, cut into what was read at once.
struct Recording {
    banner: Vec<u8>,
    chunks: Vec<Chunk>,
}

/// What was read, and when.
type Chunk = (Duration, Vec<u8>);

impl Recording {
    fn read(file: &str, timed: bool) -> Result<Self, Box<dyn Error>> {
        let stream = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let end =
            stream.iter().position(|&byte| byte == b'\n').ok_or("no banner in the recording")?;
        let (banner, rest) = stream.split_at(end + 1);
        let chunks = match timed {
            false => vec![(Duration::ZERO, rest.to_vec())],
            true => Self::timed(&format!("{file}.times"), &stream, banner.len())?,
        };
        Ok(Self { banner: banner.to_vec(), chunks })
    }

    fn timed(file: &str, stream: &[u8], mut from: usize) -> Result<Vec<Chunk>, Box<dyn Error>> {
        let times = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let mut chunks = Vec::new();
        let (mut end, mut begun) = (0, None);
        for (at, line) in times.lines().enumerate() {
            let wrong = || format!("{file}:{}: expected microseconds and bytes", at + 1);
            let (micros, bytes) = line.split_once(' ').ok_or_else(wrong)?;
            end += bytes.parse::<usize>()?;
            let chunk = stream.get(from..end.max(from)).ok_or_else(wrong)?;
            // Whole messages: an answer to the client must not end up inside one.
            let whole = memchr::memmem::rfind(chunk, b"\r\n\r\n").map_or(0, |at| at + 4);
            // The times of a later part count from the beginning of the first.
            let at = Duration::from_micros(micros.parse()?);
            let at = at.saturating_sub(*begun.get_or_insert(at));
            chunks.push((at, chunk[..whole].to_vec()));
            from += whole;
        }
        if let Some((_, last)) = chunks.last_mut() {
            last.extend_from_slice(&stream[from..]);
        }
        Ok(chunks)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (flags, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let timed = match &flags[..] {
        [] => false,
        [flag] if flag == "--as-recorded" => true,
        _ => return Err("usage: replay FILE [ADDRESS] [--as-recorded]".into()),
    };
    let (file, address) = match &words[..] {
        [file] => (file, "127.0.0.1:5038"),
        [file, address] => (file, address.as_str()),
        _ => return Err("usage: replay FILE [ADDRESS] [--as-recorded]".into()),
    };
    let recording = Arc::new(Recording::read(file, timed)?);
    let listener = TcpListener::bind(address).await?;
    eprintln!("replaying {file} on {}", listener.local_addr()?);
    loop {
        let (stream, from) = listener.accept().await?;
        let recording = Arc::clone(&recording);
        tokio::spawn(async move {
            match serve(stream, &recording).await {
                Ok(()) => eprintln!("{from}: done"),
                Err(error) => eprintln!("{from}: {error}"),
            }
        });
    }
}

async fn serve(stream: TcpStream, recording: &Recording) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    writer.write_all(&recording.banner).await?;
    let (sender, mut actions) = mpsc::unbounded_channel();
    // Actions are read while the recording is written, or both sides could wait for each other.
    let reading = tokio::spawn(read(reader, sender));
    let mut logged_in = None;
    let mut chunks = recording.chunks.iter();
    let mut next = None;
    loop {
        if next.is_none() && logged_in.is_some() {
            next = chunks.next();
        }
        let due = next.map(|(at, _)| logged_in.unwrap_or_else(Instant::now) + *at);
        tokio::select! {
            action = actions.recv() => {
                let Some(action) = action else { break };
                writer.write_all(answer(&action).as_bytes()).await?;
                match action.get("Action") {
                    Some(b"Login") => logged_in = Some(Instant::now()),
                    Some(b"Logoff") => break,
                    _ => {}
                }
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, chunk)) = next.take() {
                    writer.write_all(chunk).await?;
                }
            }
        }
    }
    reading.abort();
    writer.shutdown().await
}

/// Reads actions until the client goes. They look like messages that are neither event nor
/// response.
async fn read(mut reader: OwnedReadHalf, actions: mpsc::UnboundedSender<Message>) {
    let mut codec = Codec::without_banner();
    let mut buffer = BytesMut::new();
    while reader.read_buf(&mut buffer).await.is_ok_and(|length| length > 0) {
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            if let Frame::Other(action) = frame
                && actions.send(action).is_err()
            {
                return;
            }
        }
    }
}

fn answer(action: &Message) -> String {
    let id = action.action_id().map(|id| format!("ActionID: {}\r\n", String::from_utf8_lossy(id)));
    let (status, more) = match action.get("Action") {
        Some(b"Challenge") => ("Success", "Challenge: 123456789\r\n"),
        Some(b"Login") => ("Success", "Message: Authentication accepted\r\n"),
        Some(b"Logoff") => ("Goodbye", "Message: Thanks for all the fish.\r\n"),
        Some(b"Ping") => ("Success", "Ping: Pong\r\n"),
        _ => ("Success", ""),
    };
    format!("Response: {status}\r\n{}{more}\r\n", id.unwrap_or_default())
}
