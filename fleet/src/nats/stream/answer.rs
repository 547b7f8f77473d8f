//! The answer of NATS to a message.

use serde::Deserialize;

/// The answer of NATS to a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Appended {
    /// The message is stored at this sequence.
    Stored(u64),
    /// A message with its id is in the stream already, at this sequence.
    Duplicate(u64),
    /// The last message of the stream is another than expected.
    Refused,
    /// The message is larger than the stream takes.
    TooLarge,
    /// The stream does not take the message now. In the words of NATS.
    Full(String),
    /// No stream has the subject.
    Gone,
}

impl Appended {
    /// Reads the answer of NATS. Returns `None` if it is none.
    pub(crate) fn of(answer: &async_nats::Message) -> Option<Self> {
        if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
            return Some(Self::Gone);
        }
        let Answer { seq, duplicate, error } = serde_json::from_slice(&answer.payload).ok()?;
        let Some(Problem { err_code, description }) = error else {
            return Some(if duplicate { Self::Duplicate(seq?) } else { Self::Stored(seq?) });
        };
        // The codes have names in the sources of nats-server: JSStreamWrongLastSequenceErr,
        // JSStreamWrongLastMsgIDErr, JSStreamMessageExceedsMaximumErr.
        Some(match err_code {
            10071 | 10070 => Self::Refused,
            10054 => Self::TooLarge,
            _ => Self::Full(description),
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    error: Option<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: Option<async_nats::StatusCode>, payload: &str) -> Option<Appended> {
        Appended::of(&async_nats::Message {
            subject: "a".into(),
            reply: None,
            payload: payload.to_owned().into(),
            headers: None,
            status,
            description: None,
            length: 0,
        })
    }

    #[test]
    fn acknowledgements_are_told_apart() {
        let failed = |code: u64| {
            format!(r#"{{"error":{{"code":400,"err_code":{code},"description":"why"}},"seq":0}}"#)
        };
        for (payload, expected) in [
            (r#"{"stream":"AMI","seq":7}"#.into(), Some(Appended::Stored(7))),
            (r#"{"stream":"AMI","seq":7,"duplicate":true}"#.into(), Some(Appended::Duplicate(7))),
            (failed(10071), Some(Appended::Refused)),
            (failed(10070), Some(Appended::Refused)),
            (failed(10054), Some(Appended::TooLarge)),
            (failed(10077), Some(Appended::Full("why".into()))),
            (r#"{"stream":"AMI"}"#.into(), None),
            ("+OK".into(), None),
        ] {
            assert_eq!(answer(None, &payload), expected, "{payload}");
        }
        let none = Some(async_nats::StatusCode::NO_RESPONDERS);
        assert_eq!(answer(none, ""), Some(Appended::Gone));
    }
}
