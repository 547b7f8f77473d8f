//! What the servers of a test are made of.
//!
//! Layers, later ones win, whole files only: ours; those that all tests of the suite share; those
//! that the object's `config-path` names; the test's own `configs/astN`.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use ami::Config;
use instance::Builder;

use super::TestCase;
use crate::files::TestConfig;
use crate::files::{ConfigError, Node};

/// The manager user of the suite's configuration, and of ours.
const USER: &str = "user";
const SECRET: &str = "mysecret";

/// Modules that cannot be loaded together.
const CONFLICTS: &str = "configs/conflicts.txt";

/// Returns the builder of a server, by its number.
pub(super) fn builder(test: &TestCase, number: u32) -> Result<Builder, ConfigError> {
    let (settings, section) = (&test.shared.job.settings, test.section());
    let mut builder = Builder::new(test.shared.server.clone()).root(&settings.sandboxes);
    let base = settings.base.as_ref();
    let fixed = base.is_some_and(|base| base.join("manager.conf").exists());
    if settings.isolated || fixed {
        // What the suite's tests have in their files.
        let last = u8::try_from(number).unwrap_or(u8::MAX);
        builder = builder.address(Ipv4Addr::new(127, 0, 0, last));
    }
    if let Some(base) = base {
        builder = builder.configs(base);
    }
    for module in conflicting(test.suite(), test.config())? {
        builder = builder.append("modules.conf", format!("noload => {module}\n"));
    }
    if let Some(path) = section.get("config-path") {
        let path = test.suite().join(path.expect_text("config-path")?);
        let path = path.join(format!("ast{number}"));
        if path.is_dir() {
            builder = builder.configs(path);
        }
    }
    if let Some(path) = section.get("base-files-path") {
        let path = test.suite().join(path.expect_text("base-files-path")?);
        for name in ["common".to_owned(), format!("ast{number}")] {
            if path.join(&name).is_dir() {
                builder = builder.files(path.join(name));
            }
        }
    }
    builder = builder.test(test.folder());
    if fixed && number > 1 {
        // The suite's manager.conf names the first one's address.
        builder =
            builder.file("manager.general.conf.inc", format!("bindaddr = 127.0.0.{number}\n"));
    }
    let options = section.get("ast-config-options").into_iter().flat_map(Node::entries);
    for (key, value) in options {
        let (key, value) = (key.expect_text("an option")?, value.expect_text("an option")?);
        builder = builder.option(key, value);
    }
    let (user, secret) = user_of(section);
    Ok(builder.login(user, secret))
}

/// Returns how the test logs in.
pub(super) fn login(section: &Node) -> Config {
    let (user, secret) = user_of(section);
    // Another server may have the address once this one has ended.
    Config::new(user, secret).reconnect(None)
}

/// Modules that do not go together with one that the test needs.
fn conflicting(suite: &Path, config: &TestConfig) -> Result<Vec<String>, ConfigError> {
    let path = suite.join(CONFLICTS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(ConfigError::new(&path, None, "cannot be read").caused_by(error));
        }
    };
    let needed = config.dependencies.iter().filter(|it| it.kind == "asterisk");
    let needed: Vec<_> = needed.filter_map(|it| it.value.text()).collect();
    let lines = text.lines().map(|line| line.split(';').next().unwrap_or_default());
    let conflicts = lines.filter_map(|line| line.split_once('='));
    let met = conflicts.filter(|(with, _)| {
        with.split(',').any(|with| needed.iter().any(|needed| *needed == with.trim()))
    });
    Ok(met
        .flat_map(|(_, modules)| modules.split(','))
        .map(|module| module.trim().to_owned())
        .filter(|module| !module.is_empty())
        .collect())
}

/// The user and the secret that the object names, or the usual ones.
fn user_of(section: &Node) -> (&str, &str) {
    let ami = section.get("connect-ami").filter(|it| it.is_map());
    let named = |key| ami.and_then(|ami| ami.get(key)).and_then(Node::text);
    (named("username").unwrap_or(USER), named("secret").unwrap_or(SECRET))
}
