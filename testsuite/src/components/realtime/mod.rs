//! `realtime_test_module.RealtimeTestModule`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["realtime_test_module.RealtimeTestModule"],
    page: include_str!("page.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section
        .error("realtime_test_module.RealtimeTestModule does not run natively yet")
        .unsupported())
}
