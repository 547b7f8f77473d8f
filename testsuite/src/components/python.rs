//! Functions of Python that sections name, and that nothing here can call.

use crate::files::{ConfigError, Section};

/// The error of a section that names a function of Python by its module and its name.
pub(super) fn callback(
    section: &Section,
    module: Option<&str>,
    method: Option<&str>,
) -> ConfigError {
    let function = match (module, method) {
        (Some(module), Some(method)) => format!("{module}.{method}"),
        (module, method) => module.or(method).unwrap_or("that is not named").to_owned(),
    };
    section.error(format!("needs the Python callback {function}")).unsupported()
}
