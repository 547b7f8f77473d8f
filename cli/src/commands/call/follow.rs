//! The steps of a call, until it has ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::value::DialStatus;
use ami::{Cause, Client, Placed};
use live::{Change, Changes, Id, Leg, Live, Missed, State, Transfer, TransferTarget, What};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::outcome::{Outcome, by_cause, word};
use crate::exit::{Exit, Failure, Unanswered};
use crate::out::{Form, Out, Style, escape};

/// A call that is followed.
pub(super) struct Follow {
    live: Live,
    changes: Changes,
    /// The identifier of the call, which changes when calls are merged or split.
    call: Id,
    /// The channel that was placed.
    channel: Id,
    begun: SystemTime,
    /// The parties that were told to talk.
    talking: Vec<Vec<Id>>,
}

impl Follow {
    /// Follows the call that will have a channel of this `Uniqueid`.
    pub(super) fn new(live: Live, channel: &str) -> Self {
        let changes = live.changes();
        let channel: Id = channel.into();
        let call = Id::clone(&channel);
        Self { live, changes, call, channel, begun: SystemTime::now(), talking: Vec::new() }
    }

    /// Returns the identifier of the call.
    pub(super) fn call(&self) -> &str {
        &self.call
    }

    /// Places the call, and tells its steps until it has ended.
    pub(super) async fn run(
        &mut self,
        client: &Client,
        channel: &str,
        placed: &mut Placed,
        timeout: Duration,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        if out.form == Form::People {
            let call = format!("call {}", escape(self.call.as_bytes()));
            out.line(&out.styled(Style::Dim, &call))?;
        }
        let outcome = {
            let outcome = Outcome::of(client, channel, placed, timeout);
            let mut outcome = std::pin::pin!(outcome);
            loop {
                tokio::select! {
                    biased;
                    change = self.changes.next() => {
                        if let Some(end) = self.take(change, out)? {
                            // The server may say why before or after the end of the channels.
                            let outcome = outcome.await?;
                            return self.end(&end, Some(&outcome), out);
                        }
                        out.drain().await?;
                    }
                    outcome = &mut outcome => break outcome?,
                }
            }
        };
        self.tell_outcome(&outcome, out)?;
        out.drain().await?;
        let limit = match &outcome {
            Outcome::NotAnswered { has_channel: false, .. } => return Ok(outcome.exit()),
            Outcome::NotAnswered { .. } => Some(Instant::now() + timeout),
            Outcome::Answered(_) => None,
        };
        loop {
            let change = match limit {
                // The channels have ended; only the events of their end can be missing.
                Some(limit) => match timeout_at(limit, self.changes.next()).await {
                    Ok(change) => change,
                    Err(_) => return Ok(outcome.exit()),
                },
                None => self.changes.next().await,
            };
            if let Some(end) = self.take(change, out)? {
                return self.end(&end, None, out).map(|exit| match outcome {
                    Outcome::Answered(_) => exit,
                    Outcome::NotAnswered { .. } => outcome.exit(),
                });
            }
            out.drain().await?;
        }
    }

    /// Tells a change. Returns the call if it has ended.
    fn take(
        &mut self,
        change: Option<Result<Change, Missed>>,
        out: &mut Out,
    ) -> Result<Option<Arc<live::Call>>, Failure> {
        let lost = |error: anyhow::Error| {
            let text = "the call is followed no longer, and may go on";
            Failure::new(Exit::Lost, error.context(text))
        };
        let change = match change {
            Some(change) => change.map_err(|missed| lost(missed.into()))?,
            None => return Err(lost(anyhow::Error::msg("the client has ended"))),
        };
        if let What::Freshness(freshness) = &change.what
            && let Some(reason) = freshness.stale()
        {
            return Err(lost(anyhow::Error::msg(format!("{reason:#}"))));
        }
        match &change.what {
            What::CallMerged { from, into } if from.id == self.call => {
                self.call = Id::clone(into);
            }
            What::ChannelMoved { channel, to, .. } if *channel == self.channel => {
                self.call = Id::clone(to);
            }
            What::CallEnded(call) if call.id == self.call => return Ok(Some(Arc::clone(call))),
            _ => {}
        }
        let state = self.live.state();
        if let Some(step) = self.step(&change.what, &state) {
            self.tell(&step, change.at, out)?;
        }
        Ok(None)
    }

