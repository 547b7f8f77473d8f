//! Asks a server for signs of life, and how long each takes.
//!
//! `cargo run -p ami --example ping`, with `AMI_SERVER=USER:SECRET@HOST:PORT` for a server of your own.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;
use std::time::Instant;

use ami::Action;

mod support;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let target = support::connect("", &[]).await?;
    let client = &target.client;
    println!("{}", client.banner().line().escape_ascii());
    for _ in 0..5 {
        let begun = Instant::now();
        let pong = client.call(Action::new("Ping")).await?;
        let time = pong.text("Timestamp").unwrap_or_default();
        println!("it is {time} there, said {:?} after we asked", begun.elapsed());
    }
    println!("{:#?}", client.stats());
    target.close().await
}
