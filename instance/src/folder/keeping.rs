//! The variable `ASTERISK_KEEP`: which folders stay when their runs are over.

use std::ffi::OsStr;

/// The variable of the environment.
pub(crate) const VARIABLE: &str = "ASTERISK_KEEP";

/// The folders that stay when their runs are over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Keeping {
    /// The folder of each run.
    Always,
    /// The folders of failures.
    #[default]
    Failed,
    /// Folders that the code asks to keep, and no others.
    Never,
}

impl Keeping {
    /// Reads the environment of this process. An unknown value is the error.
    pub(crate) fn read() -> Result<Self, String> {
        Self::parse(std::env::var_os(VARIABLE).as_deref())
    }

    fn parse(value: Option<&OsStr>) -> Result<Self, String> {
        match value.map(OsStr::to_string_lossy).as_deref() {
            None | Some("") => Ok(Self::default()),
            Some("always") => Ok(Self::Always),
            Some("failed") => Ok(Self::Failed),
            Some("never") => Ok(Self::Never),
            Some(other) => Err(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_of_three_or_an_error() {
        let parsed = |value: &str| Keeping::parse(Some(OsStr::new(value)));
        assert_eq!(Keeping::parse(None), Ok(Keeping::Failed));
        assert_eq!(parsed(""), Ok(Keeping::Failed));
        assert_eq!(parsed("always"), Ok(Keeping::Always));
        assert_eq!(parsed("failed"), Ok(Keeping::Failed));
        assert_eq!(parsed("never"), Ok(Keeping::Never));
        assert_eq!(parsed("Always"), Err("Always".to_owned()));
        assert_eq!(parsed("1"), Err("1".to_owned()));
    }
}
