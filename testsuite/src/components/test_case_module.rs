//! `test_case.TestCaseModule`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["test_case.TestCaseModule", "TestCaseModule.TestCaseModule"],
    page: include_str!("test_case_module.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("test_case.TestCaseModule does not run natively yet").unsupported())
}
