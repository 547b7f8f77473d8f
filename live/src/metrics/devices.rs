//! Families of devices, and of endpoints, contacts and registrations of PJSIP.

use std::fmt;

use ami::value::{ContactState, RegistrationStatus};

use super::text::{Counts, Kind, family};
use crate::state::State;

pub(super) fn write(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Ok(devices) = state.devices() {
        let counts = Counts::of(devices.iter().map(|it| it.state.name()));
        family(f, Kind::Gauge, "asterisk_devices", "Devices by state.")?
            .counts("state", &counts)?;
    }
    if let Ok(endpoints) = state.endpoints() {
        let counts = Counts::of(endpoints.iter().map(|it| it.state.name()));
        family(f, Kind::Gauge, "asterisk_endpoints", "Endpoints of PJSIP by state.")?
            .counts("state", &counts)?;
    }
    if let Ok(contacts) = state.contacts() {
        let counts = Counts::of(contacts.iter().map(|it| match &it.status {
            None => Some("not_told"),
            Some(ContactState::Other(_)) => None,
            Some(known) => Some(known.as_str()),
        }));
        family(f, Kind::Gauge, "asterisk_contacts", "Contacts of PJSIP endpoints by status.")?
            .counts("status", &counts)?;
    }
    if let Ok(registrations) = state.registrations() {
        let counts = Counts::of(registrations.iter().map(|it| match &it.status {
            RegistrationStatus::Other(_) => None,
            known => Some(known.as_str()),
        }));
        family(f, Kind::Gauge, "asterisk_registrations", "Registrations with others by status.")?
            .counts("status", &counts)?;
    }
    Ok(())
}
