//! Enumerations that are numbers on the wire.

use std::fmt;
use std::str::FromStr;

use super::macros::numbered;

numbered! {
    /// The state of a channel (`include/asterisk/channelstate.h`, `main/channel.c`,
    /// `ast_state2str`).
    ChannelState("the number of a channel's state") {
        0 Down "Down",
        1 Reserved "Rsrvd",
        2 OffHook "OffHook",
        3 Dialing "Dialing",
        4 Ring "Ring",
        5 Ringing "Ringing",
        6 Up "Up",
        7 Busy "Busy",
        8 DialingOffHook "Dialing Offhook",
        9 PreRing "Pre-ring",
        10 Mute "Mute",
    }
}

/// The error of a text that is neither a number nor a name of an enumeration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not {expected} and not its name")]
pub struct NumberError {
    text: String,
    expected: &'static str,
}

impl NumberError {
    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }
}
