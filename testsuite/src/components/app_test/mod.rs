//! `apptest.AppTest`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["apptest.AppTest"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("apptest.AppTest does not run natively yet").unsupported())
}
