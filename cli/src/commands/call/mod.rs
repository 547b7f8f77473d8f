//! `ami call`: a call that is placed, and what became of it.

mod follow;
mod outcome;

use std::time::Duration;

use ami::{Cause, Client, Error, Originate, Placed};
use clap::{Args, ValueEnum};
use fleet::{Fleet, Member, NoneUp, Origin, Route, Unfit};
use live::{Config, Live, Part};

use self::follow::Follow;
use self::outcome::Outcome;
use super::hangup;
use super::joined::Joined;
use crate::connect::{connect, several};
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
    /// Choose among --servers: the one with the fewest calls, or any
    #[arg(long, value_name = "WAY", default_value = "least-calls", requires = "servers")]
    route: Way,
    /// Leave the call alone when the program is interrupted, or nobody reads its output any more
    #[arg(long)]
    keep: bool,
}

/// The way to choose one of several servers that are up.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Way {
    LeastCalls,
    Random,
}

/// One of several servers, which was chosen for the call.
struct Chosen {
    client: Client,
    live: Option<Live>,
    /// The output, which has the name of the server.
    out: Out,
    /// The fleet that the server is of, whose end would be that of the client.
    _fleet: Fleet,
}

/// Returns the failure of a choice among servers none of which could be chosen.
fn nobody(error: NoneUp) -> Failure {
    let is_refused = |it: &(Origin, Unfit)| matches!(it.1, Unfit::Uncounted(_) | Unfit::NoNumber);
    if !error.servers.iter().any(is_refused) {
        return Failure::new(Exit::NoConnection, error);
    }
    Failure::new(Exit::Refused, error).hint(
        "to count the calls takes `write = …,reporting` in manager.conf; --route random does not",
    )
}

const HELP: &str = "\
With --servers the call is placed on one of those that are up, whose name stands before each line,
and is a member of each object. One that is away is told, and is no failure of the call.

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
        let servers = several(options)?;
        if servers.is_empty() {
            let connect = async { self.follow_on(connect(options).await?, options).await };
            let (client, live) = tokio::select! {
                biased;
                connected = connect => connected?,
                _ = interrupts.next() => return Ok(Exit::Interrupted),
            };
            return self.place(&client, live, &mut interrupts, options, out).await;
        }
        let chosen = tokio::select! {
            biased;
            chosen = self.choose(servers, options, out) => chosen?,
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        let Chosen { client, live, out: mut own, .. } = chosen;
        let done = self.place(&client, live, &mut interrupts, options, &mut own).await;
        if let Err(failure) = &done {
            own.complain(failure);
        }
        own.drain().await?;
        done.or_else(|failure| Ok(failure.exit))
    }

    /// Chooses one of several servers that are up.
    async fn choose(
        &self,
        servers: Vec<Options>,
        options: &Options,
        out: &mut Out,
    ) -> Result<Chosen, Failure> {
        let mut joined = Joined::new(servers, out)?;
        joined.connect(|config| config, out).await?;
        let fleet = joined.fleet;
        let route = match self.route {
            Way::LeastCalls => fleet.route(Route::LeastCalls).await,
            Way::Random => {
                let up: Vec<_> =
                    fleet.servers().into_iter().filter(|it| it.health().state.is_up()).collect();
                // Each run begins anew, so there is no turn to go on with.
                let at = uuid::Uuid::new_v4().as_u128() % (up.len().max(1) as u128);
                let at = usize::try_from(at).unwrap_or_default();
                let chosen = up.get(at).map(|it| it.origin().clone());
                let is_chosen = |it: &Member| Some(it.origin()) == chosen.as_ref();
                fleet.route(Route::Where(&is_chosen)).await
            }
        };
        let member = route.map_err(nobody)?;
        let origin = member.origin().as_str();
        let out = out.of(origin, origin.len(), false);
        let (client, live) = self.follow_on(member.client().clone(), options).await?;
        Ok(Chosen { client, live, out, _fleet: fleet })
    }

    async fn place(
        &self,
        client: &Client,
        live: Option<Live>,
        interrupts: &mut Interrupts,
        options: &Options,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        let mut placed = client.place(self.originate());
        let mut follow = live.map(|live| Follow::new(live, placed.unique_id()));
        let told = async {
            match &mut follow {
                Some(follow) => {
                    follow.run(client, &self.channel, &mut placed, options.timeout, out).await
                }
                None => {
                    let outcome = Outcome::of(client, &self.channel, &mut placed, options.timeout);
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
            done = self.interrupted(client, &mut placed, &id, out) => done?,
            _ = interrupts.next() => {}
        }
        out.drain().await?;
        Ok(exit)
    }

    /// Begins to follow the calls of a server, if the steps of the call are to be told.
    async fn follow_on(
        &self,
        client: Client,
        options: &Options,
    ) -> Result<(Client, Option<Live>), Failure> {
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

    /// Hangs up a call that was interrupted, or whose reader has gone, unless it is to be left
    /// alone.
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
