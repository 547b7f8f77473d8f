//! Subscribing to events.

use crate::client::Client;
use crate::events::{Buffer, Filter, FromEvent, Subscription};

impl Client {
    /// Subscribes to the events that arrive from now on.
    ///
    /// The subscription buffers up to 16 MiB. Beyond that, events are dropped and [reported as
    /// missed](crate::Item::Missed). Use [`Connect::subscribe`](crate::Connect::subscribe) to get
    /// the events that arrive right after the login.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events with another buffer size, or without a limit.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        Subscription::new(&self.shared().subscribers, filter, buffer)
    }

    /// Subscribes to the events of a type: a [typed event](crate::event), or
    /// [`Typed`](crate::event::Typed) for all events as an enum.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::event::Hangup;
    ///
    /// let mut hangups = client.subscribe_to::<Hangup>();
    /// let hangup = hangups.next_event().await?;
    /// println!("{:?} {:?}", hangup.cause(), hangup.cause_txt());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A finer filter is [`Filter::of`], with [`Subscription::typed`].
    pub fn subscribe_to<E: FromEvent>(&self) -> Subscription<E> {
        self.subscribe_to_with(Buffer::default())
    }

    /// Subscribes to the events of a type with another buffer size, or without a limit.
    pub fn subscribe_to_with<E: FromEvent>(&self, buffer: Buffer) -> Subscription<E> {
        self.subscribe_with(E::filter(), buffer).typed()
    }
}
