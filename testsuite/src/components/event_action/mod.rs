//! `pluggable_modules.EventActionModule`: sets of events and actions. Whichever event of a set
//! happens, all actions of the set are done, in their order.
//!
//! A set is read by two tables, of [`events`] and of [`actions`]: another one is a file there and a
//! line in its table.

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::case::{Component, Happening, Life, Needs, Setting, Stage, Step, TestCase};
use crate::components::cause::{self, Cause};
use crate::components::servers::Servers;
use crate::components::{Kind, ari};
use crate::files::{ConfigError, Node, Section};

mod actions;
mod events;
mod set;

use self::set::Set;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.EventActionModule"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if names_python(node) {
        let what = "`mapping:`, `events:` and `actions:` name Python of the test's own";
        return Err(node.error(what).unsupported());
    }
    let sets = section.items("a set of events and actions has");
    let sets: Vec<_> = sets.iter().map(Set::read).collect::<Result<_, _>>()?;
    if sets.is_empty() {
        return Err(node.error("expected a set of events and actions, or a list of sets"));
    }
    Ok(Box::new(EventActionModule { sets, servers: Servers::default() }))
}

/// Returns whether a section is of the form that registers events and actions of Python.
fn names_python(node: &Node) -> bool {
    ["mapping", "events", "actions"].iter().any(|key| node.get(key).is_some())
}

struct EventActionModule {
    sets: Vec<Set>,
    servers: Servers,
}

/// The event that a module waits for.
enum Next {
    Happened(Option<Happening>),
    /// The event of a set that comes by another way than the test's happenings.
    Came(usize, Cause),
}

impl Component for EventActionModule {
    fn needs(&self, needs: &mut Needs) {
        self.sets.iter().for_each(|set| set.needs(needs));
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let prepared = self.sets.iter_mut().try_for_each(|set| set.prepare(setting));
        Box::pin(std::future::ready(prepared))
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            loop {
                let next = tokio::select! {
                    biased;
                    what = stage.next() => Next::Happened(what),
                    (at, cause) = poll_fn(|cx| self.poll_cause(cx, &test)) => Next::Came(at, cause),
                };
                match next {
                    Next::Happened(None) => return Ok(()),
                    Next::Happened(Some(Happening::Stopped(_))) => {
                        self.judge(&test).await;
                        return Ok(());
                    }
                    Next::Happened(Some(what)) => self.see(&what, &test).await,
                    Next::Came(at, cause) => {
                        self.sets[at].act(&cause, &mut self.servers, &test).await
                    }
                }
            }
        })
    }
}

impl EventActionModule {
    async fn see(&mut self, what: &Happening, test: &TestCase) {
        // All actions of an event are done before the next event of ARI.
        let _held = ari::hold(test);
        self.servers.see(what);
        for set in &mut self.sets {
            for cause in set.see(what, test) {
                set.act(&cause, &mut self.servers, test).await;
            }
            if let Happening::Stopping(_) = what {
                set.let_go().await;
            }
        }
    }

    /// Takes note of the answers that came, and waits for an event of a set.
    fn poll_cause(&mut self, cx: &mut Context<'_>, test: &TestCase) -> Poll<(usize, Cause)> {
        self.servers.poll(cx, test);
        for (at, set) in self.sets.iter_mut().enumerate() {
            if let Poll::Ready(cause) = set.poll_cause(cx, test) {
                return Poll::Ready((at, cause));
            }
        }
        Poll::Pending
    }

    async fn judge(&mut self, test: &TestCase) {
        self.servers.take_all(test);
        for set in &mut self.sets {
            set.judge(test).await;
        }
    }
}

#[cfg(test)]
mod tests;
