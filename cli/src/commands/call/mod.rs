//! `ami call`: a call that is placed, and what became of it.

mod follow;
mod outcome;

use std::time::Duration;

use ami::{Cause, Client, Error, Originate, Placed};
use clap::Args;
use live::{Config, Live, Part};

use self::follow::Follow;
use self::outcome::Outcome;
use super::hangup;
use crate::connect::connect;
use crate::exit::{Exit, Failure, Interrupts};
use crate::options::{Options, duration};
use crate::out::{Form, Out, Style, reader_gone};

/// Place a call, and tell what became of it
///
/// The server calls CHANNEL, and connects it with an extension or an application once it has
/// answered. Ends when the call is answered or has failed, or with --follow when it has ended.
/// Ctrl-C hangs up, and so does the end of the program that reads the steps of --follow.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Call {
    /// The channel to call, such as PJSIP/alice or Local/100@phones
    channel: String,
    /// Send the channel to this extension of the dialplan once it has answered
    #[arg(
        long,
        value_name = "EXTEN@CONTEXT",
        value_parser = place,
        required_unless_present = "app",
        conflicts_with = "app"
    )]
    to: Option<(String, String)>,
    /// Run this application once the channel has answered, with its arguments behind a comma
    #[arg(long, value_name = "NAME[,DATA]")]
    app: Option<String>,
    /// Set a variable of the channel; can be given several times
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// The longest wait for an answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    ring: Duration,
    /// The caller's number, or "Name" <number>, that the called party is shown
    #[arg(long, value_name = "ID")]
    caller_id: Option<String>,
    /// Tell each step of the call until it has ended
    #[arg(long)]
    follow: bool,
    /// Leave the call alone when the program is interrupted, or nobody reads its output any more
    #[arg(long)]
    keep: bool,
}

const HELP: &str = "\
With --json: an object with the outcome, and with --follow one for each step.

Exit codes: 0 answered; 10 busy; 11 no answer; 12 congestion; 13 no such extension; 14 hung up;
19 failed in another way; 6 the call may have been placed, but its outcome is not known; 7 it is
followed no longer, and may go on; 130 interrupted. `ami --help` has the others.";

fn place(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('@') {
        Some((exten, context)) if !exten.is_empty() && !context.is_empty() => {
            Ok((exten.to_owned(), context.to_owned()))
        }
        _ => Err("expected an extension and a context, such as 100@phones".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected a name and a value, such as ACCOUNT=100".to_owned()),
    }
}

impl Call {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("call has no raw form"));
        }
        let mut interrupts = Interrupts::new()?;
        let (client, live) = tokio::select! {
            biased;
            connected = self.connect(options) => connected?,
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        let mut placed = client.place(self.originate());
        let mut follow = live.map(|live| Follow::new(live, placed.unique_id()));
        let told = async {
            match &mut follow {
                Some(follow) => {
                    follow.run(&client, &self.channel, &mut placed, options.timeout, out).await
                }
                None => {
                    let outcome = Outcome::of(&client, &self.channel, &mut placed, options.timeout);
                    let outcome = outcome.await?;
                    outcome.tell(placed.unique_id(), out)?;
                    Ok(outcome.exit())
                }
            }
        };
        let gone = async {
            match self.follow {
                true => reader_gone().await,
                false => std::future::pending().await,
            }
        };
        let exit = tokio::select! {
            biased;
            told = told => match told {
                // Nobody reads the steps any more.
                Err(Failure { exit: Exit::Done, error: None, .. }) if self.follow => Exit::Done,
                told => return told,
            },
            () = gone => Exit::Done,
            _ = interrupts.next() => Exit::Interrupted,
        };
        let id = follow.as_ref().map_or_else(|| placed.unique_id(), Follow::call).to_owned();
        tokio::select! {
            biased;
            done = self.interrupted(&client, &mut placed, &id, out) => done?,
            _ = interrupts.next() => {}
        }
        out.drain().await?;
        Ok(exit)
    }

    async fn connect(&self, options: &Options) -> Result<(Client, Option<Live>), Failure> {
        let client = connect(options).await?;
        if !self.follow {
            return Ok((client, None));
        }
        let parts = [Part::Channels, Part::Bridges];
        let live = Live::start_with(&client, Config::new().parts(parts).history(16));
        let state = tokio::time::timeout(options.timeout, live.current()).await;
        let state = state.map_err(|_| {
            let text = "the lists of channels and bridges have not come in time";
            Failure::new(Exit::NoConnection, anyhow::Error::msg(text))
        })?;
        let state = state.map_err(|ended| Failure::new(Exit::NoConnection, ended))?;
        state.calls().map_err(|unknown| Failure::new(Exit::Refused, unknown))?;
        Ok((client, Some(live)))
    }

    fn originate(&self) -> Originate {
        let call = match (&self.to, &self.app) {
            (Some((exten, context)), _) => {
                Originate::to_extension(&self.channel, context, exten, 1)
            }
            (None, app) => {
                let app = app.as_deref().unwrap_or_default();
                let (name, data) = app.split_once(',').unwrap_or((app, ""));
                Originate::to_application(&self.channel, name, data)
            }
        };
        let call = call.timeout(self.ring);
        let call = self.caller_id.iter().fold(call, |call, id| call.caller_id(id));
        let set = |call: Originate, (name, value): &(String, String)| call.variable(name, value);
        self.variables.iter().fold(call, set)
    }

    /// Hangs up a call that was interrupted, or whose reader has gone, unless it is to be left alone.
    async fn interrupted(
        &self,
        client: &Client,
        placed: &mut Placed,
        id: &str,
        out: &mut Out,
    ) -> Result<(), Failure> {
        if self.keep {
            out.tell(Style::Dim, &format!("the call goes on: ami hangup --call {id}"));
            return Ok(());
        }
        let cause = Cause::new(16);
        match placed.hang_up().await {
            Ok(()) => hangup::tell(out, &self.channel, cause)?,
            // The channel has ended. Others of the call can be up if they were connected
            // without it.
            Err(Error::Rejected(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if self.follow {
            for channel in hangup::hang_up_call(client, id, cause).await? {
                hangup::tell(out, &channel, cause)?;
            }
        }
        Ok(())
    }
}
