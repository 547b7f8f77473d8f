//! The events of a server or of a recording, with what is lost among them.

mod live;
mod merged;
mod recorded;
mod times;

use std::io;
use std::path::PathBuf;

use ami::{Config, Event, Filter, Gap};
use serde_json::{Value, json};

pub(super) use self::live::Live;
pub(super) use self::merged::Merged;
pub(super) use self::recorded::Recorded;
pub(super) use self::times::Times;
use crate::connect::several;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Selection, Style, local, object_of};

/// The output is passed on at the latest when it has this many bytes.
const BATCH: usize = 64 * 1024;

/// The events of a server, of several, or of a recording.
#[derive(Debug)]
pub(super) enum Source {
    Live(Box<Live>),
    Merged(Box<Merged>),
    Recorded(Box<Recorded>),
}

/// A piece of what a source has to say.
#[derive(Debug)]
pub(super) enum Told {
    Event(Event),
    /// The number of events that are missing here.
    Missed(u64),
    /// A time without a connection has ended.
    Gap(Box<Gap>),
    /// The same, of one of several servers.
    MergedGap(Box<fleet::Gap>),
    /// One of several servers has ended.
    Failed(Failure),
    /// The recording ends inside a message, of which it has so many bytes.
    Truncated(usize),
    /// Something for the error output that is no loss.
    Note(String),
    /// The connection is lost, and the client connects again.
    Down(String),
}

impl Source {
    /// Connects to the servers that the options name, with a subscription to all events from the
    /// first one on.
    pub(super) async fn connect(
        options: &Options,
        filter: Filter,
        configure: impl Fn(Config) -> Config,
        out: &mut Out,
    ) -> Result<Self, Failure> {
        let servers = several(options)?;
        Ok(if servers.is_empty() {
            Self::Live(Box::new(Live::connect(options, filter, configure).await?))
        } else {
            Self::Merged(Box::new(Merged::connect(servers, filter, configure, out).await?))
        })
    }

    /// Waits for the next piece. Returns `None` at the end of a recording.
    ///
    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Option<Told>, Failure> {
        match self {
            Self::Live(live) => live.next().await.map(Some),
            Self::Merged(merged) => merged.next().await.map(Some),
            Self::Recorded(recorded) => recorded.next().await,
        }
    }

    /// Returns `true` if the next piece has to be waited for.
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Live(live) => live.is_idle(),
            Self::Merged(merged) => merged.is_idle(),
            Self::Recorded(recorded) => recorded.is_idle(),
        }
    }

    /// Returns `true` if one of several servers is away.
    pub(super) fn is_incomplete(&self) -> bool {
        match self {
            Self::Merged(merged) => merged.exit() != Exit::Done,
            Self::Live(_) | Self::Recorded(_) => false,
        }
    }

    /// Returns the banner, without its line end.
    pub(super) fn banner(&self) -> Vec<u8> {
        match self {
            Self::Live(live) => live.banner(),
            // The bytes of several servers are never printed.
            Self::Merged(_) => Vec::new(),
            Self::Recorded(recorded) => recorded.banner().to_vec(),
        }
    }

    fn time(&self) -> Option<String> {
        match self {
            Self::Live(_) => Some(local(jiff::Timestamp::now())),
            Self::Merged(merged) => merged.time(),
            Self::Recorded(recorded) => recorded.time(),
        }
    }
}

/// Prints what a source tells, and counts what is lost.
#[derive(Debug)]
pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Out,
    pub(super) only: Option<Selection>,
    /// `true` if a line for people may be longer than the terminal is wide.
    pub(super) whole: bool,
    /// `true` if events are missing.
    pub(super) lost: bool,
}

