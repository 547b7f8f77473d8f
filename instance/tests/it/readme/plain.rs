use std::time::Duration;

use instance::ami::{Matcher, Originate};
use instance::{Builder, blocking};

#[test]
fn extension_100_says_pass() -> Result<(), Box<dyn std::error::Error>> {
    let dialplan = include_str!("extensions.conf");
    let instance = blocking::boot(Builder::new(blocking::server(22)?).dialplan(dialplan))?;

    instance.originate(Originate::to_application("Local/100@default", "Wait", "1"))?;
    let passed = Matcher::event("UserEvent").header("Status", "pass");
    instance.expect(passed, Duration::from_secs(5))?;

    instance.stop()?;
    Ok(())
}
