//! Prints the queues with their members and callers, and then what changes, until Ctrl-C.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example queues
//! ```

#![expect(clippy::print_stdout, reason = "the program prints queues")]

use std::error::Error;

use ami::{Action, Client, Event, Filter, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Server::from_env()?.connect().await?;
    tokio::select! {
        end = watch(&client) => return end,
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    client.close().await?;
    Ok(())
}

async fn watch(client: &Client) -> Result<(), Box<dyn Error>> {
    // Subscribe first, so that no change falls between the list and the events.
    let mut events = client.subscribe(Filter::parse("class:agent Queue~*")?);
    list(client).await?;
    loop {
        match events.next_event().await {
            Ok(event) => show_change(&event),
            Err(lost) if lost.is_end() => return Err(lost.into()),
            // What was printed is out of date. A list that fails because the connection is lost
            // again is followed by another gap.
            Err(lost) => {
                println!("== {lost:#}");
                list(client).await.unwrap_or_else(|error| println!("== {error:#}"));
            }
        }
    }
}

async fn list(client: &Client) -> Result<(), ami::ListError> {
    for item in client.list(Action::new("QueueStatus")).collect().await?.items {
        let text = |field| text(&item, field);
        match &*item.name() {
            "QueueParams" => println!("{}, callers: {}", text("Queue"), text("Calls")),
            "QueueMember" => println!("  member {}, status {}", text("Name"), text("Status")),
            "QueueEntry" => println!("  caller {}: {}", text("Position"), text("CallerIDNum")),
            _ => {}
        }
    }
    Ok(())
}

fn show_change(event: &Event) {
    print!("{} {}", text(event, "Event"), text(event, "Queue"));
    for field in ["MemberName", "Status", "Position", "CallerIDNum", "HoldTime", "TalkTime"] {
        if event.get(field).is_some() {
            print!(" {field}={}", text(event, field));
        }
    }
    println!();
}

/// A value without control characters, which would reach the terminal: callers choose some values.
fn text(event: &Event, field: &str) -> String {
    event.text(field).unwrap_or_default().escape_debug().to_string()
}
