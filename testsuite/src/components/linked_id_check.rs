//! `linkedid_check.LinkedIdCheck`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["linkedid_check.LinkedIdCheck"],
    page: include_str!("linked_id_check.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("linkedid_check.LinkedIdCheck does not run natively yet").unsupported())
}
