//! Following the state of a server: lists and the events behind them, in one order.

mod followed;
mod lists;
mod pace;

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

pub use self::followed::{Failed, Followed, Snapshot, Stale};
use self::lists::Lists;
use self::pace::Pace;
use crate::client::Client;
use crate::events::{Buffer, Feed, Filter, Item, Queued};
use crate::wire::Action;

impl Client {
    /// Follows the state of the server: asks for lists, and returns them and the events in one
    /// order.
    ///
    /// A program that keeps a picture of the server, such as its channels or queues, begins with a
    /// list and changes it with the events that come later. With a list and a
    /// [subscription](Self::subscribe), the program cannot tell which events are older than the
    /// list. A [`Follow`] returns each list as a [`Followed::Snapshot`] at the place at which the
    /// server sent it: the events behind it are newer. [`Followed::Current`] says that all lists
    /// are in.
    ///
    /// After a loss of events or of the connection the follow says [`Followed::Stale`], asks for
    /// the lists again, and says [`Followed::Current`] once they are in. The first loss is followed
    /// by the lists at once. When losses follow each other, the pauses between the questions grow
    /// from a second to a minute. A list that fails is reported as [`Followed::Failed`].
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) {
    /// use std::collections::BTreeSet;
    ///
    /// use ami::{Event, Filter, Followed};
    /// use ami::action::CoreShowChannels;
    ///
    /// fn id(event: &Event) -> String {
    ///     event.text("Uniqueid").unwrap_or_default().into_owned()
    /// }
    ///
    /// let filter = Filter::named(["Newchannel", "Hangup"]);
    /// let mut follow = client.follow(filter, [CoreShowChannels::new()]);
    /// let mut channels = BTreeSet::new();
    /// while let Some(followed) = follow.next().await {
    ///     match followed {
    ///         Followed::Snapshot(snapshot) => {
    ///             channels = snapshot.collected.items.iter().map(id).collect();
    ///         }
    ///         Followed::Event(event) if event.is("Newchannel") => {
    ///             channels.insert(id(&event));
    ///         }
    ///         Followed::Event(event) => {
    ///             channels.remove(&id(&event));
    ///         }
    ///         Followed::Current => println!("{} channels are up", channels.len()),
    ///         Followed::Stale(why) => println!("the channels are not known: {why:#}"),
    ///         Followed::Failed(failed) => println!("{failed:#}"),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// The lists are raw actions or typed ones (`Action::from` makes an array of several types).
    /// They are sent at once, in their order, when the follow is first polled. Events arrive from
    /// this call on, also before and between the snapshots. Those about something whose own list is
    /// not in yet describe a state that the list replaces.
    ///
    /// # A list can be ahead of the events
    ///
    /// The server answers lists from its own tables, while events travel by its message bus and
    /// another thread. A list can therefore already contain what events say that come behind it: a
    /// channel that it no longer lists is hung up later, and one that it lists is created later. A
    /// program has to apply events so that it does no harm to apply them twice: set what an event
    /// says, and never count up or down. A picture can step back for a moment, and is right again
    /// with the next events, which are in order.
    ///
    /// `CoreShowChannels` of Asterisk 22 can leave out a channel that is just changing, or list it
    /// twice. The event of the change follows, so a program should take `Newstate`, `Newexten`,
    /// `NewCallerid` and `NewConnectedLine` as signs that the channel is up, not `Newchannel`
    /// alone. They can also come directly behind the `Hangup` of their channel, with no other
    /// `Hangup` in between, and are no sign then.
    ///
    /// The items of a list go to the snapshot only, even if they have the names of events, such as
    /// `QueueMember`.
    ///
    /// # Without lists
    ///
    /// A follow without lists (`client.follow(filter, Vec::<Action>::new())`) returns the events
    /// and their losses at their places. [`Followed::Current`] comes first, and behind every
    /// [`Followed::Stale`] at once, except that it waits for the connection: behind
    /// [`Stale::Down`] comes a [`Stale::Gap`] before it.
    ///
    /// # Before the first connection
    ///
    /// A follow of a client that still [connects in the
    /// background](crate::Connect::in_background) returns nothing until that client has logged in;
    /// a failed attempt is not a [`Stale::Down`]. The events of the first connection come from the
    /// first one on. The lists are asked for, and [`Followed::Current`] comes, once the client is
    /// [up](crate::State::Up).
    ///
    /// # Limits
    ///
    /// A follow that is not read holds at most the events of its buffer (16 MiB), which are
    /// [`Stale::Missed`] beyond that, and 64 MiB of each list. It keeps its client alive, and
    /// leaves nothing behind when it is dropped.
    pub fn follow<A: Into<Action>>(
        &self,
        filter: Filter,
        lists: impl IntoIterator<Item = A>,
    ) -> Follow {
        self.follow_with(filter, lists, Buffer::default())
    }

    /// Follows the state of the server with another buffer size for the events, or without a limit.
    pub fn follow_with<A: Into<Action>>(
        &self,
        filter: Filter,
        lists: impl IntoIterator<Item = A>,
        buffer: Buffer,
    ) -> Follow {
        let handle = Arc::clone(&self.handle);
        Follow {
            first: self.shared().first_connection(),
            feed: Feed::followed(&handle.shared.subscribers, filter, buffer),
            lists: Lists::new(handle, lists.into_iter().map(Into::into)),
            phase: Phase::Asking,
            marked: None,
            is_down: false,
            has_lost: false,
            pace: Pace::default(),
            sleep: None,
        }
    }
}

