//! `ami replay`: a recording, served like a server.

mod recording;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ami::testing::{Peer, PeerError, Reply, Script, Server};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use self::recording::Recording;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style};

/// The time that a client may take to log in, and to read.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Actions are looked for after this many bytes of events.
const STRETCH: usize = 64 * 1024;

/// Serve a recording to AMI clients, as if it were a server
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Replay {
    /// The recording
    file: PathBuf,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5038")]
    listen: String,
    /// Send the events with their times, so many times faster
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,
    /// Send the events with their times, like --speed 1x
    #[arg(long, conflicts_with = "speed")]
    as_recorded: bool,
    /// Begin again at the end of the recording
    #[arg(long = "loop")]
    repeat: bool,
    /// End when the first client has gone
    #[arg(long)]
    once: bool,
}

const HELP: &str = "\
Each client may log in as anybody, and gets the events from the beginning: at full speed, unless
--speed or --as-recorded is set. The times are those of FILE.times, or else those in the events
(timestampevents). Answers to the actions of the recorded client are left out; the actions of a
client of the replay are answered with `Success`. The recording is held in memory.

Exit codes: 0 the client of --once has gone; 1 the recording cannot be read, or the address not be
listened on; 130 interrupted.";

impl Replay {
    pub(crate) async fn run(&self, _: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let speed = if self.as_recorded { Some(1.0) } else { self.speed };
        let (path, is_timed) = (self.file.clone(), speed.is_some());
        let read = tokio::task::spawn_blocking(move || Recording::read(&path, is_timed)).await;
        let mut recording = read.map_err(std::io::Error::other)??;
        if let Some(speed) = speed {
            recording.faster(speed);
        }
        if recording.is_truncated {
            out.tell(Style::Bad, "the recording ends inside a message, which is left out");
        }
        let script = Script::new().banner(&recording.banner).booting();
        let bound = Server::bind_to(&self.listen).await;
        let server = bound.map_err(|error| Failure::new(Exit::Refused, error))?;
        let server = server.script(script.otherwise(|_| Reply::success())).patience(PATIENCE);
        match out.form {
            Form::Json => {
                out.object(&json!({ "v": 1, "listening": server.address().to_string() }))?
            }
            _ => out.line(&format!("listening on {}", server.address()))?,
        }
        self.serve(&server, Arc::new(recording), out).await
    }

    async fn serve(
        &self,
        server: &Server,
        recording: Arc<Recording>,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        let (gone, mut all_gone) = mpsc::unbounded_channel();
        let mut number = 0_u64;
        loop {
            out.drain().await?;
            tokio::select! {
                accepted = server.accept_silent() => {
                    let peer = match accepted {
                        Err(PeerError::NoConnection(_)) => continue,
                        accepted => accepted.map_err(|error| Failure::new(Exit::Refused, error))?,
                    };
                    number += 1;
                    tell(out, number, "connected")?;
                    let (recording, repeats) = (Arc::clone(&recording), self.repeat);
                    let (gone, client) = (gone.clone(), number);
                    tokio::spawn(async move {
                        let why = match play(peer, &recording, repeats).await {
                            Ok(()) | Err(PeerError::Cut) => "gone".to_owned(),
                            Err(error) => format!("gone: {:#}", anyhow::Error::new(error)),
                        };
                        // The other end is there as long as the program.
                        let _ = gone.send((client, why));
                    });
                }
                Some((client, why)) = all_gone.recv() => {
                    tell(out, client, &why)?;
                    if self.once {
                        return Ok(Exit::Done);
                    }
                }
            }
        }
    }
}

fn tell(out: &mut Out, client: u64, text: &str) -> std::io::Result<()> {
    match out.form {
        Form::Json => out.object(&json!({ "v": 1, "client": client, "state": text })),
        _ => out.line(&crate::out::escape(format!("client {client}: {text}").as_bytes())),
    }
}

/// Plays the recording to one client, and answers it in between, as Asterisk does.
async fn play(mut peer: Peer, recording: &Recording, repeats: bool) -> Result<(), PeerError> {
    peer.log_in().await?;
    loop {
        let begun = Instant::now();
        let mut sent = 0;
        for (at, message) in &recording.messages {
            if *at > Duration::ZERO {
                peer.serve_until(sleep_until(begun + *at)).await?;
            } else if sent >= STRETCH {
                sent = 0;
                peer.serve_until(tokio::task::yield_now()).await?;
            }
            sent += message.len();
            peer.send(message).await?;
        }
        if !repeats {
            return peer.serve().await;
        }
        peer.serve_until(tokio::task::yield_now()).await?;
    }
}

/// Reads a speed such as `10x`.
fn speed(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text);
    let speed = number.parse().ok().filter(|speed: &f64| speed.is_finite() && *speed > 0.0);
    speed.ok_or_else(|| "expected a number above 0, such as 10x".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_above_zero() {
        assert_eq!((speed("10x"), speed("0.5")), (Ok(10.0), Ok(0.5)));
        for wrong in ["", "x", "0", "-1x", "inf", "NaN"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }
}
