//! Typed AGI commands.

use std::borrow::Cow;
use std::time::Duration;

use super::arguments;
use super::error::AgiError;
use super::reply::Reply;
use super::session::Session;
use super::transport::Transport;
use crate::typed::value::ChannelState;

/// The digits that a caller has entered. See [`Session::get_data`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Digits {
    /// The digits, which can have `*` in them. `#` ends the input and is left out.
    pub digits: String,
    /// `true` if the time was over before the caller had entered all digits or `#`.
    pub timed_out: bool,
}

/// The end of a sound. See [`Session::stream_file`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Played {
    /// The digit that has stopped the sound, or `None` if the sound was played to its end.
    pub digit: Option<char>,
    /// The position at which the sound has stopped, in samples.
    pub end: u64,
}

/// The end of a recording. See [`Session::record_file`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// The digit that has stopped the recording.
    pub digit: Option<char>,
    /// The server's word for what has stopped the recording: `dtmf` or `timeout`.
    pub stopped_by: String,
    /// The length of the recording in samples.
    pub end: u64,
}

/// The code of a reply to a command that needs a live channel.
const DEAD: u16 = 511;

/// AGI commands. Arguments are quoted as the server wants them, so they can have blanks, quotes and
/// backslashes in them, but no line ends. A command and its arguments have at most 1,013 bytes, and
/// 2,046 over FastAGI.
///
/// # Errors
///
/// Each command returns [`AgiError::HungUp`] if the channel is hung up before or during the
/// command, [`AgiError::Failed`] if the server reports a failure, and the other errors of
/// [`AgiError`]. If a command is not a single line within the limit, nothing is sent, and the error
/// is [`Error::Action`](crate::Error::Action), and [`AgiError::Command`] over FastAGI.
impl<T: Transport> Session<T> {
    /// Runs a command, and checks that its result is not negative.
    async fn run(&self, words: &str, arguments: &[&str]) -> Result<Reply, AgiError> {
        let command = arguments::command(words, arguments);
        self.limited(async {
            let reply = self.link().execute(&command).await?;
            let hung_up = match (reply.code(), reply.number()) {
                (200, Some(..0)) => {
                    reply.data() == Some(b"hangup") || self.link().is_hanging_up().await
                }
                (DEAD, _) => self.link().is_hanging_up().await,
                _ => return reply.accepted(),
            };
            if hung_up {
                return Err(AgiError::HungUp);
            }
            Err(AgiError::Failed(reply.accepted()?))
        })
        .await
    }

    /// Answers the channel, if it is not answered yet.
    pub async fn answer(&self) -> Result<(), AgiError> {
        self.run("ANSWER", &[]).await.map(drop)
    }

    /// Hangs the channel up. The session is over then.
    pub async fn hangup(&self) -> Result<(), AgiError> {
        self.run("HANGUP", &[]).await.map(drop)
    }

    /// Ends the session, so that the dialplan goes on behind `AGI(…)`. Commands that are queued
    /// behind this one are not executed.
    pub async fn end(&self) -> Result<(), AgiError> {
        self.limited(self.link().end()).await
    }

    /// Does nothing, once the commands before have been executed.
    pub async fn noop(&self) -> Result<(), AgiError> {
        self.run("NOOP", &[]).await.map(drop)
    }

    /// Plays a sound, named without the ending of its file, until its end or until the caller
    /// presses one of `escape_digits`.
    ///
    /// If there is no such sound, the error is [`AgiError::Failed`]. With AsyncAGI, the server ends
    /// AGI then, and the dialplan goes on.
    pub async fn stream_file(&self, file: &str, escape_digits: &str) -> Result<Played, AgiError> {
        self.run("STREAM FILE", &[file, escape_digits]).await.map(|reply| played(&reply))
    }

    /// Plays a sound as [`stream_file`](Self::stream_file) does, and then waits for one of
    /// `escape_digits`, so long; without a time, as long as the caller takes.
    pub async fn get_option(
        &self,
        file: &str,
        escape_digits: &str,
        limit: impl Into<Option<Duration>>,
    ) -> Result<Played, AgiError> {
        let reply = self.run("GET OPTION", &[file, escape_digits, &millis(limit.into())]).await?;
        Ok(played(&reply))
    }

