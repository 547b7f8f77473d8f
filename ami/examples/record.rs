//! Records what a server sends.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example record -- FILE [SECONDS]
//! ```
//!
//! logs in with every event class that the user may read, and writes the raw stream to FILE and its
//! times to FILE.times, until the time is up, the server refuses the login, or Ctrl-C. When the
//! connection is lost it is made anew, and recorded as the next part: in FILE.2 and so on. The
//! example `replay` plays a part back.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ami::{Filter, Gap, Item, Recording, Server};

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
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: record FILE [SECONDS]")?;
    let seconds = arguments.next().map_or(Ok(u64::MAX), |seconds| seconds.parse())?;

    let server = Server::from_env()?;
    let recording = Recording::create(&file)?;
    let connect = server.configure(|config| config.record(&recording)).connect();
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
                Item::Stray(_) | Item::Withheld(_) => {}
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
