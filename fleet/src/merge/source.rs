//! The items of one server, from what a follow tells.

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use ami::{Client, Connected, Disconnect, Event, Follow, Followed, Stale};
use futures_core::Stream;
use tokio::time::{Sleep, sleep};

use super::number::{between, number};
use crate::item::{Gap, Item, Up, What};
use crate::origin::Origin;

/// The largest number of items that wait behind a gap for the first numbered event.
const HELD: usize = 64;

/// The stream of one server.
pub(crate) struct Source {
    origin: Origin,
    client: Client,
    follow: Follow,
    place: Place,
    phase: Phase,
    /// The gap whose connection is about to be told.
    gap: Option<ami::Gap>,
    /// The classes that do not come, to be told behind [`What::Up`].
    withheld: Vec<What>,
    counting: Counting,
    held: Option<Held>,
    /// The items that come before anything else.
    out: VecDeque<Item>,
}

/// The place of an item in the stream of its server.
#[derive(Clone, Copy, Default)]
struct Place {
    boot: u32,
    connection: u32,
    position: u64,
}

enum Phase {
    /// No connection, as far as was told.
    Down,
    Up,
    /// The follow has ended, and the client is about to tell why.
    Ending(Pin<Box<dyn Future<Output = Disconnect> + Send>>),
    Ended,
}

/// The numbers for counting the events that were made during a gap.
struct Counting {
    /// The longest wait for a number, or `None` if gaps are not counted because the filter leaves
    /// out events.
    wait: Option<Duration>,
    /// The number of the last numbered event, unless events were missed since.
    last: Option<u32>,
}

/// A gap that waits for the first numbered event behind it.
struct Held {
    /// The number of the last event before the gap.
    last: u32,
    gap: Gap,
    /// The place of the gap.
    place: Place,
    /// The items behind it.
    items: VecDeque<Item>,
    timer: Pin<Box<Sleep>>,
}

impl Source {
    /// Creates the stream of a server. `count_wait` is the longest wait for a number behind a gap,
    /// and `None` if the filter of the follow leaves out events.
    pub(crate) fn new(
        origin: Origin,
        client: Client,
        follow: Follow,
        count_wait: Option<Duration>,
    ) -> Self {
        Self {
            origin,
            client,
            follow,
            place: Place::default(),
            phase: Phase::Down,
            gap: None,
            withheld: Vec::new(),
            counting: Counting { wait: count_wait, last: None },
            held: None,
            out: VecDeque::new(),
        }
    }

