//! `pluggable_modules.AMIChannelHangup`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.AMIChannelHangup"],
    page: include_str!("channel_hangup.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("pluggable_modules.AMIChannelHangup does not run natively yet").unsupported())
}
