//! Runs CLI commands and prints what they print.
//!
//! `cargo run -p ami --example commands -- ["COMMAND" …]`, with `AMI_SERVER=USER:SECRET@HOST:PORT`
//! for a server of your own.

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::error::Error;

mod support;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut commands: Vec<_> = std::env::args().skip(1).collect();
    if commands.is_empty() {
        commands = ["core show version", "manager show connected"].map(str::to_owned).into();
    }
    let target = support::connect("", &[]).await?;
    for command in &commands {
        match target.client.command(command).await {
            Ok(output) => print!("{output}"),
            // What a command prints that fails is in the response.
            Err(error) => {
                println!("{command}: {error:#}");
                for line in error.response().into_iter().flat_map(|it| it.command_output()) {
                    println!("{}", String::from_utf8_lossy(line));
                }
            }
        }
    }
    target.close().await
}
