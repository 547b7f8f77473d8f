//! A call that was placed: its outcome, its end, and how to hang up.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::events::{Filter, Item, Subscription};
use crate::request::{Originate, Originated};
use crate::wire::{Action, Cause, Event, Response};

type Outcome = Result<Originated, Error>;

/// How long the channels of a call that failed may take to show: the outcome can overtake their
/// events, and there may be none.
const LATE: Duration = Duration::from_secs(1);

impl Client {
    /// Places a call, and gives a handle to wait for its outcome and its end, and to hang up. Needs
    /// what [`originate`](Self::originate) needs, and nothing is sent before the handle's
    /// outcome or end is awaited.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::Originate;
    ///
    /// let call = Originate::to_application("Local/100@phones", "Playback", "tt-monkeys");
    /// let mut call = client.place(call);
    /// let end = call.end().await?;
    /// println!("{}", end.cause());
    /// # Ok(())
    /// # }
    /// ```
    pub fn place(&self, originate: Originate) -> Placed {
        Placed::new(self, originate)
    }
}

/// A call that is placed as soon as its outcome or its end is awaited; see [`Client::place`].
///
/// Its channel gets a unique id that is known before it exists: that of [`Originate::channel_id`],
/// or a random one. Dropping the handle leaves the call alone.
#[must_use = "nothing is sent until its outcome or its end is awaited"]
pub struct Placed {
    client: Client,
    unique_id: String,
    events: Subscription,
    originate: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    outcome: Option<Outcome>,
    /// The unique ids of channels that there are or were.
    created: Vec<Vec<u8>>,
    halves: Vec<Half>,
    /// Whether there was a word of the call.
    begun: bool,
    /// Why nobody will know its end.
    lost: Option<Error>,
}

impl Placed {
    pub(crate) fn new(client: &Client, originate: Originate) -> Self {
        let (unique_id, other_id) = match originate.ids() {
            (Some(id), other) => (id.to_owned(), other),
            (None, other) => (Uuid::new_v4().simple().to_string(), other),
        };
        let other_id = other_id.map_or_else(|| format!("{unique_id};2"), str::to_owned);
        let originate = originate.channel_id(&unique_id);
        let ids = [unique_id.clone().into_bytes(), other_id.into_bytes()];
        let ours = move |event: &Event| {
            event.get("Uniqueid").is_some_and(|id| ids.iter().any(|it| it == id))
        };
        let events = client
            .subscribe(Filter::named(["Newchannel", "Hangup", "OriginateResponse"]).when(ours));
        let originate = {
            let client = client.clone();
            Box::pin(async move { client.originate(originate).await })
        };
        Self {
            client: client.clone(),
            unique_id,
            events,
            originate,
            outcome: None,
            created: Vec::new(),
            halves: Vec::new(),
            begun: false,
            lost: None,
        }
    }

    /// The unique id of the channel. The other half of a `Local` channel has `;2` behind it.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }

    /// Waits until the call is answered or has failed, as [`Client::originate`] does.
    ///
    /// Cancel safe: the call goes on, and the next future waits for the same outcome.
    ///
    /// # Errors
    ///
    /// As [`Client::originate`].
    pub async fn outcome(&mut self) -> Result<Originated, Error> {
        if self.outcome.is_none() {
            let outcome = poll_fn(|cx| self.originate.as_mut().poll(cx)).await;
            self.outcome = Some(outcome);
        }
        self.outcome.clone().unwrap_or(Err(Error::NoResponse))
    }

    /// Waits until the channel has ended, and the other half of it if it is a `Local` one, and
    /// tells why. It does so for a call that failed, too: the causes say more than the outcome.
    ///
    /// Cancel safe: what has come is kept.
    ///
    /// # Errors
    ///
    /// As [`Client::originate`], but for [`Error::Originate`]; [`Error::Lost`] if the connection
    /// was lost behind its beginning, or [`Error::Missed`], so that nobody knows. A filter in
    /// the server or an event mask that keeps `Hangup` back keeps this from ending before the
    /// connection does.
    ///
    /// A `Local` channel that optimises itself away has ended while the call goes on without it;
    /// `/n` behind its name keeps it.
    pub async fn end(&mut self) -> Result<End, Error> {
        let answered = match self.outcome().await {
            Ok(call) if call.unique_id() != self.unique_id => {
                return Err(Error::OtherChannel);
            }
            Ok(_) => true,
            Err(Error::Originate { .. }) => false,
            Err(error) => return Err(error),
        };
        while !self.has_ended() {
            if let Some(error) = &self.lost {
                return Err(error.clone());
            }
            let next = self.events.next();
            let item = if answered || !self.created.is_empty() {
                next.await
            } else {
                // There may be no channel at all, or its events are still to come.
                match timeout(LATE, next).await {
                    Ok(item) => item,
                    Err(_) => break,
                }
            };
            match item {
                Some(Item::Event(event)) => self.note(&event),
                // What is from before the call was placed has nothing to do with it.
                Some(Item::Gap(_) | Item::Missed(_)) if !self.begun => {}
                Some(Item::Gap(gap)) => self.lost = Some(Error::Lost(gap.reason)),
                Some(Item::Missed(missed)) => self.lost = Some(Error::Missed(missed)),
                Some(Item::Stray(_)) => {}
                None => self.lost = Some(Error::Lost(self.client.ended().await)),
            }
        }
        Ok(End { halves: self.halves.clone() })
    }

    fn has_ended(&self) -> bool {
        self.halves.len() >= self.created.len().max(1)
    }

    fn note(&mut self, event: &Event) {
        self.begun = true;
        if event.is("Newchannel") {
            self.created.extend(event.get("Uniqueid").map(<[u8]>::to_vec));
        } else if event.is("Hangup") {
            self.halves.push(Half::new(event));
        }
    }

    /// Hangs the channel up, whatever it does, with the cause 16 (`NORMAL_CLEARING`): without one
    /// the server would say 0, as it does of many failures.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the server refuses it if there is no such channel, not yet or no
    /// longer.
    pub async fn hang_up(&self) -> Result<Response, Error> {
        let hangup = Action::new("Hangup").field("Channel", &self.unique_id);
        self.client.call(hangup.field("Cause", "16")).await
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").field("unique_id", &self.unique_id).finish_non_exhaustive()
    }
}

/// The end of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct End {
    /// The ends of the channels: one, or two for a `Local` channel; in the order in which they
    /// ended. None if there was no channel, as for a technology that the server does not have.
    pub halves: Vec<Half>,
}

impl End {
    /// Why the call ended. The halves of a `Local` channel can say different things: of a call to
    /// somebody who is busy, `;1` says 0 and `;2` says 17. This is the one that says most:
    /// neither 0 nor 16, if there is such a cause.
    pub fn cause(&self) -> Cause {
        let says = |cause: &Cause| match cause.number() {
            0 => 0,
            16 => 1,
            _ => 2,
        };
        self.halves.iter().map(Half::cause).max_by_key(says).unwrap_or_default()
    }
}

/// The end of a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Half {
    event: Event,
    channel: String,
}

impl Half {
    fn new(hangup: &Event) -> Self {
        let channel = hangup.text("Channel").unwrap_or_default().into_owned();
        Self { event: hangup.detach(), channel }
    }

    /// The channel's name, with U+FFFD for what is not UTF-8.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Why it was hung up; 0 if it does not say.
    pub fn cause(&self) -> Cause {
        Cause::of(&self.event).unwrap_or_default()
    }

    /// The `Hangup`, with all its fields.
    pub fn event(&self) -> &Event {
        &self.event
    }
}
