//! Watches queues: first what there is, and then what changes.
//!
//! `cargo run -p ami --example queues`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of your own; that one it watches
//! until Ctrl-C.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;

use ami::{Action, Client, Event, Filter, Item, Originate};

mod support;

const DIALPLAN: &str = "
[default]
exten => agent,1,Answer()
same => n,Wait(1)
exten => queue,1,Answer()
same => n,Queue(support)
";

const QUEUES: &str = "
[general]
[support]
strategy = ringall
timeout = 5
member => Local/agent@default
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let target = support::connect(DIALPLAN, &[("queues.conf", QUEUES)]).await?;
    let client = &target.client;
    // Subscribe first, so that nothing falls between the list and the events.
    let names = [
        "QueueCallerJoin",
        "QueueCallerLeave",
        "QueueCallerAbandon",
        "QueueMemberStatus",
        "QueueMemberPause",
        "AgentCalled",
        "AgentConnect",
        "AgentComplete",
    ];
    let mut events = client.subscribe(Filter::named(names));
    list(client).await?;
    if target.instance.is_some() {
        let caller = Originate::to_extension("Local/queue@default", "default", "agent", 1);
        client.originate(caller).await?;
    }
    loop {
        let item = tokio::select! {
            item = events.next() => item,
            _ = tokio::signal::ctrl_c() => break,
        };
        match item {
            Some(Item::Event(event)) => {
                show(&event);
                if target.instance.is_some() && event.is("AgentComplete") {
                    break;
                }
            }
            // What we knew is old: look again.
            Some(_) => list(client).await?,
            None => break,
        }
    }
    target.close().await
}

async fn list(client: &Client) -> Result<(), ami::Error> {
    let queues = client.list(Action::new("QueueStatus")).collect().await?;
    queues.items.iter().for_each(show);
    Ok(())
}

fn show(event: &Event) {
    let name = event.name();
    let shown = ["Queue", "Calls", "Location", "Interface", "Status", "Position", "CallerIDNum"];
    let fields: Vec<_> =
        shown.iter().filter_map(|field| Some(format!("{field}={}", event.text(field)?))).collect();
    println!("{name:20} {}", fields.join(" "));
}