    /// Returns the step that a change is, or `None` if it is none of this call.
    fn step(&mut self, what: &What, state: &State) -> Option<Step> {
        let ours = |call: &Id| *call == self.call;
        match what {
            What::LegAdded { call, channel } if ours(call) => {
                let leg = self.leg(channel)?;
                (!leg.helper).then(|| Step::of("leg", leg.name.into(), String::new()))
            }
            What::CallRinging { call, channel } if ours(call) => {
                Some(Step::of("ringing", self.name(channel), String::new()))
            }
            What::CallAccepted { call, channel } if ours(call) => {
                Some(Step::of("answered", self.name(channel), String::new()))
            }
            What::CallAnswered { call, by } if ours(call) => {
                let by = by.as_ref().map(|by| self.name(by)).unwrap_or_default();
                Some(Step::of("answered", by, String::new()))
            }
            // Another step tells of an answer.
            What::LegDialed { call, channel, status }
                if ours(call) && *status != DialStatus::Answer =>
            {
                Some(Step::of("dialed", self.name(channel), status.to_string()))
            }
            What::CallForwarded { call, channel, to } if ours(call) => {
                Some(Step::of("forwarded", self.name(channel), format!("to {to}")))
            }
            What::CallPickedUp { call, by, target } if ours(call) => {
                let target = self.name(target);
                Some(Step::of("picked up", self.name(by), format!("in place of {target}")))
            }
            What::Transferred { call, transfer } if ours(call) => Some(self.transfer(transfer)),
            What::ChannelHold { channel, on_hold } => {
                let leg = self.leg(channel)?;
                let word = if *on_hold { "on hold" } else { "off hold" };
                Some(Step::of(word, leg.name.into(), String::new()))
            }
            What::BridgeEntered { .. } | What::BridgeLeft { .. } => self.talking(state),
            What::LegEnded { call, channel, cause } if ours(call) => {
                let leg = self.leg(channel)?;
                let mut step = Step::of("hung up", leg.name.into(), String::new());
                step.cause = *cause;
                (!leg.helper).then_some(step)
            }
            _ => None,
        }
    }

    /// Returns a step if other parties of the call are connected than before.
    fn talking(&mut self, state: &State) -> Option<Step> {
        let now = state.talking(&self.call);
        if now == self.talking {
            return None;
        }
        self.talking = now;
        let group = |group: &Vec<Id>| {
            let names: Vec<_> = group.iter().map(|id| self.name(id)).collect();
            names.join(" with ")
        };
        let groups: Vec<_> = self.talking.iter().map(group).collect();
        Some(if groups.is_empty() {
            Step::of("bridged", String::new(), "with nobody".to_owned())
        } else {
            Step::of("bridged", groups.join(", "), String::new())
        })
    }

    fn transfer(&self, transfer: &Transfer) -> Step {
        let to = match &transfer.to {
            TransferTarget::Extension { exten, context } => format!("{exten}@{context}"),
            TransferTarget::Leg(leg) => self.name(leg),
            TransferTarget::Bridge(bridge) => format!("the bridge {bridge}"),
            TransferTarget::Application(application) => format!("the application {application}"),
            _ => "an unknown target".to_owned(),
        };
        let failed = if transfer.success { "" } else { "failed " };
        let text = format!("{failed}to {to}");
        Step::of("transferred", self.name(&transfer.by), text)
    }

    /// Returns the leg of a channel of the call, whether the call is up or has ended.
    fn leg(&self, channel: &str) -> Option<Leg> {
        let state = self.live.state();
        let up = state.calls().ok().and_then(|calls| calls.get(&self.call).cloned());
        let call =
            up.or_else(|| self.live.history().into_iter().rev().find(|call| call.id == self.call))?;
        call.leg(channel).cloned()
    }

