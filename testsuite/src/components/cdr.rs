//! `cdr.CDRModule`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["cdr.CDRModule"], page: include_str!("cdr.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("cdr.CDRModule does not run natively yet").unsupported())
}
