//! ARI: the objects that open its websocket, and what modules of a test do with it.

use crate::ari::Client;
use crate::case::TestCase;

mod awaited;
mod json;
mod needed;
#[cfg(test)]
pub(in crate::components) mod peer;
mod request;
mod turn;
pub(in crate::components) mod websocket_event;

pub(in crate::components) use self::awaited::Awaited;
pub(in crate::components) use self::needed::expect_object;
pub(in crate::components) use self::request::{Done, Request};
pub(in crate::components) use self::turn::hold;

/// The state that the components of ARI have in common.
#[derive(Default)]
struct Common {
    /// The client of the first server, once an object of ARI has prepared the test.
    client: Option<Client>,
}

/// Returns the client of ARI. `None` in a test whose object is none of ARI, and before that object
/// has prepared the test.
pub(in crate::components) fn client_of(test: &TestCase) -> Option<Client> {
    test.with_common(|common: &mut Common| common.client.clone())
}
