//! Watches a server for months: what it says, when it is gone, and when it is back.
//!
//! `cargo run -p ami --example monitor`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of your own; that one it
//! watches until Ctrl-C. Its own it restarts, to show what happens then.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;

use ami::{Action, EventFilter, Filter, Item, State};

mod support;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut target = support::connect("", &[]).await?;
    let client = target.client.clone();
    // The server sets this again after every reconnect.
    client.add_event_filter(EventFilter::exclude("RTCPSent")).await?;
    let mut states = client.state();
    let mut events = client.subscribe(Filter::all());

    let watch = async {
        loop {
            tokio::select! {
                changed = states.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let state = states.borrow_and_update().clone();
                    match &state {
                        State::Up => println!("== up"),
                        State::Down(why) => println!("== down: {why}"),
                        State::Closed(why) => println!("== over: {why}"),
                        other => println!("== {other:?}"),
                    }
                    if state.is_closed() {
                        return;
                    }
                }
                item = events.next() => match item {
                    Some(Item::Event(event)) => println!("{}", event.name().escape_ascii()),
                    Some(Item::Missed(count)) => println!("== too slow for {count} events"),
                    Some(Item::Gap(gap)) => println!("== nobody knows what came here: {}", gap.reason),
                    _ => return,
                },
            }
        }
    };
    match &mut target.instance {
        None => {
            tokio::select! {
                () = watch => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Some(instance) => {
            let show = async {
                instance.restart().await?;
                // It waits for the connection.
                client.call(Action::user_event("Back")).await?;
                let mut up = client.state();
                up.wait_for(State::is_up).await?;
                Ok::<_, Box<dyn Error>>(())
            };
            tokio::select! {
                () = watch => {}
                shown = show => shown?,
            }
        }
    }
    println!("{:?}", client.stats());
    target.close().await
}
