//! The environment of a server.
//!
//! A server gets what it and the programs that it runs need to work as on the command line, and
//! nothing else of ours: tokens and passwords of a test's own environment would be in its memory,
//! and so in a core that is kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Variables that a server inherits.
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
    // Where libraries and interpreters find their parts.
    "LOCPATH",
    "LUA_CPATH",
    "LUA_PATH",
    "NODE_PATH",
    "PERL5LIB",
    "RUBYLIB",
    // Whom to trust.
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
    // Of ours, for tests that a dialplan starts. A mirror may have a password in it.
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

/// Variables that the code sets.
#[derive(Clone, Default)]
pub(crate) struct Variables(pub(crate) Vec<(OsString, OsString)>);

/// Without the values: there may be secrets among them.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The variables of this process that a server inherits.
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
