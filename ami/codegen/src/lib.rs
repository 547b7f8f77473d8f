//! Writes the typed part of the crate `ami` from tables of what servers document.
//!
//! The tables are read from the documentation of servers ([`read`]), one for each version, and kept
//! in `tables`. What the documentation lacks or has wrong is in tables written by hand.

mod compare;
mod error;
mod hand;
mod lookup;
mod model;
mod names;
pub mod read;
pub mod table;
mod write;
mod xpath;

use std::path::Path;

pub use self::compare::differences;
pub use self::error::{Error, Result};
use self::table::Table;
pub use self::write::File;

/// The versions there are tables of, the newest first.
pub const VERSIONS: [u32; 2] = [22, 16];

/// The command that writes the files.
pub const COMMAND: &str = "cargo run -p ami-codegen";

/// Returns the path of a version's table from the root of the workspace.
pub fn table_path(version: u32) -> String {
    format!("ami/codegen/tables/asterisk-{version}.txt")
}

/// Reads the checked-in tables in a workspace.
///
/// # Errors
///
/// Returns an error if one cannot be read or is not of the form.
pub fn tables(root: &Path) -> Result<Vec<Table>> {
    let table = |version| {
        let path = table_path(version);
        Table::parse(&path, &read_file(root, &path)?)
    };
    VERSIONS.into_iter().map(table).collect()
}

/// Returns the files that the tables in a workspace give.
///
/// # Errors
///
/// Returns an error if a table cannot be read, is not of the form, or contradicts another.
pub fn generate(root: &Path) -> Result<Vec<File>> {
    Ok(write::files(&join(root)?))
}

/// The actions and events that have a type.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The actions, by name.
    pub actions: Vec<Known>,
    /// The events, by name.
    pub events: Vec<Known>,
}

/// An action or an event that there is a type of.
#[derive(Clone, Debug)]
pub struct Known {
    /// The name on the wire.
    pub name: String,
    /// The classes.
    pub classes: Vec<String>,
    /// `true` if a version documents it.
    pub documented: bool,
    /// `true` for an event that is only sent as a reply, and has no class for that.
    pub reply: bool,
}

/// Returns what the tables in a workspace give types of.
///
/// # Errors
///
/// Returns an error as [`generate`] does.
pub fn summary(root: &Path) -> Result<Summary> {
    let model = join(root)?;
    let action = |(name, action): (String, model::Action)| Known {
        name,
        classes: action.classes,
        documented: true,
        reply: false,
    };
    let event = |(name, event): (String, model::Event)| Known {
        name,
        reply: event.reply,
        classes: event.classes,
        documented: event.documented,
    };
    Ok(Summary {
        actions: model.actions.into_iter().map(action).collect(),
        events: model.events.into_iter().map(event).collect(),
    })
}

fn join(root: &Path) -> Result<model::Model> {
    let path = |name: &str| format!("ami/codegen/tables/{name}");
    let names = ["events.txt", "actions.txt", "fields.txt", "params.txt"].map(path);
    let texts = names.iter().map(|name| read_file(root, name)).collect::<Result<Vec<_>>>()?;
    let rows = |at: usize| hand::rows(&names[at], &texts[at]);
    let hand =
        model::Hand { events: rows(0)?, actions: rows(1)?, fields: rows(2)?, params: rows(3)? };
    model::join(&tables(root)?, &hand)
}

/// Reads a file by its path from the root of the workspace.
fn read_file(root: &Path, path: &str) -> Result<String> {
    std::fs::read_to_string(root.join(path)).map_err(|error| Error::new(path, error.to_string()))
}
