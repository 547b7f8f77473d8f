//! Records what a server sends.
//!
//! `cargo run -p ami --example record -- HOST:PORT USER SECRET FILE [SECONDS]` logs in with every event class that the user
//! may read, and writes the raw stream to FILE and its times to FILE.times, until the time is up, the server closes, or
//! Ctrl-C. The example `replay` plays it back.

use std::error::Error;
use std::time::Duration;

use ami::{Config, Filter, Item, Recording};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (address, user, secret, file, seconds) = match &arguments[..] {
        [address, user, secret, file] => (address, user, secret, file, u64::MAX),
        [address, user, secret, file, seconds] => (address, user, secret, file, seconds.parse()?),
        _ => return Err("usage: record HOST:PORT USER SECRET FILE [SECONDS]".into()),
    };
    let recording = Recording::create(file)?;
    let io = recording.tee(TcpStream::connect(address).await?);
    let client = Config::new(user, secret).handshake(io).await?;
    let mut events = client.subscribe(Filter::all());
    let (mut count, mut missed) = (0_u64, 0);
    let watch = async {
        while let Some(item) = events.next().await {
            match item {
                Item::Event(_) => count += 1,
                Item::Missed(more) => missed += more,
                _ => {}
            }
        }
    };
    tokio::select! {
        () = watch => eprintln!("the server closed the connection"),
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    let closed = client.close().await;
    drop((client, events));
    let bytes = recording.finish().await?;
    // The recording has those that were missed here.
    eprintln!("{file}: {bytes} bytes, {} events", count + missed);
    Ok(closed?)
}