    /// Returns the name of the server.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the next item, or `None` behind [`What::Ended`].
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        loop {
            if let Some(item) = self.out.pop_front() {
                return Poll::Ready(Some(item));
            }
            match &mut self.phase {
                Phase::Down | Phase::Up => {}
                Phase::Ending(reason) => {
                    let reason = ready!(reason.as_mut().poll(cx));
                    self.phase = Phase::Ended;
                    return Poll::Ready(Some(self.item(What::Ended(reason))));
                }
                Phase::Ended => return Poll::Ready(None),
            }
            match Pin::new(&mut self.follow).poll_next(cx) {
                Poll::Ready(Some(Followed::Event(event))) => {
                    if let Some(item) = self.event(event) {
                        return Poll::Ready(Some(item));
                    }
                }
                Poll::Ready(Some(followed)) => self.control(followed),
                Poll::Ready(None) => self.end(),
                Poll::Pending => {
                    let Some(held) = &mut self.held else { return Poll::Pending };
                    ready!(held.timer.as_mut().poll(cx));
                    self.release(None);
                }
            }
        }
    }

    fn item(&self, what: What) -> Item {
        self.item_at(self.place, what)
    }

    fn item_at(&self, place: Place, what: What) -> Item {
        let Place { boot, connection, position } = place;
        let (origin, received) = (self.origin.clone(), SystemTime::now());
        Item { origin, boot, connection, position, received, what }
    }

    /// Returns the item of an event, unless it waits.
    #[inline]
    fn event(&mut self, event: Event) -> Option<Item> {
        let number = self.counting.wait.and_then(|_| number(&event));
        if let (Some(held), Some(number)) = (&self.held, number) {
            let made = between(held.last, number);
            self.release(made);
        }
        self.counting.last = number.or(self.counting.last);
        self.place.position += 1;
        let item = self.item(What::Event(event));
        if self.held.is_none() && self.out.is_empty() {
            return Some(item);
        }
        self.put(item);
        None
    }

    /// Puts an item behind those that wait.
    fn put(&mut self, item: Item) {
        match &mut self.held {
            Some(held) => {
                held.items.push_back(item);
                if held.items.len() >= HELD {
                    self.release(None);
                }
            }
            None => self.out.push_back(item),
        }
    }

    fn tell(&mut self, what: What) {
        let item = self.item(what);
        self.put(item);
    }

    /// Tells of everything but an event.
    #[cold]
    fn control(&mut self, followed: Followed) {
        match followed {
            Followed::Connected(connected) => self.connected(&connected),
            Followed::Stale(Stale::Gap(gap)) => {
                self.down(&gap.reason);
                self.gap = Some(gap);
            }
            Followed::Stale(Stale::Down(reason)) => self.down(&reason),
            Followed::Stale(Stale::Missed(missed)) => {
                // The numbers of those that were missed are not known.
                self.release(None);
                self.counting.last = None;
                self.place.position += missed;
                self.tell(What::Missed(missed));
            }
            Followed::Withheld(withheld) => {
                let what = What::Withheld(withheld);
                match self.phase {
                    Phase::Up => self.tell(what),
                    _ => self.withheld.push(what),
                }
            }
            // There are no lists, and the filter asks for no strays.
            _ => {}
        }
    }

    /// Tells that there is no connection, unless that was told. A connection that was lost and
    /// replaced before the follow was read is told as a gap alone.
    fn down(&mut self, reason: &Disconnect) {
        if matches!(self.phase, Phase::Up) {
            self.phase = Phase::Down;
            self.release(None);
            self.tell(What::Down(reason.clone()));
        }
    }

    fn connected(&mut self, connected: &Connected) {
        if let Some(gap) = self.gap.take() {
            self.tell_gap(gap);
        }
        let count = |earlier: u64| u32::try_from(earlier + 1).unwrap_or(u32::MAX);
        let boot = count(connected.restarts);
        if boot != self.place.boot {
            // A server that was restarted counts anew.
            self.counting.last = None;
        }
        self.place = Place { boot, connection: count(connected.reconnects), position: 0 };
        self.phase = Phase::Up;
        self.tell(What::Up(Up { started: connected.started }));
        for what in mem::take(&mut self.withheld) {
            self.tell(what);
        }
    }

    /// Tells of a gap, at once or when the first numbered event is there.
    fn tell_gap(&mut self, gap: ami::Gap) {
        let ami::Gap { reason, times, lasted, restarted, .. } = gap;
        let gap = Gap { reason, times, lasted, restarted, made: None };
        match (self.counting.last, self.counting.wait) {
            (Some(last), Some(wait)) if restarted == Some(false) && !wait.is_zero() => {
                let (items, timer) = (VecDeque::new(), Box::pin(sleep(wait)));
                self.held = Some(Held { last, gap, place: self.place, items, timer });
            }
            _ => self.tell(What::Gap(gap)),
        }
    }

    /// Tells of the gap that waits, if there is one, and of what is behind it.
    fn release(&mut self, made: Option<u64>) {
        let Some(Held { mut gap, place, items, .. }) = self.held.take() else { return };
        gap.made = made;
        self.out.push_back(self.item_at(place, What::Gap(gap)));
        self.out.extend(items);
    }

    fn end(&mut self) {
        self.release(None);
        let client = self.client.clone();
        self.phase = Phase::Ending(Box::pin(async move { client.ended().await }));
    }
}