impl Printer<'_> {
    /// Begins the output: the server's bytes begin with its banner, or they are no recording.
    pub(super) fn begin(&mut self, source: &Source) {
        if self.out.form == Form::Raw {
            self.out.bytes(&source.banner());
            self.out.bytes(b"\r\n");
        }
    }

    /// Prints an event.
    pub(super) fn event(&mut self, source: &mut Source, event: &Event) -> Result<(), Failure> {
        let time = if self.out.form == Form::People { source.time() } else { None };
        let (only, whole) = (self.only.as_ref(), self.whole);
        on(self.out, source, |out| match out.form {
            Form::People => out.event(event, time.as_deref(), only, whole),
            Form::Json => {
                let object = object_of(event, only)?;
                out.object(&object)
            }
            Form::Raw => {
                out.bytes(event.raw());
                Ok(())
            }
        })?;
        Ok(())
    }

    /// Prints what is no event.
    pub(super) fn other(&mut self, source: &mut Source, told: &Told) -> Result<(), Failure> {
        let (text, object) = match told {
            Told::Event(_) => return Ok(()),
            Told::Note(text) => {
                return Ok(on(self.out, source, |out| {
                    out.tell(Style::Dim, text);
                    Ok(())
                })?);
            }
            Told::Down(text) => {
                let text = format!("the connection is lost, connecting again: {text}");
                return Ok(on(self.out, source, |out| {
                    out.tell(Style::Bad, &text);
                    Ok(())
                })?);
            }
            Told::Failed(failure) => {
                return match source {
                    Source::Merged(merged) => merged.failed(failure, self.out),
                    Source::Live(_) | Source::Recorded(_) => Ok(()),
                };
            }
            Told::Missed(missed) => (
                format!("--- {missed} events are missing here"),
                json!({ "v": 1, "missed": missed }),
            ),
            Told::Gap(gap) => {
                let object = json!({
                    "v": 1,
                    "gap": {
                        "seconds": gap.lasted.as_secs_f64(),
                        "times": gap.times,
                        "restarted": gap.restarted,
                        "reason": format!("{:#}", gap.reason),
                    },
                });
                (format!("--- events are missing here: {gap:#}"), object)
            }
            Told::MergedGap(gap) => of_gap(gap),
            Told::Truncated(bytes) => {
                let text =
                    format!("--- the recording ends inside a message, after {bytes} bytes of it");
                (text, json!({ "v": 1, "truncated": bytes }))
            }
        };
        self.lost = true;
        Ok(on(self.out, source, |out| out.loss(&text, &object))?)
    }

    /// Passes on what was printed, if the source has no more at the moment or enough has come
    /// together.
    pub(super) async fn pass_on(&mut self, source: &Source) -> Result<(), Failure> {
        if source.is_idle() || self.out.pending() >= BATCH {
            self.out.drain().await?;
        }
        Ok(())
    }
}

/// Prints on the output of the server that a source has told something of.
fn on(
    all: &mut Out,
    source: &mut Source,
    print: impl FnOnce(&mut Out) -> io::Result<()>,
) -> io::Result<()> {
    let own = match source {
        Source::Merged(merged) => merged.out(),
        Source::Live(_) | Source::Recorded(_) => None,
    };
    let Some(own) = own else { return print(all) };
    print(own)?;
    all.take(own);
    Ok(())
}

/// Returns what to tell of a time without a connection to one of several servers.
pub(super) fn of_gap(gap: &fleet::Gap) -> (String, Value) {
    let object = json!({
        "v": 1,
        "gap": {
            "seconds": gap.lasted.as_secs_f64(),
            "times": gap.times,
            "restarted": gap.restarted,
            "made": gap.made,
            "reason": format!("{:#}", gap.reason),
        },
    });
    (format!("--- events are missing here: {gap}: {:#}", gap.reason), object)
}

/// Returns the text of a filter of several words, which have to hold together.
pub(super) fn joined(words: &[String]) -> String {
    words.join(" ")
}

/// Parses a filter.
pub(super) fn filter(text: &str) -> Result<Filter, Failure> {
    Filter::parse(text).map_err(|error| Failure::new(Exit::Usage, error))
}

/// Takes the recording from the words of a command: the last word, if it is `-` or the name of a
/// file that ends in `.ami`, or in `.ami.2` and so on.
pub(super) fn take_file(words: &mut Vec<String>) -> Option<PathBuf> {
    let is_file = |word: &mut String| {
        let digits = word.trim_end_matches(|it: char| it.is_ascii_digit());
        let name = digits.strip_suffix('.').unwrap_or(word);
        word == "-" || name.ends_with(".ami") && !word.contains(['=', '~', ','])
    };
    words.pop_if(is_file).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_told_from_a_filter() {
        for (last, is_file) in [
            ("x.ami", true),
            ("/tmp/x.ami", true),
            ("x.ami.12", true),
            ("-", true),
            ("Hangup", false),
            ("File=x.ami", false),
            ("x.ami2", false),
            ("x.amix", false),
            ("12", false),
        ] {
            let mut words = vec!["Hangup".to_owned(), last.to_owned()];
            assert_eq!(take_file(&mut words), is_file.then(|| PathBuf::from(last)), "{last}");
            assert_eq!(words.len(), 2 - usize::from(is_file));
        }
    }
}
