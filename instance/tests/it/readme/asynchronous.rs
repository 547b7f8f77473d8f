use std::time::Duration;

use instance::Builder;
use instance::ami::{Matcher, Originate};

#[tokio::test]
async fn extension_100_says_pass() -> Result<(), Box<dyn std::error::Error>> {
    let dialplan = "[default]
        exten => 100,1,Answer()
         same => n,UserEvent(Result,Status: pass)";
    let instance = Builder::new(instance::server(22).await?).dialplan(dialplan).boot().await?;

    let call = Originate::to_application("Local/100@default", "Wait", "1");
    instance.ami().originate(call).await?;
    let passed = Matcher::event("UserEvent").header("Status", "pass");
    instance.expect(passed, Duration::from_secs(5)).await?;

    instance.stop().await?;
    Ok(())
}
