//! The state of a server, followed by a command.

use std::time::Duration;

use live::ami::{self, Client, Config, Disconnect};
use live::{Ended, Live, Part, State};
use tokio::time::timeout;

use crate::connect::target;
use crate::exit::{Exit, Failure};
use crate::options::Options;

/// The state of a server, with the client that it is read with.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) client: Client,
    pub(crate) live: Live,
    /// The user and the address of the server.
    pub(crate) server: String,
}

impl Followed {
    /// Connects, with settings that a command changes, and begins to follow these parts.
    pub(crate) async fn start(
        options: &Options,
        parts: &[Part],
        change: impl FnOnce(Config) -> Config,
    ) -> Result<Self, Failure> {
        let target = target(options).await?;
        let client = target.connect(change).await.map_err(|error| target.failure(error))?;
        let config = live::Config::new().parts(parts.iter().copied());
        let live = Live::start_with(&client, config);
        Ok(Self { client, live, server: target.server.to_string() })
    }

    /// Waits until the first lists of the server are in, for so long.
    pub(crate) async fn current(&self, longest: Duration) -> Result<State, Failure> {
        match timeout(longest, self.live.current()).await {
            Ok(Ok(state)) => Ok(state),
            Ok(Err(ended)) => Err(Failure { exit: Exit::NoConnection, ..failure(ended) }),
            Err(_) => {
                let text = format!("the lists of the server did not come within {longest:?}");
                Err(Failure::new(Exit::NoConnection, anyhow::Error::msg(text)))
            }
        }
    }
}

/// Returns the failure of a state that is no longer kept.
pub(crate) fn failure(ended: Ended) -> Failure {
    let Ended::Client(reason) = ended else { return Failure::new(Exit::Refused, ended) };
    match &*reason {
        Disconnect::Refused(error) => (**error).clone().into(),
        reason => Failure::new(Exit::Lost, ami::Error::Lost(reason.clone())),
    }
}
