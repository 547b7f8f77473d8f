//! `pluggable_modules.SoundChecker`.

use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.SoundChecker"],
    page: include_str!("sound_checker.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Err(section.error("pluggable_modules.SoundChecker does not run natively yet").unsupported())
}
