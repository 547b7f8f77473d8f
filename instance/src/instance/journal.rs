//! The journal: the events that a server sent since its boot and that no test has taken yet.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ami::{Event, Item, Matcher, Nearest, Subscription};
use tokio::sync::Notify;

/// The number of last steps of the dialplan that are told.
const STEPS: usize = 10;

/// The journal of one boot. A task moves the events of a subscription into it, so that the oldest
/// event makes room for a new one: a full subscription drops the new one.
#[derive(Clone, Debug)]
pub(super) struct Journal(Arc<Shared>);

/// The part of the task that writes a journal. Its end is that of the events, also where the task
/// ends with its runtime.
struct Writer(Journal);

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.entries().ended = true;
        self.0.0.changed.notify_waiters();
    }
}

struct Shared {
    entries: Mutex<Entries>,
    /// Notified of each event, and of the end.
    changed: Notify,
}

/// The account of a journal about events that were not found in it.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The events that have the name, a line each, the nearest first.
    pub(super) events: Vec<String>,
    /// The last steps of the dialplan.
    pub(super) dialplan: Vec<String>,
    /// The number of events that the journal does not have any more, or never had.
    pub(super) dropped: u64,
}

impl Journal {
    /// Keeps the events of a subscription, at most so many of them.
    pub(super) fn of(mut events: Subscription, capacity: NonZeroUsize) -> Self {
        let journal = Self::new(capacity);
        let writer = Writer(journal.clone());
        // The subscription, and with it the task, ends with the client.
        tokio::spawn(async move {
            while let Some(item) = events.next().await {
                match item {
                    Item::Event(event) => writer.0.add(event),
                    Item::Missed(missed) => writer.0.entries().dropped += missed,
                    Item::Gap(_) | Item::Stray(_) | Item::Withheld(_) => {}
                }
            }
        });
        journal
    }

    fn new(capacity: NonZeroUsize) -> Self {
        let entries = Entries { capacity: capacity.get(), ..Entries::default() };
        Self(Arc::new(Shared { entries: Mutex::new(entries), changed: Notify::new() }))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: Event) {
        self.entries().add(event);
        self.0.changed.notify_waiters();
    }

    /// Takes the first event that matches out of the journal, or waits for it. Returns `None` if no
    /// event can come any more. Cancel safe.
    pub(super) async fn take(&self, matcher: &Matcher) -> Option<Event> {
        let mut searched = 0;
        loop {
            let mut changed = pin!(self.0.changed.notified());
            // What comes between the search and the wait is not missed.
            changed.as_mut().enable();
            {
                let mut entries = self.entries();
                let taken = entries.take(matcher, searched);
                if taken.is_some() || entries.ended {
                    return taken;
                }
                searched = entries.next;
            }
            changed.await;
        }
    }

    /// Removes all events.
    pub(super) fn clear(&self) {
        self.entries().events.clear();
    }

    /// Returns what there is to tell about a description that no event matched.
    pub(super) fn account(&self, matcher: &Matcher) -> Account {
        self.entries().account(matcher)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Entries {
    capacity: usize,
    /// The events with their numbers, in ascending order.
    events: VecDeque<(u64, Event)>,
    /// The number of the next event.
    next: u64,
    dropped: u64,
    /// The numbers of events that were taken, by name.
    taken: BTreeMap<String, u64>,
    /// The last steps of the dialplan, whether they were taken or not.
    steps: VecDeque<Event>,
    /// `true` if no event comes any more.
    ended: bool,
}

impl Entries {
    fn add(&mut self, event: Event) {
        if event.name() == "Newexten" && !is_pseudo(&event) {
            if self.steps.len() == STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(event.clone());
        }
        if self.events.len() == self.capacity {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back((self.next, event));
        self.next += 1;
    }

    /// Takes the first event that matches, from a number on.
    fn take(&mut self, matcher: &Matcher, from: u64) -> Option<Event> {
        let start = self.events.partition_point(|(number, _)| *number < from);
        let mut events = self.events.range(start..);
        let at = start + events.position(|(_, event)| matcher.matches(event))?;
        let (_, event) = self.events.remove(at)?;
        *self.taken.entry(event.name().into_owned()).or_default() += 1;
        Some(event)
    }

    fn account(&self, matcher: &Matcher) -> Account {
        let (name, mut nearest, mut seen) = (matcher.name(), Nearest::default(), 0);
        for (_, event) in self.events.iter().filter(|(_, event)| matcher.is_about(event)) {
            nearest.note(event, matcher);
            seen += 1;
        }
        let taken = self.taken.get(name).copied().unwrap_or(0);
        let mut events = if seen == 0 { Vec::new() } else { nearest.lines(name) };
        match (seen, taken) {
            (0, 0) => events.push(format!("no {name} came")),
            (_, 0) => {}
            (0, 1) => events.push(format!("one {name} came, which an earlier `expect` took")),
            (0, _) => events.push(format!("{taken} {name} came, which earlier calls took")),
            (_, 1) => events.push(format!("one more {name} was taken by an earlier call")),
            (_, _) => events.push(format!("{taken} more {name} were taken by earlier calls")),
        }
        let dialplan = self.steps.iter().map(step).collect();
        Account { events, dialplan, dropped: self.dropped }
    }
}

/// Returns `true` if a step is that of a channel which is being called: the server gives it the
/// name of an application, and it runs none.
fn is_pseudo(step: &Event) -> bool {
    step.get("Application").is_some_and(|it| it.starts_with(b"AppDial"))
}

/// Returns a step of the dialplan in a line.
fn step(event: &Event) -> String {
    let field = |name| event.text(name).unwrap_or_default();
    format!(
        "{}: {},{},{} {}({})",
        field("Channel"),
        field("Context"),
        field("Extension"),
        field("Priority"),
        field("Application"),
        field("AppData"),
    )
}
