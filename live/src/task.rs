//! The task: takes what the server says, applies it to the model, and tells those who wait.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use ami::{
    Action, Client, EventClass, Failed, Filter, Follow, Followed, Snapshot, Stale, Withheld,
};
use futures_core::Stream;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Config;
use crate::model::{List, Request, classes, events, lists};
use crate::shared::Shared;
use crate::state::{Ended, Freshness, StaleReason};

/// The largest number of events that are applied under one lock.
const BATCH: usize = 64;

/// Keeps the model in step with the server until the client ends.
pub(crate) fn run(
    client: Client,
    config: Config,
    shared: Arc<Shared>,
) -> impl Future<Output = ()> + Send {
    let kept = Arc::clone(&shared);
    let work = async move {
        keep(&client, &config, &kept).await;
        Ended::Client(client.ended().await.into())
    };
    supervise(work, shared)
}

/// Runs the work of the task. However it ends, those who wait learn that it has, and why: also if
/// it is stopped before it has begun.
fn supervise(
    work: impl Future<Output = Ended> + Send,
    shared: Arc<Shared>,
) -> impl Future<Output = ()> + Send {
    let stopped = Stopped(shared);
    async move {
        // Moved as a whole.
        let stopped = stopped;
        let mut work = pin!(work);
        let ended = poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                Poll::Ready(Ended::Panicked(text.unwrap_or("no message").into()))
            })
        });
        stopped.0.end(ended.await);
    }
}

/// The end of the task.
struct Stopped(Arc<Shared>);

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.end(Ended::Stopped);
    }
}

async fn keep(client: &Client, config: &Config, shared: &Shared) {
    let lists: Vec<_> = lists(&config.parts).collect();
    let names = config.parts.iter().flat_map(|&part| events(part)).copied();
    let actions = lists.iter().map(|list| Action::new(list.action));
    let follow = client.follow_with(Filter::named(names), actions, config.buffer);
    let mut keeper = Keeper {
        client,
        config,
        shared,
        follow,
        open: (0..lists.len()).collect(),
        lists,
        requests: FxHashMap::default(),
        withheld: Vec::new(),
    };
    // The first connection is not told, as the others are. Before it, the server cannot be asked.
    // The sender lives as long as the client, so `wait_for` does not fail.
    let _ = client.state().wait_for(|state| state.is_up() || state.is_closed()).await;
    keeper.ask_for_rights().await;
    let mut batch = Vec::with_capacity(BATCH);
    while keeper.next(&mut batch).await {
        let may_read_other =
            matches!(batch.last(), Some(Followed::Stale(Stale::Gap(_) | Stale::Restored)));
        keeper.apply(&mut batch);
        if may_read_other {
            // The user may read more or less than on the former connection or with the former mask.
            keeper.ask_for_rights().await;
        }
    }
}

struct Keeper<'a> {
    client: &'a Client,
    config: &'a Config,
    shared: &'a Shared,
    follow: Follow,
    /// The lists that are always asked for, by their index in the follow.
    lists: Vec<List>,
    /// The lists of these that have neither come nor failed since the last loss.
    open: FxHashSet<usize>,
    /// The lists that were asked for beside them, by their index in the follow.
    requests: FxHashMap<usize, Request>,
    /// The classes of which no events come.
    withheld: Vec<EventClass>,
}

