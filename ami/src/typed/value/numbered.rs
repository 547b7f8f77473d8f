//! Enumerations that are numbers for the server: states of channels, devices and others.

use std::fmt;
use std::str::FromStr;

use super::macros::numbered;

numbered! {
    /// The state of a channel (`include/asterisk/channelstate.h`), as in `ChannelState` of many
    /// events. The server's texts are those of `ChannelStateDesc`.
    ChannelState("a number or a name of a channel's state", "AST_STATE_") {
        0 Down = "DOWN", "Down", "down and available";
        1 Reserved = "RESERVED", "Rsrvd", "down and reserved";
        2 OffHook = "OFFHOOK", "OffHook", "off hook";
        3 Dialing = "DIALING", "Dialing", "dialing";
        4 Ring = "RING", "Ring", "calling";
        5 Ringing = "RINGING", "Ringing", "ringing at the other side";
        6 Up = "UP", "Up", "answered";
        7 Busy = "BUSY", "Busy", "busy";
        8 DialingOffHook = "DIALING_OFFHOOK", "Dialing Offhook", "dialing while off hook";
        9 PreRing = "PRERING", "Pre-ring", "call detected before it rings";
    }

    /// The state of a device (`include/asterisk/devicestate.h`): a number in `Status` of
    /// `QueueMember`, and a name in `State` of `DeviceStateChange`.
    DeviceState("a number or a name of a device's state", "AST_DEVICE_") {
        0 Unknown = "UNKNOWN", "Unknown", "not known";
        1 NotInUse = "NOT_INUSE", "Not in use", "idle";
        2 InUse = "INUSE", "In use", "in use";
        3 Busy = "BUSY", "Busy", "busy";
        4 Invalid = "INVALID", "Invalid", "no such device";
        5 Unavailable = "UNAVAILABLE", "Unavailable", "not reachable";
        6 Ringing = "RINGING", "Ringing", "ringing";
        7 RingInUse = "RINGINUSE", "Ring+Inuse", "ringing while in use";
        8 OnHold = "ONHOLD", "On Hold", "on hold";
    }

    /// The state of an extension with a hint (`include/asterisk/pbx.h`, `enum
    /// ast_extension_states`), as in `Status` of `ExtensionStatus`. The server's texts are those of
    /// `StatusText`.
    ///
    /// From 0 on, the number is a set of bits. The combinations that the server has no text for are
    /// [`Other`](Self::Other); [`is_ringing`](Self::is_ringing) and its like read the bits of all.
    ExtensionState("a number or a name of an extension's state", "AST_EXTENSION_") {
        -2 Removed = "REMOVED", "Removed", "extension removed";
        -1 Deactivated = "DEACTIVATED", "Deactivated", "hint removed";
        0 NotInUse = "NOT_INUSE", "Idle", "idle";
        1 InUse = "INUSE", "InUse", "in use";
        2 Busy = "BUSY", "Busy", "busy";
        4 Unavailable = "UNAVAILABLE", "Unavailable", "not reachable";
        8 Ringing = "RINGING", "Ringing", "ringing";
        9 RingInUse = "INUSE&RINGING", "InUse&Ringing", "ringing while in use";
        16 OnHold = "ONHOLD", "Hold", "on hold";
        17 InUseOnHold = "INUSE&ONHOLD", "InUse&Hold", "one call on hold, and in use";
    }

    /// The presence of a user (`include/asterisk/presencestate.h`), by name in `Status` of
    /// `PresenceStateChange` and others.
    PresenceState("a number or a name of a presence", "AST_PRESENCE_") {
        0 NotSet = "NOT_SET", "not_set", "not set";
        1 Unavailable = "UNAVAILABLE", "unavailable", "not available";
        2 Available = "AVAILABLE", "available", "available";
        3 Away = "AWAY", "away", "away";
        4 Xa = "XA", "xa", "away for longer";
        5 Chat = "CHAT", "chat", "ready to chat";
        6 Dnd = "DND", "dnd", "not to be disturbed";
        7 Invalid = "INVALID", "invalid", "no such provider of presence";
    }
}

impl ExtensionState {
    /// Returns `true` if a call is up.
    pub const fn is_in_use(self) -> bool {
        self.has(1)
    }

