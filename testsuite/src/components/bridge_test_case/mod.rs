//! `bridge_test_case.BridgeTestCase`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["bridge_test_case.BridgeTestCase"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("bridge_test_case.BridgeTestCase does not run natively yet").unsupported())
}
