//! The call of an Originator.

use ami::Action;

use crate::components::originate::{self, Headers};
use crate::files::{ConfigError, Node, Section};

/// A call.
pub(super) struct Call {
    place: Node,
    channel: String,
    /// The headers of the action besides the channel.
    headers: Headers,
}

impl Call {
    /// Reads what is called, and to where it goes.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let text =
            |key: &str, default: &str| section.text(key).map(|it| it.unwrap_or(default).to_owned());
        let (context, exten) = (text("context", "")?, text("exten", "")?);
        let (priority, application) = (text("priority", "")?, text("application", "Echo")?);
        let data = text("data", "")?;
        let mut headers = if context.is_empty() {
            vec![("Application", application), ("Data", data)]
        } else {
            vec![("Context", context), ("Exten", exten), ("Priority", priority)]
        };
        headers.push(("Async", originate::asynchronous(section, "async")?));
        if let Some(timeout) = section.seconds("timeout")? {
            headers.push(("Timeout", timeout.as_millis().to_string()));
        }
        let more = [("account", "Account"), ("codecs", "Codecs")];
        headers.extend(originate::headers(section, &more)?);
        let channel = text("channel", "Local/s@default")?;
        Ok(Self { place: section.node().clone(), channel, headers })
    }

    /// The channel that is called.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// The action that makes the call.
    pub(super) fn action(&self) -> Action {
        originate::action(&self.channel, &self.headers)
    }

    /// A text about the call: its place, what is called, to where it goes.
    pub(super) fn told(&self, what: &str) -> String {
        let value = |name: &str| {
            self.headers.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value)
        };
        let to = match value("Context") {
            "" => format!("{}({})", value("Application"), value("Data")),
            context => format!("{}@{context}:{}", value("Exten"), value("Priority")),
        };
        self.place.error(format!("the call of {} to {to}: {what}", self.channel)).to_string()
    }
}
