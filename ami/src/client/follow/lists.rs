//! The lists of a follow: which are asked for, which are in.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::followed::{Failed, Snapshot};
use super::pace::Pace;
use crate::error::Error;
use crate::events::Feed;
use crate::request::{Collected, Collecting, List, ListError};
use crate::state::Handle;
use crate::wire::Action;

/// The lists of a follow, in the order in which they are asked for.
pub(super) struct Lists {
    handle: Arc<Handle>,
    lists: Vec<Listing>,
    /// The number of the latest question, which is that of its mark.
    number: u64,
    /// The index of the next list.
    next: usize,
}

struct Listing {
    /// The index that the program knows.
    index: usize,
    /// `true` if the list is asked for once only.
    is_single: bool,
    action: Action,
    stage: Stage,
    /// `true` if the list has to be asked for again once it is here.
    again: bool,
    /// The pauses after failures.
    pace: Pace,
}

enum Stage {
    /// The list is asked for at that time.
    Wanted(Instant),
    /// The list is on its way.
    Asked(u64, Box<Collecting>),
    /// The list is complete. The events before its mark come first.
    Came(u64, Box<Collected>),
    /// The list has failed, which is still to be reported.
    Failed(Box<ListError>),
    In,
    Refused,
}

impl Lists {
    pub(super) fn new(handle: Arc<Handle>, actions: impl Iterator<Item = Action>) -> Self {
        let now = Instant::now();
        let listing = |(index, action)| Listing::new(index, action, now, false);
        let lists: Vec<_> = actions.enumerate().map(listing).collect();
        let next = lists.len();
        Self { handle, lists, number: 0, next }
    }

    /// Adds a list that is asked for once. Returns its index.
    pub(super) fn add(&mut self, action: Action) -> usize {
        let index = self.next;
        self.next += 1;
        self.lists.push(Listing::new(index, action, Instant::now(), true));
        index
    }

    /// Returns the earliest time at which a list has to be asked for.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = |list: &Listing| match list.stage {
            Stage::Wanted(at) => Some(at),
            _ => None,
        };
        self.lists.iter().filter_map(due).min()
    }

    /// Asks for the lists that are due.
    pub(super) fn ask(&mut self, feed: &Feed, now: Instant) {
        for list in &mut self.lists {
            if matches!(list.stage, Stage::Wanted(at) if at <= now) {
                self.number += 1;
                list.again = false;
                list.pace.ask(now);
                let asked = List::new(Arc::clone(&self.handle), list.action.clone());
                let asked = asked.marked(feed.marker(self.number)).into_future();
                list.stage = Stage::Asked(self.number, Box::new(asked));
            }
        }
    }

    /// Asks again for all lists from `due` on, except for those that are on their way, and gives up
    /// those that were asked for once. Returns `false` if all others are on their way.
    pub(super) fn want(&mut self, due: Instant) -> bool {
        self.lists.retain(|list| !list.is_single);
        let mut wanted = false;
        for list in &mut self.lists {
            if matches!(list.stage, Stage::In | Stage::Refused | Stage::Wanted(_)) {
                list.stage = Stage::Wanted(due);
                wanted = true;
            }
        }
        wanted
    }

    /// Asks again for all lists: at once, or when those that are on their way are here.
    pub(super) fn refresh(&mut self, now: Instant) {
        self.want(now);
        for list in &mut self.lists {
            list.again = !matches!(list.stage, Stage::Wanted(_));
        }
    }

    /// Gives up the lists that are on their way.
    pub(super) fn withdraw(&mut self, now: Instant) {
        for list in &mut self.lists {
            if matches!(list.stage, Stage::Asked(..)) {
                list.stage = Stage::Wanted(now);
            }
        }
    }

    /// Takes what has arrived of the lists. Sends the actions that were not sent yet.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        for list in &mut self.lists {
            let Stage::Asked(number, asked) = &mut list.stage else { continue };
            list.stage = match Pin::new(&mut **asked).poll(cx) {
                Poll::Pending => continue,
                Poll::Ready(Ok(collected)) => Stage::Came(*number, Box::new(collected)),
                // The follow learns of the lost connection by itself.
                Poll::Ready(Err(ListError { error: Error::Disconnected { .. }, .. })) => {
                    Stage::Wanted(list.pace.due(Instant::now()))
                }
                Poll::Ready(Err(error)) => Stage::Failed(Box::new(error)),
            };
        }
    }

    /// Returns a list that has failed and was not reported yet.
    pub(super) fn failed(&mut self) -> Option<Failed> {
        let failed = |list: &Listing| matches!(list.stage, Stage::Failed(_));
        let at = self.lists.iter().position(failed)?;
        let list = &mut self.lists[at];
        let Stage::Failed(error) = mem::replace(&mut list.stage, Stage::Refused) else {
            return None;
        };
        let (index, again) = (list.index, !is_refused(&error));
        if again {
            list.stage = Stage::Wanted(list.pace.due(Instant::now()));
        } else if list.is_single {
            self.lists.remove(at);
        } else if mem::take(&mut list.again) {
            list.stage = Stage::Wanted(Instant::now());
        }
        Some(Failed { list: index, error: *error, again })
    }

    /// Takes the list of a mark that has come. Returns `None` if the list has failed or was given
    /// up.
    pub(super) fn take(&mut self, mark: u64) -> Poll<Option<Snapshot>> {
        let is_marked = |list: &Listing| matches!(list.stage, Stage::Asked(number, _) | Stage::Came(number, _) if number == mark);
        let Some(at) = self.lists.iter().position(is_marked) else { return Poll::Ready(None) };
        let list = &mut self.lists[at];
        match mem::replace(&mut list.stage, Stage::In) {
            Stage::Came(_, collected) => {
                list.pace = Pace::default();
                let index = list.index;
                if list.is_single {
                    self.lists.remove(at);
                } else if mem::take(&mut list.again) {
                    list.stage = Stage::Wanted(Instant::now());
                }
                Poll::Ready(Some(Snapshot { list: index, collected: *collected }))
            }
            // All parts have arrived, but the task has to yield to others first.
            asked @ Stage::Asked(..) => {
                list.stage = asked;
                Poll::Pending
            }
            other => {
                list.stage = other;
                Poll::Ready(None)
            }
        }
    }

    /// Returns `true` if every list is in or refused.
    pub(super) fn are_settled(&self) -> bool {
        self.lists.iter().all(|list| matches!(list.stage, Stage::In | Stage::Refused))
    }

    /// Gives up everything.
    pub(super) fn end(&mut self) {
        self.lists.clear();
    }
}

impl Listing {
    fn new(index: usize, action: Action, due: Instant, is_single: bool) -> Self {
        let (stage, pace) = (Stage::Wanted(due), Pace::default());
        Self { index, is_single, action, stage, again: false, pace }
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lists.iter().map(|list| &list.action)).finish()
    }
}

/// Returns `true` if it is of no use to ask again.
fn is_refused(failed: &ListError) -> bool {
    // An error inside of a list may be a matter of the moment.
    failed.partial.response.is_none()
        && matches!(failed.error, Error::Rejected(_) | Error::Forbidden(_) | Error::Action(_))
}
