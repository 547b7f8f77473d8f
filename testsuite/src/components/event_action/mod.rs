//! `pluggable_modules.EventActionModule`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.EventActionModule"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section
        .error("pluggable_modules.EventActionModule does not run natively yet")
        .unsupported())
}
