//! The types that events are returned as.

use super::filter::Filter;
use crate::typed::event::{Typed, TypedEvent};
use crate::wire::Event;

/// A type that subscriptions and lists return events as.
///
/// [`Event`] is the raw form, [`Typed`](crate::event::Typed) the enum of all known events, and
/// every [`TypedEvent`](crate::event::TypedEvent) the view of one. A program can implement the
/// trait for an enum of the events that it handles:
///
/// ```
/// use ami::event::{DialEnd, Hangup};
/// use ami::{Event, Filter, FromEvent};
///
/// enum Progress {
///     Dialled(DialEnd),
///     Ended(Hangup),
///     Other(Event),
/// }
///
/// impl FromEvent for Progress {
///     fn from_event(event: Event) -> Self {
///         if let Some(dialled) = event.view() {
///             Self::Dialled(dialled)
///         } else if let Some(ended) = event.view() {
///             Self::Ended(ended)
///         } else {
///             Self::Other(event)
///         }
///     }
///
///     fn filter() -> Filter {
///         Filter::named(["DialEnd", "Hangup"])
///     }
/// }
/// ```
pub trait FromEvent: Send + 'static {
    /// Converts an event, whatever its name.
    fn from_event(event: Event) -> Self;

    /// Returns the filter of [`Client::subscribe_to`](crate::Client::subscribe_to).
    fn filter() -> Filter;
}

/// Returns the event itself, and a filter that admits all events.
impl FromEvent for Event {
    #[inline]
    fn from_event(event: Event) -> Self {
        event
    }

    fn filter() -> Filter {
        Filter::all()
    }
}

/// Returns the variant of the event's name, and a filter that admits all events.
impl FromEvent for Typed {
    fn from_event(event: Event) -> Self {
        event.typed()
    }

    fn filter() -> Filter {
        Filter::all()
    }
}

/// Returns a view of the event, and a filter that admits events of the view's name.
impl<E: TypedEvent> FromEvent for E {
    #[inline]
    fn from_event(event: Event) -> Self {
        E::view(event)
    }

    fn filter() -> Filter {
        Filter::of::<E>()
    }
}
