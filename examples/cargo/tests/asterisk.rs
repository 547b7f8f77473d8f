//! The tests of this package: those in Rust are functions here, those in YAML are folders alone.

use std::process::ExitCode;

use testsuite::ami::Originate;
use testsuite::{Harness, Matcher, Registry, TestCase, TestResult};

/// Calls an extension that rings and never answers: its dialplan says all that is to be known.
async fn rings(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut heard = ast.watch(Matcher::event("UserEvent").header("UserEvent", "Ringing"));
    test.originate(Originate::to_application("Local/200@default", "Echo", ""));
    let event = heard.next().await?;
    assert_eq!(event.text("Extension").as_deref(), Some("200"));
    Ok(())
}

fn main() -> ExitCode {
    let registry = Registry::new().test("example.Rings", rings);
    Harness::new(env!("CARGO_MANIFEST_DIR"), registry).run()
}
