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
        self.known().map(|(_, name, _)| *name)
    }

    /// Returns a short text for people, such as "no answer", or `None` if the server has no name
    /// for the number.
    pub fn text(self) -> Option<&'static str> {
        self.known().map(|(_, _, text)| *text)
    }

    fn known(self) -> Option<&'static (u32, &'static str, &'static str)> {
        let at = NAMES.binary_search_by_key(&self.0, |(number, ..)| *number).ok()?;
        NAMES.get(at)
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

/// Parameters of actions take `i64`.
impl From<Cause> for i64 {
    fn from(cause: Cause) -> Self {
        cause.0.into()
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
        let names = NAMES.iter().map(|&(number, known, _)| (number, known));
        let mut known = names.chain(ALIASES.iter().copied());
        let found = known.find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(number, _)| Self(number)).ok_or_else(failed)
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
const NAMES: &[(u32, &str, &str)] = &[
    (0, "NOTDEFINED", "no cause"),
    (1, "UNALLOCATED", "number not assigned"),
    (2, "NO_ROUTE_TRANSIT_NET", "no route to the transit network"),
    (3, "NO_ROUTE_DESTINATION", "no route to the destination"),
    (5, "MISDIALLED_TRUNK_PREFIX", "wrong trunk prefix dialed"),
    (6, "CHANNEL_UNACCEPTABLE", "channel not acceptable"),
    (7, "CALL_AWARDED_DELIVERED", "call delivered on an established channel"),
    (8, "PRE_EMPTED", "call pre-empted"),
    (14, "NUMBER_PORTED_NOT_HERE", "number ported to another network"),
    (16, "NORMAL_CLEARING", "normal hang-up"),
    (17, "USER_BUSY", "busy"),
    (18, "NO_USER_RESPONSE", "no response from the user"),
    (19, "NO_ANSWER", "no answer"),
    (20, "SUBSCRIBER_ABSENT", "subscriber absent or not registered"),
    (21, "CALL_REJECTED", "call rejected"),
    (22, "NUMBER_CHANGED", "number changed"),
    (23, "REDIRECTED_TO_NEW_DESTINATION", "redirected to another destination"),
    (26, "ANSWERED_ELSEWHERE", "answered elsewhere"),
    (27, "DESTINATION_OUT_OF_ORDER", "destination out of order"),
    (28, "INVALID_NUMBER_FORMAT", "number incomplete or malformed"),
    (29, "FACILITY_REJECTED", "facility rejected"),
    (30, "RESPONSE_TO_STATUS_ENQUIRY", "answer to a status enquiry"),
    (31, "NORMAL_UNSPECIFIED", "normal, unspecified"),
    (34, "NORMAL_CIRCUIT_CONGESTION", "no circuit or channel available"),
    (38, "NETWORK_OUT_OF_ORDER", "network out of order"),
    (41, "NORMAL_TEMPORARY_FAILURE", "temporary failure"),
    (42, "SWITCH_CONGESTION", "switch congested"),
    (43, "ACCESS_INFO_DISCARDED", "access information discarded"),
    (44, "REQUESTED_CHAN_UNAVAIL", "requested channel not available"),
    (50, "FACILITY_NOT_SUBSCRIBED", "facility not subscribed"),
    (52, "OUTGOING_CALL_BARRED", "outgoing calls barred"),
    (54, "INCOMING_CALL_BARRED", "incoming calls barred"),
    (57, "BEARERCAPABILITY_NOTAUTH", "bearer capability not authorized"),
    (58, "BEARERCAPABILITY_NOTAVAIL", "bearer capability not available now"),
    (65, "BEARERCAPABILITY_NOTIMPL", "bearer capability not implemented"),
    (66, "CHAN_NOT_IMPLEMENTED", "channel type not implemented"),
    (69, "FACILITY_NOT_IMPLEMENTED", "facility not implemented"),
    (81, "INVALID_CALL_REFERENCE", "invalid call reference"),
    (88, "INCOMPATIBLE_DESTINATION", "incompatible destination"),
    (95, "INVALID_MSG_UNSPECIFIED", "invalid message"),
    (96, "MANDATORY_IE_MISSING", "mandatory information element missing"),
    (97, "MESSAGE_TYPE_NONEXIST", "message type unknown"),
    (98, "WRONG_MESSAGE", "message not expected in this state"),
    (99, "IE_NONEXIST", "information element unknown"),
    (100, "INVALID_IE_CONTENTS", "invalid contents of an information element"),
    (101, "WRONG_CALL_STATE", "message does not fit the state of the call"),
    (102, "RECOVERY_ON_TIMER_EXPIRE", "recovered after a timer expired"),
    (103, "MANDATORY_IE_LENGTH_ERROR", "mandatory information element of wrong length"),
    (111, "PROTOCOL_ERROR", "protocol error"),
    (127, "INTERWORKING", "interworking, unspecified"),
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
        for &(number, name, text) in NAMES {
            assert_eq!(Cause::new(number).name(), Some(name));
            assert_eq!(Cause::new(number).text(), Some(text));
        }
        assert_eq!(Cause::new(4).text(), None);
        assert_eq!(Cause::new(4).name(), None);
        assert_eq!(Cause::new(999).to_string(), "999");
    }

    #[test]
    fn text_is_a_number_or_a_name() {
        let names = NAMES.iter().map(|&(number, name, _)| (number, name));
        for (number, name) in names.chain(ALIASES.iter().copied()) {
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
