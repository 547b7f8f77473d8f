//! Placed calls: their outcome, their end, and hanging up.

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
use crate::wire::{Action, Cause, Event};

type Outcome = Result<Originated, Error>;

/// The time that the channels of a failed call may take to appear: the outcome can overtake their
/// events, and there may be no channel.
const LATE: Duration = Duration::from_secs(1);

impl Client {
    /// Places a call, and returns a handle that waits for its outcome and its end, and that can
    /// hang up.
    ///
    /// The call is placed when the outcome or the end is first awaited. Needs the permissions of
    /// [`originate`](Self::originate).
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

/// A call that is placed as soon as its outcome or its end is first awaited. See [`Client::place`].
///
/// The unique id of its channel is known before the channel exists: it is that of
/// [`Originate::channel_id`], or a random one.
///
/// Dropping the handle does not hang up. Dropping it before the action is written takes the action
/// back.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// use std::time::Duration;
/// use ami::Originate;
///
/// let call = Originate::to_application("PJSIP/100", "Playback", "tt-monkeys");
/// let mut call = client.place(call);
/// // `outcome` is cancel safe: the call goes on after the time-out.
/// match tokio::time::timeout(Duration::from_secs(5), call.outcome()).await {
///     Ok(answered) => println!("{} answered", answered?.channel()),
///     Err(_) => drop(call.hang_up().await?),
/// }
/// println!("{}", call.end().await?.cause());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until its outcome or its end is awaited"]
pub struct Placed {
    client: Client,
    unique_id: String,
    events: Subscription,
    originate: Pin<Box<dyn Future<Output = Outcome> + Send + Sync>>,
    /// `true` once the outcome or the end was awaited.
    placed: bool,
    outcome: Option<Outcome>,
    /// The unique ids of the channels that were created.
    created: Vec<Vec<u8>>,
    halves: Vec<Half>,
    /// `true` once an event of the call has arrived.
    begun: bool,
    /// The reason why the end of the call cannot be observed.
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
            placed: false,
            outcome: None,
            created: Vec::new(),
            halves: Vec::new(),
            begun: false,
            lost: None,
        }
    }

    /// Returns the unique id of the channel. The other half of a `Local` channel has `;2` appended,
    /// unless `OtherChannelId` is set.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }

    /// Waits until the call is answered or has failed. Returns the same outcome on every call.
    ///
    /// Cancel safe: the call goes on if the future is dropped, and the next future waits for the
    /// same outcome.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Client::originate`].
    pub async fn outcome(&mut self) -> Result<Originated, Error> {
        if self.outcome.is_none() {
            self.placed = true;
            let outcome = poll_fn(|cx| self.originate.as_mut().poll(cx)).await;
            self.outcome = Some(outcome);
        }
        self.outcome.clone().unwrap_or(Err(Error::NoResponse))
    }

    /// Waits until the channel has ended, including the other half of a `Local` channel, and
    /// returns the causes. A failed call has an end, too; its causes say more than the outcome
    /// does.
    ///
    /// Cancel safe: events that have arrived are kept for the next future.
    ///
    /// A `Local` channel that optimises itself away ends while the call goes on without it. `/n` at
    /// the end of its name prevents that.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Client::originate`], except [`Error::Originate`];
    /// [`Error::OtherChannel`] if the server does not support `ChannelId`; and [`Error::Lost`] or
    /// [`Error::Missed`] if the connection was lost or events were missed after the call began, so
    /// that the end cannot be known.
    ///
    /// The method has no time-out. If a filter in the server excludes `Hangup`, it waits until the
    /// connection ends. [`Error::Withheld`] says that the event mask does, since the call began.
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
                // There may be no channel at all, or its events may still arrive.
                match timeout(LATE, next).await {
                    Ok(item) => item,
                    Err(_) => break,
                }
            };
            match item {
                Some(Item::Event(event)) => self.note(&event),
                // A loss before the call was placed does not affect it.
                Some(Item::Gap(_) | Item::Missed(_) | Item::Withheld(_)) if !self.begun => {}
                Some(Item::Gap(gap)) => self.lost = Some(Error::Lost(gap.reason)),
                Some(Item::Missed(missed)) => self.lost = Some(Error::Missed(missed)),
                Some(Item::Withheld(withheld)) => self.lost = Some(withheld.into_error()),
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

    /// Hangs up the channel, in any state, with the cause 16 (`NORMAL_CLEARING`). Without a cause
    /// the server would report 0, as it does for many failures.
    ///
    /// A call that was not placed yet is taken back: its outcome is [`Error::Withdrawn`]. If the
    /// server has not created the channel yet, the method waits for the channel, at most for the
    /// client's time-out, and hangs it up then. It drives the call meanwhile, as
    /// [`outcome`](Self::outcome) does.
    ///
    /// Cancel safe: the call goes on if the future is dropped, and the action is taken back if it
    /// was not written yet.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Client::call`]. The server refuses the action if the channel has
    /// ended, or never existed because the call has failed.
    pub async fn hang_up(&mut self) -> Result<(), Error> {
        if !self.placed {
            self.outcome.get_or_insert(Err(Error::Withdrawn));
            return Ok(());
        }
        let appears = self.outcome.is_none().then(|| {
            let names = Filter::named(["Newchannel", "Hangup"]);
            self.client.subscribe(names.field("Uniqueid", &self.unique_id))
        });
        let hangup = Action::new("Hangup").field("Channel", &self.unique_id).field("Cause", "16");
        let answer = match (self.client.call(hangup.clone()).await, appears) {
            (Err(refused @ Error::Rejected(_)), Some(mut events)) => {
                if !self.appears(&mut events).await {
                    return Err(refused);
                }
                self.client.call(hangup).await
            }
            (answer, _) => answer,
        };
        answer.map(drop)
    }

    /// Waits until the channel is created. Returns `false` if the call has failed, or the time is
    /// over.
    async fn appears(&mut self, events: &mut Subscription) -> bool {
        let limit = self.client.timeout();
        let appears = async {
            tokio::select! {
                biased;
                event = events.next_event() => event.is_ok_and(|event| event.is("Newchannel")),
                // The event of a channel that was answered comes, too.
                outcome = self.outcome() => outcome.is_ok(),
            }
        };
        timeout(limit, appears).await.unwrap_or(false)
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").field("unique_id", &self.unique_id).finish_non_exhaustive()
    }
}

/// The end of a call. See [`Placed::end`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct End {
    /// The ends of the channels, in the order in which they ended: one, or two for a `Local`
    /// channel. Empty if there was no channel, as for a technology that the server does not have.
    pub halves: Vec<Half>,
}

impl End {
    /// Returns the cause that says most about the end of the call: one that is neither 0 nor 16, if
    /// there is one.
    ///
    /// The halves of a `Local` channel can have different causes. If the called party is busy, `;1`
    /// has 0 and `;2` has 17.
    pub fn cause(&self) -> Cause {
        let says = |cause: &Cause| match cause.number() {
            0 => 0,
            16 => 1,
            _ => 2,
        };
        self.halves.iter().map(Half::cause).max_by_key(says).unwrap_or_default()
    }
}

/// The end of one channel.
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

    /// Returns the name of the channel, with U+FFFD in place of bytes that are not UTF-8.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the cause of the hang-up, or 0 if the event has none.
    pub fn cause(&self) -> Cause {
        Cause::of(&self.event).unwrap_or_default()
    }

    /// Returns the `Hangup` event with all its fields.
    pub fn event(&self) -> &Event {
        &self.event
    }
}
