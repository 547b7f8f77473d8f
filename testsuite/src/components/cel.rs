//! `cel.CELModule`: the channel events that a test has to leave as records.

use crate::case::Component;
use crate::components::Kind;
use crate::components::records::Records;
use crate::files::{ConfigError, Id, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["cel.CELModule"], page: include_str!("cel.md"), build };

/// The columns of records, in the order of the suite's `cel_custom.conf` and of ours.
const COLUMNS: [&str; 20] = [
    "eventtype",
    "eventtime",
    "cidname",
    "cidnum",
    "ani",
    "rdnis",
    "dnid",
    "exten",
    "context",
    "channel",
    "app",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "bridgepeer",
    "userfield",
    "userdeftype",
    "eventextra",
];

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    // The suite reads those of the first server alone.
    let place = |_: &Section| Ok((Id::default(), "cel-custom".to_owned()));
    Ok(Box::new(Records::read(section, "cel.CELModule reads", &COLUMNS, place)?))
}
