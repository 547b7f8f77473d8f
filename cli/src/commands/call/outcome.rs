//! The outcome of a call that was placed.

use std::time::Duration;

use ami::{Cause, Client, Error, Placed, Reason, Response};
use serde_json::json;

use crate::exit::{Exit, Failure, Unanswered};
use crate::out::{Form, Out, Style, escape};

/// The outcome of a call that was placed.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The channel of this name answered.
    Answered(String),
    NotAnswered {
        why: Unanswered,
        /// The server's reason. `None` if it has refused to place the call.
        reason: Option<Reason>,
        /// The cause with which the channel ended. `None` if it was not created, or its end was
        /// not seen.
        cause: Option<Cause>,
        /// `true` if a channel was created.
        has_channel: bool,
    },
}

impl Outcome {
    /// Waits until a call to a channel is answered or has failed. Its channels may take the
    /// time-out to end.
    pub(super) async fn of(
        client: &Client,
        channel: &str,
        placed: &mut Placed,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let reason = match placed.outcome().await {
            Ok(answered) => return Ok(Self::Answered(answered.channel().to_owned())),
            Err(Error::Originate { reason, .. }) => reason,
            Err(Error::Rejected(refusal)) if is_of_extension(&refusal) => {
                let why = Unanswered::NoSuchExtension;
                return Ok(Self::NotAnswered { why, reason: None, cause: None, has_channel: true });
            }
            Err(error) => return Err(error.into()),
        };
        let (cause, has_channel) = match tokio::time::timeout(timeout, placed.end()).await {
            Ok(Ok(end)) if end.halves.is_empty() => (None, false),
            Ok(Ok(end)) => (Some(end.cause()), true),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => (None, true),
        };
        let mut why = why(reason, cause);
        if why == Unanswered::Other && has_channel && !leads_somewhere(client, channel).await {
            why = Unanswered::NoSuchExtension;
        }
        Ok(Self::NotAnswered { why, reason: Some(reason), cause, has_channel })
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Answered(_) => Exit::Done,
            Self::NotAnswered { why, .. } => Exit::Call(*why),
        }
    }

    /// Tells the outcome of a call with this identifier.
    pub(super) fn tell(&self, id: &str, out: &mut Out) -> Result<(), Failure> {
        if out.form == Form::Json {
            out.object(&match self {
                Self::Answered(channel) => json!({
                    "v": 1, "call": id, "step": "outcome", "outcome": "answered", "by": channel,
                }),
                Self::NotAnswered { why, reason, cause, .. } => json!({
                    "v": 1, "call": id, "step": "outcome", "outcome": word(*why).replace(' ', "_"),
                    "reason": reason.and_then(Reason::number), "cause": cause.map(Cause::number),
                    "cause_name": cause.and_then(Cause::name),
                }),
            })?;
            return Ok(());
        }
        let line = match self {
            Self::Answered(channel) => {
                let answered = out.styled(Style::Good, "answered");
                let call = out.styled(Style::Dim, &format!("(call {})", escape(id.as_bytes())));
                format!("{answered} by {} {call}", escape(channel.as_bytes()))
            }
            Self::NotAnswered { why, cause, has_channel, .. } => {
                let text = out.styled(Style::Bad, word(*why));
                match cause.filter(|cause| cause.number() != 0) {
                    Some(cause) => format!("{text}: cause {cause}"),
                    None if !has_channel => {
                        format!("{text}: the server could not create the channel")
                    }
                    None => text,
                }
            }
        };
        Ok(out.line(&line)?)
    }
}

/// Returns `true` if the server refuses a call because it is to lead to an extension that does not
/// exist (`main/manager.c`, `action_originate`).
fn is_of_extension(refusal: &Response) -> bool {
    refusal.message().to_ascii_lowercase().starts_with("extension does not exist")
}

/// Returns `false` if a channel is a Local channel to an extension that does not exist. The server
/// gives no cause for it.
async fn leads_somewhere(client: &Client, channel: &str) -> bool {
    let Some(("Local", place)) = channel.split_once('/') else { return true };
    let place = place.split_once('/').map_or(place, |(place, _)| place);
    let (exten, context) = place.rsplit_once('@').unwrap_or((place, "default"));
    if format!("{exten}{context}").contains([',', '(', ')', '"', '\\']) {
        return true;
    }
    let exists = client.global_variable(&format!("DIALPLAN_EXISTS({context},{exten},1)")).await;
    // A server without the function has an empty value.
    exists.map_or(true, |exists| exists != "0")
}

/// Returns why a call was not answered: the server's reason where it says so, else the cause with
/// which the channel ended.
fn why(reason: Reason, cause: Option<Cause>) -> Unanswered {
    match reason {
        Reason::Busy => Unanswered::Busy,
        Reason::NoAnswer => Unanswered::NoAnswer,
        Reason::Congestion => Unanswered::Congestion,
        _ => match (by_cause(cause), reason) {
            (Unanswered::Other, Reason::Hangup) => Unanswered::HungUp,
            (why, _) => why,
        },
    }
}

/// Returns why a call was not answered, by the cause with which it ended.
pub(super) fn by_cause(cause: Option<Cause>) -> Unanswered {
    match cause.map(Cause::number) {
        Some(1..=3 | 22 | 28) => Unanswered::NoSuchExtension,
        Some(16) => Unanswered::HungUp,
        Some(17) => Unanswered::Busy,
        Some(18 | 19) => Unanswered::NoAnswer,
        Some(34 | 38 | 41 | 42 | 44 | 47) => Unanswered::Congestion,
        _ => Unanswered::Other,
    }
}

/// Returns the word for people.
pub(super) fn word(why: Unanswered) -> &'static str {
    match why {
        Unanswered::Busy => "busy",
        Unanswered::NoAnswer => "no answer",
        Unanswered::Congestion => "congestion",
        Unanswered::NoSuchExtension => "no such extension",
        Unanswered::HungUp => "hung up",
        Unanswered::Other => "failed",
    }
}
