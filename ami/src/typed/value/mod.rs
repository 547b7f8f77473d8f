//! The values of fields: names of channels, unique ids, addresses, and enumerations.

mod address;
mod channel_name;
mod generated;
mod macros;
mod numbered;
mod unique_id;

pub use self::address::{Address, AddressError};
pub use self::channel_name::ChannelName;
pub use self::generated::*;
pub use self::numbered::{ChannelState, NumberError};
pub use self::unique_id::UniqueId;
