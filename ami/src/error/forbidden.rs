//! Actions that the user may not send.

use std::fmt;
use std::sync::Arc;

use super::text::printable;
use crate::wire::{EventClass, Response};

/// An action that the user may not send. See [`Error::Forbidden`](crate::Error::Forbidden).
///
/// The text says what is missing in `manager.conf`, as in: ``the user "bob" may not send QueueAdd:
/// it needs `write = …,agent` in manager.conf``.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Forbidden {
    /// The name of the user.
    pub user: Arc<str>,
    /// The name of the action.
    pub action: String,
    /// The write classes of which the user needs one.
    pub classes: &'static [EventClass],
    /// The response of the server that refused the action, or `None` if nothing was sent.
    pub response: Option<Response>,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, action, classes, .. } = self;
        let action = printable(action);
        let lines: Vec<_> = classes.iter().map(|class| format!("`write = …,{class}`")).collect();
        let lines = lines.join(" or ");
        write!(f, "the user {user:?} may not send {action}: it needs {lines} in manager.conf")
    }
}

/// Returns classes as a list in `manager.conf` has them.
pub(crate) fn class_list(classes: &[EventClass]) -> String {
    let names: Vec<_> = classes.iter().map(|class| class.name()).collect();
    names.join(",")
}
