//! The actions of a scenario, as YAML describes them.

use std::collections::BTreeMap;
use std::time::Duration;

use ami::Action;

use crate::files::{ConfigError, Node, Section};

/// A sound that is played to an application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Media {
    Dtmf,
    Audio,
}

/// A half of a Local channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Half {
    App,
    Controller,
}

/// A step of an action: most actions have one.
pub(super) struct Step {
    pub(super) place: Node,
    /// The type of the action in YAML.
    pub(super) action: &'static str,
    pub(super) delay: Duration,
    pub(super) what: What,
}

/// The effect of a step. Channels and results are named by their places in the scenario.
#[derive(Clone)]
pub(super) enum What {
    Call(usize),
    /// A call to a channel that the scenario does not have.
    CallUnknown(String),
    Play {
        channel: usize,
        media: Media,
        value: String,
    },
    Hangup(usize),
    Expected(usize),
    Fail(Option<String>),
    Send {
        action: String,
        fields: Vec<(String, String)>,
        to: Option<(usize, Half)>,
    },
}

/// The channels of a scenario by their ids, and the results that its actions name.
#[derive(Default)]
pub(super) struct Names {
    pub(super) channels: BTreeMap<String, usize>,
    pub(super) results: Vec<String>,
}

impl Names {
    /// The place of a result; equal texts are one.
    fn result(&mut self, text: &str) -> usize {
        let known = self.results.iter().position(|it| it == text);
        known.unwrap_or_else(|| {
            self.results.push(text.to_owned());
            self.results.len() - 1
        })
    }
}

/// An action while it is read: its section, and the channel of its event.
struct Reading<'a> {
    section: &'a Section,
    own: Option<usize>,
    names: &'a mut Names,
}

/// Reads an action of an event, which belongs to a channel or to none.
pub(super) fn read(
    section: &Section,
    own: Option<usize>,
    names: &mut Names,
) -> Result<Vec<Step>, ConfigError> {
    let kind = section.expect("action-type")?;
    let reading = Reading { section, own, names };
    let step = |action, delay, what| Step { place: section.node().clone(), action, delay, what };
    let delay = || section.seconds("delay").map(Option::unwrap_or_default);
    let steps = match kind.expect_text("action-type")? {
        "start-call" => vec![step("start-call", delay()?, reading.call()?)],
        "send-dtmf" => {
            let channel = reading.channel()?;
            vec![step("send-dtmf", delay()?, reading.play(channel, Media::Dtmf)?)]
        }
        "stream-audio" => {
            let channel = reading.own_channel()?;
            vec![step("stream-audio", delay()?, reading.play(channel, Media::Audio)?)]
        }
        "stream-audio-with-dtmf" => {
            const BOTH: &str = "stream-audio-with-dtmf";
            let channel = reading.own_channel()?;
            let delay = |key| section.seconds(key).map(Option::unwrap_or_default);
            vec![
                step(BOTH, delay("sound-delay")?, reading.play(channel, Media::Audio)?),
                step(BOTH, delay("dtmf-delay")?, reading.play(channel, Media::Dtmf)?),
            ]
        }
        "hangup" => vec![step("hangup", delay()?, What::Hangup(reading.channel()?))],
        "set-expected-result" => {
            // The suite has it in some tests, and does not read it.
            section.ignore(&["delay"]);
            let text = section.expect_text("expected-result")?;
            let what = What::Expected(reading.names.result(text));
            vec![step("set-expected-result", Duration::ZERO, what)]
        }
        "fail-test" => {
            section.ignore(&["expected-result"]);
            let message = section.text("message")?.map(str::to_owned);
            vec![step("fail-test", Duration::ZERO, What::Fail(message))]
        }
        "send-ami-message" => vec![step("send-ami-message", Duration::ZERO, reading.send()?)],
        other => return Err(kind.error(format!("there is no action-type {other}"))),
    };
    Ok(steps)
}

