//! The events of a server.

use ami::{Client, Config, Disconnect, Filter, Item, State, Subscription};
use tokio::sync::watch;

use super::Told;
use crate::connect::subscribed;
use crate::exit::{Exit, Failure};
use crate::options::Options;

/// The events of a server.
#[derive(Debug)]
pub(in crate::commands) struct Live {
    client: Client,
    events: Subscription,
    state: watch::Receiver<State>,
    /// `true` once the loss of the connection was told.
    down: bool,
}

impl Live {
    /// Connects, with a subscription to all events from the first one on.
    pub(in crate::commands) async fn connect(
        options: &Options,
        filter: Filter,
        configure: impl FnOnce(Config) -> Config,
    ) -> Result<Self, Failure> {
        let (client, events) = subscribed(options, filter, configure).await?;
        let state = client.state();
        Ok(Self { client, events, state, down: false })
    }

    pub(in crate::commands) fn client(&self) -> &Client {
        &self.client
    }

    pub(in crate::commands) async fn next(&mut self) -> Result<Told, Failure> {
        loop {
            tokio::select! {
                biased;
                item = self.events.next() => return match item {
                    Some(item) => Ok(self.told(item)),
                    None => Err(self.ended().await),
                },
                changed = self.state.changed(), if !self.down => {
                    let state = self.state.borrow_and_update().clone();
                    if let (Ok(()), State::Down(error)) = (changed, state) {
                        self.down = true;
                        return Ok(Told::Down(format!("{error:#}")));
                    }
                }
            }
        }
    }

    fn told(&mut self, item: Item) -> Told {
        match item {
            Item::Event(event) => Told::Event(event),
            Item::Missed(missed) => Told::Missed(missed),
            Item::Gap(gap) => {
                self.down = false;
                Told::Gap(Box::new(gap))
            }
            Item::Withheld(withheld) => Told::Note(withheld.to_string()),
            // The filter does not ask for them.
            Item::Stray(_) => Told::Note("a message that is no event".to_owned()),
        }
    }

    async fn ended(&self) -> Failure {
        match self.client.ended().await {
            Disconnect::Refused(error) => (*error).clone().into(),
            reason => Failure::new(Exit::Lost, ami::Error::Lost(reason)),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.events.queued() == 0
    }

    pub(in crate::commands) fn banner(&self) -> Vec<u8> {
        self.client.banner().line().to_vec()
    }
}
