//! `ami man`: the manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::{Man as Page, generate_to};

use crate::exit::{Exit, Failure};
use crate::out::{Form, Out};

/// Print the manual page of the program, or write that of each command
///
/// To read it: ami man | man -l -
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for the program and for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self, program: clap::Command, out: &mut Out) -> Result<Exit, Failure> {
        if out.form != Form::People {
            return Err(Failure::usage("a manual page has no other form"));
        }
        if let Some(folder) = &self.out {
            generate_to(program, folder).map_err(|error| {
                let text = format!("writing the pages to {} failed", folder.display());
                Failure::new(Exit::Refused, anyhow::Error::new(error).context(text))
            })?;
        } else {
            let mut page = Vec::new();
            Page::new(program).render(&mut page)?;
            out.bytes(&page);
        }
        Ok(Exit::Done)
    }
}
