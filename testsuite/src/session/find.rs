//! The programs of a run: found, or fetched, which is told on the error output.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use instance::sipp::Sipp;
use instance::{Progress, Server, Want};

use crate::plan::FoundSipp;
use crate::session::signals::Signals;

/// Waits for something unless the run is to end: to fetch a server may take minutes.
pub(super) async fn unless_ended<T>(
    signals: &Signals,
    work: impl Future<Output = T>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => Ok(done),
        () = signals.end.cancelled() => anyhow::bail!("interrupted"),
    }
}

/// Finds a server, or fetches one and says so.
pub(super) async fn server(want: Want, signals: &Signals) -> anyhow::Result<Server> {
    Ok(unless_ended(signals, Server::find_or_fetch(&want, tell())).await??)
}

/// Finds the SIPp that is named, or another, or fetches one and says so. That there is none is a
/// reason not to run some tests, also where the variable `SIPP` names one that does not work; only
/// one that is named here and does not work is an error.
pub(super) async fn sipp(named: Option<&Path>, signals: &Signals) -> anyhow::Result<FoundSipp> {
    if let Some(path) = named {
        let sipp = unless_ended(signals, Sipp::at(path)).await?;
        return sipp.map(Ok).with_context(|| format!("--sipp {}", path.display()));
    }
    let found = unless_ended(signals, Sipp::find_with(tell())).await?;
    Ok(found.map_err(|error| format!("{:#}", anyhow::Error::from(error))))
}

/// Returns a function that writes each step of a fetch as a line, and each once.
fn tell() -> impl FnMut(Progress) + Send {
    let mut last = None;
    move |progress| {
        let what = progress.to_string();
        if last.as_ref() != Some(&what) {
            // Nobody needs to read it.
            let _ = writeln!(io::stderr(), "{what}");
            last = Some(what);
        }
    }
}
