//! Typed events: a view for each event that Asterisk documents or sends.
//!
//! [`Event::typed`](crate::Event::typed) returns the enum [`Typed`] to match on, and
//! [`Event::view`](crate::Event::view) one view. A view has a method for each field, and the raw
//! event is always there, for fields that have none:
//!
//! ```
//! use ami::Event;
//! use ami::event::{Typed, TypedEvent};
//!
//! let event = Event::parse("Event: Hangup\nChannel: PJSIP/alice-00000001\nCause: 16\nNew: 1")?;
//! match event.typed() {
//!     Typed::Hangup(hangup) => {
//!         assert_eq!(hangup.channel().unwrap().resource(), Some("alice"));
//!         assert_eq!(hangup.cause()?, Some(ami::Cause::new(16)));
//!         assert_eq!(hangup.raw().get("New"), Some(&b"1"[..]));
//!     }
//!     other => println!("{}", other.raw().name()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A text is `None` if the event has no such field. Any other kind is `None` if the field is
//! absent or empty, or is `(null)`, as the server writes a text that it does not have. So is
//! a channel or a unique id that is `none`, `<unknown>` or `<null>`, a time that is 0, which stands
//! for never, and a round trip that is `N/A`. A value that does not parse is a
//! [`FieldError`](crate::FieldError), and affects no other field.
//!
//! Fields that describe a channel come as a group, and some events have several of them, told apart
//! by a prefix: `dial.channel()` is the field `Channel`, and `dial.dest().channel()` the field
//! `DestChannel`.
//!
//! In the table, the class is the one that a user needs in `read` of `manager.conf` to get the
//! event, or several, all of which are needed. An event without a class is only sent in replies to
//! actions, to the user who asked. What the fields mean is in Asterisk's documentation, which each
//! type links.
#![doc = include_str!("table.md")]

mod generated;
mod lookup;
mod macros;
mod own;
mod prelude;
mod report;
mod snapshot;
#[cfg(feature = "testing")]
mod visit;

pub use self::generated::*;
pub use self::report::RtcpReport;
pub use self::snapshot::{BridgeSnapshot, ChannelSnapshot};
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use self::visit::{Outcome, Seen};
use crate::wire::{Event, EventClass};

/// A typed event: a view of a raw event, with a method for each field.
///
/// Cloning a view counts a reference, as cloning the event does.
///
/// Programs can implement the trait for events of their own, of modules that Asterisk does not
/// document:
///
/// ```
/// use ami::event::TypedEvent;
/// use ami::{Event, EventClass};
///
/// #[derive(Clone, Debug)]
/// struct DoorOpened(Event);
///
/// impl DoorOpened {
///     fn door(&self) -> Option<u32> {
///         self.0.utf8("Door").ok()??.parse().ok()
///     }
/// }
///
/// impl TypedEvent for DoorOpened {
///     const NAME: &'static str = "DoorOpened";
///     const CLASSES: &'static [EventClass] = &[EventClass::Call];
///
///     fn view(event: Event) -> Self {
///         Self(event)
///     }
///
///     fn raw(&self) -> &Event {
///         &self.0
///     }
///
///     fn into_raw(self) -> Event {
///         self.0
///     }
/// }
///
/// let event = Event::parse("Event: DoorOpened\nDoor: 7")?;
/// assert_eq!(event.view::<DoorOpened>().and_then(|opened| opened.door()), Some(7));
/// # Ok::<(), ami::ParseError>(())
/// ```
pub trait TypedEvent: Clone + Send + Sync + 'static {
    /// The name of the event, as on the wire.
    const NAME: &'static str;
    /// The classes of the event. The server sends it to users who may read all of them.
    const CLASSES: &'static [EventClass];

    /// Creates a view of an event, whatever its name. Fields that the event does not have are
    /// `None`.
    fn view(event: Event) -> Self;

    /// Returns the raw event.
    fn raw(&self) -> &Event;

    /// Converts the view into the raw event.
    fn into_raw(self) -> Event;
}

impl Event {
    /// Returns the event as an enum of all known events. An event of another name is
    /// [`Typed::Unknown`], and so is a name in another case than the server's.
    pub fn typed(&self) -> Typed {
        match lookup::find(self.head()) {
            Some(known) => known.view(self.clone()),
            None => Typed::Unknown(self.clone()),
        }
    }

    /// Returns a view of the event if it has that name, without regard to ASCII case.
    pub fn view<E: TypedEvent>(&self) -> Option<E> {
        self.is(E::NAME).then(|| E::view(self.clone()))
    }
}

/// Returns the name and the classes of each event that has a type here, in the order of the names.
///
/// ```
/// use ami::{EventClass, event};
///
/// let hangup = event::all().find(|(name, _)| *name == "Hangup");
/// assert_eq!(hangup, Some(("Hangup", &[EventClass::Call][..])));
/// ```
pub fn all() -> impl Iterator<Item = (&'static str, &'static [EventClass])> {
    KNOWN.iter().copied()
}

/// Returns the classes of the event of this name, all of which a user needs in `read`, or `None` if
/// no event of that name is known. Names are compared without regard to ASCII case.
pub fn classes(name: impl AsRef<[u8]>) -> Option<&'static [EventClass]> {
    let name = name.as_ref();
    let found = lookup::find(name).and_then(|known| KNOWN.get(known as usize));
    let same = |(known, _): &&(&str, _)| known.as_bytes().eq_ignore_ascii_case(name);
    found.or_else(|| KNOWN.iter().find(same)).map(|(_, classes)| *classes)
}

#[cfg(test)]
mod tests;
