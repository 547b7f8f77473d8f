//! Records what a server sends.
//!
//! `cargo run -p ami --example record -- HOST:PORT USER SECRET FILE [SECONDS]` logs in with every
//! event class that the user may read, and writes the raw stream to FILE and its times to
//! FILE.times, until the time is up, the server refuses the login, or Ctrl-C. When the connection
//! is lost it is made anew, and recorded as the next part: in FILE.2 and so on. The example
//! `replay` plays a part back.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ami::{Config, Filter, Gap, Item, Recording};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match record().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn record() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (address, user, secret, file, seconds) = match &arguments[..] {
        [address, user, secret, file] => (address, user, secret, file, u64::MAX),
        [address, user, secret, file, seconds] => (address, user, secret, file, seconds.parse()?),
        _ => return Err("usage: record HOST:PORT USER SECRET FILE [SECONDS]".into()),
    };
    let recording = Recording::create(file)?;
    let connect = Config::new(user, secret).record(&recording).connect(address);
    let mut events = connect.subscribe(Filter::all());
    let client = connect.await?;
    let (mut count, mut missed, mut gaps) = (0_u64, 0, 0);
    let watch = async {
        while let Some(item) = events.next().await {
            match item {
                Item::Event(_) => count += 1,
                Item::Missed(more) => missed += more,
                Item::Gap(gap) => {
                    gaps += gap.times;
                    tell(&gap);
                }
                // Not asked for.
                Item::Stray(_) => {}
            }
        }
        client.ended().await
    };
    tokio::select! {
        reason = watch => eprintln!("it is over: {reason:#}"),
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    let closed = client.close().await;
    let bytes = recording.finish().await?;
    // The recording has those that were missed here.
    let events = count + missed;
    // A connection without a login is a part, too.
    let parts = 1 + (2..).take_while(|part| Path::new(&format!("{file}.{part}")).exists()).count();
    eprintln!("{file}: {bytes} bytes; parts: {parts}, events: {events}, gaps: {gaps}");
    Ok(closed?)
}

fn tell(gap: &Gap) {
    let Gap { reason, lasted, .. } = gap;
    eprintln!("a gap of {lasted:.1?}, and a new part: {reason:#}");
}
