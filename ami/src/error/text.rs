//! The texts of errors: `Display` says what happened, `source` returns the cause.

use std::fmt;

use super::{Disconnect, Error, LoginError, Withheld};
use crate::wire::Response;

impl Error {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(error) => write!(f, "{error}"),
            Self::Rejected(response) => {
                write!(f, "the server refused the action: {}", words_of(response))
            }
            Self::Command { printed, .. } => {
                write!(f, "the command failed: {}", printable(printed))
            }
            Self::NoResponse => f.write_str("the server gave no response to the action"),
            Self::Timeout { waited, delivery } => {
                write!(f, "no answer within {waited:?}; the action {delivery}")
            }
            Self::NotConnected { waited, .. } => {
                write!(f, "no connection within {waited:?}; the action was never sent")
            }
            Self::Disconnected { delivery, .. } => write!(f, "disconnected; the action {delivery}"),
            Self::Lost(_) => f.write_str("the connection was lost"),
            Self::Connect { address, .. } => write!(f, "failed to connect to {address}"),
            Self::Login(_) => f.write_str("login failed"),
            Self::NotBooted(limit) => {
                write!(f, "the server did not say within {limit:?} that it is fully booted")
            }
            Self::Forbidden(forbidden) => write!(f, "{forbidden}"),
            Self::Withheld { class, why: Withheld::User } => write!(
                f,
                "events of class {class} do not come to this connection without \
                 `read = …,{class}` in manager.conf"
            ),
            Self::Withheld { class, .. } => {
                write!(f, "events of class {class} do not come to this connection")
            }
            Self::EventMask { mask, answer } => write!(
                f,
                "the server knows no class of the event mask {mask}: it answered `Events: {}`",
                printable(&answer.text("Events").unwrap_or_default())
            ),
            Self::ListIncomplete => f.write_str("the server did not end the list"),
            Self::ListBroken(message) => write!(
                f,
                "a message that is not of the list came in the middle of it, of {} bytes; \
                 a value with line ends in it may have cut an item in two",
                message.raw().len()
            ),
            Self::ListShort { said, came } => {
                write!(f, "the server says that the list has {said} items, {came} came")
            }
            Self::Unread(bytes) => {
                write!(f, "{bytes} bytes of the reply were not read in time, and the rest is lost")
            }
            Self::OtherChannel => f.write_str(
                "the server gave the channel a unique id of its own, so its end cannot be known",
            ),
            Self::Withdrawn => f.write_str("the call was hung up before it was placed"),
            Self::Missed(1) => f.write_str("one event that this depends on was missed"),
            Self::Missed(missed) => write!(f, "{missed} events that this depends on were missed"),
            Self::TooLarge(bytes) => write!(
                f,
                "a message of {bytes} bytes in the reply is larger than allowed (`Config::max_message`)"
            ),
            Self::Filter => f.write_str(
                "a filter must not exclude OriginateResponse or FullyBooted, for which calls wait",
            ),
            Self::Originate { reason, .. } => write!(f, "originate failed: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Action(error) => error.source(),
            Self::NotConnected { reason, .. } => Some(&**reason),
            Self::Disconnected { reason, .. } | Self::Lost(reason) => Some(reason),
            Self::Connect { source, .. } => Some(&**source),
            Self::Login(error) => Some(error),
            Self::Withheld { why, .. } => Some(why),
            _ => None,
        }
    }
}

impl Disconnect {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("the server closed the connection"),
            Self::Closed => f.write_str("the client was closed"),
            Self::Unresponsive(waited) => {
                write!(f, "the server said nothing for {waited:?} after a ping")
            }
            Self::Unsettled => {
                f.write_str("the server did not confirm a filter or an event mask as a whole")
            }
            Self::Refused(_) => f.write_str("connecting failed for good"),
            Self::Io(_) => f.write_str("the link failed"),
        }
    }
}

impl std::error::Error for Disconnect {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(&**error),
            Self::Io(error) => Some(&**error),
            _ => None,
        }
    }
}

impl LoginError {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAmi(line) => write!(f, "the peer does not speak AMI, it began with {line:?}"),
            Self::NoBanner => f.write_str("the server closed the connection before its banner"),
            Self::Closed => f.write_str("the server closed the connection before it answered"),
            Self::Refused(response) => write!(f, "the server answered: {}", words_of(response)),
            Self::Timeout(limit) => write!(f, "the server did not answer within {limit:?}"),
            Self::Io(_) => f.write_str("the link failed"),
        }
    }
}

impl std::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Returns the message of a refusal, or its status if there is no message.
fn words_of(response: &Response) -> String {
    let message = response.message();
    match message.trim_end() {
        "" => printable(&response.status()),
        words => printable(words),
    }
}

/// Escapes control characters, which would reach a terminal: callers choose some of the server's
/// words.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            printable.extend(char.escape_debug());
        } else {
            printable.push(char);
        }
    }
    printable
}

/// Writes the description of an error, followed by all its causes in the alternate form `{:#}`.
pub(crate) fn write_error(
    f: &mut fmt::Formatter<'_>,
    error: &dyn std::error::Error,
    describe: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    describe(f)?;
    let mut source = error.source().filter(|_| f.alternate());
    while let Some(cause) = source {
        write!(f, ": {cause}")?;
        source = cause.source();
    }
    Ok(())
}

macro_rules! display {
    ($($error:ty),*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_error(f, self, |f| self.describe(f))
            }
        }
    )*};
}

display!(Error, Disconnect, LoginError);

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::wire::Response;

    #[test]
    fn words_of_a_server_bring_no_control_characters_to_a_terminal() {
        let refusal = "Response: Error\nMessage: No such channel \x1b[2J\x07é";
        let error = Error::rejected(&Response::parse(refusal).unwrap());
        let text = "the server refused the action: No such channel \\u{1b}[2J\\u{7}é";
        assert_eq!(error.to_string(), text);
    }
}
