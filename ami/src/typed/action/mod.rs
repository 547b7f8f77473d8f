//! Typed actions: a type for each action that Asterisk documents.
//!
//! The constructor takes the mandatory parameters, and the other parameters have a method each.
//! `field` adds any other field. [`Client::call`](crate::Client::call) sends an action, and the
//! type of the action decides the type of the reply:
//!
//! ```no_run
//! use ami::action::{QueueAdd, QueueSummary};
//!
//! # async fn example(client: &ami::Client) -> Result<(), Box<dyn std::error::Error>> {
//! client.call(QueueAdd::new("sales", "PJSIP/alice").penalty(3).paused(false)).await?;
//! for summary in client.call(QueueSummary::new().queue("sales")).await?.items {
//!     println!("{:?}: {:?} callers", summary.queue(), summary.callers()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! In the table, the class is the one that a user needs in `write` of `manager.conf` to send the
//! action, or one of several; an action without a class is open to every user. The reply is a
//! response, a list of events, the output of a command, or an exchange: everything that the server
//! sends until the next answer. What an action does and what its parameters mean is in Asterisk's
//! documentation, which each type links.
#![doc = include_str!("table.md")]

mod description;
mod generated;
mod lookup;
mod macros;
pub mod reply;

pub use self::description::{Description, Parameter, ParameterKind};
pub use self::generated::*;
use crate::wire::{Action, EventClass};

/// A typed action: a type for the action of that name, whose reply follows from the type.
///
/// Programs can implement the trait for actions of their own, of modules that Asterisk does not
/// document:
///
/// ```
/// use ami::action::{TypedAction, reply};
/// use ami::{Action, EventClass};
///
/// struct OpenDoor {
///     door: u32,
/// }
///
/// impl TypedAction for OpenDoor {
///     const NAME: &'static str = "OpenDoor";
///     const CLASSES: &'static [EventClass] = &[EventClass::Call];
///     type Reply = reply::Plain;
/// }
///
/// impl From<OpenDoor> for Action {
///     fn from(action: OpenDoor) -> Self {
///         Self::new(OpenDoor::NAME).field("Door", action.door.to_string())
///     }
/// }
///
/// let action = Action::from(OpenDoor { door: 7 });
/// assert_eq!(action.get("Door"), Some(&b"7"[..]));
/// ```
pub trait TypedAction: Into<Action> {
    /// The name of the action, as on the wire.
    const NAME: &'static str;
    /// The classes of the action. A user needs one of them in `write`, or none if there are none.
    const CLASSES: &'static [EventClass];
    /// The kind of the reply.
    type Reply;
}

/// Returns what is known of each action that has a type here, in the order of their names.
///
/// ```
/// use ami::action;
///
/// assert!(action::all().iter().any(|action| action.name == "QueueAdd"));
/// ```
pub fn all() -> &'static [Description] {
    KNOWN
}

/// Returns what is known of the action of this name, or `None` if no action of that name is known.
/// Names are compared without regard to ASCII case.
///
/// ```
/// use ami::action::{self, ParameterKind};
///
/// let pause = action::describe("queuepause").expect("a documented action");
/// let required = pause.parameters.iter().filter(|parameter| parameter.is_required);
/// assert_eq!(required.map(|it| it.name).collect::<Vec<_>>(), ["Interface", "Paused"]);
/// assert_eq!(pause.parameters[1].kind, ParameterKind::TrueOrFalse);
/// ```
pub fn describe(name: impl AsRef<[u8]>) -> Option<&'static Description> {
    let name = name.as_ref();
    let found = lookup::find(name).and_then(|known| KNOWN.get(known as usize));
    found.or_else(|| KNOWN.iter().find(|known| known.name.as_bytes().eq_ignore_ascii_case(name)))
}

/// Returns the classes of the action of this name, one of which a user needs in `write`, or `None`
/// if no action of that name is known. Names are compared without regard to ASCII case.
pub fn classes(name: impl AsRef<[u8]>) -> Option<&'static [EventClass]> {
    describe(name).map(|known| known.classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::DeviceState;
    use crate::wire::Cause;

    /// Returns the value of a field as sent.
    fn sent(action: impl TypedAction, name: &str) -> String {
        String::from_utf8(action.into().get(name).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn parameters_take_numbers_and_enumerations_and_are_sent_as_the_server_reads_them() {
        let hangup = || Hangup::new("PJSIP/a-00000001");
        assert_eq!(sent(hangup().cause(Cause::new(17)), "Cause"), "17");
        assert_eq!(sent(hangup().cause(17_u8), "Cause"), "17");
        assert_eq!(sent(hangup().cause(i64::MIN), "Cause"), i64::MIN.to_string());
        assert_eq!(i64::from(DeviceState::InUse), 2);
        assert_eq!(sent(QueueReload::new().members(true), "Members"), "yes");
        assert_eq!(sent(Monitor::new("x").mix(true), "Mix"), "true");
        assert_eq!(sent(MixMonitorMute::new("x", "read", false), "State"), "0");
        assert_eq!(sent(UserEvent::new("X").field("S", event_text()), "S"), "Reachable");
    }

    fn event_text() -> crate::value::PeerState<'static> {
        "reachable".into()
    }
}
