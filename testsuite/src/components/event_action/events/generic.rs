//! `event`: messages that a listener receives, with conditions for them.

use super::{Event, udp};
use crate::files::{ConfigError, Section};

/// Builds an event of the section of a listener.
type Build = fn(&Section) -> Result<Box<dyn Event>, ConfigError>;

/// All listeners, by their types.
const TABLE: [(&str, Build); 1] = [("matcher_listener.Udp", udp::build)];

/// Reads one event, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    section.items("a matcher has").iter().map(build).collect()
}

fn build(section: &Section) -> Result<Box<dyn Event>, ConfigError> {
    let name = section.expect_text("type")?;
    match TABLE.iter().find(|(it, _)| *it == name) {
        Some((_, build)) => build(section),
        None => Err(section.error(format!("{name} does not run natively")).unsupported()),
    }
}
