//! Prints the events of a server as they come, one a line, until Ctrl-C.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example tail -- 'Queue*' 'Hangup Cause!=16'
//! ```
//!
//! Each argument is a filter in the language of `Filter::parse`; events that pass one of them are
//! printed, all events if there are no arguments. Missing events are told on the error output.

#![expect(clippy::print_stdout, reason = "the program prints events")]

use std::error::Error;

use ami::{Filter, Lost, Server, Subscription};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let filters: Vec<_> = std::env::args().skip(1).collect();
    let filter =
        if filters.is_empty() { Filter::all() } else { Filter::parse(&filters.join(","))? };

    // A subscription from before the login misses no event.
    let connect = Server::from_env()?.connect();
    let events = connect.subscribe(filter);
    let client = connect.await?;
    tokio::select! {
        end = print(events) => return Err(end.into()),
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    client.close().await?;
    Ok(())
}

/// Prints events until there will be no more, and tells why.
async fn print(mut events: Subscription) -> Lost {
    loop {
        match events.next_event().await {
            // `Debug` keeps control characters from the terminal, and hides secrets.
            Ok(event) => println!("{event:?}"),
            Err(lost) if lost.is_end() => return lost,
            Err(lost) => eprintln!("== {lost:#}"),
        }
    }
}
