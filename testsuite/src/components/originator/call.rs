//! The call of an Originator.

use ami::Action;

use crate::files::{ConfigError, Node, Section};

/// A call.
pub(super) struct Call {
    place: Node,
    channel: String,
    /// The headers of the action besides the channel.
    headers: Vec<(&'static str, String)>,
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
        headers.push(("Async", asynchronous(section)?));
        if let Some(timeout) = section.seconds("timeout")? {
            headers.push(("Timeout", timeout.as_millis().to_string()));
        }
        for (key, header) in [("account", "Account"), ("codecs", "Codecs")] {
            headers.extend(section.text(key)?.map(|text| (header, text.to_owned())));
        }
        let channel = text("channel", "Local/s@default")?;
        Ok(Self { place: section.node().clone(), channel, headers })
    }

    /// The channel that is called.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// The action that makes the call.
    pub(super) fn action(&self) -> Action {
        let action = Action::new("Originate").field("Channel", &self.channel);
        self.headers.iter().fold(action, |action, (key, value)| action.field(key, value))
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

/// The text that is sent: the server decides whether it is true.
fn asynchronous(section: &Section) -> Result<String, ConfigError> {
    let Some(node) = section.get("async") else {
        return Ok("False".to_owned());
    };
    Ok(match node.bool() {
        Some(true) => "True".to_owned(),
        Some(false) => "False".to_owned(),
        None => node.expect_text("async")?.to_owned(),
    })
}