    /// Plays a sound, and reads up to `most` digits. `#` ends the input early. The time is that
    /// between two digits, and from the end of the sound to the first; without a time, there is no
    /// limit.
    pub async fn get_data(
        &self,
        file: &str,
        limit: impl Into<Option<Duration>>,
        most: u32,
    ) -> Result<Digits, AgiError> {
        let arguments = [file, &millis(limit.into()), &most.to_string()];
        // Digits are not a number: the result -1 is the only negative one.
        let reply = self.run("GET DATA", &arguments).await?;
        let timed_out = reply.data() == Some(b"timeout");
        Ok(Digits { digits: reply.result().to_owned(), timed_out })
    }

    /// Waits for a digit, so long; without a time, as long as the caller takes. Returns `None` if
    /// the time is over.
    pub async fn wait_for_digit(
        &self,
        limit: impl Into<Option<Duration>>,
    ) -> Result<Option<char>, AgiError> {
        let reply = self.run("WAIT FOR DIGIT", &[&millis(limit.into())]).await?;
        Ok(digit(&reply))
    }

    /// Sets a variable of the channel, or a function such as `CALLERID(name)`. The value is literal
    /// and not evaluated.
    pub async fn set_variable(&self, name: &str, value: &str) -> Result<(), AgiError> {
        self.run("SET VARIABLE", &[name, value]).await.map(drop)
    }

    /// Returns a variable of the channel, or a function such as `CALLERID(num)`; `None` if the
    /// variable is not set. Bytes that are not UTF-8 are replaced with U+FFFD;
    /// [`command`](Self::command) returns them.
    ///
    /// With AsyncAGI, a value of more than about 1,000 bytes is [`AgiError::Unreadable`].
    pub async fn get_variable(&self, name: &str) -> Result<Option<String>, AgiError> {
        self.run("GET VARIABLE", &[name]).await.map(|reply| value(&reply))
    }

    /// Evaluates an expression of the dialplan, such as `${CALLERID(num)} of ${EXTEN}`. Returns
    /// an empty text if the result is empty.
    pub async fn get_full_variable(&self, expression: &str) -> Result<Option<String>, AgiError> {
        self.run("GET FULL VARIABLE", &[expression]).await.map(|reply| value(&reply))
    }

    /// Runs an application of the dialplan, and returns its result. Variables in the arguments are
    /// not evaluated. An application that does not exist is [`AgiError::Failed`], and so is one
    /// that returns -1, as many do when the channel is hung up.
    pub async fn exec(&self, application: &str, arguments: &str) -> Result<i64, AgiError> {
        let reply = self.run("EXEC", &[application, arguments]).await?;
        Ok(reply.number().unwrap_or_default())
    }

    /// Says digits. Returns the one of `escape_digits` that the caller has pressed to stop.
    pub async fn say_digits(
        &self,
        digits: &str,
        escape_digits: &str,
    ) -> Result<Option<char>, AgiError> {
        self.say("SAY DIGITS", &[digits, escape_digits]).await
    }

    /// Says a number. Returns the one of `escape_digits` that the caller has pressed to stop.
    pub async fn say_number(
        &self,
        number: i64,
        escape_digits: &str,
    ) -> Result<Option<char>, AgiError> {
        self.say("SAY NUMBER", &[&number.to_string(), escape_digits]).await
    }

    /// Spells a text. Returns the one of `escape_digits` that the caller has pressed to stop.
    pub async fn say_alpha(
        &self,
        text: &str,
        escape_digits: &str,
    ) -> Result<Option<char>, AgiError> {
        self.say("SAY ALPHA", &[text, escape_digits]).await
    }

    /// Spells a text in the phonetic alphabet. Returns the one of `escape_digits` that the caller
    /// has pressed to stop.
    pub async fn say_phonetic(
        &self,
        text: &str,
        escape_digits: &str,
    ) -> Result<Option<char>, AgiError> {
        self.say("SAY PHONETIC", &[text, escape_digits]).await
    }

    /// Says a date, in seconds since 1970. Returns the one of `escape_digits` that the caller has
    /// pressed to stop.
    pub async fn say_date(&self, time: u64, escape_digits: &str) -> Result<Option<char>, AgiError> {
        self.say("SAY DATE", &[&time.to_string(), escape_digits]).await
    }

    /// Says a time of day, in seconds since 1970. Returns the one of `escape_digits` that the
    /// caller has pressed to stop.
    pub async fn say_time(&self, time: u64, escape_digits: &str) -> Result<Option<char>, AgiError> {
        self.say("SAY TIME", &[&time.to_string(), escape_digits]).await
    }

