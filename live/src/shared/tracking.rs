//! The ends of channels and calls that somebody waits for.

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::text::Id;

/// Entities that somebody waits for, by their present identifiers.
#[derive(Debug)]
pub(super) struct Tracking<T> {
    by_id: FxHashMap<Id, Vec<watch::Sender<Tracked<T>>>>,
}

/// An entity that somebody waits for.
#[derive(Clone, Debug)]
pub(crate) struct Tracked<T> {
    /// The identifier. That of a call changes when the call becomes a part of another one.
    pub(crate) id: Id,
    /// The entity as it ended.
    pub(crate) end: Option<T>,
}

impl<T> Default for Tracking<T> {
    fn default() -> Self {
        Self { by_id: FxHashMap::default() }
    }
}

impl<T: Clone> Tracking<T> {
    pub(super) fn track(&mut self, id: &Id, end: Option<T>) -> watch::Receiver<Tracked<T>> {
        let is_over = end.is_some();
        let (sender, receiver) = watch::channel(Tracked { id: Id::clone(id), end });
        if !is_over {
            self.by_id.entry(Id::clone(id)).or_default().push(sender);
        }
        receiver
    }

    /// Notes that an entity has ended. Those that wait are woken by the result. Returns `None` if
    /// nobody waits.
    pub(super) fn end(&mut self, id: &str, end: &T) -> Option<Woken<T>> {
        let senders = self.by_id.remove(id)?;
        for sender in &senders {
            set(sender, |tracked| tracked.end = Some(end.clone()));
        }
        Some(Woken(senders))
    }

    /// Notes that an entity has become a part of another one.
    pub(super) fn merge(&mut self, from: &str, to: &Id) {
        let Some(senders) = self.by_id.remove(from) else { return };
        for sender in &senders {
            set(sender, |tracked| tracked.id = Id::clone(to));
        }
        self.by_id.entry(Id::clone(to)).or_default().extend(senders);
    }

    /// Returns the number of entities that somebody waits for.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Forgets those that nobody waits for any more.
    pub(super) fn prune(&mut self, id: &str) {
        if let Some(senders) = self.by_id.get_mut(id) {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                self.by_id.remove(id);
            }
        }
    }
}

/// The waiters for an entity that has ended. Dropping this wakes them.
#[must_use = "those that wait are woken by the drop, which must not happen under a lock"]
pub(super) struct Woken<T>(Vec<watch::Sender<Tracked<T>>>);

impl<T> Drop for Woken<T> {
    fn drop(&mut self) {
        // The value has changed before.
        self.0.iter().for_each(|sender| sender.send_modify(|_| {}));
    }
}

/// Changes what is tracked without waking anybody.
fn set<T>(sender: &watch::Sender<Tracked<T>>, change: impl FnOnce(&mut Tracked<T>)) {
    sender.send_if_modified(|tracked| {
        change(tracked);
        false
    });
}
