//! Actions on the database, the dialplan, files, modules and states.

use std::fs;

use ami::event::TypedEvent;
use ami::value::DeviceState;
use ami::{Client, Error, action, event};
use instance::Instance;

use super::until;

pub(super) async fn effects(client: &Client, instance: &Instance, major: u32) {
    tokio::join!(
        database(client),
        dialplan(client),
        files(client, instance),
        modules(client),
        states(client),
        log(client, instance),
        users(client),
        mailbox(client, major),
    );
}

async fn database(client: &Client) {
    let show = async || client.command("database show effect").await.unwrap().to_string();
    client.call(action::DBPut::new("effect", "one").val("a: b")).await.unwrap();
    client.call(action::DBPut::new("effect", "two").val("c")).await.unwrap();
    assert!(show().await.contains("a: b"));
    let got = client.call(action::DBGet::new("effect", "one")).await.unwrap();
    assert_eq!(got.items[0].val().as_deref(), Some("a: b"));
    client.call(action::DBDel::new("effect", "one")).await.unwrap();
    let shown = show().await;
    assert!(!shown.contains("a: b") && shown.contains("/effect/two"), "{shown}");
    client.call(action::DBDelTree::new("effect")).await.unwrap();
    assert!(!show().await.contains("/effect"));
}

async fn dialplan(client: &Client) {
    let listed = async || {
        let show = action::ShowDialPlan::new().context("effects");
        let list = client.call(show).await.map(|list| list.items).unwrap_or_default();
        list.iter().any(|it| it.application().as_deref() == Some("NoOp"))
    };
    let add = action::DialplanExtensionAdd::new("effects", "300", "1", "NoOp");
    client.call(add.application_data("hello").replace(true)).await.unwrap();
    assert!(listed().await);
    client.call(action::DialplanExtensionRemove::new("effects", "300")).await.unwrap();
    assert!(!listed().await);
}

async fn files(client: &Client, instance: &Instance) {
    let file = instance.sandbox().etc().join("effects.conf");
    client.call(action::CreateConfig::new("effects.conf")).await.unwrap();
    assert!(file.exists());
    let update = action::UpdateConfig::new("effects.conf", "effects.conf")
        .field("Action-000000", "NewCat")
        .field("Cat-000000", "first")
        .field("Action-000001", "Append")
        .field("Cat-000001", "first")
        .field("Var-000001", "key")
        .field("Value-000001", "value");
    client.call(update).await.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("[first]") && text.contains("key = value"), "{text}");
    let categories = client.call(action::ListCategories::new("effects.conf")).await.unwrap();
    assert_eq!(categories.text("Category-000000").as_deref(), Some("first"));
    let json = client.call(action::GetConfigJSON::new("effects.conf")).await.unwrap();
    assert_eq!(json.text("JSON").as_deref(), Some(r#"{"first":{"key":"value"}}"#));
    let whole = client.call(action::GetConfig::new("effects.conf")).await.unwrap();
    assert_eq!(whole.text("Line-000000-000000").as_deref(), Some("key=value"));
}

async fn modules(client: &Client) {
    let module = "app_zapateller.so";
    let is_loaded = async || client.call(action::ModuleCheck::new("app_zapateller")).await;
    client.call(action::ModuleLoad::new("unload").module(module)).await.unwrap();
    assert!(matches!(is_loaded().await, Err(Error::Rejected(_))));
    client.call(action::ModuleLoad::new("load").module(module)).await.unwrap();
    is_loaded().await.unwrap();
    let mut told = client.subscribe_to::<event::Reload>();
    client.call(action::Reload::new().module("res_parking.so")).await.unwrap();
    until(&mut told, |it| it.module().as_deref() == Some("res_parking.so")).await;
}

async fn states(client: &Client) {
    let mut told = client.subscribe_to::<event::ExtensionStatus>();
    client.call(action::Setvar::new("DEVICE_STATE(Custom:lamp)", "INUSE")).await.unwrap();
    until(&mut told, |it| it.exten().as_deref() == Some("watched")).await;
    let watched = client.call(action::ExtensionState::new("watched", "default")).await.unwrap();
    assert_eq!(watched.text("StatusText").as_deref(), Some("InUse"));
    let devices = client.call(action::DeviceStateList::new()).await.unwrap();
    let lamp = devices.items.iter().find(|it| it.device().as_deref() == Some("Custom:lamp"));
    assert_eq!(lamp.unwrap().state().unwrap(), Some(DeviceState::InUse));
    let away = action::Setvar::new("PRESENCE_STATE(CustomPresence:alice)", "away,lunch,back");
    client.call(away).await.unwrap();
    let alice = client.call(action::PresenceState::new("CustomPresence:alice")).await.unwrap();
    assert_eq!(alice.text("State").as_deref(), Some("away"));
    assert_eq!(alice.text("Subtype").as_deref(), Some("lunch"));
}

async fn log(client: &Client, instance: &Instance) {
    client.call(action::LoggerRotate::new()).await.unwrap();
    assert!(instance.sandbox().logs().join("messages.txt.0").exists());
    let uptime = client.call(action::Command::new("core show uptime")).await.unwrap();
    assert!(uptime.to_string().contains("System uptime"));
}

async fn users(client: &Client) {
    let mut told = client.subscribe_to::<event::UserEvent>();
    client.call(action::UserEvent::new("Effect").field("Text", "a: b")).await.unwrap();
    let told = until(&mut told, |it| it.user_event().as_deref() == Some("Effect")).await;
    assert_eq!(told.raw().text("Text").as_deref(), Some("a: b"));
}

/// The server that has an application for it counts the messages of a mailbox.
async fn mailbox(client: &Client, major: u32) {
    let count = client.call(action::MailboxCount::new("100@default")).await.unwrap();
    assert_eq!(count.text("NewMessages").as_deref(), Some("0"), "{major}");
}
