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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_a_line() {
        let known = "Asterisk 22\n\naction A classes call told\n  param X\n\naction Gone\n\n\
                     event E classes call\n  field F values a\n";
        let found = "Asterisk 22\n\naction A\n  param X required\n\nevent E classes system\n  \
                     field F values a\n\nevent New\n";
        let table = |text| Table::parse("t", text).unwrap();
        let expected = [
            "action A: no longer param X",
            "action A: new: param X required",
            "action Gone: no longer documented",
            "event E: no longer classes call",
            "event E: new: classes system",
            "event New: new",
        ];
        assert_eq!(differences(&table(known), &table(found)), expected);
        assert!(differences(&table(known), &table(known)).is_empty());
    }
}
