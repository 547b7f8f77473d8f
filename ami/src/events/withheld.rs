//! The item of a subscription that says which classes do not come.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Withheld, class_list};
use crate::wire::EventClass;

/// Classes of events that a subscription asks for and that do not come. See
/// [`Item::Withheld`](crate::Item::Withheld).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct WithheldClasses {
    /// The classes that are left out, at least one.
    pub classes: Vec<EventClass>,
    /// The reason: [`Withheld::User`] or [`Withheld::Mask`].
    pub why: Withheld,
    /// The name of the user.
    pub user: Arc<str>,
}

impl WithheldClasses {
    /// Returns the error of an operation that depends on the events.
    pub(crate) fn into_error(self) -> Error {
        // There is at least one class.
        let class = self.classes.first().copied().unwrap_or(EventClass::System);
        Error::Withheld { class, why: self.why }
    }
}

/// Writes which events do not come and why, with the line for `manager.conf` that is missing.
impl fmt::Display for WithheldClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = class_list(&self.classes);
        write!(f, "events of class {classes} do not come: ")?;
        match &self.why {
            Withheld::User => {
                write!(f, "the user {:?} needs `read = …,{classes}` in manager.conf", self.user)
            }
            why => write!(f, "{why}"),
        }
    }
}
