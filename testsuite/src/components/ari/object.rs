//! `ari.AriBaseTestObject`, `ari.AriTestObject` and `ari.AriOriginateTestObject`: servers, the
//! websocket of ARI, and channels that are made one after another.
//!
//! An iteration is over when no channel of the first server is left, whoever made them.

use std::collections::BTreeMap;

use ami::Event;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::iterations::{Answering, Call, Iterations, Post, Turn};
use super::pump::Pump;
use super::setup::Setup;
use super::turn::is_free;
use super::{client_of, hold};
use crate::ari::Websocket;
use crate::case::{
    Ast, Component, Failure, Happening, Life, Needs, Pending, Setting, Stage, Step, TestCase,
};
use crate::components::{Kind, originate};
use crate::files::{ConfigError, Id, Section};
use crate::matching::Fields;

/// The object that makes no channels.
pub(in crate::components) const BASE: Kind = Kind {
    names: &["ari.AriBaseTestObject"],
    page: include_str!("base.md"),
    build: |section| {
        // Tests set it, and it has no effect without iterations.
        section.ignore(&["stop-on-end"]);
        build(section, Makes::Nothing, false)
    },
};

/// The object that calls by AMI.
pub(in crate::components) const CALLS: Kind = Kind {
    names: &["ari.AriTestObject"],
    page: include_str!("calls.md"),
    build: |section| build(section, Makes::Calls(Iterations::read(section)?), stops(section)),
};

/// The object that has ARI make channels.
pub(in crate::components) const ORIGINATES: Kind = Kind {
    names: &["ari.AriOriginateTestObject"],
    page: include_str!("originates.md"),
    build: |section| build(section, Makes::Posts(Iterations::read(section)?), stops(section)),
};

fn stops(section: &Section) -> bool {
    section.truth("stop-on-end").unwrap_or(true)
}

fn build(
    section: &Section,
    makes: Makes,
    stops_on_end: bool,
) -> Result<Box<dyn Component>, ConfigError> {
    Ok(Box::new(Object {
        setup: Setup::read(section)?,
        makes,
        stops_on_end,
        websocket: None,
        pump: None,
        channels: BTreeMap::new(),
        is_over: false,
    }))
}

/// The channels that an object makes.
enum Makes {
    Nothing,
    Calls(Iterations<Call>),
    Posts(Iterations<Post>),
}

/// The result of a step to the next iteration.
enum Begun {
    /// The iteration was begun, and AMI still has to answer these.
    Iteration(Vec<Answering>),
    /// No iterations at all.
    Nothing,
    /// No more iterations.
    End,
}

impl Makes {
    /// Begins the next iteration. Modules that send requests at the login do so before.
    async fn begin_next(&mut self, ast: &Ast, test: &TestCase) -> Result<Begun, Failure> {
        is_free(test).await;
        let _held = hold(test);
        let begun = |answers| Ok(Begun::Iteration(answers));
        match self {
            Self::Nothing => Ok(Begun::Nothing),
            Self::Calls(calls) => match calls.next() {
                Turn::Make(all) => begun(all.iter().map(|call| call.make(ast)).collect()),
                Turn::Over => Ok(Begun::End),
                Turn::Idle => Ok(Begun::Nothing),
            },
            Self::Posts(posts) => match posts.next() {
                Turn::Make(all) => {
                    let client = client_of(test).ok_or("there is no client of ARI")?;
                    for post in all {
                        post.make(&client).await?;
                    }
                    begun(Vec::new())
                }
                Turn::Over => Ok(Begun::End),
                Turn::Idle => Ok(Begun::Nothing),
            },
        }
    }

    /// The place in the course of the test.
    fn told(&self) -> String {
        match self {
            Self::Nothing => "ARI".to_owned(),
            Self::Calls(calls) => calls.told(),
            Self::Posts(posts) => posts.told(),
        }
    }
}

struct Object {
    setup: Setup,
    makes: Makes,
    stops_on_end: bool,
    /// The websocket until the first login.
    websocket: Option<Websocket>,
    pump: Option<Pump>,
    /// The channels of the first server by their unique ids, with their names.
    channels: BTreeMap<String, String>,
    /// All iterations are over.
    is_over: bool,
}

