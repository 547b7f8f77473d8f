//! The commands, one file or folder each.

mod action;
mod bridge;
mod call;
mod cli;
mod completion;
mod context;
mod doctor;
mod each;
mod events;
mod explain;
mod fetch;
mod hangup;
mod joined;
mod man;
mod ping;
mod probe;
mod record;
mod replay;
mod serve;
mod tail;
mod top;
mod trace;
mod trial;
mod views;
mod wait;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::Out;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Ping(ping::Ping),
    Tail(tail::Tail),
    Wait(wait::Wait),
    Do(action::Do),
    Cli(cli::Cli),
    Call(call::Call),
    Hangup(hangup::Hangup),
    /// Show the calls that are up
    #[command(after_help = views::help(views::Entities::Calls))]
    Calls(views::View),
    /// Show the channels that are up
    #[command(after_help = views::help(views::Entities::Channels))]
    Channels(views::View),
    /// Show the bridges, and who is in them
    #[command(after_help = views::help(views::Entities::Bridges))]
    Bridges(views::View),
    /// Show the queues with their callers and members
    #[command(after_help = views::help(views::Entities::Queues))]
    Queues(views::View),
    /// Show the conferences and their members
    #[command(after_help = views::help(views::Entities::Conferences))]
    Conferences(views::View),
    /// Show the PJSIP endpoints and their contacts
    #[command(after_help = views::help(views::Entities::Endpoints))]
    Endpoints(views::View),
    /// Show the calls that are parked
    #[command(after_help = views::help(views::Entities::Parked))]
    Parked(views::View),
    Top(top::Top),
    Trace(trace::Trace),
    Record(record::Record),
    Replay(replay::Replay),
    Explain(explain::Explain),
    Doctor(doctor::Doctor),
    Serve(serve::Serve),
    Bridge(Box<bridge::Bridge>),
    Try(trial::Try),
    Context(context::Context),
    Completion(completion::Completion),
    Man(man::Man),
}

impl Command {
    /// Returns `true` if the command can be done on several servers at once.
    fn takes_several(&self) -> bool {
        match self {
            // The name of a channel, and what is drawn of a call, are of one server.
            Self::Hangup(_) | Self::Top(_) | Self::Trace(_) => false,
            Self::Replay(_) | Self::Explain(_) | Self::Try(_) => false,
            Self::Context(_) | Self::Completion(_) | Self::Man(_) => false,
            _ => true,
        }
    }

    /// Returns `true` if the command handles the signals that otherwise end the program.
    pub(crate) fn handles_interrupts(&self) -> bool {
        match self {
            Self::Bridge(_) | Self::Call(_) | Self::Trace(_) | Self::Try(_) => true,
            Self::Cli(cli) => cli.is_interactive(),
            _ => false,
        }
    }
}

/// Runs a command to its end. `program` returns the whole command line, for those that describe it.
pub(crate) async fn run(
    command: Command,
    options: &Options,
    out: &mut Out,
    program: fn() -> clap::Command,
) -> Result<Exit, Failure> {
    use views::Entities;

    if !options.servers.is_empty() && !command.takes_several() {
        let text = "the command looks at one server: use --server NAME in place of --servers";
        return Err(Failure::usage(text));
    }
    match command {
        Command::Ping(ping) => ping.run(options, out).await,
        Command::Tail(tail) => tail.run(options, out).await,
        Command::Wait(wait) => wait.run(options, out).await,
        Command::Do(action) => action.run(options, out).await,
        Command::Cli(cli) => cli.run(options, out).await,
        Command::Call(call) => call.run(options, out).await,
        Command::Hangup(hangup) => hangup.run(options, out).await,
        Command::Calls(view) => view.run(Entities::Calls, options, out).await,
        Command::Channels(view) => view.run(Entities::Channels, options, out).await,
        Command::Bridges(view) => view.run(Entities::Bridges, options, out).await,
        Command::Queues(view) => view.run(Entities::Queues, options, out).await,
        Command::Conferences(view) => view.run(Entities::Conferences, options, out).await,
        Command::Endpoints(view) => view.run(Entities::Endpoints, options, out).await,
        Command::Parked(view) => view.run(Entities::Parked, options, out).await,
        Command::Top(top) => top.run(options, out).await,
        Command::Trace(trace) => trace.run(options, out).await,
        Command::Record(record) => record.run(options, out).await,
        Command::Replay(replay) => replay.run(options, out).await,
        Command::Explain(explain) => explain.run(options, out).await,
        Command::Doctor(doctor) => doctor.run(options, out).await,
        Command::Serve(serve) => serve.run(options, out).await,
        Command::Bridge(bridge) => bridge.run(options, out).await,
        Command::Try(trial) => trial.run(options, out, program()).await,
        Command::Context(context) => context.run(options, out).await,
        Command::Completion(completion) => completion.run(program(), out),
        Command::Man(man) => man.run(program(), out),
    }
}