/// Lists, and the events behind them, in one order. [`Client::follow`] returns it.
pub struct Follow {
    /// The wait for the first connection of the client, unless it had one before.
    first: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    feed: Feed,
    lists: Lists,
    phase: Phase,
    /// The mark that has come. Its list comes before anything else.
    marked: Option<u64>,
    /// `true` while there is no connection, as far as the follow was told.
    is_down: bool,
    /// `true` if lists have to be asked for because of a loss.
    has_lost: bool,
    /// The pauses between losses.
    pace: Pace,
    sleep: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Lists have to be asked for, or are on their way.
    Asking,
    Current,
    Ended,
}

impl Follow {
    /// Waits for the next item. Returns `None` when the client has ended, or when the buffer was
    /// full and [`Overflow::Close`](crate::Overflow::Close) is set, and all earlier items were
    /// taken.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Followed> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Asks for all lists again, as after a loss, but at once and without a [`Followed::Stale`].
    ///
    /// The lists are asked for when the follow is next polled. Those on their way come first.
    /// The next [`Followed::Current`] comes behind lists that were asked for after this call.
    pub fn refresh(&mut self) {
        self.lists.refresh(Instant::now());
        if self.phase == Phase::Current {
            self.phase = Phase::Asking;
        }
    }

    /// Asks for a further list, once. Returns its index, which its [`Snapshot`] or [`Failed`] has.
    ///
    /// This is for lists that follow from others, such as the members of each conference. The next
    /// [`Followed::Current`] waits for it. A [`Followed::Stale`] and [`refresh`](Self::refresh)
    /// give it up, because what it follows from is asked for again.
    ///
    /// The list is asked for when the follow is next polled.
    pub fn ask(&mut self, list: impl Into<Action>) -> usize {
        if self.phase == Phase::Current {
            self.phase = Phase::Asking;
        }
        self.lists.add(list.into())
    }

