//! A script of user events: the dialplan says what it does, and waits for nobody; the script listens, and says something,
//! too.
//!
//! `cargo run -p ami --example user_event`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of your own; that one is
//! sent an event, and listened to for it.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;

use ami::{Action, Filter, Originate};

mod support;

const DIALPLAN: &str = "
[default]
exten => s,1,Answer()
same => n,UserEvent(Progress,step:greeting)
same => n,Wait(1)
same => n,UserEvent(Progress,step:done,result:pass)
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let target = support::connect(DIALPLAN, &[]).await?;
    let client = &target.client;

    let mut ours = client.subscribe(Filter::user_event("Hello").field("to", "everybody"));
    client.call(Action::user_event("Hello").field("to", "everybody")).await?;
    println!("heard ourselves: {:?}", ours.next_event().await?);

    if target.instance.is_some() {
        let mut progress = client.subscribe(Filter::user_event("Progress"));
        client.originate(Originate::to_application("Local/s@default", "Wait", "5")).await?;
        loop {
            let event = progress.next_event().await?;
            println!("the dialplan is at: {}", event.text("step").unwrap_or_default());
            if event.get("result") == Some(b"pass") {
                break;
            }
        }
    }
    target.close().await
}
