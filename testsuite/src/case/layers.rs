//! The layers of configuration that the servers of a test are made of.
//!
//! Layers, later ones win, whole files only: ours; those that all tests of the suite share; those
//! that the object's `config-path` names, or a component; the test's own `configs/astN`.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use ami::{Config, Reconnect};
use instance::Builder;

use super::TestCase;
use crate::files::ConfigError;
use crate::files::TestConfig;

/// Modules that cannot be loaded together.
const CONFLICTS: &str = "configs/conflicts.txt";

/// Returns the builder of a server, by its number.
pub(super) fn builder(test: &TestCase, number: u32) -> Result<Builder, ConfigError> {
    let (settings, object) = (&test.shared.job.settings, &test.shared.object);
    let Some(server) = &test.shared.server else {
        return Err(test.section().error("there is no server to boot"));
    };
    let mut builder = Builder::new(server.clone()).root(&settings.sandboxes);
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
    let own = format!("ast{number}");
    if let Some(path) = object.configs.as_deref().or_else(|| test.needs().configs_folder()) {
        let path = test.suite().join(path).join(&own);
        if path.is_dir() {
            builder = builder.configs(path);
        }
    }
    if let Some(path) = &object.files {
        let path = test.suite().join(path);
        for path in [path.join("common"), path.join(&own)].into_iter().filter(|it| it.is_dir()) {
            builder = builder.files(path);
        }
    }
    builder = builder.test(test.folder());
    if fixed && number > 1 {
        // The suite's manager.conf names the first one's address.
        builder =
            builder.file("manager.general.conf.inc", format!("bindaddr = 127.0.0.{number}\n"));
    }
    for (key, value) in &object.options {
        builder = builder.option(key, value);
    }
    Ok(builder.login(&object.user, &object.secret).journal(0))
}

/// Returns how the test logs in.
pub(super) fn login(test: &TestCase) -> Config {
    let object = &test.shared.object;
    // A server that is restarted is up again in a moment.
    let policy = Reconnect::default().wait(Duration::from_millis(20), Duration::from_millis(200));
    Config::new(&*object.user, &*object.secret).reconnect(policy)
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
