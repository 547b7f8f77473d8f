//! Places a call, follows it to its end, and tells why it ended.
//!
//! `cargo run -p ami --example originate -- [CHANNEL [APPLICATION [DATA]]]`, with
//! `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of your own. Ctrl-C hangs up once it is
//! answered.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;
use std::time::Duration;

use ami::{Event, Filter, Item, Originate};

mod support;

const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
same => n,Wait(1)
same => n,Hangup()
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let argument = |at: usize, default| arguments.get(at).map_or(default, String::as_str);
    let target = support::connect(DIALPLAN, &[]).await?;

    let originate = Originate::to_application(
        argument(0, "Local/answer@default"),
        argument(1, "Wait"),
        argument(2, "3"),
    );
    let mut call = target.client.place(originate.timeout(Duration::from_secs(20)));
    // The id of the call is known before the call is: its events can be told from others.
    let mut events = target.client.subscribe(Filter::all().field("Linkedid", call.unique_id()));

    match call.outcome().await {
        Ok(call) => println!("{} has answered", call.channel()),
        Err(error) => println!("{error:#}"),
    }
    // A call that failed has an end, too.
    let end = loop {
        tokio::select! {
            // What came before the end is shown before it.
            biased;
            item = events.next() => match item {
                Some(Item::Event(event)) => show(&event),
                Some(other) => println!("some events are missing: {other:?}"),
                None => break call.end().await,
            },
            end = call.end() => break end,
            _ = tokio::signal::ctrl_c() => drop(call.hang_up().await?),
        }
    };
    match end {
        Ok(end) => {
            for half in &end.halves {
                println!("{} ended: {}", half.channel(), half.cause());
            }
            println!("the call ended: {}", end.cause());
        }
        Err(error) => println!("nobody knows how it ended: {error:#}"),
    }
    target.close().await
}

fn show(event: &Event) {
    let text = |name| event.text(name).unwrap_or_default();
    let name = event.name();
    let more = match &*name {
        "Newexten" => format!("{}({})", text("Application"), text("AppData")),
        "Newstate" => text("ChannelStateDesc").into_owned(),
        "Hangup" => text("Cause-txt").into_owned(),
        _ => String::new(),
    };
    println!("{name:20} {:40} {more}", text("Channel"));
}
