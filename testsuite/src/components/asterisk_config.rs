//! `pluggable_modules.AsteriskConfigModule`: configuration files that replace those of a server.

use std::fs;
use std::path::Path;

use crate::case::{Component, Failure, Life, Setting, Stage, Step};
use crate::components::Kind;
use crate::files::{ConfigError, Id, Node, Section};

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["pluggable_modules.AsteriskConfigModule"],
    page: include_str!("asterisk_config.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if node.items().is_empty() {
        return Err(node.error(format!("expected a list of files, found {}", node.kind())));
    }
    let entries = section.items("pluggable_modules.AsteriskConfigModule reads");
    let files = entries.iter().map(Installed::read).collect::<Result<_, _>>()?;
    Ok(Box::new(AsteriskConfig { files }))
}

struct AsteriskConfig {
    files: Vec<Installed>,
}

/// A file of the suite that becomes a configuration file of a server.
struct Installed {
    place: Node,
    id: Id,
    from: Node,
    to: String,
}

impl Installed {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        section.expect_text("src")?;
        Ok(Self {
            place: section.node().clone(),
            id: Id::read(section.get("id"))?,
            from: section.expect("src")?.clone(),
            to: section.expect_text("dst")?.to_owned(),
        })
    }

    /// Reads the file, from the suite's folder.
    fn text(&self, suite: &Path) -> Result<String, ConfigError> {
        let path = suite.join(self.from.expect_text("src")?);
        let failed = |error| {
            let what = format!("src {} cannot be read", path.display());
            self.from.error(what).caused_by(error)
        };
        fs::read_to_string(&path).map_err(failed)
    }

    fn install(&self, setting: &mut Setting) -> Result<(), Failure> {
        let text = self.text(setting.test().suite())?;
        let servers = setting.servers();
        if self.id.number() as usize > servers {
            let what = format!("there is no server {}, the test has {servers}", self.id);
            return Err(self.place.error(what).into());
        }
        setting.change(self.id, |builder| builder.file(&*self.to, text))
    }
}

impl Component for AsteriskConfig {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let installed = self.files.iter().try_for_each(|file| file.install(setting));
        Box::pin(std::future::ready(installed))
    }

    fn run(self: Box<Self>, _: Stage) -> Life {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn mistakes_are_refused_with_their_place() {
        for (yaml, told) in [
            ("{}", "1: expected a list of files, found a mapping"),
            ("- {dst: a.conf}", "1: expected `src:`"),
            ("- {src: a.conf}", "1: expected `dst:`"),
            ("- {src: a.conf, dst: b.conf, id: x}", "1: expected the number of a server"),
        ] {
            let error = build(&section(yaml)).err().unwrap().to_string();
            assert!(error.starts_with(&format!("test-config.yaml:{told}")), "{yaml}: {error}");
        }
    }
}