impl Keeper<'_> {
    /// Waits for what comes next: events that are there already, and at most one item of another
    /// kind behind them. Returns `false` at the end.
    async fn next(&mut self, batch: &mut Vec<Followed>) -> bool {
        poll_fn(|cx| {
            while batch.len() < BATCH {
                match Pin::new(&mut self.follow).poll_next(cx) {
                    Poll::Ready(Some(followed)) => {
                        let is_event = matches!(followed, Followed::Event(_));
                        if let Followed::Failed(failed) = &followed {
                            // Not under the lock: a program that listens may read the state.
                            tracing::debug!(error = format!("{failed:#}"), "a list did not come");
                        }
                        batch.push(followed);
                        if !is_event {
                            break;
                        }
                    }
                    Poll::Ready(None) if batch.is_empty() => return Poll::Ready(false),
                    Poll::Ready(None) => break,
                    Poll::Pending if batch.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(true)
        })
        .await
    }

    fn apply(&mut self, batch: &mut Vec<Followed>) {
        let read = SystemTime::now();
        let Self { lists, open, requests, withheld, .. } = self;
        let further = self.shared.change(|model| {
            for followed in batch.drain(..) {
                match followed {
                    Followed::Event(event) => model.event(&event, read),
                    Followed::Snapshot(Snapshot { list, collected, .. }) => {
                        open.remove(&list);
                        if let Some(&list) = lists.get(list) {
                            model.list(list, &collected, read);
                        } else if let Some(request) = requests.remove(&list) {
                            model.answer(&request, Ok(&collected), read);
                        }
                    }
                    Followed::Failed(Failed { list, error, again, .. }) => {
                        open.remove(&list);
                        if let Some(&list) = lists.get(list) {
                            model.failed(list, error.error, read);
                        } else if !again && let Some(request) = requests.remove(&list) {
                            model.answer(&request, Err(&error.error), read);
                        }
                    }
                    Followed::Current => {
                        model.set_freshness(Freshness::Current { since: read }, read);
                    }
                    Followed::Stale(stale) => {
                        open.extend(0..lists.len());
                        requests.drain().for_each(|(_, request)| model.withdrawn(&request));
                        let reason = reason(stale);
                        model.set_freshness(Freshness::Stale { since: read, reason }, read);
                    }
                    Followed::Withheld(told) => {
                        withheld.extend(&told.classes);
                        model.withhold(withheld, read);
                    }
                    // The filter asks for no strays.
                    _ => {}
                }
            }
            let further = model.take_requests();
            // A part whose list fails again and again is unknown, and holds up no other part.
            if open.is_empty() && requests.is_empty() && further.is_empty() {
                model.set_freshness(Freshness::Current { since: read }, read);
            }
            further
        });
        for request in further {
            let index = self.follow.ask(request.action.clone());
            self.requests.insert(index, request);
        }
    }

    /// Asks which classes of events do not come.
    ///
    /// The follow is not read for so long, so nothing is taken for known before the answer is
    /// there. The wait ends with the time-out of the client.
    async fn ask_for_rights(&mut self) {
        let mut withheld = Vec::new();
        let (mut are_known, mut tells_of_restarts) = (true, true);
        for &class in EventClass::ALL {
            let is_needed =
                self.config.parts.iter().any(|&part| classes(part).any(|it| it == class));
            // The client learns of restarts by an event of this class.
            let is_of_restarts = class == EventClass::System;
            if is_needed || is_of_restarts {
                match self.client.withheld(class).await {
                    Ok(None) => continue,
                    Ok(Some(Withheld::User | Withheld::Mask(_))) => withheld.push(class),
                    Ok(Some(_)) => are_known = false,
                    // There is no connection. The next one is asked again.
                    Err(_) => return,
                }
                tells_of_restarts &= !is_of_restarts;
            }
        }
        if !are_known {
            tracing::warn!("the server does not tell which events the user may read");
        }
        self.shared.change(|model| {
            model.set_rights_known(are_known);
            model.tells_of_restarts = tells_of_restarts;
            model.withhold(&withheld, SystemTime::now());
        });
        self.withheld = withheld;
    }
}

fn reason(stale: Stale) -> StaleReason {
    match stale {
        Stale::Missed(missed) => StaleReason::Missed(missed),
        Stale::Down(reason) => StaleReason::Down(reason.into()),
        Stale::Gap(gap) => StaleReason::Gap(gap.into()),
        other => StaleReason::Other(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_task_is_the_end_of_the_state_and_has_its_reason() {
        let shared = Arc::new(Shared::new(&Config::new()));
        let work = async {
            shared.change(|_| panic!("part of the test"));
            Ended::Stopped
        };
        supervise(work, Arc::clone(&shared)).await;
        let ended = shared.ended().unwrap();
        assert!(matches!(&ended, Ended::Panicked(text) if &**text == "part of the test"));
        let freshness = shared.state().freshness().to_string();
        let expected = "stale: the task that keeps the state has panicked: part of the test";
        assert_eq!(freshness, expected);
    }

    #[tokio::test]
    async fn a_task_that_is_stopped_says_so() {
        let begin = || {
            let shared = Arc::new(Shared::new(&Config::new()));
            (Box::pin(supervise(std::future::pending(), Arc::clone(&shared))), shared)
        };
        let (task, shared) = begin();
        drop(task);
        assert!(matches!(shared.ended(), Some(Ended::Stopped)), "it had not begun");
        let (mut task, shared) = begin();
        let polled =
            task.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(polled.is_pending());
        drop(task);
        assert!(matches!(shared.ended(), Some(Ended::Stopped)));
    }
}
