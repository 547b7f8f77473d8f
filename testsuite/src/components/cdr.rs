//! `cdr.CDRModule`: the call detail records that a test has to leave.

use crate::case::Component;
use crate::components::Kind;
use crate::components::records::Records;
use crate::files::{ConfigError, Id, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["cdr.CDRModule"], page: include_str!("cdr.md"), build };

/// The columns of records, in the order in which `cdr_csv` writes them.
const COLUMNS: [&str; 21] = [
    "accountcode",
    "source",
    "destination",
    "dcontext",
    "callerid",
    "channel",
    "dchannel",
    "lastapp",
    "lastarg",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let place = |entry: &Section| {
        let folder = entry.text("cdr-dir")?.unwrap_or("cdr-csv").to_owned();
        Ok((Id::read(entry.get("id"))?, folder))
    };
    Ok(Box::new(Records::read(section, "cdr.CDRModule reads", &COLUMNS, place)?))
}
