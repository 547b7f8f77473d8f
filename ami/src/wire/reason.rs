//! Outcomes of originated channels, by their numbers (`include/asterisk/frame.h`, `enum
//! ast_control_frame_type`).

use std::str::FromStr;

use super::message::Event;

/// The outcome of an originated channel: the number in `OriginateResponse`, which is that of the
/// channel's last control frame (`main/pbx.c`, `ast_pbx_outgoing_exten` and related functions).
///
/// `Display` writes a short text. Parsing accepts a number, or the name of the server's constant in
/// any case, with or without `AST_CONTROL_`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// 0: the call failed, and the server does not say why.
    ///
    /// The extension or the technology may not exist. The number is the same if the other side was
    /// busy or refused without a frame that says so, and if somebody hung up while it rang. The
    /// cause is in the channel's `Hangup`, which
    /// [`Client::place`](crate::Client::place) reads.
    #[error("the server does not say why (reason 0)")]
    Failure,
    /// 1: the channel was hung up before it was answered.
    #[error("hung up")]
    Hangup,
    /// 3: the channel rang, and nobody answered in time.
    #[error("no answer")]
    NoAnswer,
    /// 4: the channel was answered.
    #[error("answered")]
    Answered,
    /// 5: the channel was busy.
    #[error("busy")]
    Busy,
    /// 8: the channel reported congestion, or all circuits were busy.
    #[error("congestion")]
    Congestion,
    /// Another number, or `None` if the event has no number.
    #[error("reason {0:?}")]
    Other(Option<u32>),
}

impl Reason {
    /// Returns the reason in an `OriginateResponse` event.
    pub fn of(event: &Event) -> Self {
        let number = event.utf8("Reason").ok().flatten();
        let number = number.and_then(|number| number.trim().parse::<u32>().ok());
        number.map_or(Self::Other(None), Self::from)
    }

    /// Returns the number, or `None` if the event had none.
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Failure => Some(0),
            Self::Hangup => Some(1),
            Self::NoAnswer => Some(3),
            Self::Answered => Some(4),
            Self::Busy => Some(5),
            Self::Congestion => Some(8),
            Self::Other(number) => number,
        }
    }

    /// Returns the name of the server's constant without `AST_CONTROL_`, or `None` if the server
    /// has no name for the number, as for 0.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Hangup => Some("HANGUP"),
            Self::NoAnswer => Some("RINGING"),
            Self::Answered => Some("ANSWER"),
            Self::Busy => Some("BUSY"),
            Self::Congestion => Some("CONGESTION"),
            Self::Failure | Self::Other(_) => None,
        }
    }
}

impl From<u32> for Reason {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::Failure,
            1 => Self::Hangup,
            3 => Self::NoAnswer,
            4 => Self::Answered,
            5 => Self::Busy,
            8 => Self::Congestion,
            other => Self::Other(Some(other)),
        }
    }
}

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        if let Ok(number) = text.parse::<u32>() {
            return Ok(Self::from(number));
        }
        const PREFIX: &str = "AST_CONTROL_";
        let name = match text.split_at_checked(PREFIX.len()) {
            Some((prefix, name)) if prefix.eq_ignore_ascii_case(PREFIX) => name,
            _ => text,
        };
        let named = [Self::Hangup, Self::NoAnswer, Self::Answered, Self::Busy, Self::Congestion];
        let is_it = |it: &Self| it.name().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let found = named.into_iter().find(is_it);
        found.ok_or_else(|| ReasonError { text: text.to_owned() })
    }
}

/// The error of a text that is neither the number nor the name of an outcome.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such reason: {text:?}; expected a number, or a name such as `BUSY`")]
#[non_exhaustive]
pub struct ReasonError {
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_number_or_a_name() {
        for number in 0..12 {
            let reason = Reason::from(number);
            assert_eq!(reason.number(), Some(number));
            assert_eq!(number.to_string().parse(), Ok(reason));
            if let Some(name) = reason.name() {
                for text in [name.to_owned(), format!("ast_control_{}", name.to_lowercase())] {
                    assert_eq!(text.parse(), Ok(reason), "{text}");
                }
            }
        }
        assert_eq!("99".parse(), Ok(Reason::Other(Some(99))));
        for text in ["", "-1", "NOPE", "AST_CONTROL_", "AST_CONTROL_5", "4294967296", "é"] {
            let error = text.parse::<Reason>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn the_reason_of_an_event_is_its_number() {
        for (sent, reason) in [
            ("5", Reason::Busy),
            (" 8 ", Reason::Congestion),
            ("7", Reason::Other(Some(7))),
            ("x", Reason::Other(None)),
            ("", Reason::Other(None)),
        ] {
            let event = format!("Event: OriginateResponse\nReason: {sent}");
            assert_eq!(Reason::of(&Event::parse(event).unwrap()), reason, "{sent:?}");
        }
        assert_eq!(Reason::of(&Event::parse("Event: X").unwrap()).number(), None);
    }
}
