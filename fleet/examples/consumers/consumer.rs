//! Prints the events of all servers, and begins where it stopped last time.
//!
//! `cargo run -p fleet --example consumer [URL [STREAM]]`, behind a bridge.

#![expect(clippy::print_stdout, reason = "what it prints is its output")]

use async_nats::jetstream::{self, consumer::pull};
use fleet::nats::{Body, Message};
use futures_util::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
    let stream = arguments.next().unwrap_or_else(|| "AMI".to_owned());

    let jetstream = jetstream::new(async_nats::connect(url).await?);
    let config = pull::Config { durable_name: Some("rust".to_owned()), ..Default::default() };
    let stream = jetstream.get_stream(stream).await?;
    let mut messages = stream.get_or_create_consumer("rust", config).await?.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let Message { origin, body, .. } = Message::parse(&message)?;
        match body {
            Body::Event(event) => {
                let channel = event.text("Channel").unwrap_or_default();
                println!("{origin} {} {channel}", event.name());
            }
            // Events are missing, or the bridge has changed.
            Body::Control(control) => println!("{origin} {control:?}"),
        }
        message.ack().await?;
    }
    Ok(())
}
