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
    let server = found.get_or_try_init(|| Server::find_or_fetch(&want, steps())).await?;
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

/// Returns a function that prints each new step of a fetch.
fn steps() -> impl FnMut(Progress) + Send {
    let mut last: Option<Progress> = None;
    move |progress| {
        if progress.is_new_after(last.as_ref()) {
            // Nobody needs to read it.
            let _ = writeln!(io::stderr(), "{progress}");
        }
        last = Some(progress);
    }
}
