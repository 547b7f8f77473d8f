//! `instance fetch`, `list` and `sweep`: the servers and sandboxes of this user.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Error;
use instance::{FoundRun, RunState, Server};

use crate::{Done, complain, say, steps};

pub(crate) async fn fetch(major: u32) -> Done {
    let server = Server::fetch(major, steps()).await?;
    say(&format!("Asterisk {} {}", server.version(), server.binary().display()))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn list(root: &Path) -> Done {
    for server in Server::all().await {
        say(&format!("server   {:12} {}", server.version().as_str(), server.binary().display()))?;
    }
    for run in FoundRun::all(root)? {
        say(&format!("sandbox  {:12} {}", state(run.state()), run.path().display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn state(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Kept => "kept",
        RunState::Stale => "stale",
    }
}

pub(crate) fn sweep(root: &Path, kept: bool) -> Done {
    let mut failed = false;
    for run in FoundRun::all(root)? {
        if run.state() == RunState::Stale || kept && run.state() == RunState::Kept {
            match run.remove() {
                Ok(()) => say(&format!("removed {}", run.path().display()))?,
                Err(error) => {
                    failed = true;
                    complain(&format!("{}: {:#}", run.path().display(), Error::from(error)));
                }
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
