//! Components without a server, for their unit tests: what happens goes into their inboxes, and a
//! verdict comes out. In the place of a server there is a scripted peer, which tells the test of
//! each action.

use std::path::Path;
use std::time::Duration;

use ami::testing::{Peer, Reply, Script};
use ami::{Action, Buffer, Config, Event, Filter, Message};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Ast, Component, Happening, TestCase, lock};
use crate::files::{Document, Section, TestConfig};
use crate::job::{Account, Job};

/// The time that an action may take to come: longer than on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A test without servers, while it runs.
pub(crate) struct Alone {
    pub(crate) test: TestCase,
    /// Somebody wants the end of all.
    pub(crate) cancelled: CancellationToken,
    asts: Vec<(Ast, UnboundedReceiver<Action>)>,
}

/// Reads a section of YAML.
pub(crate) fn section(text: &str) -> Section {
    let document = Document::parse(Path::new("test-config.yaml"), text).unwrap();
    Section::new(&document.root, "it has")
}

/// The answer to an action: a refusal of those that are named so, else a success.
fn answer(action: &Action) -> Reply {
    let refused = action.fields().any(|(_, value)| value == b"refused");
    if refused { Reply::error("this was refused") } else { Reply::success() }
}

impl Alone {
    /// Makes a test with so many connections, none of which anybody was told of.
    pub(crate) async fn new(connections: u32) -> Self {
        let config = Document::parse(Path::new("test-config.yaml"), "{}").unwrap();
        let test = TestCase::new(Job::alone(), None, TestConfig::of(config)).unwrap();
        let mut asts = Vec::new();
        for number in 1..=connections {
            let (sender, actions) = unbounded_channel();
            let script = Script::new().otherwise(move |action| {
                let _ = sender.send(action.clone());
                answer(action)
            });
            let config = Config::new("user", "secret").reconnect(None);
            let (client, mut peer) = Peer::connect_with(&config, script).await.unwrap();
            test.spawn(async move { peer.serve().await.unwrap() });
            asts.push((Ast::alone(number, client, &test), actions));
        }
        Self { test, cancelled: CancellationToken::new(), asts }
    }

    /// Adds a component.
    pub(crate) fn add(&self, name: &str, component: Box<dyn Component>, is_object: bool) {
        self.test.add_as(name.to_owned(), component, is_object);
    }

    /// Lets a story happen to the components, and then ends the test.
    pub(crate) async fn play(mut self, story: impl AsyncFnOnce(&mut Self)) -> Account {
        let (test, cancelled) = (self.test.clone(), self.cancelled.clone());
        let body = async {
            test.shared.actors.begin(&test);
            self.tell(&Happening::Started).await;
            story(&mut self).await;
            if !self.cancelled.is_cancelled() {
                test.stop();
            }
            std::future::pending().await
        };
        test.run(body, &cancelled).await
    }

    /// Begins the test as the boot of its servers does, and ends it when components have been told.
    pub(crate) async fn begin(self) -> Account {
        let (test, cancelled) = (self.test.clone(), self.cancelled.clone());
        let subscribe = |ast: &Ast| ast.ami().subscribe_with(Filter::all(), Buffer::unbounded());
        let logins = self.asts.iter().map(|(ast, _)| (ast.clone(), subscribe(ast))).collect();
        let body = async {
            let told = lock(&test.shared.pumps).begin(&test, logins);
            told.await;
            test.stop();
            std::future::pending().await
        };
        test.run(body, &cancelled).await
    }

    /// Something happens, and components that wait take it.
    pub(crate) async fn tell(&self, what: &Happening) {
        self.test.shared.actors.tell(what);
        yield_now().await;
    }

    /// The connection to a server.
    pub(crate) fn ast(&self, number: usize) -> &Ast {
        &self.asts[number - 1].0
    }

    /// The test is logged in.
    pub(crate) async fn connect(&self, number: usize) {
        self.tell(&Happening::Connected(self.asts[number - 1].0.clone())).await;
    }

    /// An event comes, and components that wait take it.
    pub(crate) async fn event(&self, number: usize, text: &str) {
        let event = Event::from_message(Message::parse(text).unwrap()).unwrap();
        self.tell(&Happening::Event(self.asts[number - 1].0.clone(), event)).await;
    }

    /// The next action that a component sends.
    pub(crate) async fn action(&mut self, number: usize) -> Action {
        let actions = &mut self.asts[number - 1].1;
        timeout(PATIENCE, actions.recv()).await.unwrap().unwrap()
    }

    /// Waits until components have the answers to all actions that were taken.
    pub(crate) async fn settle(&mut self, number: usize) {
        self.asts[number - 1].0.ami().call(Action::new("Settle")).await.unwrap();
        assert_eq!(self.action(number).await.name(), "Settle");
        yield_now().await;
    }

    /// Returns whether every action that has come was taken.
    pub(crate) fn no_action(&mut self, number: usize) -> bool {
        self.asts[number - 1].1.is_empty()
    }

    /// Returns whether a component has ended the test.
    pub(crate) fn is_ended(&self) -> bool {
        self.test.shared.ended.is_cancelled()
    }

    /// Waits until the test is ended by a component.
    pub(crate) async fn ended(&self) {
        timeout(PATIENCE, self.test.shared.ended.cancelled()).await.unwrap();
    }
}
