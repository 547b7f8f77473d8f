//! Endpoints of PJSIP, their contacts, and registrations with other servers.

use std::time::{Duration, SystemTime};

use ami::Event;
use ami::value::{ContactState, DeviceState, RegistrationStatus};

use super::Since;
use crate::text::Id;

/// An endpoint of PJSIP.
///
/// The server tells the configuration of an endpoint in its list alone. One that a reload has added
/// is known by name and state until the server is asked again, and one that a reload has taken away
/// may stay until then: the server does not always tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// The name.
    pub name: Id,
    /// The transport. Empty if none is configured.
    pub transport: Box<str>,
    /// The names of the addresses of record (AORs).
    pub aors: Box<[Box<str>]>,
    /// The names of the sections with which callers authenticate themselves.
    pub auths: Box<[Box<str>]>,
    /// The names of the sections with which the server authenticates itself.
    pub outbound_auths: Box<[Box<str>]>,
    /// The state, as the server's list of endpoints has it. The [device](crate::Device)
    /// `PJSIP/name` can stay behind: the server works out its state with what it knows of the
    /// endpoint a moment late, and then tells no change.
    pub state: DeviceState,
    /// `true` if a contact is reachable, or nobody asks whether it is (qualify). `None` if that is
    /// not known, as of an endpoint that was in use when it was first seen.
    pub reachable: Option<bool>,
    /// The beginning of the state.
    pub since: Since,
    /// The latest event, or item of a list, that described the endpoint.
    pub last: Event,
}

/// A contact: an address at which an endpoint is reached, either configured or registered by the
/// endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Contact {
    /// The AOR and the address: `aor/uri`.
    pub id: Id,
    /// The address.
    pub uri: Box<str>,
    /// The name of the address of record (AOR).
    pub aor: Box<str>,
    /// The name of the endpoint. Empty if it is not known.
    pub endpoint: Box<str>,
    /// The status. `None` if it is not known: the lists of the server tell the status of
    /// registered contacts alone, and no event has told that of this one, which is configured.
    pub status: Option<ContactState<'static>>,
    /// The beginning of the status.
    pub since: Since,
    /// The time that the endpoint took to answer an OPTIONS request (qualify): the one with which
    /// the status began, or the latest one before a list came. `None` unless it is reachable.
    pub round_trip: Option<Duration>,
    /// The user agent. Empty if it is not known.
    pub user_agent: Box<str>,
    /// The time at which the contact expires, or was to expire: no event tells that it was
    /// registered again. `None` if it does not expire, or the time is not known.
    pub expires: Option<SystemTime>,
    /// The latest event, or item of a list, that described the contact.
    pub last: Event,
}

/// A registration of this server with another one (PJSIP).
///
/// No event names a registration; events have the two URIs. One that a reload has added or taken
/// away is seen when the server is asked again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registration {
    /// The name of the section that configures the registration.
    pub name: Id,
    /// The URI that is registered (`client_uri`).
    pub client_uri: Box<str>,
    /// The URI of the server that is registered with (`server_uri`).
    pub server_uri: Box<str>,
    /// The status.
    pub status: RegistrationStatus<'static>,
    /// The beginning of the status.
    pub since: Since,
    /// The time of the next attempt. `None` if there is none, or the time is not known.
    pub next: Option<SystemTime>,
    /// The latest event, or item of a list, that described the registration. Secrets of the
    /// registration are in neither.
    pub last: Event,
}