    /// Returns `true` if all devices are busy.
    pub const fn is_busy(self) -> bool {
        self.has(2)
    }

    /// Returns `true` if no device is reachable.
    pub const fn is_unavailable(self) -> bool {
        self.has(4)
    }

    /// Returns `true` if a device rings.
    pub const fn is_ringing(self) -> bool {
        self.has(8)
    }

    /// Returns `true` if a call is on hold.
    pub const fn is_on_hold(self) -> bool {
        self.has(16)
    }

    const fn has(self, bit: i32) -> bool {
        let number = self.number();
        number > 0 && number & bit != 0
    }
}

/// The error of a text that is neither a number nor a name of an enumeration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
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

/// One value: the number, the name of the constant, the server's text, the text for people, and the
/// variant.
struct Row<T>(i32, &'static str, &'static str, &'static str, T);

fn row<T>(table: &'static [Row<T>], number: i32) -> Option<&'static Row<T>> {
    table.iter().find(|row| row.0 == number)
}

enum Parsed<T: 'static> {
    Row(&'static Row<T>),
    /// A number that has no row.
    Number(i32),
    Neither,
}

fn parse<T>(table: &'static [Row<T>], prefix: &str, text: &str) -> Parsed<T> {
    if let Ok(number) = text.parse() {
        return row(table, number).map_or(Parsed::Number(number), Parsed::Row);
    }
    let name = match text.split_at_checked(prefix.len()) {
        Some((found, name)) if found.eq_ignore_ascii_case(prefix) => name,
        _ => text,
    };
    let is_it =
        |row: &&Row<T>| row.1.eq_ignore_ascii_case(name) || row.2.eq_ignore_ascii_case(text);
    table.iter().find(is_it).map_or(Parsed::Neither, Parsed::Row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks all rows of a table in every form.
    macro_rules! check {
        ($($name:ident $prefix:literal $count:literal)*) => {$(
            assert_eq!($name::TABLE.len(), $count);
            for Row(number, constant, wire, text, value) in $name::TABLE {
                assert_eq!((value.number(), $name::from(*number)), (*number, *value));
                assert_eq!((value.name(), value.text()), (Some(*constant), Some(*text)));
                assert_eq!(i32::from(*value), *number);
                assert_eq!(value.to_string(), format!("{number} ({constant})"));
                let forms = [
                    number.to_string(),
                    constant.to_lowercase(),
                    format!("{}{constant}", $prefix),
                    wire.to_uppercase(),
                ];
                for form in forms {
                    assert_eq!(form.parse(), Ok(*value), "{form}");
                }
            }
            let other = $name::from(4242);
            assert_eq!(other, $name::Other(4242));
            assert_eq!((other.number(), other.name(), other.text()), (4242, None, None));
            assert_eq!(("4242".parse(), other.to_string()), (Ok(other), "4242".to_owned()));
            for text in ["", " 1", "nope", "2147483648", $prefix, "é"] {
                let error = text.parse::<$name>().unwrap_err();
                assert_eq!(error.text(), text);
                assert!(error.to_string().starts_with(&format!("{text:?} is not a number or")));
            }
        )*};
    }

    #[test]
    fn every_value_has_a_number_a_name_and_a_text() {
        check! {
            ChannelState "AST_STATE_" 10
            DeviceState "AST_DEVICE_" 9
            ExtensionState "AST_EXTENSION_" 10
            PresenceState "AST_PRESENCE_" 8
        }
    }

    #[test]
    fn the_bits_of_an_extension_are_read_in_any_combination() {
        let bits = |number: i32| {
            let it = ExtensionState::from(number);
            [it.is_in_use(), it.is_busy(), it.is_unavailable(), it.is_ringing(), it.is_on_hold()]
        };
        assert_eq!(bits(0), [false; 5]);
        assert_eq!(bits(-1), [false; 5]);
        assert_eq!(bits(-2), [false; 5]);
        assert_eq!(bits(9), [true, false, false, true, false]);
        assert_eq!(bits(17), [true, false, false, false, true]);
        assert_eq!(bits(6), [false, true, true, false, false]);
        assert_eq!(bits(31), [true; 5]);
    }
}
