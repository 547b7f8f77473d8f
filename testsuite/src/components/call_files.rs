//! `pluggable_modules.CallFiles`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.CallFiles"], page: include_str!("call_files.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("pluggable_modules.CallFiles does not run natively yet").unsupported())
}
