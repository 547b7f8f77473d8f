//! The events of several servers, in one stream.

use std::collections::VecDeque;
use std::time::SystemTime;

use ami::{Config, Filter};
use fleet::{Item, Origin, Subscription, What};
use futures_util::FutureExt;
use jiff::Timestamp;

use super::Told;
use crate::commands::joined::{Joined, failure};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Out, local};

/// The events of several servers.
#[derive(Debug)]
pub(in crate::commands) struct Merged {
    joined: Joined,
    events: Subscription,
    /// The next item, if it is there.
    ahead: VecDeque<Item>,
    /// The server of what was returned last, and the time at which it came.
    origin: Option<Origin>,
    received: SystemTime,
}

impl Merged {
    /// Connects, with a subscription to all events from the first one on.
    pub(in crate::commands) async fn connect(
        servers: Vec<Options>,
        filter: Filter,
        configure: impl Fn(Config) -> Config,
        out: &mut Out,
    ) -> Result<Self, Failure> {
        let mut joined = Joined::new(servers, out)?;
        let events = joined.fleet.subscribe(filter);
        joined.connect(configure, out).await?;
        let (ahead, received) = (VecDeque::new(), SystemTime::now());
        Ok(Self { joined, events, ahead, origin: None, received })
    }

    /// Waits for the next piece. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Told, Failure> {
        loop {
            let item = match self.ahead.pop_front() {
                Some(item) => item,
                None => match self.events.next().await {
                    Some(item) => item,
                    None => return Err(Failure { exit: Exit::Lost, error: None, hint: None }),
                },
            };
            self.ahead.extend(self.events.next().now_or_never().flatten());
            self.received = item.received;
            let origin = item.origin.clone();
            self.origin = Some(item.origin);
            match item.what {
                What::Event(event) => return Ok(Told::Event(event)),
                What::Missed(missed) => return Ok(Told::Missed(missed)),
                What::Gap(gap) => {
                    self.joined.is_up(&origin);
                    return Ok(Told::MergedGap(Box::new(gap)));
                }
                What::Up(_) if self.joined.is_up(&origin) => {
                    return Ok(Told::Note("connected".to_owned()));
                }
                What::Up(_) => {}
                What::Down(reason) => return Ok(Told::Down(format!("{reason:#}"))),
                What::Withheld(classes) => return Ok(Told::Note(classes.to_string())),
                What::Ended(reason) => return Ok(Told::Failed(failure(reason))),
            }
        }
    }

    /// Tells that the server of what was returned last has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if it was the last one.
    pub(super) fn failed(&mut self, failure: &Failure, out: &mut Out) -> Result<(), Failure> {
        let Some(origin) = &self.origin else { return Ok(()) };
        self.joined.fail(origin, failure, out)?;
        self.joined.any_left()
    }

    /// Returns the time of what was returned last.
    pub(super) fn time(&self) -> Option<String> {
        Timestamp::try_from(self.received).ok().map(local)
    }

    /// Returns the output of the server of what was returned last.
    pub(super) fn out(&mut self) -> Option<&mut Out> {
        self.joined.out(self.origin.as_ref()?)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ahead.is_empty()
    }

    /// Returns the end of the program, as far as the servers that are away decide it.
    pub(in crate::commands) fn exit(&self) -> Exit {
        self.joined.exit()
    }
}
