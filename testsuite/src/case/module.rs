//! What takes part in a test: objects that drive it, and modules that watch it and act in it.

use ami::Event;
use instance::Stopped;

use crate::case::{Ast, TestCase};

/// A test object or module. It is made from its configuration, and told what happens, in this
/// order.
///
/// What it does that takes time goes into [`TestCase::spawn`].
pub trait Module: Send {
    /// All servers are up, and the time-out counts.
    fn started(&mut self, test: &TestCase) {
        let _ = test;
    }

    /// The test is logged in to one of them. Every event from now on is handed to
    /// [`event`](Self::event).
    fn connected(&mut self, ast: &Ast, test: &TestCase) {
        let _ = (ast, test);
    }

    /// An event.
    fn event(&mut self, event: &Event, ast: &Ast, test: &TestCase) {
        let _ = (event, ast, test);
    }

    /// All servers have ended, and every event was handed out. It is time to judge.
    fn stopped(&mut self, stopped: &[Stopped], test: &TestCase) {
        let _ = (stopped, test);
    }
}