    fn name(&self, channel: &str) -> String {
        self.leg(channel).map_or_else(|| channel.to_owned(), |leg| leg.name.into())
    }

    fn tell(&self, step: &Step, at: SystemTime, out: &mut Out) -> Result<(), Failure> {
        let seconds = at.duration_since(self.begun).unwrap_or_default().as_secs_f64();
        match out.form {
            Form::Json => out.object(&step.object(&self.call, seconds))?,
            _ => {
                let time = out.styled(Style::Dim, &format!("{seconds:8.3}"));
                let word = out.styled(Style::Strong, &format!("{:11}", step.word));
                let mut line = format!("{time}  {word}");
                for part in [&step.name, &step.text].into_iter().filter(|part| !part.is_empty()) {
                    line += " ";
                    line += &escape(part.as_bytes());
                }
                // The server has 0 where there is no cause.
                if let Some(cause) = step.cause.filter(|cause| cause.number() != 0) {
                    line += &format!(" with {cause}");
                }
                out.line(&line)?;
            }
        }
        Ok(())
    }

    /// Tells the outcome. People are told of an answer by a step.
    fn tell_outcome(&self, outcome: &Outcome, out: &mut Out) -> Result<(), Failure> {
        match (outcome, out.form) {
            (Outcome::Answered(_), Form::People) => Ok(()),
            _ => outcome.tell(&self.call, out),
        }
    }

    /// Tells the end of the call, and returns the exit code for it.
    fn end(
        &self,
        call: &live::Call,
        outcome: Option<&Outcome>,
        out: &mut Out,
    ) -> Result<Exit, Failure> {
        if let Some(outcome) = outcome {
            self.tell_outcome(outcome, out)?;
        }
        let Some(end) = &call.ended else { return Ok(Exit::Done) };
        let exit = match outcome {
            Some(outcome @ Outcome::NotAnswered { .. }) => outcome.exit(),
            _ => exit(end),
        };
        let by = end.hung_up_by.as_deref().and_then(|by| call.leg(by)).map(|leg| &*leg.name);
        let said = match exit {
            Exit::Done => "answered",
            Exit::Call(why) => word(why),
            _ => "nobody saw the end",
        };
        let text = by.map_or_else(|| said.to_owned(), |by| format!("{said}, hung up by {by}"));
        let mut step = Step::of("ended", String::new(), text);
        step.cause = end.cause;
        self.tell(&step, end.at.time(), out)?;
        Ok(exit)
    }
}

/// Returns the exit code for the end of a call that was answered.
fn exit(end: &live::CallEnd) -> Exit {
    match end.outcome {
        live::Outcome::Answered => Exit::Done,
        live::Outcome::Busy => Exit::Call(Unanswered::Busy),
        live::Outcome::NoAnswer => Exit::Call(Unanswered::NoAnswer),
        live::Outcome::Congestion => Exit::Call(Unanswered::Congestion),
        live::Outcome::Cancelled => Exit::Call(Unanswered::HungUp),
        live::Outcome::Failed => Exit::Call(by_cause(end.cause)),
        live::Outcome::ServerGone | live::Outcome::Unknown => Exit::Lost,
        _ => Exit::Call(Unanswered::Other),
    }
}

/// A step of a call.
struct Step {
    word: &'static str,
    /// The channel, or the channels that are connected. Empty if the step is of the call.
    name: String,
    text: String,
    cause: Option<Cause>,
}

impl Step {
    fn of(word: &'static str, name: String, text: String) -> Self {
        Self { word, name, text, cause: None }
    }

    fn object(&self, call: &str, seconds: f64) -> Value {
        let mut object = json!({
            "v": 1, "call": call, "step": self.word.replace(' ', "_"), "seconds": seconds,
        });
        if !self.name.is_empty() {
            object["channel"] = json!(self.name);
        }
        if !self.text.is_empty() {
            object["text"] = json!(self.text);
        }
        if let Some(cause) = self.cause {
            object["cause"] = json!(cause.number());
            object["cause_name"] = json!(cause.name());
        }
        object
    }
}
