//! `ami wait`: the first event that matches, for scripts.

use clap::Args;
use tokio::time::{Instant, timeout_at};

use super::events::{Printer, Source, Told, filter, joined};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Out, Style};

/// Wait for the first event that matches, at most for --timeout
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Wait {
    /// The event; several words have to hold together
    #[arg(value_name = "FILTER", required = true)]
    words: Vec<String>,
    /// Print `ready` on the error output once all events from now on are seen
    #[arg(long)]
    ready: bool,
    /// Print nothing: the exit code says it
    #[arg(long, short)]
    quiet: bool,
}

const HELP: &str = "\
The filter is that of `ami tail`. With --ready a script can tell when to begin with what makes the
event come. A connection that is lost is made anew, within the same time.

With --servers the event of any of them is enough.

Exit codes: 0 the event has come; 8 it has not within --timeout; 7 it has not, but events were lost,
or one of several servers was away, and it may have been among them. `ami --help` has the others.";

impl Wait {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let filter = filter(&joined(&self.words))?;
        let mut source = Source::connect(options, filter, |config| config, out).await?;
        if self.ready {
            out.tell(Style::Good, "ready");
        }
        let deadline = Instant::now().checked_add(options.timeout);
        let mut lost = false;
        loop {
            let told = match deadline {
                Some(deadline) => match timeout_at(deadline, source.next()).await {
                    Ok(told) => told?,
                    Err(_) => return Err(late(options, lost || source.is_incomplete())),
                },
                None => source.next().await?,
            };
            let mut printer = Printer { out, only: None, whole: false, lost };
            match told {
                Some(Told::Event(event)) => {
                    if !self.quiet {
                        printer.begin(&source);
                        printer.event(&mut source, &event)?;
                    }
                    return Ok(Exit::Done);
                }
                Some(other) => printer.other(&mut source, &other)?,
                None => {}
            }
            lost = printer.lost;
            out.drain().await?;
        }
    }
}

fn late(options: &Options, lost: bool) -> Failure {
    let (exit, lost) = match lost {
        true => (Exit::Lost, ", but events were lost"),
        false => (Exit::NoMatch, ""),
    };
    let text = format!("no event matched within {:?}{lost}", options.timeout);
    Failure::new(exit, anyhow::Error::msg(text))
}
