//! Prints the queues with their members and callers, and then what changes, until Ctrl-C.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example queues
//! ```

#![expect(clippy::print_stdout, reason = "the program prints queues")]

use std::borrow::Cow;
use std::error::Error;

use ami::action::QueueStatus;
use ami::event::Typed;
use ami::value::DeviceState;
use ami::{Client, Filter, Server};

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
    let mut events = client.subscribe(Filter::parse("class:agent Queue~*")?).typed::<Typed>();
    list(client).await?;
    loop {
        match events.next_event().await {
            Ok(event) => show_change(&event)?,
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

async fn list(client: &Client) -> Result<(), Box<dyn Error>> {
    for item in client.call(QueueStatus::new()).await?.items {
        match item {
            Typed::QueueParams(queue) => {
                println!(
                    "{}, callers: {}",
                    text(queue.queue()),
                    queue.calls()?.unwrap_or_default()
                );
            }
            Typed::QueueMember(member) => {
                let paused = if member.paused()? == Some(true) { ", paused" } else { "" };
                println!("  member {}: {}{paused}", text(member.name()), state(member.status()?));
            }
            Typed::QueueEntry(caller) => {
                let position = caller.position()?.unwrap_or_default();
                println!("  caller {position}: {}", text(caller.caller_id_num()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn show_change(event: &Typed) -> Result<(), Box<dyn Error>> {
    match event {
        Typed::QueueMemberStatus(member) => {
            let (queue, name) = (text(member.queue()), text(member.member_name()));
            println!("{queue}: {name} is {}", state(member.status()?));
        }
        Typed::QueueMemberPause(member) => {
            let (queue, name) = (text(member.queue()), text(member.member_name()));
            let paused = if member.paused()? == Some(true) { "paused" } else { "back" };
            println!("{queue}: {name} is {paused}");
        }
        Typed::QueueCallerJoin(caller) => {
            let (queue, number) = (text(caller.queue()), text(caller.caller_id_num()));
            println!("{queue}: {number} joins at {}", caller.position()?.unwrap_or_default());
        }
        Typed::QueueCallerLeave(caller) => {
            println!("{}: {} leaves", text(caller.queue()), text(caller.caller_id_num()));
        }
        Typed::QueueCallerAbandon(caller) => {
            let waited = caller.hold_time()?.unwrap_or_default();
            println!("{}: the caller gave up after {waited:?}", text(caller.queue()));
        }
        Typed::AgentConnect(call) => {
            println!("{}: {} answers", text(call.queue()), text(call.member_name()));
        }
        Typed::AgentComplete(call) => {
            let talked = call.talk_time()?.unwrap_or_default();
            println!("{}: {} talked for {talked:?}", text(call.queue()), text(call.member_name()));
        }
        // The raw event has everything, also of events that have no type.
        other => println!("{}: {}", text(other.raw().text("Queue")), other.raw().name()),
    }
    Ok(())
}

fn state(state: Option<DeviceState>) -> &'static str {
    state.and_then(DeviceState::text).unwrap_or("in an unknown state")
}

/// Returns a text without control characters, which would reach the terminal: callers choose some
/// of the texts.
fn text(text: Option<Cow<'_, str>>) -> String {
    text.unwrap_or_default().escape_debug().to_string()
}
