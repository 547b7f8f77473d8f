//! The wire format: the banner, messages and actions, the codec between them and the byte stream,
//! and the protocol's vocabulary (classes of events, hang-up causes).
//!
//! This room has no tasks, sockets or clocks, so tests can drive all of it with bytes. It depends
//! on no other room.

mod action;
mod banner;
mod cause;
mod classes;
mod codec;
mod framing;
mod grammar;
mod mask;
mod message;
mod output;
mod parse;
mod reason;
mod redact;
#[cfg(feature = "serde")]
mod serialize;
mod value;

pub use self::action::{Action, ActionError, ActionProblem};
pub use self::banner::Banner;
pub use self::cause::{Cause, CauseError};
pub(crate) use self::classes::Classes;
pub use self::codec::{Codec, EncodeError, Frame, MAX_MESSAGE, Malformed};
pub(crate) use self::codec::{KEPT, READ_BUFFER};
pub use self::grammar::{Line, Lines};
pub(crate) use self::mask::allows;
pub use self::mask::{EventClass, EventMask, EventMaskError};
pub use self::message::{Event, Kind, Message, Response};
pub use self::output::CommandOutput;
pub use self::parse::ParseError;
pub use self::reason::{Reason, ReasonError};
pub(crate) use self::redact::hides;
pub use self::value::{Variable, percent_decode, unescape};
