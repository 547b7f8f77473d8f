//! Devices, extensions (hints) and presence.

use ami::Event;
use ami::value::{DeviceState, ExtensionState, PresenceState};

use super::Since;
use crate::text::Id;

/// A device: whatever can be idle, ring or be busy, such as `PJSIP/alice`, `Custom:lamp`,
/// `Queue:sales` or `confbridge:400`.
///
/// The server knows the devices whose state has changed since it started, and knows them until it
/// ends: also a device that is no longer configured, which is [`DeviceState::Invalid`] then. Those
/// of Local channels, and of the channels that play and record for a conference (`CBAnn/400`), are
/// the exception: the server keeps hardly any of them, and a state has them only while they are in
/// use, and only from their next event on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Device {
    /// The name.
    pub name: Id,
    /// The state.
    pub state: DeviceState,
    /// The beginning of the state.
    pub since: Since,
    /// The latest event, or item of a list, that described the device.
    pub last: Event,
}

/// An extension that has a hint.
///
/// A hint for a pattern such as `_2XX` counts for each extension that somebody has asked for.
///
/// The server tells nobody when a reload of the dialplan takes a hint away or changes the devices
/// of one; that is seen when the server is asked again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Extension {
    /// The extension and its context: `extension@context`.
    pub id: Id,
    /// The extension.
    pub exten: Box<str>,
    /// The context.
    pub context: Box<str>,
    /// The hint: the devices that the state is made from, and the provider of presence if there is
    /// one, such as `PJSIP/alice&Custom:lamp,CustomPresence:alice`.
    pub hint: Box<str>,
    /// The state.
    pub state: ExtensionState,
    /// The state as the server writes it, such as `InUse&Ringing`.
    pub status_text: Box<str>,
    /// The beginning of the state.
    pub since: Since,
    /// The provider of presence that the hint names: the name of a [`Presence`]. `None` if it
    /// names none.
    pub presence: Option<Id>,
    /// The latest event, or item of a list, that described the extension.
    pub last: Event,
}

/// The presence of somebody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Presence {
    /// The name, such as `CustomPresence:alice`.
    pub name: Id,
    /// The state.
    pub state: PresenceState,
    /// The subtype. Empty if there is none.
    pub subtype: Box<str>,
    /// The message. Empty if there is none.
    pub message: Box<str>,
    /// The beginning of the presence with this state, subtype and message.
    pub since: Since,
    /// The latest event, or item of a list, that described the presence.
    pub last: Event,
}
