//! `pluggable_modules.Originator`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.Originator"], page: include_str!("originator.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("pluggable_modules.Originator does not run natively yet").unsupported())
}
