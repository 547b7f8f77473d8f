//! Typed events: a view for each event that Asterisk documents or sends.
//!
//! [`Event::typed`](crate::Event::typed) returns the enum [`Typed`] to match on, and
//! [`Event::view`](crate::Event::view) one view.
//!
#![doc = include_str!("table.md")]

mod generated;
mod lookup;
mod macros;
mod report;
mod snapshot;

pub use self::generated::*;
pub use self::report::RtcpReport;
pub use self::snapshot::{BridgeSnapshot, ChannelSnapshot};
use crate::wire::{Event, EventClass};

/// A typed event: a view of a raw event, with a method for each field.
///
/// Cloning a view counts a reference, as cloning the event does.
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
    /// [`Typed::Unknown`].
    pub fn typed(&self) -> Typed {
        match lookup::find(self.head()) {
            Some(known) => known.view(self.clone()),
            None => Typed::Unknown(self.clone()),
        }
    }

    /// Returns a view of the event if it has that name.
    pub fn view<E: TypedEvent>(&self) -> Option<E> {
        self.is(E::NAME).then(|| E::view(self.clone()))
    }
}

/// Returns the name and the classes of a known event. Names are compared without regard to ASCII
/// case.
pub(crate) fn classes(name: &[u8]) -> Option<&'static [EventClass]> {
    let known = KNOWN.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    known.map(|(_, classes)| *classes)
}
