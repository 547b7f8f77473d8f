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

use ami::testing::{Peer, PeerError, Reply, Script, Server};
use tokio::time::{Instant, sleep_until};

/// The time that a client may take to log in, and to read.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// A part of a recording, cut into what was read at once.
struct Recording {
    banner: String,
    chunks: Vec<Chunk>,
}

/// The bytes that were read, and when.
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
        let banner = String::from_utf8_lossy(banner).trim_end().to_owned();
        Ok(Self { banner, chunks })
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
    let script = Script::new().banner(&recording.banner).booting();
    let server = Server::bind_to(address)
        .await?
        .script(script.otherwise(|_| Reply::success()))
        .patience(PATIENCE);
    eprintln!("replaying {file} on {}", server.address());
    for client in 1.. {
        let peer = loop {
            match server.accept_silent().await {
                Err(PeerError::NoConnection(_)) => {}
                accepted => break accepted?,
            }
        };
        let recording = Arc::clone(&recording);
        tokio::spawn(async move {
            match play(peer, &recording).await {
                Ok(()) | Err(PeerError::Cut) => eprintln!("client {client}: done"),
                Err(error) => {
                    let why = error.source().map(|source| format!(": {source}"));
                    eprintln!("client {client}: {error}{}", why.unwrap_or_default());
                }
            }
        });
    }
    Ok(())
}

/// Plays the recording to one client, and answers it in between, as Asterisk does.
async fn play(mut peer: Peer, recording: &Recording) -> Result<(), PeerError> {
    peer.log_in().await?;
    let begun = Instant::now();
    for (at, chunk) in &recording.chunks {
        peer.serve_until(sleep_until(begun + *at)).await?;
        peer.send(chunk).await?;
    }
    peer.serve().await
}
