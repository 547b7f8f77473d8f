//! The places of a server's documentation.

use std::path::{Path, PathBuf};

use clap::Args;
use instance::{FindError, Server, Want};

use super::xml::{Docs, read};
use crate::exit::{Exit, Failure};
use crate::out::{Out, Style};

/// The folders of the documentation of a server that is installed.
const INSTALLED: [&str; 2] =
    ["/usr/share/asterisk/documentation", "/var/lib/asterisk/documentation"];

/// The documentation to read.
#[derive(Debug, Args)]
#[command(next_help_heading = "The texts")]
pub(super) struct Choice {
    /// Read the texts in this file, or in this folder of documentation
    #[arg(long, value_name = "PATH", conflicts_with_all = ["release", "installed", "fetch"])]
    docs: Option<PathBuf>,
    /// Read the texts of a server of this major version, installed or fetched
    #[arg(long = "version", id = "release", value_name = "N", conflicts_with = "installed")]
    release: Option<u32>,
    /// Read the texts of the server that is installed here, and of no other
    #[arg(long, conflicts_with = "fetch")]
    installed: bool,
    /// Fetch a server, if none is found: it is kept for the next time
    #[arg(long)]
    fetch: bool,
}

impl Choice {
    /// Returns the documentation, or `None` if there is none and none was asked for.
    ///
    /// # Errors
    ///
    /// Returns an error if the documentation that was asked for is not there, or it cannot be read.
    pub(super) async fn docs(&self, out: &Out) -> Result<Option<Docs>, Failure> {
        let Some(path) = self.path(out).await? else { return Ok(None) };
        let files = tokio::task::spawn_blocking(move || read(&path)).await;
        let files = files.map_err(|error| Failure::new(Exit::Refused, error))?;
        let files = files.map_err(|error| Failure::new(Exit::Refused, error))?;
        let docs = Docs::of(files).map_err(|error| Failure::new(Exit::Refused, error))?;
        Ok(Some(docs))
    }

    async fn path(&self, out: &Out) -> Result<Option<PathBuf>, Failure> {
        if let Some(path) = &self.docs {
            return Ok(Some(path.clone()));
        }
        if self.release.is_none()
            && let Some(path) = installed()
        {
            return Ok(Some(path));
        }
        if self.installed {
            let text = format!("no core-en_US.xml is in {}", INSTALLED.join(" or "));
            let hint = "--docs PATH names the documentation of a server at another place";
            return Err(Failure::new(Exit::Refused, anyhow::Error::msg(text)).hint(hint));
        }
        let want = self.release.map_or(Want::Any, Want::Major);
        let server = if self.fetch {
            let mut last = None;
            let told = |step: instance::Progress| {
                if step.is_new_after(last.as_ref()) {
                    out.tell(Style::Dim, &step.to_string());
                }
                last = Some(step);
            };
            let server = Server::find_or_fetch(&want, told).await;
            server.map_err(|error| Failure::new(Exit::Refused, error))?
        } else {
            match Server::find(&want).await {
                Ok(server) => server,
                Err(FindError::NotFound { .. }) if self.release.is_none() => return Ok(None),
                Err(error) => {
                    let hint = "--fetch downloads a server, whose texts are kept";
                    return Err(Failure::new(Exit::Refused, error).hint(hint));
                }
            }
        };
        Ok(Some(server.directories().data.join("documentation")))
    }
}

fn installed() -> Option<PathBuf> {
    let is_there = |folder: &&&str| Path::new(folder).join("core-en_US.xml").is_file();
    INSTALLED.iter().find(is_there).map(PathBuf::from)
}
