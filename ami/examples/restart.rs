//! Goes on across restarts of a server: says when it is down and up again, and what is known of the
//! time between, until Ctrl-C.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example restart
//! ```
//!
//! Every second it asks for the number of calls. While there is no connection, that waits for one.

#![expect(clippy::print_stdout, reason = "the program prints what happens")]

use std::error::Error;
use std::time::{Duration, Instant};

use ami::{Action, Client, Filter, Item, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Server::from_env()?.connect().await?;
    tokio::select! {
        () = watch_state(&client) => {}
        () = watch_gaps(&client) => {}
        () = count_calls(&client) => {}
        interrupt = tokio::signal::ctrl_c() => {
            interrupt?;
            client.close().await?;
            return Ok(());
        }
    }
    Err(client.ended().await.into())
}

async fn watch_state(client: &Client) {
    let mut states = client.state();
    loop {
        // Not in the line below: the client waits for whoever holds the borrowed state.
        let state = states.borrow_and_update().clone();
        println!("== {state:#}");
        if states.changed().await.is_err() {
            return;
        }
    }
}

async fn watch_gaps(client: &Client) {
    // Every subscription is told of gaps, also one that is for no events.
    let mut events = client.subscribe(Filter::none());
    while let Some(item) = events.next().await {
        if let Item::Gap(gap) = item {
            println!("== gap: {gap}");
        }
    }
}

async fn count_calls(client: &Client) {
    loop {
        let begun = Instant::now();
        match client.call(Action::new("CoreStatus")).timeout(Duration::from_secs(60)).await {
            Ok(status) => {
                let calls = status.text("CoreCurrentCalls").unwrap_or_default();
                println!("calls: {}, told after {:.1?}", calls.escape_debug(), begun.elapsed());
            }
            // The client repeats nothing: twice asked does no harm, but twice called would.
            Err(error) if error.may_have_been_executed() => println!("asked in vain: {error:#}"),
            Err(error) => println!("not asked: {error:#}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
