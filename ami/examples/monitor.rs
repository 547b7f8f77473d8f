//! Watches a server for months: what it says, when it is gone, when it is back, and what was odd in
//! between.
//!
//! `cargo run -p ami --example monitor`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of
//! your own; that one it watches until Ctrl-C. Its own it restarts, to show what happens then.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;
use std::time::Duration;

use ami::{Action, EventFilter, Filter, Gap, Item, State, Stray};

mod support;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut target = support::connect("", &[]).await?;
    let client = target.client.clone();
    // The server sets this again after every reconnect.
    client.add_event_filter(EventFilter::exclude("RTCPSent")).await?;
    let mut states = client.state();
    let mut events = client.subscribe(Filter::all().with_strays());

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
                        State::Down(why) => println!("== down: {why:#}"),
                        State::Closed(why) => println!("== over: {why:#}"),
                        other => println!("== {other:?}"),
                    }
                    if state.is_closed() {
                        return;
                    }
                }
                item = events.next() => match item {
                    Some(Item::Event(event)) => println!("{}", event.name().escape_debug()),
                    Some(Item::Missed(count)) => println!("== too slow for {count} events"),
                    Some(Item::Gap(gap)) => show_gap(&gap),
                    Some(Item::Stray(stray)) => show_stray(&stray),
                    None => return,
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
                // The server tells how long it has been up in whole seconds: a restart right behind
                // the login would not be told from none.
                tokio::time::sleep(Duration::from_secs(2)).await;
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

fn show_gap(gap: &Gap) {
    let restarted = match gap.restarted {
        Some(true) => "the server was started anew, and its calls are gone",
        Some(false) => "the server ran on, and calls may have come and gone",
        None => "the server does not say whether it was started anew",
    };
    println!("== nobody knows what came here in {:.1?}: {:#}; {restarted}", gap.lasted, gap.reason);
}

fn show_stray(stray: &Stray) {
    match stray {
        Stray::Message(message) => println!("== neither event nor response: {message:?}"),
        Stray::Unmatched(message) => println!("== nobody waits for this: {message:?}"),
        Stray::Malformed(malformed) => println!("== no message came of this: {malformed:?}"),
        other => println!("== {other:?}"),
    }
}
