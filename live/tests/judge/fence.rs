//! Fences for the parts of a server whose events do not come by the way of all others.

use std::time::Duration;

use live::ami::{Action, Client, Error};
use live::{Live, State};

/// The parking lot and the conference that are fences.
const NAME: &str = "fence";

/// The time after which a fence is taken to be lost.
const LOST: Duration = Duration::from_secs(60);

/// A part that has a queue of events of its own, which can be seconds late.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Fence {
    Parking,
    Conferences,
}

impl Fence {
    /// Returns the fence for entities of a kind, if they need one of their own.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        match kind {
            "parked call" => Some(Self::Parking),
            "conference" | "conference member" => Some(Self::Conferences),
            _ => None,
        }
    }

    /// Waits until the state has seen what the server told of the part up to now: a call is made
    /// that the part tells of. It ends by itself.
    pub(crate) async fn wait(self, live: &Live, client: &Client) -> Result<(), Error> {
        let application = match self {
            Self::Parking => "Park",
            Self::Conferences => "ConfBridge",
        };
        let id = format!("fence-{:x}", fastrand::u64(..));
        let call = Action::new("Originate")
            .field("Async", "true")
            .field("Channel", "Local/fence@phones/n")
            .field("ChannelId", &id)
            .field("OtherChannelId", format!("{id}-2"))
            .field("Application", application)
            .field("Data", NAME);
        client.call(call).await?;
        let is_told = |state: &State| match self {
            Self::Parking => {
                let lots = state.parking_lots().ok();
                lots.and_then(|it| it.get(NAME)?.call(&id)).is_some()
            }
            Self::Conferences => {
                let conferences = state.conferences().ok();
                conferences.and_then(|it| it.get(NAME)?.member(&id)).is_some()
            }
        };
        let told = tokio::time::timeout(LOST, live.until(is_told)).await;
        told.unwrap_or_else(|_| panic!("{self:?}: {id} was not told")).unwrap();
        Ok(())
    }
}