impl Reading<'_> {
    /// The channel that `channel-id` names, or that the event belongs to. The inner error is a name
    /// that no channel has.
    fn named(&self) -> Result<Result<usize, (Node, String)>, ConfigError> {
        let Some(node) = self.section.get("channel-id") else {
            return self.own.map(Ok).ok_or_else(|| {
                self.section.error("expected `channel-id:`, for the event belongs to no channel")
            });
        };
        let id = node.expect_text("channel-id")?;
        let known = self.names.channels.get(id).copied();
        Ok(known.ok_or_else(|| (node.clone(), id.to_owned())))
    }

    fn channel(&self) -> Result<usize, ConfigError> {
        self.named()?
            .map_err(|(node, id)| node.error(format!("the scenario has no channel with id {id}")))
    }

    fn own_channel(&self) -> Result<usize, ConfigError> {
        self.own.ok_or_else(|| {
            self.section.error("expected an event of a channel, to which the sound is played")
        })
    }

    /// A call, also to a channel that is not there: tests of the suite have such calls at the end
    /// of a list of actions, and pass.
    fn call(&self) -> Result<What, ConfigError> {
        Ok(self.named()?.map_or_else(|(_, id)| What::CallUnknown(id), What::Call))
    }

    fn play(&self, channel: usize, media: Media) -> Result<What, ConfigError> {
        let key = match media {
            Media::Dtmf => "dtmf",
            Media::Audio => "sound-file",
        };
        let value = self.section.expect_text(key)?.to_owned();
        Ok(What::Play { channel, media, value })
    }

    fn send(&self) -> Result<What, ConfigError> {
        let section = self.section;
        let fields = section.part("fields", "fields have");
        let Some(fields) = fields.filter(|it| it.node().is_map()) else {
            return Err(section.error("expected `fields:` with an `action:`"));
        };
        let mut action = None;
        let mut others = Vec::new();
        for (name, value) in fields.entries() {
            let (name, value) = (name.expect_text("a field")?, value.expect_text("a field")?);
            if name.eq_ignore_ascii_case("action") {
                action = Some(value.to_owned());
            } else {
                others.push((name.to_owned(), value.to_owned()));
            }
        }
        let Some(action) = action else {
            return Err(fields.error("expected `action:`"));
        };
        let to = self.half()?;
        message(&action, &others, to.map(|_| "channel"))
            .check()
            .map_err(|error| fields.error("the action cannot be sent").caused_by(error))?;
        Ok(What::Send { action, fields: others, to })
    }

    /// The channel that goes into the field `Channel`.
    fn half(&self) -> Result<Option<(usize, Half)>, ConfigError> {
        let section = self.section;
        let app = section.is_true("add-app-channel");
        let controller = section.is_true("add-control-channel");
        let named = section.get("channel-id").is_some();
        let own = |half| {
            let channel = self.own.ok_or_else(|| {
                section.error("expected `channel-id:`, for the event belongs to no channel")
            });
            channel.map(|it| Some((it, half)))
        };
        match (app, controller, named) {
            (false, false, false) => Ok(None),
            (true, false, false) => own(Half::App),
            (false, true, false) => own(Half::Controller),
            (false, false, true) => Ok(Some((self.channel()?, Half::App))),
            _ => Err(section.error(
                "expected one of `add-app-channel:`, `add-control-channel:` and `channel-id:`",
            )),
        }
    }
}

/// An action of AMI, with a channel in place of what its fields say of it.
pub(super) fn message(action: &str, fields: &[(String, String)], channel: Option<&str>) -> Action {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let mut message = Action::new(action);
    for (name, value) in fields {
        message = match () {
            () if is(name, "channel") && channel.is_some() => message,
            () if is(name, "actionid") => message.with_action_id(value),
            () => message.field(name, value),
        };
    }
    match channel {
        Some(channel) => message.field("Channel", channel),
        None => message,
    }
}
