//! The values of fields: names of channels, unique ids, addresses, and enumerations.
//!
//! Enumerations of texts keep a value that they do not know in `Other`. Enumerations of numbers do
//! the same, and have the name of the server's constant and a short text for each number;
//! [`Cause`](crate::Cause) and [`Reason`](crate::Reason) are of that kind too.

mod address;
mod channel_name;
mod generated;
mod macros;
mod numbered;
mod text;
mod unique_id;

pub use self::address::{Address, AddressError, Transport};
pub use self::channel_name::{ChannelHalf, ChannelName};
pub use self::generated::*;
pub use self::numbered::{ChannelState, DeviceState, ExtensionState, NumberError, PresenceState};
pub use self::unique_id::UniqueId;
