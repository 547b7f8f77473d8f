//! `ami doctor`: whether a server and a user are set up for what a program needs.

mod needs;
mod report;
mod server;

use std::time::{Duration, Instant};

use ami::{Client, Error, LoginError};
use clap::Args;

use self::report::{Check, Report, State};
use super::each::{Order, each};
use crate::connect::{Target, several, target};
use crate::exit::{Exit, Failure};
use crate::options::{Options, duration};
use crate::out::{Form, Out};

/// Check the connection, the login, the clock, the classes of the user and the server's settings
///
/// Each check says ok, note (worth knowing), warn or bad, and what to do. The lines that
/// manager.conf lacks are printed at the end, ready to paste. The exit code is 1 if a check is bad,
/// 3 without a connection and 4 if the login is refused, and 9 if several servers differ.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The events that the user needs, and the actions, as action:NAME
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    needs: Vec<String>,
    /// The time for which events are counted; with 0 they are not
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    sample: Duration,
    /// Print one line, and exit with 0 to 3, as monitoring plugins do
    #[arg(long)]
    nagios: bool,
    /// Warn if the round trip takes longer
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    warning: Duration,
    /// Take a round trip that takes longer for bad
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    critical: Duration,
}

impl Doctor {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw || (self.nagios && out.form == Form::Json) {
            return Err(Failure::usage("checks are for people, --json or --nagios"));
        }
        let servers = several(options)?;
        if servers.is_empty() {
            return self.one(options, out).await;
        }
        if self.nagios {
            return Err(Failure::usage("--nagios is for one server: each is a check of its own"));
        }
        each(&servers, Order::InTurn, out, async |server, out| self.one(server, out).await).await
    }

    async fn one(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let mut report = Report::new(out, self.nagios);
        let examined = self.examine(options, &mut report).await;
        if self.nagios {
            return plugin(&mut report, examined);
        }
        examined
    }

    /// Tells all checks, up to one that ends them.
    async fn examine(&self, options: &Options, report: &mut Report<'_>) -> Result<Exit, Failure> {
        let target = target(options).await?;
        let begun = Instant::now();
        // A connection that is lost is what the doctor is asked for.
        let client = match target.connect(|config| config.reconnect(None)).await {
            Ok(client) => client,
            Err(error) => return refused(report, &target, error),
        };
        let (server, took) = (&target.server, begun.elapsed());
        let text = format!("{} in {took:.1?}, from {}", server.address(), target.place);
        report.tell(Check::new(State::Ok, "connection", text))?;
        report.tell(server::tls(&target))?;
        let text = format!("as {:?}, the secret from {}", server.config().user(), target.secret);
        report.tell(Check::new(State::Ok, "login", text))?;
        match self.look(&client, &target, report).await {
            Ok(()) => report.print_lines(server.config().user())?,
            Err(Fault::Output(failure)) => return Err(failure),
            Err(Fault::Server(error)) => {
                report.tell(Check::new(State::Bad, "connection", format!("{error:#}")))?;
                return Ok(Exit::NoConnection);
            }
        }
        Ok(if report.worst() == State::Bad { Exit::Refused } else { Exit::Done })
    }

    async fn look(
        &self,
        client: &Client,
        target: &Target,
        report: &mut Report<'_>,
    ) -> Result<(), Fault> {
        server::version(client, report).await?;
        server::booted(client, report).await?;
        server::round_trip(client, (self.warning, self.critical), report).await?;
        let classes = server::classes(client, target.server.config().user(), report).await?;
        let settings = server::settings(client, report).await?;
        needs::check(client, &self.needs, &classes, &settings, report).await?;
        server::user(client, target, report).await?;
        server::rate(client, self.sample, report).await
    }
}

/// The end of the checks before the last one.
#[derive(Debug)]
enum Fault {
    /// The server went away, or does not answer.
    Server(Error),
    Output(Failure),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Output(failure)
    }
}

/// Tells how far connecting got.
fn refused(report: &mut Report<'_>, target: &Target, error: Error) -> Result<Exit, Failure> {
    let address = target.server.address();
    let name = match &error {
        Error::Login(LoginError::Refused(_)) => "login",
        Error::Login(_) => "server",
        _ => "connection",
    };
    if name != "connection" {
        report.tell(Check::new(State::Ok, "connection", address))?;
    }
    let check = Check::new(State::Bad, name, format!("{error:#}"));
    let failure = target.failure(error);
    report.tell(match &failure.hint {
        Some(hint) => check.remedy(hint),
        None => check,
    })?;
    Ok(failure.exit)
}

/// Ends as a monitoring plugin does.
fn plugin(report: &mut Report<'_>, examined: Result<Exit, Failure>) -> Result<Exit, Failure> {
    let (word, code, text) = match examined {
        Err(Failure { error: Some(error), .. }) => ("UNKNOWN", 3, Some(format!("{error:#}"))),
        Err(failure) => return Err(failure),
        Ok(_) => match report.worst() {
            State::Ok | State::Note => ("OK", 0, None),
            State::Warn => ("WARNING", 1, None),
            State::Bad => ("CRITICAL", 2, None),
        },
    };
    report.print_plugin_line(word, text.as_deref())?;
    Ok(Exit::Plugin(code))
}
