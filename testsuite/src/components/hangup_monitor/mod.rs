//! `pluggable_modules.HangupMonitor`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.HangupMonitor"],
    page: include_str!("hangup_monitor.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("pluggable_modules.HangupMonitor does not run natively yet").unsupported())
}
