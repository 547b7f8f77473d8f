//! The servers that actions are for, and their answers. Nobody waits for an answer; a refusal is
//! told.

use std::collections::{BTreeMap, HashMap};
use std::task::{Context, Poll, Waker};

use ami::{Action, Buffer, Filter, Item, Stray, Subscription};
use futures_util::StreamExt;
use uuid::Uuid;

use crate::case::{Ast, Failure, Happening, TestCase};
use crate::files::{Id, Node};

/// The servers that the test is logged in to, and what they have to answer.
#[derive(Default)]
pub(super) struct Servers {
    connected: Vec<Ast>,
    /// The answers that belong to no call, by the number of the server.
    answers: BTreeMap<u32, Subscription>,
    /// The actions that were sent, by their ActionIDs.
    sent: HashMap<String, (Node, String)>,
}

impl Servers {
    /// Takes note of a login.
    pub(super) fn see(&mut self, what: &Happening) {
        if let Happening::Connected(ast) = what {
            self.connected.push(ast.clone());
        }
    }

    /// Returns a server by the number that a section names.
    pub(super) fn get(&self, id: Id, test: &TestCase) -> Result<Ast, Failure> {
        let known = self.connected.iter().find(|ast| ast.id() == id).cloned();
        // Of some logins nobody has heard yet.
        let ast = known.or_else(|| test.asts().into_iter().find(|ast| ast.id() == id));
        ast.ok_or_else(|| format!("the test has no server {id}").into())
    }

    /// Sends an action that is described at a place. Its answer is taken when it comes. The items
    /// of a list are events like all others.
    pub(super) async fn send(&mut self, ast: &Ast, place: &Node, action: Action, test: &TestCase) {
        let strays = || ast.ami().subscribe_with(Filter::none().with_strays(), Buffer::unbounded());
        self.answers.entry(ast.number()).or_insert_with(strays);
        let id = action.action_id().map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        self.sent.insert(id.clone(), (place.clone(), action.name().to_owned()));
        let name = action.name().to_owned();
        if let Err(error) = ast.ami().send(action.with_action_id(&id)).await {
            // The suite does not look whether an action can be sent either.
            let error = anyhow::Error::from(error);
            test.note(place.error(format!("{name} was not sent: {error:#}")).to_string());
        }
    }

    /// Tells the refusals that came.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, test: &TestCase) {
        for answers in self.answers.values_mut() {
            while let Poll::Ready(Some(item)) = answers.poll_next_unpin(cx) {
                let Item::Stray(stray) = item else { continue };
                let Stray::Unmatched(answer) = *stray else { continue };
                let id = answer.text("ActionID").unwrap_or_default();
                let is_error =
                    answer.text("Response").is_some_and(|it| it.eq_ignore_ascii_case("error"));
                let Some((place, name)) = self.sent.get(&*id).filter(|_| is_error) else {
                    continue;
                };
                let why = answer.text("Message").unwrap_or_default();
                test.note(place.error(format!("{name} was refused: {why}")).to_string());
            }
        }
    }

    /// Tells the refusals that came, when no more can come.
    pub(super) fn take_all(&mut self, test: &TestCase) {
        self.poll(&mut Context::from_waker(Waker::noop()), test);
    }
}
