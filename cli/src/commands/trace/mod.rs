//! `ami trace`: the ladder of one call.

mod live;
mod print;
mod query;
mod recorded;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::print::{Print, Printer};
use self::query::Query;
use super::events::take_file;
use crate::exit::{Exit, Failure, Interrupts};
use crate::ladder::NARROWEST;
use crate::options::{Options, duration};
use crate::out::{Form, Out};

/// The ladder of one call: legs, bridges, transfers, queue, why it ended
///
/// The call is that of an identifier (Uniqueid, Linkedid or the name of a channel), the newest one
/// of a number, or with --next the next one that begins. A call that is up is followed to its end.
#[derive(Debug, Args)]
#[command(after_help = HELP, override_usage = "ami trace [OPTIONS] (ID | NUMBER | --next [NUMBER | FILTER]) [FILE]")]
pub(crate) struct Trace {
    /// The call: an identifier, the name of a channel, or the number of a party. The last word may
    /// be a recording
    #[arg(value_name = "CALL")]
    words: Vec<String>,
    /// Wait for the next call that begins: any, one of a number, or one with an event that matches
    #[arg(long)]
    next: bool,
    /// Read this recording in place of a server; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print a sequence diagram for Mermaid, once the call has ended
    #[arg(long, conflicts_with_all = ["json", "raw"])]
    mermaid: bool,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Draw for so many columns in place of those of the terminal, 60 at least; 80 if there is
    /// none
    #[arg(long, value_name = "COLUMNS", value_parser = columns)]
    width: Option<usize>,
}

const HELP: &str = "\
Each leg of the call has a column: a channel, or both halves of a Local channel. On a server the rows
come as they happen, and the names of the columns come again when a leg joins. The whole ladder of a
recording has them once. Legs that do not fit share the last column, and their rows have their names.
The times are the server's (timestampevents), or the local ones; of a recording, else the seconds
from its beginning, if FILE.times has them.

FILE is a recording, if it is `-` or ends in .ami (or .ami.2 …). A number that several calls have is
told on the error output, with the call that is taken. A row in red says where events are missing.

With --json a row is an object {\"v\":1,\"call\":…,\"step\":…,\"time\":…,\"text\":…} with the names of the
`legs`, or of those at the ends of an arrow, `from` and `to`; the last object has the step `call ended`
(or `call is up`), the outcome, the cause, the seconds and what is known of the legs. With --raw the
output is the events of the call, once it has ended, at most the first 20,000: a recording.

Exit codes: 0 the call has ended, or the recording; 7 events were lost, or the connection; 8 there is
no such call, or the time was up before one began or before its end; 130 interrupted, and what is
known is printed. `ami --help` has the others.";

/// Reads the width of a drawing.
fn columns(text: &str) -> Result<usize, String> {
    let columns = text.parse().ok().filter(|it| *it >= NARROWEST);
    columns.ok_or_else(|| format!("expected a number of columns, {NARROWEST} or more"))
}

impl Trace {
    pub(crate) async fn run(mut self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let last = take_file(&mut self.words);
        if last.is_some() && self.file.is_some() {
            return Err(Failure::usage("two recordings are named"));
        }
        let file = self.file.take().or(last);
        let query = Query::new(&self.words, self.next)?;
        let print = match out.form {
            Form::People if self.mermaid => Print::Mermaid,
            Form::People if file.is_some() => Print::Whole,
            Form::People => Print::Rows,
            Form::Json => Print::Objects,
            Form::Raw => Print::Events,
        };
        let width = self.width.or_else(|| out.width()).unwrap_or(80);
        // The signals are listened to from the beginning.
        let mut interrupts = Interrupts::new()?;
        let mut printer = Printer::new(out, print, width);
        let done = match file {
            Some(path) => {
                let mut reading = recorded::Reading::open(&path, query, &printer).await?;
                let done = tokio::select! {
                    biased;
                    _ = interrupts.next() => None,
                    done = reading.run(&mut printer) => Some(done?),
                };
                // The call may not have been read yet.
                if done.is_none()
                    && let Err(failure) = reading.finish(&mut printer)
                    && failure.exit != Exit::NoMatch
                {
                    return Err(failure);
                }
                done
            }
            None => {
                let mut tracing = live::Tracing::new(query, self.time, options, &printer);
                let done = tokio::select! {
                    biased;
                    _ = interrupts.next() => None,
                    done = tracing.run(&mut printer) => Some(done?),
                };
                if done.is_none() {
                    tracing.finish(&mut printer)?;
                }
                done
            }
        };
        Ok(done.unwrap_or(Exit::Interrupted))
    }
}
