//! `test_case.TestCaseModule`: servers and logins, and nothing else: modules do the test.

use crate::case::{Component, Happening, Needs, TestCase, Watcher};
use crate::components::Kind;
use crate::files::{ConfigError, Node, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["test_case.TestCaseModule", "TestCaseModule.TestCaseModule"],
    page: include_str!("test_case_module.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    if section.is_true("connect-agi") {
        let what = "connect-agi: what answers FastAGI is Python of the test itself, which does not run natively; a \
                    test in Rust listens with `TestCase::fast_agi`";
        return Err(section.error(what).unsupported());
    }
    let servers = number_of(section.get("asterisk-instances"), "asterisk-instances")?;
    let login = section.part("connect-ami", "connect-ami has");
    let logins = match login.filter(|it| it.node().is_true()) {
        Some(login) if login.node().is_map() => {
            // The rest is read with the keys that every test object has.
            login.ignore(&["username", "secret", "port"]);
            number_of(login.get("count"), "count")?
        }
        Some(_) => servers,
        None => 0,
    };
    Ok(Box::new(TestCaseModule { servers, logins }))
}

/// A number of servers: one, unless there is another that is not 0.
pub(super) fn number_of(node: Option<&Node>, key: &str) -> Result<u32, ConfigError> {
    let Some(node) = node.filter(|it| it.is_true()) else {
        return Ok(1);
    };
    let count = node.expect_count(key)?.max(1);
    u32::try_from(count).map_err(|_| node.error(format!("{key}: that is too many")))
}

struct TestCaseModule {
    servers: u32,
    /// The number of servers that the test is logged in to.
    logins: u32,
}

impl Watcher for TestCaseModule {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(self.servers);
        needs.logins(self.logins);
    }

    fn see(&mut self, _: &Happening, _: &TestCase) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    /// The number of servers, and which of the first four components hear of.
    fn needs(yaml: &str) -> (u32, Vec<u32>) {
        let mut needs = Needs::default();
        build(&section(yaml)).unwrap().needs(&mut needs);
        (needs.server_count(), (1..=4).filter(|number| needs.hears_of(*number)).collect())
    }

    #[test]
    fn servers_and_logins_are_those_that_are_asked_for() {
        for (yaml, servers, logins) in [
            ("{}", 1, vec![]),
            ("connect-ami: False", 1, vec![]),
            ("connect-ami: 'True'", 1, vec![1]),
            ("{asterisk-instances: 3, connect-ami: True}", 3, vec![1, 2, 3]),
            ("{asterisk-instances: , connect-ami: yes}", 1, vec![1]),
            ("{asterisk-instances: 0, connect-ami: yes}", 1, vec![1]),
            ("{asterisk-instances: '', connect-ami: yes}", 1, vec![1]),
            ("{asterisk-instances: 3, connect-ami: {secret: x}}", 3, vec![1]),
            ("{asterisk-instances: 3, connect-ami: {count: 2}}", 3, vec![1, 2]),
            ("{asterisk-instances: 2, connect-ami: {}}", 2, vec![]),
        ] {
            assert_eq!(needs(yaml), (servers, logins), "{yaml}");
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        let error = |yaml: &str| build(&section(yaml)).err().unwrap();
        let agi = error("connect-agi: True");
        assert!(agi.is_unsupported() && agi.to_string().contains("FastAGI"), "{agi}");
        assert!(build(&section("connect-agi: False")).is_ok());
        assert!(!error("asterisk-instances: many").is_unsupported());
    }
}
