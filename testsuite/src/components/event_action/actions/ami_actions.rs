//! `ami-actions`: actions of AMI.

use super::Action;
use crate::case::{Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Id, Node, Section};
use crate::matching::Template;

/// Reads one action, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let actions = section.items("an action of ami-actions has");
    actions.iter().map(|it| Ok(Box::new(AmiAction::read(it)?) as Box<dyn Action>)).collect()
}

struct AmiAction {
    place: Node,
    id: Id,
    /// The name of the action.
    name: Template,
    action_id: Option<Template>,
    /// The other headers, in their order.
    fields: Vec<(String, Template)>,
}

impl AmiAction {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        // The suite reads neither.
        section.ignore(&["delay", "expected"]);
        let Some(action) = section.part("action", "an action of AMI has") else {
            return Err(section.error("expected `action:` with the headers of an action of AMI"));
        };
        let (mut name, mut action_id, mut fields) = (None, None, Vec::new());
        // A list has headers in their order, some of which repeat.
        for headers in action.items("an action of AMI has") {
            for (key, value) in headers.entries() {
                let key = key.expect_text("a header")?;
                let value = Template::new(value.expect_text(key)?);
                if key.eq_ignore_ascii_case("action") {
                    name = Some(value);
                } else if key.eq_ignore_ascii_case("actionid") {
                    action_id = Some(value);
                } else {
                    fields.push((key.to_owned(), value));
                }
            }
        }
        let Some(name) = name else {
            return Err(action.error("expected the name of an action as `Action:`"));
        };
        let (place, id) = (action.node().clone(), Id::read(section.get("id"))?);
        let read = Self { place, id, name, action_id, fields };
        // What fields of an event are filled in can be wrong only when they are.
        let unfilled = read.with(|template| Ok(template.source().to_owned()));
        let checked = unfilled.and_then(|action| Ok(action.check()?));
        checked.map_err(|error: anyhow::Error| read.place.error(format!("{error:#}")))?;
        Ok(read)
    }

    /// Makes the action of its texts.
    fn with<E>(&self, text: impl Fn(&Template) -> Result<String, E>) -> Result<ami::Action, E> {
        let mut action = ami::Action::new(text(&self.name)?);
        for (name, value) in &self.fields {
            action = action.field(name, text(value)?);
        }
        if let Some(id) = &self.action_id {
            action = action.with_action_id(&text(id)?);
        }
        Ok(action)
    }
}

impl Action for AmiAction {
    fn texts(&self) -> Vec<&Template> {
        let fields = self.fields.iter().map(|(_, text)| text);
        fields.chain([&self.name]).chain(&self.action_id).collect()
    }

    fn run<'a>(
        &'a mut self,
        cause: &'a Cause,
        servers: &'a mut Servers,
        test: &'a TestCase,
    ) -> Step<'a> {
        Box::pin(async move {
            let action = self.with(|text| cause.fill(text))?;
            let ast = servers.get(self.id, test)?;
            servers.send(&ast, &self.place, action, test).await;
            Ok(())
        })
    }
}
