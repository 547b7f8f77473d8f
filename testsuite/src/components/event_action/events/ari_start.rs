//! `ari-start`: the logins of a test that has ARI.

use super::Event;
use crate::case::{Failure, Happening, Setting, TestCase};
use crate::components::ari;
use crate::components::cause::Cause;
use crate::files::{ConfigError, Node, Section};

/// Reads the section, in which nothing has a meaning.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    Ok(vec![Box::new(AriStart { place: section.node().clone() })])
}

/// The login to a server: the websocket has been open since before. Each server has one.
struct AriStart {
    place: Node,
}

impl Event for AriStart {
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        Ok(ari::expect_object(&self.place, "ari-start", setting)?)
    }

    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        matches!(what, Happening::Connected(_)).then(|| Cause::plain("ari-start"))
    }
}
