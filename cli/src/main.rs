//! The program `ami`: Asterisk servers on the command line, by AMI.

mod commands;
mod connect;
mod exit;
mod ladder;
mod options;
mod out;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::commands::Command;
use self::exit::{Exit, Failure};
use self::options::Options;
use self::out::Out;

/// Asterisk servers on the command line: watch events, send actions, follow calls
#[derive(Debug, Parser)]
#[command(name = "ami", version, after_help = exit::CODES, after_long_help = format!("{}\n\n{}\n\n{}", connect::VARIABLES, connect::SEVERAL, exit::CODES), disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            let is_plugin = std::env::args_os().any(|it| it == "--nagios");
            return match error.use_stderr() {
                // A code of 2 would be an alarm.
                true if is_plugin => Exit::Plugin(3).into(),
                true => Exit::Usage.into(),
                false => Exit::Done.into(),
            };
        }
    };
    let mut out = Out::new(&arguments.options);
    match run(arguments, &mut out) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out.complain(&failure);
            failure.exit.into()
        }
    }
}

fn run(arguments: Arguments, out: &mut Out) -> Result<Exit, Failure> {
    out.check(&arguments.options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let handles_interrupts = arguments.command.handles_interrupts();
    let done = runtime.block_on(async {
        // A command that is dropped leaves the terminal and its processes in order.
        let interrupted = exit::interrupted()?;
        tokio::select! {
            biased;
            done = async {
                let Arguments { command, options } = arguments;
                let done = commands::run(command, &options, out, Arguments::command).await;
                // What was printed before a failure counts, too.
                let drained = out.drain().await;
                match (done, drained) {
                    // A reader that has seen enough does not change what became of the command.
                    (Ok(exit), Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(exit),
                    (Ok(_), Err(error)) => Err(error.into()),
                    (done, _) => done,
                }
            } => done,
            // Dropping the command drops its client, which ends the connection.
            exit = interrupted, if !handles_interrupts => Ok(exit),
        }
    });
    // A thread that waits for input is not waited for.
    runtime.shutdown_background();
    done
}
