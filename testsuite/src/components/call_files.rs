//! `pluggable_modules.CallFiles`: call files that are put into the spool.

use instance::CallFile;

use crate::case::{Ast, Component, Failure, Happening, Life, Setting, Stage, Step};
use crate::components::Kind;
use crate::files::{ConfigError, Id, Node, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.CallFiles"], page: include_str!("call_files.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if node.items().is_empty() {
        return Err(node.error(format!("expected a list of call files, found {}", node.kind())));
    }
    let entries = section.items("pluggable_modules.CallFiles reads");
    let calls = entries.iter().map(Entry::read).collect::<Result<_, _>>()?;
    Ok(Box::new(CallFiles { calls }))
}

struct CallFiles {
    calls: Vec<Entry>,
}

/// A call, and the server that makes it.
struct Entry {
    place: Node,
    id: Id,
    call: CallFile,
}

impl Entry {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        // The suite does not read it either.
        section.ignore(&["ignore-originate-failure"]);
        let id = Id::read(Some(section.expect("id")?))?;
        let params = section.expect("call-file-params")?;
        if params.entries().next().is_none() {
            return Err(params.error("expected the lines of a call file, there are none"));
        }
        let line = |(key, value): (&Node, &Node)| {
            // An empty value is that of a line which has none.
            let value = if value.is_null() { "" } else { value.expect_text("a value")? };
            Ok((key.expect_text("a key")?.to_owned(), value.to_owned()))
        };
        let lines = params.entries().map(line).collect::<Result<Vec<_>, ConfigError>>()?;
        Ok(Self { place: section.node().clone(), id, call: CallFile::from_keys(lines) })
    }

    fn put(&self, ast: &Ast) -> Result<(), ConfigError> {
        let put = ast.call_file(&self.call);
        put.map(drop).map_err(|error| self.place.error("the call file").caused_by(error))
    }
}

impl Component for CallFiles {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let servers = setting.servers();
        let no_server = self.calls.iter().find(|it| it.id.number() as usize > servers);
        let no_server = no_server.map(|it| {
            it.place.error(format!("there is no server {}, the test has {servers}", it.id))
        });
        Box::pin(std::future::ready(no_server.map_or(Ok(()), |error| Err(Failure::from(error)))))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            while let Some(what) = stage.next().await {
                if let Happening::Connected(ast) = what {
                    for entry in self.calls.iter().filter(|it| it.id == ast.id()) {
                        entry.put(&ast)?;
                    }
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn mistakes_are_refused_with_their_place() {
        for (yaml, told) in [
            ("", "1: expected a list of call files"),
            ("[]", "1: expected a list of call files"),
            ("- {call-file-params: {Channel: A}}", "1: expected `id:`"),
            ("- {id: one, call-file-params: {Channel: A}}", "1: expected the number of a server"),
            ("- {id: 0}", "1: expected `call-file-params:`"),
            ("- id: 0\n  call-file-params: {}", "2: expected the lines of a call file"),
            ("- id: 0\n  call-file-params: {A: [b]}", "2: a value is a list, not a text"),
        ] {
            let error = build(&section(yaml)).err().unwrap().to_string();
            assert!(error.starts_with(&format!("test-config.yaml:{told}")), "{yaml}: {error}");
        }
    }

    #[test]
    fn lines_are_those_of_the_section_in_its_order() {
        let yaml = "{id: '1', call-file-params: {Priority: 1, Channel: A, Archive: yes, Data: }}";
        let entry = Entry::read(&section(yaml)).unwrap();
        assert_eq!(entry.id.number(), 2);
        let lines = [("Priority", "1"), ("Channel", "A"), ("Archive", "yes"), ("Data", "")];
        assert_eq!(entry.call, CallFile::from_keys(lines));
    }
}
