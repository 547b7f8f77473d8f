//! States of devices and people, mail, modules, the log.

use super::{Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: states, mail, modules)
}

async fn states(stage: &Stage) -> Result {
    let mut device = stage.watch("DeviceStateChange", &[("Device", "Custom:lamp")]);
    let mut hint = stage.watch("ExtensionStatus", &[("Exten", "watched")]);
    let mut person = stage.watch("PresenceStateChange", &[("Presentity", "CustomPresence:alice")]);
    let mut shown = stage.watch("PresenceStatus", &[("Exten", "watched")]);
    for (variable, value) in [
        ("DEVICE_STATE(Custom:lamp)", "INUSE"),
        ("PRESENCE_STATE(CustomPresence:alice)", "away,lunch,back \"soon\""),
    ] {
        stage.act("Setvar", &[("Variable", variable), ("Value", value)]).await?;
    }
    device.next().await?;
    hint.next().await?;
    person.next().await?;
    shown.next().await?;
    Ok(())
}

async fn mail(stage: &Stage) -> Result {
    let mut waiting = stage.watch("MessageWaiting", &[]);
    stage.ring("light").await?;
    waiting.next().await?;
    Ok(())
}

async fn modules(stage: &Stage) -> Result {
    let module = ("Module", "app_zapateller.so");
    let mut unloaded = stage.watch("Unload", &[module]);
    stage.act("ModuleLoad", &[module, ("LoadType", "unload")]).await?;
    unloaded.next().await?;
    let mut loaded = stage.watch("Load", &[module]);
    stage.act("ModuleLoad", &[module, ("LoadType", "load")]).await?;
    loaded.next().await?;
    let mut reloaded = stage.watch("Reload", &[]);
    stage.act("Reload", &[("Module", "res_parking.so")]).await?;
    reloaded.next().await?;
    if stage.major >= 22 {
        let mut status = stage.watch("PJSIPMaintenanceStatus", &[]);
        stage.act("PJSIPSetMaintenance", &[("Endpoint", "idle"), ("State", "on")]).await?;
        status.next().await?;
    }
    Ok(())
}
