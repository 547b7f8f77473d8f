//! Actions of AMI whose headers a section has, to be sent as they are.

use ami::Action;

use crate::files::{ConfigError, Section};

/// Reads a mapping of headers, one of them `Action`, as an action of AMI.
pub(super) fn read(section: &Section) -> Result<Action, ConfigError> {
    let node = section.node();
    if !node.is_map() {
        let what = format!("expected the headers of an action of AMI, found {}", node.kind());
        return Err(node.error(what));
    }
    let (mut name, mut id, mut fields) = (None, None, Vec::new());
    for (key, value) in section.entries() {
        let key = key.expect_text("a header")?;
        let value = value.expect_text(key)?;
        match &*key.to_ascii_lowercase() {
            "action" => name = Some(value),
            "actionid" => id = Some(value),
            _ => fields.push((key, value)),
        }
    }
    let name = name.ok_or_else(|| node.error("expected the name of an action as `Action:`"))?;
    let action = Action::new(name);
    let action = fields.into_iter().fold(action, |action, (key, value)| action.field(key, value));
    let action = id.into_iter().fold(action, Action::with_action_id);
    match action.check() {
        Ok(()) => Ok(action),
        Err(error) => Err(node.error("the action cannot be sent").caused_by(error)),
    }
}
