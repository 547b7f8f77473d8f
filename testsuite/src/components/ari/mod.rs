//! ARI: the objects that open its websocket, and modules for what comes on it.
//!
//! Events of ARI are handed out one after another, and everything that a component does for one is
//! done before the next one is. What is done on another occasion [holds](hold) them back.

use crate::ari::Client;
use crate::case::TestCase;

mod awaited;
mod hangup_monitor;
mod iterations;
mod json;
mod needed;
mod object;
#[cfg(test)]
pub(in crate::components) mod peer;
mod pump;
mod request;
mod setup;
mod turn;
pub(in crate::components) mod websocket_event;

pub(in crate::components) use self::awaited::Awaited;
pub(super) use self::hangup_monitor::KIND as HANGUP_MONITOR;
pub(in crate::components) use self::needed::expect_object;
pub(super) use self::object::{BASE, CALLS, ORIGINATES};
pub(in crate::components) use self::request::{Done, Request};
pub(in crate::components) use self::turn::hold;

/// The state that the components of ARI have in common.
#[derive(Default)]
struct Common {
    /// The client of the first server, once an object of ARI has prepared the test.
    client: Option<Client>,
    /// Set if the apps are to hear of all channels.
    wants_channels: bool,
}

/// Returns the client of ARI. `None` in a test whose object is none of ARI, and before that object
/// has prepared the test, which it does after all modules.
pub(in crate::components) fn client_of(test: &TestCase) -> Option<Client> {
    test.with_common(|common: &mut Common| common.client.clone())
}
