//! ARI: the objects that open its websocket, and what modules of a test do with it.

use crate::ari::Client;
use crate::case::TestCase;

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
