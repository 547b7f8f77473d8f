//! Hang-up causes, by their Q.850 numbers (`include/asterisk/causes.h`).

use std::fmt;
use std::str::FromStr;

use super::message::Event;

/// A hang-up cause, as in the field `Cause` of `Hangup`.
///
/// Parsing accepts a number, or the name of the server's constant in any case, with or without
/// `AST_CAUSE_`. The aliases of `causes.h`, such as `BUSY` and `CONGESTION`, are accepted too.
///
/// ```
/// use ami::Cause;
///
/// let busy: Cause = "USER_BUSY".parse()?;
/// assert_eq!(busy.to_string(), "17 (USER_BUSY)");
/// assert_eq!(busy, "17".parse()?);
/// assert_eq!(busy, "AST_CAUSE_BUSY".parse()?);
/// # Ok::<(), ami::CauseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cause(u32);

impl Cause {
    /// Creates the cause with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the cause in the field `Cause` of an event, or `None` if the event has no such field
    /// or its value is not a number.
    pub fn of(event: &Event) -> Option<Self> {
        event.utf8("Cause").ok()??.trim().parse().ok().map(Self)
    }

    /// Returns the number; 0 if the channel gave no cause.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the name of the server's constant without `AST_CAUSE_`, or `None` if the server has
    /// no name for the number.
    pub fn name(self) -> Option<&'static str> {
        let at = NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
        Some(NAMES[at].1)
    }
}

impl From<u32> for Cause {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl From<Cause> for u32 {
    fn from(cause: Cause) -> Self {
        cause.0
    }
}

impl FromStr for Cause {
    type Err = CauseError;

    fn from_str(text: &str) -> Result<Self, CauseError> {
        let failed = || CauseError { text: text.to_owned() };
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return text.parse().map(Self).map_err(|_| failed());
        }
        const PREFIX: &str = "AST_CAUSE_";
        let name = match text.split_at_checked(PREFIX.len()) {
            Some((prefix, name)) if prefix.eq_ignore_ascii_case(PREFIX) => name,
            _ => text,
        };
        let mut known = NAMES.iter().chain(ALIASES);
        let found = known.find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(number, _)| Self(*number)).ok_or_else(failed)
    }
}

/// The error of a text that is neither the number nor the name of a hang-up cause.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{text:?} is no hang-up cause: expected a number or a name of causes.h, such as 17 or USER_BUSY"
)]
#[non_exhaustive]
pub struct CauseError {
    /// The text.
    pub text: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Invariant: the numbers ascend.
const NAMES: &[(u32, &str)] = &[
    (0, "NOTDEFINED"),
    (1, "UNALLOCATED"),
    (2, "NO_ROUTE_TRANSIT_NET"),
    (3, "NO_ROUTE_DESTINATION"),
    (5, "MISDIALLED_TRUNK_PREFIX"),
    (6, "CHANNEL_UNACCEPTABLE"),
    (7, "CALL_AWARDED_DELIVERED"),
    (8, "PRE_EMPTED"),
    (14, "NUMBER_PORTED_NOT_HERE"),
    (16, "NORMAL_CLEARING"),
    (17, "USER_BUSY"),
    (18, "NO_USER_RESPONSE"),
    (19, "NO_ANSWER"),
    (20, "SUBSCRIBER_ABSENT"),
    (21, "CALL_REJECTED"),
    (22, "NUMBER_CHANGED"),
    (23, "REDIRECTED_TO_NEW_DESTINATION"),
    (26, "ANSWERED_ELSEWHERE"),
    (27, "DESTINATION_OUT_OF_ORDER"),
    (28, "INVALID_NUMBER_FORMAT"),
    (29, "FACILITY_REJECTED"),
    (30, "RESPONSE_TO_STATUS_ENQUIRY"),
    (31, "NORMAL_UNSPECIFIED"),
    (34, "NORMAL_CIRCUIT_CONGESTION"),
    (38, "NETWORK_OUT_OF_ORDER"),
    (41, "NORMAL_TEMPORARY_FAILURE"),
    (42, "SWITCH_CONGESTION"),
    (43, "ACCESS_INFO_DISCARDED"),
    (44, "REQUESTED_CHAN_UNAVAIL"),
    (50, "FACILITY_NOT_SUBSCRIBED"),
    (52, "OUTGOING_CALL_BARRED"),
    (54, "INCOMING_CALL_BARRED"),
    (57, "BEARERCAPABILITY_NOTAUTH"),
    (58, "BEARERCAPABILITY_NOTAVAIL"),
    (65, "BEARERCAPABILITY_NOTIMPL"),
    (66, "CHAN_NOT_IMPLEMENTED"),
    (69, "FACILITY_NOT_IMPLEMENTED"),
    (81, "INVALID_CALL_REFERENCE"),
    (88, "INCOMPATIBLE_DESTINATION"),
    (95, "INVALID_MSG_UNSPECIFIED"),
    (96, "MANDATORY_IE_MISSING"),
    (97, "MESSAGE_TYPE_NONEXIST"),
    (98, "WRONG_MESSAGE"),
    (99, "IE_NONEXIST"),
    (100, "INVALID_IE_CONTENTS"),
    (101, "WRONG_CALL_STATE"),
    (102, "RECOVERY_ON_TIMER_EXPIRE"),
    (103, "MANDATORY_IE_LENGTH_ERROR"),
    (111, "PROTOCOL_ERROR"),
    (127, "INTERWORKING"),
];

/// The aliases that `causes.h` defines for some causes.
const ALIASES: &[(u32, &str)] = &[
    (16, "NORMAL"),
    (17, "BUSY"),
    (19, "NOANSWER"),
    (20, "UNREGISTERED"),
    (34, "CONGESTION"),
    (38, "FAILURE"),
    (66, "NOSUCHDRIVER"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_by_its_number() {
        for &(number, name) in NAMES {
            assert_eq!(Cause::new(number).name(), Some(name));
        }
        assert_eq!(Cause::new(4).name(), None);
        assert_eq!(Cause::new(999).to_string(), "999");
    }

    #[test]
    fn text_is_a_number_or_a_name() {
        for &(number, name) in NAMES.iter().chain(ALIASES) {
            for text in
                [number.to_string(), name.to_owned(), format!("ast_cause_{}", name.to_lowercase())]
            {
                assert_eq!(text.parse(), Ok(Cause::new(number)), "{text}");
            }
        }
        for text in
            ["", "NOPE", "AST_CAUSE_", "AST_CAUSE_17", "-1", "+17", "17 ", "4294967296", "é"]
        {
            let error = text.parse::<Cause>().unwrap_err();
            assert_eq!(error.text, text);
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
