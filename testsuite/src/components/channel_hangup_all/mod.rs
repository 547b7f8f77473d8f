//! `pluggable_modules.AMIChannelHangupAll`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.AMIChannelHangupAll"],
    page: include_str!("channel_hangup_all.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section
        .error("pluggable_modules.AMIChannelHangupAll does not run natively yet")
        .unsupported())
}