impl Component for Object {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(self.setup.servers);
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        self.setup.prepare(setting.test());
        Box::pin(std::future::ready(Ok(())))
    }

    fn booted<'a>(&'a mut self, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            self.websocket = Some(self.setup.open(test).await?);
            Ok(())
        })
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            let mut pending = FuturesUnordered::<Answering>::new();
            loop {
                tokio::select! {
                    biased;
                    Some((channel, answer)) = pending.next() => {
                        self.answered(&channel, answer, &test);
                    }
                    what = stage.next() => match what {
                        Some(Happening::Connected(ast)) => {
                            pending.extend(self.connect(&ast, &test).await);
                        }
                        Some(Happening::Event(ast, event)) if ast.id() == Id::default() => {
                            if self.is_last_hangup(&event) {
                                pending.extend(self.start_next(&ast, &test).await);
                            }
                        }
                        Some(Happening::Stopping(guard)) => self.let_go(guard, &test),
                        Some(_) => {}
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

impl Object {
    /// Begins to hand out events, and makes the first channels. Without a websocket the test has
    /// failed already.
    async fn connect(&mut self, ast: &Ast, test: &TestCase) -> Vec<Answering> {
        if let Some(websocket) = self.websocket.take() {
            self.pump = Some(Pump::start(websocket, test));
        }
        if ast.id() == Id::default() { self.start_next(ast, test).await } else { Vec::new() }
    }

    /// Takes note of channels that come and go. Returns whether the last one has gone.
    fn is_last_hangup(&mut self, event: &Event) -> bool {
        let text = |name| event.field(name).unwrap_or_default();
        if event.is("Newchannel") {
            self.channels.insert(text("Uniqueid"), text("Channel"));
        } else if event.is("Hangup") {
            return self.channels.remove(&text("Uniqueid")).is_some() && self.channels.is_empty();
        }
        false
    }

    /// Begins the next iteration, or ends the test if there is none.
    async fn start_next(&mut self, ast: &Ast, test: &TestCase) -> Vec<Answering> {
        // There are no iterations without a websocket, and none while the test ends.
        if self.pump.is_none() || is_ending(test) {
            return Vec::new();
        }
        let begun = tokio::select! {
            biased;
            () = test.is_ending() => return Vec::new(),
            begun = self.makes.begin_next(ast, test) => begun,
        };
        match begun {
            Ok(Begun::Iteration(answers)) => return answers,
            Ok(Begun::Nothing) => {}
            Ok(Begun::End) => {
                self.is_over = true;
                if self.stops_on_end {
                    test.stop();
                }
            }
            Err(error) => self.fail(&format!("{error:#}"), test),
        }
        Vec::new()
    }

    fn answered(&self, channel: &str, answer: Result<(), ami::Error>, test: &TestCase) {
        if let Err(error) = answer
            && originate::is_refusal(&error)
            && !is_ending(test)
        {
            let error = anyhow::Error::from(error);
            self.fail(&format!("originating {channel}: {error:#}"), test);
        }
    }

    fn fail(&self, what: &str, test: &TestCase) {
        test.fail(format!("{}: {what}", self.makes.told()));
        test.stop();
    }

    /// Closes the websocket before the servers stop, and tells how far the object came, if it was
    /// not what ended the test.
    fn let_go(&mut self, guard: Pending, test: &TestCase) {
        let Some(pump) = self.pump.take() else {
            return;
        };
        pump.end(test, guard);
        let up: Vec<_> = self.channels.values().map(|name| &**name).collect();
        if !self.is_over && !up.is_empty() {
            test.note(format!("{}: still up: {}", self.makes.told(), up.join(", ")));
        }
    }
}

fn is_ending(test: &TestCase) -> bool {
    test.is_ending().now_or_never().is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::ari::testing::{CLOSE, text, websocket};
    use crate::case::Watcher;
    use crate::case::alone::{Alone, section};
    use crate::job::Account;

    /// Hears of events of ARI, and ends the test at some.
    #[derive(Clone, Default)]
    struct Hears {
        heard: Arc<Mutex<Vec<String>>>,
        ends_at: &'static str,
    }

    impl Watcher for Hears {
        fn see(&mut self, what: &Happening, test: &TestCase) {
            if let Happening::Ari(event, _) = what {
                self.heard.lock().unwrap().push(event.kind().to_owned());
                if event.kind() == self.ends_at {
                    test.stop();
                }
            }
        }
    }

    const A: &str = r#"{"type": "A"}"#;
    const B: &str = r#"{"type": "B"}"#;

    /// Has an object hand out frames to two watchers, of which the first ends the test at some.
    /// Returns what each heard.
    async fn handed_out(frames: &[&[u8]], ends_at: &'static str) -> (Account, [Vec<String>; 2]) {
        let alone = Alone::new(1).await;
        let (port, serving) = websocket(frames).await;
        let section = section(&format!("port: {port}"));
        let mut object = (BASE.build)(&section).unwrap();
        object.booted(&alone.test).await.unwrap();
        let watchers = [Hears { ends_at, ..Hears::default() }, Hears::default()];
        for watcher in &watchers {
            alone.add("own.Hears", Box::new(watcher.clone()), false);
        }
        alone.add("ari.AriBaseTestObject", object, true);
        let account = alone
            .play(async |alone| {
                alone.connect(1).await;
                // The object closes the connection, whoever ended the test.
                serving.await.unwrap();
            })
            .await;
        (account, watchers.map(|it| it.heard.lock().unwrap().clone()))
    }

    #[tokio::test]
    async fn the_event_that_ends_the_test_is_handed_out_to_all_and_no_other() {
        let frames: [&[u8]; 3] = [&text(A), &text(B), &text(A)];
        let (account, heard) = handed_out(&frames, "B").await;
        assert_eq!(heard, [["A", "B"], ["A", "B"]]);
        assert_eq!(account.notes, [""; 0]);
    }

    #[tokio::test]
    async fn a_websocket_that_is_closed_in_the_middle_is_told() {
        let (account, heard) = handed_out(&[&text(A), CLOSE, &text(B)], "").await;
        assert_eq!(heard, [["A"], ["A"]]);
        let why =
            "no more events came in the middle: the server closed the websocket of ARI: 1000 bye";
        assert_eq!(account.notes, [why]);
    }

    #[tokio::test]
    async fn a_message_that_is_no_json_fails_the_test_and_the_next_is_handed_out() {
        let (account, heard) = handed_out(&[&text("x"), &text(B)], "B").await;
        assert_eq!(heard, [["B"], ["B"]]);
        let what = "a message on the websocket of ARI is no JSON: \"x\"";
        assert!(account.reasons[0].what.starts_with(what), "{:?}", account.reasons);
    }
}
