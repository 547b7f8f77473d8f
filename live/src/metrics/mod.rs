//! Metrics of a state and of its client, as OpenMetrics text.

use std::fmt;

use ami::Stats;

use crate::state::State;

mod calls;
mod devices;
mod health;
mod queues;
mod text;

/// The media type (`Content-Type`) of the text that [`Metrics`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a state and of its client, which `Display` writes as OpenMetrics text. A program
/// serves it with [`CONTENT_TYPE`].
///
/// Gauges are those of the state. Counters and histograms count from the start of the
/// [`Live`](crate::Live), and do not step back when the connection is lost or the server restarts.
/// A part that is not [known](State::unknown) has no gauges, and `asterisk_state_unknown` tells so;
/// while the state is stale (`asterisk_state_stale`), gauges are as of the loss.
///
/// Labels have names that the configuration of the server chose: those of queues. No label has data
/// of a caller, such as a number, a name, or that of a channel or conference.
///
/// ```no_run
/// use live::metrics::Metrics;
///
/// fn page(live: &live::Live, client: &ami::Client) -> String {
///     Metrics::new(&live.state(), &client.stats()).to_string()
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Metrics<'a> {
    state: &'a State,
    stats: &'a Stats,
}

impl<'a> Metrics<'a> {
    /// Creates the metrics of a state and of the client that it was read with.
    pub fn new(state: &'a State, stats: &'a Stats) -> Self {
        Self { state, stats }
    }
}

impl fmt::Display for Metrics<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calls::write(self.state, f)?;
        queues::write(self.state, f)?;
        devices::write(self.state, f)?;
        health::knowledge(self.state, f)?;
        health::connection(self.state, self.stats, f)?;
        f.write_str("# EOF\n")
    }
}
