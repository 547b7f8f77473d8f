//! Runs the tests of the Asterisk test suite, or of a folder that is laid out like it.

use std::process::ExitCode;

use testsuite::Registry;

fn main() -> ExitCode {
    testsuite::main(Registry::new())
}
