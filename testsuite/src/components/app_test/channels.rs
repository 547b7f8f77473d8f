//! The channels of a scenario: which call is whose, and which half of it does what.

use std::sync::Arc;
use std::time::Duration;

use ami::{Action, Event};
use uuid::Uuid;

use super::actions::Media;
use crate::files::{ConfigError, Section};
use crate::matching::Fields;

/// The variable that tells a call's channel.
const IDENTITY: &str = "testuniqueid";

/// The variable by which a dialplan names the half that runs the application.
const APP_CHANNEL: &str = "appchannel";

/// The ends of the names of the two halves of a Local channel.
const HALVES: [&str; 2] = [";1", ";2"];

/// A Local channel that the test can call and control: one half runs the application, the other,
/// the controller, is redirected to what shall happen to it.
pub(super) struct Channel {
    /// The name in YAML.
    pub(super) id: String,
    /// The channel that is called.
    pub(super) name: String,
    pub(super) starts_by_itself: bool,
    /// The delay of a call that is made when the scenario begins.
    pub(super) delay: Duration,
    identity: String,
    context: String,
    exten: String,
    hangup: String,
    audio: String,
    dtmf: String,
    ignores_until_started: bool,
    apps: Arc<[String]>,
    is_started: bool,
    /// The names of all channels that were created since this one listens.
    names: Vec<String>,
    /// The beginning of the names of both halves.
    prefix: Option<String>,
    halves: Option<Halves>,
    has_hung_up: bool,
    /// The last values that were set on the controller.
    last_dtmf: Option<String>,
    last_audio: Option<String>,
}

/// The two halves of a Local channel, by their roles.
struct Halves {
    app: String,
    controller: String,
}

