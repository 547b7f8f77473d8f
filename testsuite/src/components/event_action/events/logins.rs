//! `test-start`, `ami-start` and `ami-restart`: the boot of servers and the logins.

use super::{Event, Judging};
use crate::case::{Failure, Happening, Setting, TestCase};
use crate::components::awaited::no_login;
use crate::components::cause::Cause;
use crate::files::{ConfigError, Id, Node, Section};
use crate::matching::{Count, times};

/// Reads `test-start`.
pub(super) fn read_test_start(_: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    Ok(vec![Box::new(TestStart)])
}

/// Reads `ami-start`.
pub(super) fn read_start(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    let (place, id) = (section.node().clone(), Id::read(section.get("id"))?);
    Ok(vec![Box::new(AmiStart { place, id, has_come: false })])
}

/// Reads `ami-restart`.
pub(super) fn read_restart(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    Ok(vec![Box::new(AmiRestart {
        place: section.node().clone(),
        id: Id::read(section.get("id"))?,
        count: Count::of_ami(section.get("count"))?,
        on_count: section.is_true("trigger-on-count"),
        seen: 0,
    })])
}

/// All servers are up, and nobody was told of a login yet.
struct TestStart;

impl Event for TestStart {
    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        matches!(what, Happening::Started).then(|| Cause::plain("test-start"))
    }
}

/// The first login to a server.
struct AmiStart {
    place: Node,
    id: Id,
    has_come: bool,
}

impl Event for AmiStart {
    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        let is_it = matches!(what, Happening::Connected(ast) if ast.id() == self.id);
        let is_first = is_it && !self.has_come;
        self.has_come |= is_it;
        is_first.then(|| Cause::plain("ami-start"))
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        if !self.has_come {
            test.fail(self.place.error(no_login(&self.id.into())).to_string());
        }
        Box::pin(std::future::ready(()))
    }
}

/// Each later login to a server, which was restarted.
struct AmiRestart {
    place: Node,
    id: Id,
    count: Count,
    on_count: bool,
    seen: usize,
}

impl Event for AmiRestart {
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        let key = "allow-ami-reconnects";
        let allowed = setting.test().section().get(key).is_some_and(Node::is_true);
        let error = || self.place.error(format!("ami-restart needs `{key}` in the test object"));
        if allowed { Ok(()) } else { Err(error().into()) }
    }

    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        let is_it = matches!(what, Happening::Reconnected(ast) if ast.id() == self.id);
        self.seen += usize::from(is_it);
        let triggers = is_it && (!self.on_count || self.seen == self.count.least());
        triggers.then(|| Cause::plain("ami-restart"))
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        if !self.count.has(self.seen) {
            let (seen, count) = (times(self.seen), self.count);
            let what = format!("the server was logged in to again {seen}, expected {count}");
            test.fail(self.place.error(what).to_string());
        }
        Box::pin(std::future::ready(()))
    }
}
