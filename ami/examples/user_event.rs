//! Raises a user event, and waits for one that a dialplan or another program raises.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example user_event -- Begin Done 30
//! ```
//!
//! raises `Begin` and waits up to 30 s (10 unless given) for `Done`, as a dialplan raises it with
//! `UserEvent(Done,result:pass)`.

#![expect(clippy::print_stdout, reason = "the program prints the event")]

use std::error::Error;
use std::time::Duration;

use ami::{Action, Filter, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(raised), Some(awaited)) = (arguments.next(), arguments.next()) else {
        return Err("usage: user_event RAISED AWAITED [SECONDS]".into());
    };
    let seconds = arguments.next().map_or(Ok(10), |seconds| seconds.parse())?;

    let client = Server::from_env()?.connect().await?;
    // Subscribe first: the answer can come at once.
    let mut events = client.subscribe(Filter::user_event(&awaited));
    client.call(Action::user_event(&raised).field("from", "user_event")).await?;
    let event = tokio::time::timeout(Duration::from_secs(seconds), events.next_event())
        .await
        .map_err(|_| format!("no user event {awaited} within {seconds} s"))??;
    println!("{event:?}");
    client.close().await?;
    Ok(())
}
