//! `ami do`: any action.

mod help;
mod input;

use ami::{Action, Client, Error, action};
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};

pub(super) use self::help::{plain, sentences, value};
use super::each::{Order, each};
use crate::connect::{connect, several};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Reply, Style};

/// Send any action, and print the reply
#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = HELP)]
pub(crate) struct Do {
    /// The name of the action
    #[arg(required_unless_present_any = ["stdin", "help"])]
    action: Option<String>,
    /// The fields in order; a name can be repeated, and the value begins after the first `=`
    #[arg(value_name = "KEY=VALUE")]
    fields: Vec<String>,
    /// Read actions from the standard input, one JSON object a line, and send them in order
    #[arg(long, conflicts_with_all = ["action", "fields"])]
    stdin: bool,
    /// Go on after an action that the server refuses
    #[arg(long, requires = "stdin")]
    keep_going: bool,
    /// Print the response and the end of a list as well
    #[arg(long)]
    all: bool,
    /// Print help; behind an action, what it takes
    #[arg(long, short)]
    help: bool,
}

const HELP: &str = "\
`ami do ACTION --help` lists the parameters of an action. Any other field can be sent, too.

A list is a table, and with --json an object an item. With --stdin a line is
{\"action\":\"Setvar\",\"fields\":[[\"Variable\",\"A\"],[\"Value\",\"1\"]]} or
{\"Action\":\"Originate\",\"Channel\":\"PJSIP/alice\",\"Variable\":[\"A=1\",\"B=2\"]}.

Exit codes: 1 refused; 2 no such form of an action; 5 never sent; 6 it may have been executed, but
the answer did not come; 9 of several servers, some have done it. `ami --help` has the others.";

impl Do {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let Some(name) = &self.action else {
            if self.help {
                return help::of_command(out);
            }
            if !options.servers.is_empty() {
                let text = "--stdin sends to one server, for the answer to one line can decide \
                            about the next: use --server";
                return Err(Failure::usage(text));
            }
            return self.all_of_stdin(options, out).await;
        };
        if self.help {
            return help::of_action(name, out);
        }
        let action = input::action(name, &self.fields)?;
        let servers = several(options)?;
        if servers.is_empty() {
            return self.one(options, action, out).await;
        }
        each(&servers, Order::InTurn, out, async |server, out| {
            self.one(server, action.clone(), out).await
        })
        .await
    }

    async fn one(&self, options: &Options, action: Action, out: &mut Out) -> Result<Exit, Failure> {
        let client = connect(options).await?;
        self.begin(&client, out);
        self.send(&client, action, out).await
    }

    /// Sends the actions on the standard input, one after another.
    async fn all_of_stdin(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let client = connect(options).await?;
        self.begin(&client, out);
        let mut lines = BufReader::new(tokio::io::stdin()).split(b'\n');
        let mut exit = Exit::Done;
        let mut number = 0;
        while let Some(line) = lines.next_segment().await? {
            number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let action = input::parsed(&line).map_err(|error| {
                let text = format!("line {number} of the standard input is no action");
                Failure::new(Exit::Usage, error.context(text))
            })?;
            let sent = self.send(&client, action, out).await;
            out.drain().await?;
            match sent {
                Err(failure) if self.keep_going && failure.exit == Exit::Refused => {
                    exit = failure.exit;
                    out.complain(&failure);
                }
                sent => drop(sent?),
            }
        }
        Ok(exit)
    }

    fn begin(&self, client: &Client, out: &mut Out) {
        if out.form == Form::Raw {
            out.bytes(client.banner().line());
            out.bytes(b"\r\n");
        }
    }

    async fn send(&self, client: &Client, action: Action, out: &mut Out) -> Result<Exit, Failure> {
        // The server ends the connection behind the answer, so no more of a reply can follow.
        let reply = Reply::new(if action.name().eq_ignore_ascii_case("Logoff") {
            vec![client.call(action.clone()).await?.into_message()]
        } else {
            let replied = client.exchange(action.clone()).await?;
            replied.into_iter().map(ami::Replied::into_message).collect()
        });
        if reply.is_empty() {
            out.tell(Style::Dim, "the server has answered nothing");
        }
        let refusal = reply.refusal();
        // The message of a refusal is the error; the output of a command that failed is more.
        let is_told = refusal.as_ref().is_some_and(|it| it.get("Output").is_none());
        if out.form != Form::People || !is_told || reply.is_list() {
            out.reply(&reply, self.all)?;
        }
        let Some(refusal) = refusal else { return Ok(Exit::Done) };
        if let Some(hint) = hint(&action) {
            out.tell(Style::Dim, &hint);
        }
        Err(Error::Rejected(Box::new(refusal)).into())
    }
}

/// Returns what may be wrong with an action that the server refuses.
fn hint(action: &Action) -> Option<String> {
    let Some(known) = action::describe(action.name()) else {
        return help::similar(action.name())
            .map(|name| format!("an action of that name is {name}"));
    };
    let missing = known.parameters.iter().filter(|it| it.is_required);
    let missing: Vec<_> =
        missing.map(|it| it.name).filter(|name| action.get(name).is_none()).collect();
    (!missing.is_empty()).then(|| format!("{} needs {}", known.name, missing.join(", ")))
}
