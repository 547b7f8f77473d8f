//! The way of events from the connections to the components.

use std::time::Duration;

use ami::{Item, Subscription};
use futures_util::future::join_all;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Ast, Happening, TestCase};
use crate::job::{Message, Phase, link};

/// The time between two signs of life.
const SIGNS: Duration = Duration::from_millis(200);

/// The tasks that hand out events, one for each connection.
#[derive(Default)]
pub(super) struct Pumps {
    tasks: JoinSet<()>,
    /// Each takes requests to say when it has handed out all that has come.
    requests: Vec<UnboundedSender<oneshot::Sender<()>>>,
}

impl Pumps {
    /// Has components look at the servers, tells them that the test has begun and of all logins,
    /// and then hands out the events of the connections. The result is done when they have been
    /// told.
    ///
    /// All that goes on by itself: a component may end the test by the first thing that it hears,
    /// and whoever booted the servers is given up then.
    pub(super) fn begin(
        &mut self,
        test: &TestCase,
        logins: Vec<(Ast, Subscription)>,
    ) -> impl Future<Output = ()> + use<> {
        let told = CancellationToken::new();
        let heard = logins.iter().map(|(ast, _)| ast).filter(|ast| test.hears_of(ast));
        let heard = heard.cloned().collect();
        self.tasks.spawn(tell_logins(test.clone(), heard, told.clone()));
        for (ast, events) in logins {
            let (sender, requests) = unbounded_channel();
            self.requests.push(sender);
            self.tasks.spawn(keep_connection(ast.clone(), test.shared.object.reconnects));
            let (test, told) = (test.clone(), told.clone());
            self.tasks.spawn(async move {
                told.cancelled().await;
                pump(test, ast, events, requests).await;
            });
        }
        told.cancelled_owned()
    }

    /// Asks all of them to hand out what has come. The result is done when they have.
    pub(super) fn handed_out(&self) -> impl Future<Output = ()> + use<> {
        let ask = |requests: &UnboundedSender<oneshot::Sender<()>>| {
            let (done, is_done) = oneshot::channel();
            // One whose connection has ended has handed out all.
            let _ = requests.send(done);
            is_done
        };
        let all = join_all(self.requests.iter().map(ask));
        async { drop(all.await) }
    }

    /// The tasks, which end with their connections.
    pub(super) fn into_tasks(self) -> JoinSet<()> {
        self.tasks
    }
}

/// Has all components look at the servers, and tells them that the test has begun, and of each
/// login.
async fn tell_logins(test: TestCase, asts: Vec<Ast>, told: CancellationToken) {
    let actors = &test.shared.actors;
    actors.booted(&test).await;
    test.shared.clock.start();
    actors.begin(&test);
    actors.tell(&Happening::Started);
    // Components that wait take it now, each in its turn, and the object does not find the login
    // behind it before the others have.
    yield_now().await;
    for ast in asts {
        actors.tell(&Happening::Connected(ast));
        yield_now().await;
    }
    told.cancel();
}

/// Ends a connection that is lost, unless it is to come back.
async fn keep_connection(ast: Ast, reconnects: bool) {
    let mut state = ast.ami().state();
    loop {
        // The client lives as long as `ast`, so that there always is a next state.
        let lost = state.wait_for(|state| !state.is_up()).await;
        if lost.is_ok_and(|state| state.is_closed()) {
            return;
        }
        let is_back = async {
            if reconnects || ast.is_restarting() {
                let _ = state.wait_for(|state| state.is_up() || state.is_closed()).await;
            }
        };
        tokio::select! {
            biased;
            () = ast.over() => {}
            () = is_back => {}
        }
        if !state.borrow().is_up() {
            // There is no server that it could log off from.
            let _ = ast.ami().close().await;
            return;
        }
    }
}

/// Hands out the events of a connection, until it ends.
async fn pump(
    test: TestCase,
    ast: Ast,
    mut events: Subscription,
    mut requests: UnboundedReceiver<oneshot::Sender<()>>,
) {
    let (mut last, is_heard) = (None, test.hears_of(&ast));
    loop {
        let item = tokio::select! {
            biased;
            item = events.next() => item,
            // All that has come is handed out: there is nothing to read.
            Some(done) = requests.recv() => {
                // Who asked may be gone.
                let _ = done.send(());
                continue;
            }
        };
        match item {
            Some(Item::Event(event)) => {
                show_life(&mut last);
                if ast.takes_fence(&event) {
                    continue;
                }
                ast.follow_calls(&event);
                if is_heard {
                    test.shared.actors.tell(&Happening::Event(ast.clone(), event));
                    // Components that wait take it now, each in its turn.
                    yield_now().await;
                }
            }
            Some(Item::Gap(gap)) => {
                test.note(format!("Asterisk {}: {gap}", ast.number()));
                if gap.restarted != Some(false) {
                    ast.forget_calls();
                }
                let mut state = ast.ami().state();
                let booted = state.wait_for(|state| state.is_up() || state.is_closed()).await;
                if is_heard && booted.is_ok_and(|state| state.is_up()) {
                    test.shared.actors.tell(&Happening::Reconnected(ast.clone()));
                    yield_now().await;
                }
            }
            Some(missed) => tracing::warn!(?missed, "events are missing here"),
            None => break,
        }
    }
    if test.is_in(Phase::Run) {
        test.note(format!("the AMI connection to Asterisk {} ended in the middle", ast.number()));
    }
}

/// Tells the runner of a sign of life, but not of every one.
fn show_life(last: &mut Option<Instant>) {
    let now = Instant::now();
    if last.is_none_or(|last| now - last >= SIGNS) {
        *last = Some(now);
        link::tell(&Message::Alive);
    }
}
