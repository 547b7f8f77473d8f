//! `ami hangup`: the end of a channel, or of a call.

use ami::{Action, Cause, Client, Error, Event};
use clap::Args;
use serde_json::json;

use crate::connect::connect;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style, escape};

/// Hang up a channel, or all channels of a call
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Hangup {
    /// The channel: its name or its Uniqueid
    #[arg(required_unless_present = "call", conflicts_with = "call")]
    channel: Option<String>,
    /// Hang up every channel whose name matches CHANNEL, a POSIX extended regular expression
    #[arg(long, requires = "channel")]
    regex: bool,
    /// Hang up all channels of the call with this Linkedid
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// The hang-up cause: a number from 1 to 127 or a name, such as 17 or USER_BUSY
    #[arg(long, value_name = "CAUSE", default_value = "16", value_parser = cause)]
    cause: Cause,
}

const HELP: &str = "\
With --json: an object for each channel that was hung up, with the cause.

Exit codes: 0 done; 1 there is no such channel or call; 6 it may have been executed, but the answer
did not come. `ami --help` has the others.";

/// Reads a cause that the server accepts.
fn cause(text: &str) -> Result<Cause, String> {
    let cause: Cause = text.parse().map_err(|error: ami::CauseError| error.to_string())?;
    match cause.number() {
        1..=127 => Ok(cause),
        number => Err(format!("the cause {number} is outside of 1 to 127")),
    }
}

impl Hangup {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("hangup has no raw form"));
        }
        let channel = self.channel.as_deref().unwrap_or_default();
        if channel.starts_with('/') && !self.regex {
            let text = "the name of a channel does not begin with /: a regular expression needs \
                        --regex";
            return Err(Failure::usage(text));
        }
        let client = connect(options).await?;
        let (gone, sought) = match &self.call {
            Some(id) => (hang_up_call(&client, id, self.cause).await?, format!("the call {id}")),
            None if self.regex => {
                let gone = hang_up_matching(&client, channel, self.cause).await?;
                (gone, format!("a name that matches {channel}"))
            }
            None => {
                client.call(hangup(channel, self.cause)).await?;
                (vec![channel.to_owned()], String::new())
            }
        };
        for channel in &gone {
            tell(out, channel, self.cause)?;
        }
        if gone.is_empty() {
            let error = anyhow::anyhow!("no channel has {sought}");
            return Err(Failure::new(Exit::Refused, error));
        }
        Ok(Exit::Done)
    }
}

/// Tells that a channel was hung up.
pub(crate) fn tell(out: &mut Out, channel: &str, cause: Cause) -> Result<(), Failure> {
    match out.form {
        Form::Json => out.object(&json!({
            "v": 1, "hungup": channel, "cause": cause.number(), "cause_name": cause.name(),
        }))?,
        _ => {
            let channel = out.styled(Style::Strong, &escape(channel.as_bytes()));
            out.line(&format!("hung up {channel} with {cause}"))?;
        }
    }
    Ok(())
}

fn hangup(channel: &str, cause: Cause) -> Action {
    Action::new("Hangup").field("Channel", channel).field("Cause", cause.number().to_string())
}

/// Hangs up all channels of a call, and returns their names. A channel that ended with another one
/// is among them. Empty if the call has no channel.
pub(crate) async fn hang_up_call(
    client: &Client,
    id: &str,
    cause: Cause,
) -> Result<Vec<String>, Failure> {
    let channels = client.list(Action::new("CoreShowChannels")).collect().await;
    let channels = channels.map_err(Error::from)?;
    let of_call = |it: &&Event| it.get("Linkedid") == Some(id.as_bytes());
    let mut names = Vec::new();
    let mut any = false;
    for channel in channels.items.iter().filter(of_call) {
        let text = |name| channel.text(name).unwrap_or_default().into_owned();
        match client.call(hangup(&text("Uniqueid"), cause)).await {
            Ok(_) => any = true,
            // It has ended.
            Err(Error::Rejected(_)) => {}
            Err(error) => return Err(error.into()),
        }
        names.push(text("Channel"));
    }
    Ok(if any { names } else { Vec::new() })
}

/// Hangs up all channels whose name matches, and returns their names.
async fn hang_up_matching(
    client: &Client,
    expression: &str,
    cause: Cause,
) -> Result<Vec<String>, Failure> {
    let gone = client.list(hangup(&format!("/{expression}/"), cause)).collect().await;
    let gone = gone.map_err(Error::from)?;
    let names = gone.items.iter().filter_map(|gone| gone.text("Channel"));
    Ok(names.map(std::borrow::Cow::into_owned).collect())
}
