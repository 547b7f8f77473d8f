//! `pluggable_modules.AsteriskConfigModule`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.AsteriskConfigModule"],
    page: include_str!("asterisk_config.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section
        .error("pluggable_modules.AsteriskConfigModule does not run natively yet")
        .unsupported())
}
