//! AsyncAGI, whose values are percent-encoded.

use ami::{Action, Filter, percent_decode};
use instance::Modules;

use super::{VERSIONS, builder, connect, end, next, quick};

#[tokio::test]
async fn the_fields_of_async_agi_are_decoded() {
    for major in VERSIONS {
        let dialplan = "[default]\nexten => agi,1,AGI(agi:async)\nsame => n,Wait(600)\n";
        let modules =
            Modules::list(["pbx_config", "app_echo", "res_speech", "res_agi", "func_callerid"]);
        let builder = builder(major).await.modules(modules).file("extensions.conf", dialplan);
        let instance = builder.build().unwrap().boot().await.unwrap();
        let client = connect(&instance, quick()).await.unwrap();
        let mut events = client.subscribe(Filter::named(["AsyncAGIStart", "AsyncAGIExec"]));
        let call = Action::new("Originate")
            .field("Channel", "Local/agi@default")
            .field("CallerID", "\"Zoë 50%+1\" <7>")
            .field("Application", "Echo")
            .field("Async", "true");
        client.call(call).await.unwrap();
        let start = next(&mut events).await;
        let env = percent_decode(start.get("Env").unwrap());
        let env = str::from_utf8(&env).unwrap();
        let lines: Vec<_> = env.lines().collect();
        assert_eq!(lines[0], "agi_request: async", "{env}");
        assert!(lines.contains(&"agi_calleridname: Zoë 50%+1"), "{env}");
        assert!(env.ends_with("\n\n"), "{env:?}");

        let channel = start.utf8("Channel").unwrap().unwrap().to_owned();
        let command = Action::new("AGI")
            .field("Channel", channel)
            .field("Command", "GET FULL VARIABLE \"a%b+c ${CALLERID(name)}\"")
            .field("CommandID", "1");
        client.call(command).await.unwrap();
        let result = next(&mut events).await;
        let result = percent_decode(result.get("Result").unwrap());
        assert_eq!(str::from_utf8(&result).unwrap(), "200 result=1 (a%b+c Zoë 50%+1)\n");
        end(instance).await;
    }
}
