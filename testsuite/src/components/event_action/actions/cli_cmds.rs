//! `cli-cmds`: commands of the server's console.

use super::Action;
use crate::case::{Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Id, Node, Section};
use crate::matching::Template;

/// Reads one command, or a list of them. One that is empty is left out.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let mut commands: Vec<Box<dyn Action>> = Vec::new();
    for section in section.items("a command of cli-cmds has") {
        let id = Id::read(section.get("id"))?;
        if let Some(command) = section.text("cmd")?.filter(|it| !it.is_empty()) {
            let (place, command) = (section.node().clone(), Template::new(command));
            commands.push(Box::new(Command { place, id, command }));
        }
    }
    Ok(commands)
}

struct Command {
    place: Node,
    id: Id,
    command: Template,
}

impl Action for Command {
    fn texts(&self) -> Vec<&Template> {
        vec![&self.command]
    }

    fn run<'a>(
        &'a mut self,
        cause: &'a Cause,
        servers: &'a mut Servers,
        test: &'a TestCase,
    ) -> Step<'a> {
        Box::pin(async move {
            let (command, ast) = (cause.fill(&self.command)?, servers.get(self.id, test)?);
            let (place, test_case) = (self.place.clone(), test.clone());
            test.spawn(async move {
                if let Err(error) = ast.cli(&command).await {
                    let error = anyhow::Error::from(error);
                    let what = format!("the command {command:?} failed: {error:#}");
                    test_case.note(place.error(what).to_string());
                }
            });
            Ok(())
        })
    }
}