    async fn say(&self, words: &str, arguments: &[&str]) -> Result<Option<char>, AgiError> {
        self.run(words, arguments).await.map(|reply| digit(&reply))
    }

    /// Records the caller into a file, named without its ending, until the caller presses one of
    /// `escape_digits` or the time is over. A caller who hangs up ends the recording, too: the file
    /// is kept, and the error is [`AgiError::HungUp`].
    pub async fn record_file(
        &self,
        file: &str,
        format: &str,
        escape_digits: &str,
        limit: impl Into<Option<Duration>>,
    ) -> Result<Recorded, AgiError> {
        let arguments = [file, format, escape_digits, &millis(limit.into())];
        let reply = self.run("RECORD FILE", &arguments).await?;
        let stopped_by = String::from_utf8_lossy(reply.data().unwrap_or_default()).into_owned();
        let Played { digit, end } = played(&reply);
        Ok(Recorded { digit, stopped_by, end })
    }

    /// Returns the state of the channel.
    pub async fn channel_status(&self) -> Result<ChannelState, AgiError> {
        let reply = self.run("CHANNEL STATUS", &[]).await?;
        reply.result().parse().map_err(|_| AgiError::Failed(reply))
    }

    /// Writes a message into the log of the server, at a level from 1 to 4.
    pub async fn verbose(&self, message: &str, level: u8) -> Result<(), AgiError> {
        self.run("VERBOSE", &[message, &level.to_string()]).await.map(drop)
    }

    /// Sends a text to the channel, if its technology has texts.
    pub async fn send_text(&self, text: &str) -> Result<(), AgiError> {
        self.run("SEND TEXT", &[text]).await.map(drop)
    }

    /// Sets the caller id of the channel: a number, or `"name" <number>`.
    pub async fn set_caller_id(&self, caller_id: &str) -> Result<(), AgiError> {
        self.run("SET CALLERID", &[caller_id]).await.map(drop)
    }

    /// Sets the place at which the dialplan goes on after [`end`](Self::end). The priority is a
    /// number or a label.
    pub async fn set_place(
        &self,
        context: &str,
        extension: &str,
        priority: &str,
    ) -> Result<(), AgiError> {
        self.run("SET CONTEXT", &[context]).await?;
        self.run("SET EXTENSION", &[extension]).await?;
        self.run("SET PRIORITY", &[priority]).await.map(drop)
    }

    /// Starts music on hold of a class; an empty name is the default class.
    pub async fn start_music(&self, class: &str) -> Result<(), AgiError> {
        let all = ["on", class];
        self.run("SET MUSIC", if class.is_empty() { &all[..1] } else { &all }).await.map(drop)
    }

    /// Stops music on hold.
    pub async fn stop_music(&self) -> Result<(), AgiError> {
        self.run("SET MUSIC", &["off"]).await.map(drop)
    }
}

/// Returns a time in milliseconds as AGI has it, where -1 is no limit. `GET DATA` takes 0 for a
/// default of several seconds, so the shortest time is 1.
fn millis(limit: Option<Duration>) -> Cow<'static, str> {
    let millis = limit.and_then(|limit| i32::try_from(limit.as_millis()).ok());
    millis.map_or(Cow::Borrowed("-1"), |millis| Cow::Owned(millis.max(1).to_string()))
}

/// Returns the digit whose code is the result; 0 is none.
fn digit(reply: &Reply) -> Option<char> {
    let code = reply.number().and_then(|code| u32::try_from(code).ok())?;
    char::from_u32(code).filter(|digit| *digit != '\0')
}

fn played(reply: &Reply) -> Played {
    let end = reply.parameter("endpos").and_then(|end| str::from_utf8(end).ok()?.parse().ok());
    Played { digit: digit(reply), end: end.unwrap_or_default() }
}

/// Returns the data of a reply whose result is 1.
fn value(reply: &Reply) -> Option<String> {
    let set = reply.number() == Some(1);
    set.then(|| String::from_utf8_lossy(reply.data().unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_time_is_not_the_default_of_the_server() {
        for (limit, expected) in [
            (Some(Duration::ZERO), "1"),
            (Some(Duration::from_micros(1900)), "1"),
            (Some(Duration::from_secs(5)), "5000"),
            (Some(Duration::MAX), "-1"),
            (None, "-1"),
        ] {
            assert_eq!(millis(limit), expected, "{limit:?}");
        }
    }
}
