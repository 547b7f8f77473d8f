//! Compares a table with what a server documents.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::Table;

/// Returns what two tables differ in, a line each. The classes that a server tells of an action
/// are not documented and do not count.
pub fn differences(known: &Table, found: &Table) -> Vec<String> {
    let (known, found) = (lines(known), lines(found));
    let mut differences = Vec::new();
    for name in known.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        match (known.get(name), found.get(name)) {
            (Some(known), Some(found)) => {
                let lost = known.difference(found).map(|line| format!("{name}: no longer {line}"));
                let new = found.difference(known).map(|line| format!("{name}: new: {line}"));
                differences.extend(lost.chain(new));
            }
            (Some(_), None) => differences.push(format!("{name}: no longer documented")),
            (None, _) => differences.push(format!("{name}: new")),
        }
    }
    differences
}

/// Returns the lines of each action and each event.
fn lines(table: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let lines = |text: String| text.lines().skip(1).map(|line| line.trim().to_owned()).collect();
    let actions = table.actions.iter().map(|action| {
        let name = &action.head.name;
        (format!("action {name}"), lines(action.to_string()))
    });
    let events = table.events.iter().map(|event| {
        let name = &event.head.name;
        let mut lines: BTreeSet<String> = lines(event.to_string());
        lines.insert(format!("classes {}", event.head.classes.join(",")));
        (format!("event {name}"), lines)
    });
    actions.chain(events).collect()
}
