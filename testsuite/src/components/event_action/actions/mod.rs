//! The actions of sets.

use std::pin::Pin;

use super::cause::Cause;
use crate::case::{Failure, Needs, Setting, Step, TestCase};
use crate::components::servers::Servers;
use crate::files::{ConfigError, Section};
use crate::matching::Template;

mod ami_actions;
mod ari_requests;
mod callback;
mod cli_cmds;
mod logger;
mod sipp;
mod stop_test;
mod validate_log;

/// An action of a set, as its section describes it.
pub(super) trait Action: Send {
    /// Says what the action needs of the machine.
    fn needs(&self, needs: &mut Needs) {
        let _ = needs;
    }

    /// Prepares the test before its servers are made.
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        let _ = setting;
        Ok(())
    }

    /// The texts into which fields of the cause are filled.
    fn texts(&self) -> Vec<&Template> {
        Vec::new()
    }

    /// Does the action for a cause. It goes on by itself where it takes time.
    fn run<'a>(
        &'a mut self,
        cause: &'a Cause,
        servers: &'a mut Servers,
        test: &'a TestCase,
    ) -> Step<'a>;

    /// Ends what goes on by itself: the test ends, and its servers are still up.
    fn let_go(&mut self) -> LettingGo<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// The end of what an action began, under way.
pub(super) type LettingGo<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Reads the section of a key as actions: one, or as many as it lists.
type Read = fn(&Section) -> Result<Vec<Box<dyn Action>>, ConfigError>;

/// All actions, by their keys.
pub(super) const TABLE: [(&str, Read); 8] = [
    ("ami-actions", ami_actions::read),
    ("ari-requests", ari_requests::read),
    ("callback", callback::read),
    ("cli-cmds", cli_cmds::read),
    ("logger", logger::read),
    ("sipp", sipp::read),
    ("stop_test", stop_test::read),
    ("validate-log", validate_log::read),
];
