//! Calls by AMI's `Originate`, as far as the components that make them have them in common.

use std::time::Duration;

use ami::{Action, Error, Fault};

use crate::files::{ConfigError, Section};

/// The time that the server may take to answer an originate. One that is not asynchronous is
/// answered when the call is answered or has failed.
pub(super) const LIMIT: Duration = Duration::from_secs(3_600);

/// The headers of an originate besides the channel.
pub(super) type Headers = Vec<(&'static str, String)>;

/// Reads the texts of keys as headers. A key that is not there has none.
pub(super) fn headers(
    section: &Section,
    keys: &[(&str, &'static str)],
) -> Result<Headers, ConfigError> {
    let texts = keys.iter().map(|(key, header)| {
        let text = section.text(key)?;
        Ok(text.map(|text| (*header, text.to_owned())))
    });
    texts.filter_map(Result::transpose).collect()
}

/// Reads whether the server answers before the call is answered, as the text of `Async`. A text is
/// sent as it stands: the server decides whether it is true.
pub(super) fn asynchronous(section: &Section, key: &str) -> Result<String, ConfigError> {
    let Some(node) = section.get(key) else {
        return Ok("False".to_owned());
    };
    Ok(match node.bool() {
        Some(true) => "True".to_owned(),
        Some(false) => "False".to_owned(),
        None => node.expect_text(key)?.to_owned(),
    })
}

/// Returns the action that makes a call.
pub(super) fn action(channel: &str, headers: &Headers) -> Action {
    let action = Action::new("Originate").field("Channel", channel);
    headers.iter().fold(action, |action, (header, value)| action.field(header, value))
}

/// Returns whether the server refused a call, or the call failed. A server that ends has done
/// neither.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.fault() != Fault::Link && !matches!(error, Error::Disconnected { .. })
}
