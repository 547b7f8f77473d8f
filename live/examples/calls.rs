//! Prints the calls of a server as they change.
//!
//! ```text
//! AMI_SERVER=user:secret@127.0.0.1 cargo run -p live --example calls
//! ```

#![expect(clippy::print_stdout, reason = "it is the output of the program")]

use std::error::Error;

use live::{Call, Live, What};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = ami::Server::from_env()?.connect().await?;
    let live = Live::start(&client);
    live.current().await?;
    let (state, mut changes) = live.watch();
    for call in state.calls()?.sorted() {
        println!("{} is up: {}", call.id, describe(call));
    }
    while let Some(change) = changes.next().await {
        let change = match change {
            Ok(change) => change,
            Err(missed) => {
                println!("{missed}");
                continue;
            }
        };
        let found = if change.resync { " (found afterwards)" } else { "" };
        match change.what {
            What::Freshness(freshness) => println!("{freshness:#}"),
            What::CallStarted { call } => println!("{call} began{found}"),
            What::CallAnswered { call, .. } => {
                if let Some(call) = live.call(call).get()? {
                    println!("{} was answered{found}: {}", call.id, describe(&call));
                }
            }
            What::CallMerged { from, into } => println!("{} is a part of {into}{found}", from.id),
            What::CallEnded(call) => {
                let outcome = call.ended.as_ref().map(|end| end.outcome);
                let (id, took) = (&call.id, call.duration());
                println!("{id} ended{found} after {took:.1?}: {outcome:?}, {}", describe(&call));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the names of the parties.
fn describe(call: &Call) -> String {
    let names: Vec<_> = call.parties().map(|leg| &*leg.name).collect();
    names.join(", ")
}
