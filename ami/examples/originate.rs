//! Places a call, and follows it to its end.
//!
//! `cargo run -p ami --example originate -- [CHANNEL [APPLICATION [DATA]]]`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a
//! server of your own.

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

    // With an id of our own, the events of the call can be told from others before it exists.
    let id = format!("example-{}", std::process::id());
    let mut events = target.client.subscribe(Filter::all().field("Linkedid", &id));
    let call = Originate::to_application(
        argument(0, "Local/answer@default"),
        argument(1, "Wait"),
        argument(2, "3"),
    );
    let call = call.channel_id(&id).timeout(Duration::from_secs(20));

    match target.client.originate(call).await {
        Ok(call) => println!("{} has answered", call.channel().escape_ascii()),
        // Nobody answered, and nothing is left to follow.
        Err(error) => {
            println!("{error}");
            return target.close().await;
        }
    }
    let mut channels = 0;
    while let Some(item) = events.next().await {
        let Item::Event(event) = item else {
            println!("some events are missing: {item:?}");
            continue;
        };
        show(&event);
        channels += i32::from(event.is("Newchannel")) - i32::from(event.is("Hangup"));
        if event.is("Hangup") && channels == 0 {
            break;
        }
    }
    target.close().await
}

fn show(event: &Event) {
    let text = |name| event.text(name).unwrap_or_default();
    let name = String::from_utf8_lossy(event.name());
    let more = match &*name {
        "Newexten" => format!("{}({})", text("Application"), text("AppData")),
        "Newstate" => text("ChannelStateDesc").into_owned(),
        "Hangup" => text("Cause-txt").into_owned(),
        _ => String::new(),
    };
    println!("{name:20} {:40} {more}", text("Channel"));
}
