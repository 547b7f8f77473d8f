//! The tests in the README, which run, and what it says of one that fails.

use std::process::Command;

mod asynchronous;
mod nats;
mod plain;
mod sipp;

const README: &str = include_str!("../../README.md");

/// Set for the child whose test fails.
const FAILS: &str = "INSTANCE_TEST_README_FAILS";

#[test]
fn the_readme_has_these_tests() {
    for code in [
        include_str!("readme/asynchronous.rs"),
        include_str!("readme/plain.rs"),
        include_str!("readme/nats.rs"),
        include_str!("readme/sipp.rs"),
    ] {
        assert!(README.contains(&format!("```rust\n{code}```\n")), "not in the README:\n{code}");
    }
}

/// The README's test with another word in the dialplan, as users see it fail. Elsewhere it has
/// nothing to do.
#[tokio::test]
async fn fails() -> Result<(), Box<dyn std::error::Error>> {
    let Some(root) = std::env::var_os(FAILS) else {
        return Ok(());
    };
    let dialplan = "[default]
        exten => 100,1,Answer()
         same => n,UserEvent(Result,Status: fail)";
    let builder = instance::Builder::new(instance::server(22).await?).root(root);
    let instance = builder.dialplan(dialplan).boot().await?;
    let call = ami::Originate::to_application("Local/100@default", "Wait", "1");
    instance.ami().originate(call).await?;
    let passed = ami::Matcher::event("UserEvent").header("Status", "pass");
    instance.expect(passed, std::time::Duration::from_secs(1)).await?;
    instance.stop().await?;
    Ok(())
}

/// Returns a text without what is another in each run: numbers, and the last part of the path.
fn comparable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let lines = text
        .lines()
        .map(|line| line.split_once("is kept: ").map_or(line, |(before, _)| before).to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_shows_what_a_test_that_fails_prints() {
    let root = crate::support::Scratch::new();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "readme::fails", "--nocapture"]).env(FAILS, &root.0);
    let output = child.env_remove("ASTERISK_KEEP").env_remove("RUST_BACKTRACE").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, rest) = README.split_once("```text\nthe sandbox is kept: ").unwrap();
    let shown = format!("the sandbox is kept: {}", rest.split_once("```").unwrap().0);
    assert_eq!(comparable(said.trim()), comparable(shown.trim()), "{said}");
}
