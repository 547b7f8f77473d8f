//! Places a call, says whether it was answered, and why it ended. Ctrl-C hangs up.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example originate -- PJSIP/100 Playback tt-monkeys
//! ```
//!
//! The arguments are the channel to call and what it is to run once it is answered: an application
//! of the dialplan, `Echo` unless given, and its data.

#![expect(clippy::print_stdout, reason = "the program prints what becomes of the call")]

use std::error::Error;
use std::time::Duration;

use ami::{End, Originate, Placed, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let channel = arguments.next().ok_or("usage: originate CHANNEL [APPLICATION [DATA]]")?;
    let application = arguments.next().unwrap_or_else(|| "Echo".to_owned());
    let data = arguments.next().unwrap_or_default();

    let client = Server::from_env()?.connect().await?;
    let originate = Originate::to_application(&channel, &application, &data);
    let mut call = client.place(originate.timeout(Duration::from_secs(20)));
    let end = tokio::select! {
        end = follow(&mut call) => end?,
        interrupt = tokio::signal::ctrl_c() => {
            interrupt?;
            call.hang_up().await?;
            call.end().await?
        }
    };
    // A Local channel has two halves.
    for half in &end.halves {
        println!("{} ended: {}", half.channel().escape_debug(), half.cause());
    }
    println!("the call ended: {}", end.cause());
    client.close().await?;
    Ok(())
}

/// Says what became of the call, and waits for its end. A call that was not answered has one, too.
async fn follow(call: &mut Placed) -> Result<End, ami::Error> {
    match call.outcome().await {
        Ok(answered) => println!("{} has answered", answered.channel().escape_debug()),
        Err(error) => println!("{error:#}"),
    }
    call.end().await
}
