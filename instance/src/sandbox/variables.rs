//! The environment of a server.
//!
//! A server gets the variables that it and the programs that it runs need to work as on the command
//! line. Others stay behind: tokens and passwords of a test's own environment would be in the
//! server's memory, and so in a core that is kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use crate::folder::MARK;
use crate::sandbox::error::BuildError;

/// The names of variables that a server inherits.
const NAMES: &[&str] = &[
    // The user and the machine.
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    // The places of parts of libraries and interpreters.
    "LOCPATH",
    "LUA_CPATH",
    "LUA_PATH",
    "NODE_PATH",
    "PERL5LIB",
    "RUBYLIB",
    // Certificates.
    "CURL_CA_BUNDLE",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    // Tools that look into a server.
    "GLIBC_TUNABLES",
    "LLVM_PROFILE_FILE",
    "RUST_BACKTRACE",
    "VALGRIND_LIB",
    // Interpreters, and names of hosts.
    "GEM_HOME",
    "GEM_PATH",
    "HOSTALIASES",
    "JAVA_HOME",
    "LOCALE_ARCHIVE",
    "NODE_OPTIONS",
    "PERL5OPT",
    "RES_OPTIONS",
    "VIRTUAL_ENV",
    // These are ours, for tests that a dialplan starts. A mirror may have a password in it.
    "ASTERISK",
    "ASTERISK_CACHE",
    "ASTERISK_KEEP",
];

/// The beginnings of the names of others: locale, dynamic loader, Python, time of its own,
/// allocator, coverage, the Asterisk test suite.
const PREFIXES: [&str; 8] =
    ["LC_", "LD_", "PYTHON", "PYENV_", "FAKETIME", "MALLOC_", "GCOV_", "AST_"];

/// The ends of the names of others: sanitizers and what makes their reports readable.
const SUFFIXES: [&str; 2] = ["SAN_OPTIONS", "SAN_SYMBOLIZER_PATH"];

/// The variable with the socket that a server notifies.
pub(super) const NOTIFY: &str = "NOTIFY_SOCKET";

/// Variables that the code sets.
#[derive(Clone, Default)]
pub(crate) struct Variables(pub(crate) Vec<(OsString, OsString)>);

impl Variables {
    /// Checks that the variables can be set, and are not ours.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let is_good = |(name, value): &&(OsString, OsString)| {
            let has = |text: &OsStr, byte| text.as_bytes().contains(&byte);
            !name.is_empty()
                && !has(name, b'=')
                && !has(name, 0)
                && !has(value, 0)
                && ![NOTIFY, MARK].iter().any(|ours| name == ours)
        };
        match self.0.iter().find(|variable| !is_good(variable)) {
            Some((name, _)) => {
                Err(BuildError::Variable { name: name.to_string_lossy().into_owned() })
            }
            None => Ok(()),
        }
    }
}

/// Leaves out the values, which may be secret.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Returns the variables of this process that a server inherits.
pub(crate) fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| is_inherited(name))
}

fn is_inherited(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_cannot_be_set_or_is_ours_is_refused() {
        let checked =
            |name: &str, value: &str| Variables(vec![(name.into(), value.into())]).check();
        assert!(checked("A", "b=c").is_ok() && checked("a.b", "").is_ok());
        for (name, value) in
            [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0"), (NOTIFY, "x"), (MARK, "x")]
        {
            let error = checked(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("environment variable {name:?}: ")), "{error}");
        }
    }

    #[test]
    fn tokens_and_secrets_are_not_inherited() {
        for name in ["PATH", "LC_ALL", "ASAN_OPTIONS", "ASTERISK_CACHE", "LD_LIBRARY_PATH"] {
            assert!(is_inherited(name.as_ref()), "{name}");
        }
        for name in
            ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ASTERISK_SECRET", "ASTERISK_MIRROR", "XPATH"]
        {
            assert!(!is_inherited(name.as_ref()), "{name}");
        }
    }
}
