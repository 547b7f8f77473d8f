//! Events on their way from the reader to subscribers: filters, the index that finds the
//! subscriptions for an event, and a queue for each subscription.
//!
//! This room depends on `wire`, `typed` and `error`. The reader publishes with a `Publisher`; a
//! subscriber holds a `Subscription`.

mod batch;
mod buffer;
mod bundle;
mod feed;
mod filter;
mod from_event;
mod held;
mod index;
mod item;
mod lost;
mod queue;
mod stray;
mod subscription;
mod withheld;

pub use self::buffer::{Buffer, Overflow};
pub(crate) use self::feed::{Feed, Marker};
pub use self::filter::{Filter, FilterError};
pub use self::from_event::FromEvent;
pub(crate) use self::index::{Publisher, Subscribers};
pub(crate) use self::item::Queued;
pub use self::item::{Connected, Gap, Item};
pub use self::lost::{Lost, TryNextError};
pub use self::stray::Stray;
pub use self::subscription::Subscription;
pub use self::withheld::WithheldClasses;
