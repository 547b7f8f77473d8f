//! Runs CLI commands and prints what they print. One that fails ends the program with exit code 1.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example command -- 'core show version' 'core show uptime'
//! ```

#![expect(clippy::print_stdout, reason = "the program prints what commands print")]

use std::error::Error;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let client = ami::Server::from_env()?.connect().await?;
    for command in std::env::args().skip(1) {
        match client.command(&command).await {
            Ok(output) => print!("{output}"),
            Err(ami::Error::Command { output, .. }) => {
                eprint!("`{command}` failed:\n{output}");
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error.into()),
        }
    }
    client.close().await?;
    Ok(ExitCode::SUCCESS)
}