    /// Returns `true` if the last word about the lists was [`Followed::Current`].
    pub fn is_current(&self) -> bool {
        self.phase == Phase::Current
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Followed>> {
        loop {
            match self.phase {
                Phase::Current => {}
                Phase::Ended => return Poll::Ready(None),
                Phase::Asking => {
                    if let Some(told) = ready!(self.poll_lists(cx)) {
                        return Poll::Ready(Some(told));
                    }
                }
            }
            match self.feed.poll(cx) {
                Poll::Ready(Some(next)) => {
                    if let Some(told) = self.take(next, cx) {
                        return Poll::Ready(Some(told));
                    }
                }
                Poll::Ready(None) => {
                    self.phase = Phase::Ended;
                    self.lists.end();
                }
                Poll::Pending => {
                    if !self.ask_if_up(cx) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Returns what there is to say about the lists before the next event.
    fn poll_lists(&mut self, cx: &mut Context<'_>) -> Poll<Option<Followed>> {
        self.lists.poll(cx);
        if let Some(failed) = self.lists.failed() {
            return Poll::Ready(Some(Followed::Failed(failed)));
        }
        if let Some(mark) = self.marked {
            let snapshot = ready!(self.lists.take(mark));
            self.marked = None;
            if let Some(snapshot) = snapshot {
                return Poll::Ready(Some(Followed::Snapshot(snapshot)));
            }
        }
        if let Some(first) = &mut self.first
            && first.as_mut().poll(cx).is_ready()
        {
            self.first = None;
        }
        if self.is_connected() && self.lists.are_settled() {
            self.phase = Phase::Current;
            return Poll::Ready(Some(Followed::Current));
        }
        Poll::Ready(None)
    }

    /// Returns the item of an entry of the queue. A mark is none.
    #[inline]
    fn take(&mut self, next: Queued, cx: &mut Context<'_>) -> Option<Followed> {
        let item = match next {
            Queued::Item(item) => item,
            Queued::Mark(number) => {
                self.marked = Some(number);
                return None;
            }
            Queued::Down(reason) => {
                // Their connection is lost, or they wait for one.
                self.lists.withdraw(Instant::now());
                self.is_down = true;
                return Some(self.lose(Stale::Down(reason)));
            }
            Queued::Restored => return Some(self.lose(Stale::Restored)),
            Queued::Connected(connected) => {
                return Some(Followed::Connected(Arc::unwrap_or_clone(connected)));
            }
        };
        let told = match item {
            Item::Event(event) => Followed::Event(event),
            Item::Missed(missed) => return Some(self.lose(Stale::Missed(missed))),
            Item::Gap(gap) => {
                self.is_down = false;
                return Some(self.lose(Stale::Gap(gap)));
            }
            Item::Stray(stray) => Followed::Stray(stray),
            Item::Withheld(withheld) => Followed::Withheld(withheld),
        };
        // Losses that follow each other are one reason to ask, which is why losses do not.
        self.ask_if_up(cx);
        Some(told)
    }

    /// Notes that the lists have to be asked for again. Those that are on their way are newer than
    /// the loss.
    #[cold]
    fn lose(&mut self, why: Stale) -> Followed {
        self.phase = Phase::Asking;
        self.has_lost |= self.lists.want(self.pace.due(Instant::now()));
        Followed::Stale(why)
    }

    /// Asks for the lists that are due. Returns `false` if there are none.
    #[inline]
    fn ask_if_up(&mut self, cx: &mut Context<'_>) -> bool {
        self.phase == Phase::Asking && self.is_connected() && self.ask_now(cx)
    }

    /// Returns `true` if there is a connection, as far as the follow was told.
    fn is_connected(&self) -> bool {
        self.first.is_none() && !self.is_down
    }

    fn ask_now(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.lists.due() else { return false };
        if due > Instant::now() {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if sleep.deadline() != due {
                sleep.as_mut().reset(due);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
        }
        self.sleep = None;
        let now = Instant::now();
        if mem::take(&mut self.has_lost) {
            self.pace.ask(now);
        }
        self.lists.ask(&self.feed, now);
        self.lists.poll(cx);
        true
    }
}

/// Yields the items as [`next`](Follow::next) does.
impl Stream for Follow {
    type Item = Followed;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Followed>> {
        self.poll(cx)
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("filter", self.feed.filter())
            .field("lists", &self.lists)
            .field("is_current", &self.is_current())
            .finish_non_exhaustive()
    }
}
