//! The servers of this process, each found or fetched once.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::server::find::{ServerError, Want};
use crate::server::probe::Server;
use crate::server::progress::Progress;

type Found = Arc<OnceCell<Server>>;

static FOUND: Mutex<Vec<(Want, Found)>> = Mutex::new(Vec::new());

/// Finds a server, or fetches one, as [`Server::find_or_fetch`] does, once for all tests of this
/// process. The first one may take a minute, and prints the steps on the error output, also where
/// the output of tests is captured.
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let newest = instance::server(22).await?;
/// let own = instance::server("/opt/asterisk").await?;
/// let any = instance::server(instance::Want::Any).await?;
/// # Ok(())
/// # }
/// ```
///
/// Tests of several runtimes and threads may call it at the same time: one of them searches, and
/// the others wait. Several processes wait for one that fetches.
///
/// # Errors
///
/// Returns the errors of [`Server::find_or_fetch`]. An error is not remembered: the next call tries
/// again.
///
/// # Cancel safety
///
/// A call that is given up leaves the search to the next one.
pub async fn server(want: impl Into<Want>) -> Result<Server, ServerError> {
    let want = want.into();
    let found = found(&want);
    let server =
        found.get_or_try_init(|| Server::find_or_fetch(&want, steps(io::stderr()))).await?;
    Ok(server.clone())
}

fn found(want: &Want) -> Found {
    let mut all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = all.iter().find(|(other, _)| other == want) {
        return Arc::clone(found);
    }
    let found = Found::default();
    all.push((want.clone(), Arc::clone(&found)));
    found
}

/// Returns a function that writes each new step of a fetch as a line.
pub(crate) fn steps(mut out: impl Write + Send) -> impl FnMut(Progress) + Send {
    let mut last: Option<Progress> = None;
    move |progress| {
        if progress.is_new_after(last.as_ref()) {
            // Nobody needs to read it.
            let _ = writeln!(out, "{progress}");
        }
        last = Some(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_line() {
        let mut out = Vec::new();
        let mut step = steps(&mut out);
        step(Progress::Waiting { what: "Asterisk 22".to_owned() });
        for done in 0..3 {
            step(Progress::Unpack { done, total: 3 });
        }
        drop(step);
        let told = "waiting for another process that is fetching Asterisk 22\n\
                    unpacking: 0 of 3 packages\n";
        assert_eq!(String::from_utf8(out).unwrap(), told);
    }
}
