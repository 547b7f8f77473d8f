//! States of devices and of extensions, and presences.

mod extensions;
mod presences;

use std::collections::HashSet;

use ami::value::DeviceState;
use ami::{Collected, Event};

use super::base::Model;
use super::gone::{gone, is_told, note};
use crate::change::What;
use crate::state::{Device, Part};
use crate::text::{Id, filled};

pub(super) const DEVICE_LISTS: &[&str] = &["DeviceStateList"];
pub(super) const EXTENSION_LISTS: &[&str] = &["ExtensionStateList"];
pub(super) const PRESENCE_LISTS: &[&str] = &["PresenceStateList"];

pub(super) const DEVICE_EVENTS: &[&str] = &["DeviceStateChange"];
pub(super) const EXTENSION_EVENTS: &[&str] = &["ExtensionStatus"];
// The presence of an extension (`PresenceStatus`) is that of the provider that its hint names.
pub(super) const PRESENCE_EVENTS: &[&str] = &["PresenceStateChange"];

/// Applies an event. Returns `false` if it is of another part, too.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"DeviceStateChange" => {
            see(model, event);
            // The state of an endpoint is that of its device.
            return false;
        }
        b"ExtensionStatus" => drop(extensions::see(model, event)),
        b"PresenceStateChange" => drop(presences::see(model, event)),
        _ => return false,
    }
    true
}

/// Applies a list.
pub(super) fn list(model: &mut Model, part: Part, collected: &Collected) {
    match part {
        Part::Extensions => extensions::list(model, collected),
        Part::Presences => presences::list(model, collected),
        _ => list_devices(model, collected),
    }
}

fn list_devices(model: &mut Model, collected: &Collected) {
    let named: HashSet<_> = collected.items.iter().filter_map(|item| see(model, item)).collect();
    for id in gone(model, Part::Devices, &model.state.devices, &named) {
        if let Some(device) = model.state.devices.remove(&id) {
            model.tell(What::DeviceRemoved { device });
        }
    }
}

/// Takes over what an event says of a device.
fn see(model: &mut Model, event: &Event) -> Option<Id> {
    let name = filled(event, "Device")?;
    let to = filled(event, "State")?.parse::<DeviceState>().ok()?;
    let since = model.since();
    if let Some(device) = model.state.devices.get(&name)
        && model.from_list
        && is_told(model, Part::Devices, &device.name)
    {
        return Some(Id::clone(&device.name));
    }
    if let Some(device) = model.state.devices.get_mut(&name) {
        device.last = event.detach();
        let (id, from) = (Id::clone(&device.name), device.state);
        if from != to {
            (device.state, device.since) = (to, since);
            model.tell(What::DeviceState { device: Id::clone(&id), from: Some(from), to });
        }
        note(model, Part::Devices, &id);
        if is_over(&id, to)
            && let Some(device) = model.state.devices.remove(&id)
        {
            model.tell(What::DeviceRemoved { device });
        }
        return Some(id);
    }
    if is_over(&name, to) {
        return None;
    }
    let id = Id::from(&*name);
    let device = Device { name: Id::clone(&id), state: to, since, last: event.detach() };
    model.state.devices.insert(Id::clone(&id), device);
    note(model, Part::Devices, &id);
    model.tell(What::DeviceState { device: Id::clone(&id), from: None, to });
    Some(id)
}

/// Returns `true` for a device that has ended and whose state the server does not keep: that of
/// Local channels, whose names are as many as the numbers that are called, and that of the channels
/// that play and record for a conference.
fn is_over(name: &str, state: DeviceState) -> bool {
    const NOT_KEPT: &[&str] = &["Local/", "CBAnn/", "CBRec/"];
    NOT_KEPT.iter().any(|prefix| name.starts_with(prefix))
        && matches!(state, DeviceState::NotInUse | DeviceState::Invalid | DeviceState::Unknown)
}

#[cfg(test)]
mod tests;
