//! `callback`: a function of Python.

use super::Action;
use crate::files::{ConfigError, Section};

/// The module of the suite whose functions start scenarios of SIPp.
const SIPP: &str = "extension_bank";

/// Refuses the function, with its name.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let module = section.expect_text("module")?;
    let method = section.expect_text("method")?;
    let what = if module == SIPP {
        format!("the callback {module}.{method} needs SIPp, which does not run natively yet")
    } else {
        format!("the callback {module}.{method} is Python")
    };
    Err(section.error(what).unsupported())
}
