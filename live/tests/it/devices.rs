//! Devices, extensions with hints, and presences.

use instance::{Builder, Instance, Modules};
use live::ami::value::{DeviceState, PresenceState};
use live::ami::{Action, Client, Config, Originate};
use live::{Live, Part, Unknown};

use crate::kit::end;
use crate::lists::{self, compare, until};

const DIALPLAN: &str = "[default]
exten => 100,hint,Custom:lamp
exten => 101,hint,Custom:desk&Custom:lamp,CustomPresence:alice
exten => 102,hint,,CustomPresence:bob
exten => 199,hint,Custom:fence
exten => _2XX,hint,Custom:room${EXTEN}
exten => s,1,Answer()
 same => n,Wait(600)
";

async fn boot(version: u32, modules: &[&str]) -> (Instance, Client) {
    let server = instance::server(version).await.unwrap();
    let modules = Modules::list(modules.iter().copied());
    let instance = Builder::new(server).dialplan(DIALPLAN).modules(modules).boot().await.unwrap();
    let client = Config::new("user", "mysecret").connect(instance.ami_address()).await.unwrap();
    (instance, client)
}

async fn set(client: &Client, function: &str, value: &str) {
    let action = Action::new("Setvar").field("Variable", function).field("Value", value);
    client.call(action).await.unwrap();
}

async fn agrees(live: &Live, client: &Client) {
    compare(live, client, [lists::devices(), lists::extensions(), lists::presences()]).await;
}

async fn states(version: u32) {
    let (instance, client) = boot(
        version,
        &[
            "func_devstate",
            "func_presencestate",
            "res_manager_devicestate",
            "res_manager_presencestate",
        ],
    )
    .await;
    let live = Live::start(&client);
    let state = live.current().await.unwrap();
    assert!(state.devices().unwrap().is_empty(), "no state has changed yet");
    assert!(state.presences().unwrap().is_empty());
    assert_eq!(state.extensions().unwrap().len(), 4);
    agrees(&live, &client).await;

    for (device, value) in [
        ("lamp", "INUSE"),
        ("desk", "RINGING"),
        ("desk", "RINGINUSE"),
        ("lamp", "NOT_INUSE"),
        ("desk", "ONHOLD"),
    ] {
        set(&client, &format!("DEVICE_STATE(Custom:{device})"), value).await;
        agrees(&live, &client).await;
    }
    for value in ["away,lunch,back at \"two\"", "away,lunch,back: soon", "dnd,,", "available"] {
        set(&client, "PRESENCE_STATE(CustomPresence:alice)", value).await;
        agrees(&live, &client).await;
    }
    let state = live.state();
    let extension = state.extensions().unwrap().get("101@default").unwrap();
    let presence = extension.presence.as_ref().and_then(|it| state.presences().unwrap().get(it));
    assert_eq!(presence.unwrap().state, PresenceState::Available);
    assert!(extension.state.is_on_hold());

    // A pattern counts when somebody asks for an extension of it.
    let asked = Action::new("ExtensionState").field("Exten", "222").field("Context", "default");
    client.call(asked).await.unwrap();
    until(&live, |it| it.extensions().is_ok_and(|it| it.contains("222@default"))).await;
    agrees(&live, &client).await;

    // The device of a Local channel is there while it is in use.
    let local = "Local/s@default";
    client.originate(Originate::to_application(local, "Wait", "60")).await.unwrap();
    let in_use =
        |it: &live::State| it.devices().ok()?.get(local).map(|it| it.state == DeviceState::InUse);
    until(&live, |it| in_use(it) == Some(true)).await;
    client.command("channel request hangup all").await.unwrap();
    until(&live, |it| in_use(it).is_none()).await;
    agrees(&live, &client).await;

    // No event tells that a hint is gone: the next list does.
    let without =
        DIALPLAN.replace("exten => 100,hint,Custom:lamp", "exten => 103,hint,Custom:lamp");
    std::fs::write(instance.sandbox().etc().join("extensions.conf"), without).unwrap();
    client.command("dialplan reload").await.unwrap();
    until(&live, |it| it.extensions().is_ok_and(|it| it.contains("103@default"))).await;
    let fresh = Live::start(&client);
    fresh.current().await.unwrap();
    agrees(&fresh, &client).await;
    assert!(!fresh.state().extensions().unwrap().contains("100@default"));
    assert!(live.state().extensions().unwrap().contains("100@default"));
    instance.restart().await.unwrap();
    until(&live, |it| it.extensions().is_ok_and(|it| !it.contains("100@default"))).await;
    live.current().await.unwrap();
    agrees(&live, &client).await;
    end(instance).await;
}

#[tokio::test]
async fn states_of_devices_and_extensions_and_presences_22() {
    states(22).await;
}

#[tokio::test]
async fn states_of_devices_and_extensions_and_presences_16() {
    states(16).await;
}

#[tokio::test]
async fn devices_that_cannot_be_listed_are_unknown_and_hints_are_not() {
    for version in [22, 16] {
        let (instance, client) = boot(version, &["func_devstate"]).await;
        let live = Live::start(&client);
        let state = live.current().await.unwrap();
        for part in [Part::Devices, Part::Presences] {
            assert!(matches!(state.unknown(part), Some(Unknown::Failed { .. })), "{state:?}");
        }
        for part in [Part::Endpoints, Part::Contacts, Part::Registrations] {
            assert!(state.unknown(part).is_none(), "{part}: {:?}", state.unknown(part));
        }
        set(&client, "DEVICE_STATE(Custom:lamp)", "INUSE").await;
        let is_in_use =
            |it: &live::State| Some(it.extensions().ok()?.get("100@default")?.state.is_in_use());
        until(&live, |it| is_in_use(it) == Some(true)).await;
        compare(&live, &client, [lists::extensions()]).await;
        end(instance).await;
    }
}