impl Channel {
    pub(super) fn read(section: &Section, apps: &Arc<[String]>) -> Result<Self, ConfigError> {
        // The dialplan goes back to waiting by itself.
        section.ignore(&["wait-exten"]);
        let text =
            |key: &str, default: &str| section.text(key).map(|it| it.unwrap_or(default).to_owned());
        let name = section.expect("channel-name")?;
        let called = name.expect_text("channel-name")?;
        if !called.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("Local/")) {
            return Err(name.error(format!("channel-name is {called}, expected a Local channel")));
        }
        let identity = section.text("testuniqueid")?.map(str::to_owned);
        Ok(Self {
            id: section.expect_text("channel-id")?.to_owned(),
            name: called.to_owned(),
            starts_by_itself: section.is_true("start-on-create"),
            delay: section.seconds("delay")?.unwrap_or_default(),
            identity: identity.unwrap_or_else(|| Uuid::new_v4().to_string()),
            context: text("context", "default")?,
            exten: text("exten", "wait")?,
            hangup: text("hangup-exten", "hangup")?,
            audio: text("audio-exten", "sendAudio")?,
            dtmf: text("dtmf-exten", "sendDTMF")?,
            ignores_until_started: section.is_true("ignore-until-started"),
            apps: Arc::clone(apps),
            is_started: false,
            names: Vec::new(),
            prefix: None,
            halves: None,
            has_hung_up: false,
            last_dtmf: None,
            last_audio: None,
        })
    }

    /// Returns the action that makes the call. From now on the channel listens.
    pub(super) fn start(&mut self) -> Action {
        self.is_started = true;
        Action::new("Originate")
            .field("Channel", &self.name)
            .field("Context", &self.context)
            .field("Exten", &self.exten)
            .field("Priority", "1")
            .field("Variable", format!("{IDENTITY}={}", self.identity))
    }

    /// Takes note of what an event says of the channel.
    pub(super) fn see(&mut self, event: &Event) {
        if !self.listens() {
            return;
        }
        let text = |name| event.field(name).unwrap_or_default();
        if event.is("Newchannel") {
            self.names.push(text("Channel"));
        } else if event.is("VarSet") {
            let (variable, value) = (text("Variable"), text("Value"));
            if variable == IDENTITY && value == self.identity {
                self.prefix = Some(prefix_of(&text("Channel")));
            } else if variable == APP_CHANNEL {
                self.associate(&value);
            }
        } else if event.is("Newexten") {
            if self.apps.contains(&text("Application")) {
                self.associate(&text("Channel"));
            }
        } else if event.is("Hangup") {
            let channel = text("Channel");
            let is_half = |it: &Halves| channel == it.app || channel == it.controller;
            self.has_hung_up |= self.halves.as_ref().is_some_and(is_half);
        }
    }

    /// Takes a channel for the half that runs the application, if it is one of the call's. The
    /// first counts.
    fn associate(&mut self, channel: &str) {
        let is_candidate = self.prefix.as_ref().is_some_and(|it| channel.contains(&**it))
            && self.names.iter().any(|it| it == channel);
        if self.halves.is_some() || !is_candidate {
            return;
        }
        let controller = HALVES.iter().find_map(|half| {
            let other = HALVES.iter().find(|it| *it != half)?;
            Some(format!("{}{other}", channel.strip_suffix(half)?))
        });
        if let Some(controller) = controller {
            self.halves = Some(Halves { app: channel.to_owned(), controller });
        }
    }

    /// Returns whether the channel takes note of events.
    fn listens(&self) -> bool {
        self.is_started || !self.ignores_until_started
    }

    /// Returns whether an event of a channel is one of this call's. As long as the halves are not
    /// known it is.
    pub(super) fn owns(&self, channel: &str) -> bool {
        let is_half = |it: &Halves| channel.contains(&it.app) || channel.contains(&it.controller);
        self.listens() && self.halves.as_ref().is_none_or(is_half)
    }

    /// The half that runs the application, once it is known.
    pub(super) fn app(&self) -> Option<&str> {
        self.halves.as_ref().map(|it| &*it.app)
    }

    /// The half that is redirected, once it is known.
    pub(super) fn controller(&self) -> Option<&str> {
        self.halves.as_ref().map(|it| &*it.controller)
    }

    /// Returns the action that sets a variable of the controller to what is to be played. `None` if
    /// that is its value, or the controller is not known.
    pub(super) fn set(&self, media: Media, value: &str) -> Option<Action> {
        let (variable, last) = match media {
            Media::Dtmf => ("DTMF_TO_SEND", &self.last_dtmf),
            Media::Audio => ("TALK_AUDIO", &self.last_audio),
        };
        let controller = self.controller().filter(|_| last.as_deref() != Some(value))?;
        let set = Action::new("Setvar").field("Channel", controller);
        Some(set.field("Variable", variable).field("Value", value))
    }

    /// Takes note of a variable that was set.
    pub(super) fn remember(&mut self, media: Media, value: String) {
        *match media {
            Media::Dtmf => &mut self.last_dtmf,
            Media::Audio => &mut self.last_audio,
        } = Some(value);
    }

    /// Returns the action that redirects the controller to where something is played, or to its
    /// end.
    ///
    /// # Errors
    ///
    /// Returns the reason for which it is left out: the controller is not known or has hung up.
    pub(super) fn redirect(&self, media: Option<Media>) -> Result<Action, String> {
        let Some(controller) = self.controller() else {
            return Err("its controller is not known".to_owned());
        };
        if self.has_hung_up {
            return Err("it has hung up".to_owned());
        }
        let exten = match media {
            Some(Media::Dtmf) => &self.dtmf,
            Some(Media::Audio) => &self.audio,
            None => &self.hangup,
        };
        let redirect = Action::new("Redirect").field("Channel", controller);
        let redirect = redirect.field("Context", &self.context).field("Exten", exten);
        Ok(redirect.field("Priority", "1"))
    }

    /// Returns what is known of the channel, for a failure.
    pub(super) fn told(&self) -> String {
        let id = &self.id;
        if let Some(Halves { app, controller }) = &self.halves {
            let ended = if self.has_hung_up { "; it has hung up" } else { "" };
            return format!(
                "channel {id}: {app} runs the application, {controller} controls it{ended}"
            );
        }
        match &self.prefix {
            Some(prefix) => {
                let apps = self.apps.join(" or ");
                format!("channel {id}: no Newexten of {apps} came of {prefix}")
            }
            None => {
                let call = if self.is_started { "made" } else { "not made" };
                let identity = &self.identity;
                format!("channel {id}: its call was {call}, no channel has {IDENTITY}={identity}")
            }
        }
    }
}

/// The name of a channel without its last two characters.
fn prefix_of(channel: &str) -> String {
    let end = channel.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    channel[..end].to_owned()
}
