//! The events of sets.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::cause::Cause;
use crate::case::{Failure, Happening, Needs, Setting, TestCase};
use crate::files::{ConfigError, Section};

mod ami_events;
mod ari_events;
mod ari_start;
mod conditions;
mod generic;
mod logins;
mod sipp_start;
mod udp;

/// An event of a set, as its section describes it.
pub(super) trait Event: Send {
    /// Says what the event needs of the machine.
    fn needs(&self, needs: &mut Needs) {
        let _ = needs;
    }

    /// Prepares the test before its servers are made.
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        let _ = setting;
        Ok(())
    }

    /// Sees what happens in the test. Returns a cause for actions if this is the event.
    fn see(&mut self, what: &Happening, test: &TestCase) -> Option<Cause> {
        let _ = (what, test);
        None
    }

    /// Waits for the event, if it comes by another way than the test's happenings.
    fn poll_cause(&mut self, cx: &mut Context<'_>, test: &TestCase) -> Poll<Cause> {
        let _ = (cx, test);
        Poll::Pending
    }

    /// Judges, when all servers have ended.
    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        let _ = test;
        Box::pin(std::future::ready(()))
    }
}

/// The judgement of an event, under way.
pub(super) type Judging<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Reads the section of a key as events: one, or as many as it lists.
type Read = fn(&Section) -> Result<Vec<Box<dyn Event>>, ConfigError>;

/// All events, by their keys.
pub(super) const TABLE: [(&str, Read); 8] = [
    ("ami-events", ami_events::read),
    ("ami-restart", logins::read_restart),
    ("ami-start", logins::read_start),
    ("ari-events", ari_events::read),
    ("ari-start", ari_start::read),
    ("event", generic::read),
    ("sipp-start", sipp_start::read),
    ("test-start", logins::read_test_start),
];
