//! The environment of a server.
//!
//! A server gets what it and the programs that it runs need to work as on the command line, and
//! nothing else of ours: tokens and passwords of a test's own environment would be in its memory,
//! and so in a core that is kept.

use std::env;
use std::ffi::{OsStr, OsString};

/// Variables that a server inherits.
const NAMES: [&str; 26] = [
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
];

/// The beginnings of the names of others: locale, dynamic loader, Python, time of its own,
/// allocator, coverage, Asterisk.
const PREFIXES: [&str; 9] =
    ["LC_", "LD_", "PYTHON", "PYENV_", "FAKETIME", "MALLOC_", "GCOV_", "AST_", "ASTERISK"];

/// The ends of the names of others: sanitizers and what makes their reports readable.
const SUFFIXES: [&str; 2] = ["SAN_OPTIONS", "SAN_SYMBOLIZER_PATH"];

/// The variable of the program `instance` with a manager user's secret.
const SECRET: &str = "ASTERISK_SECRET";

/// The variables of this process that a server inherits.
pub(crate) fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| is_inherited(name))
}

fn is_inherited(name: &OsStr) -> bool {
    name.to_str().filter(|name| *name != SECRET).is_some_and(|name| {
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
        for name in ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ASTERISK_SECRET", "XPATH"] {
            assert!(!is_inherited(name.as_ref()), "{name}");
        }
    }
}
