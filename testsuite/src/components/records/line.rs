//! A line that describes a record.

use std::fmt;

use ami::Expression;

use crate::components::awaited::warn_of_no_quotes;
use crate::components::refused;
use crate::files::{ConfigError, Node, Section, suggest};

/// The length at which the summary of a record takes no more columns.
const ENOUGH: usize = 160;

/// A description of a record, by some of its columns.
pub(super) struct Line {
    place: Node,
    columns: Vec<Column>,
}

struct Column {
    /// The position in a record, from 0.
    at: usize,
    name: &'static str,
    /// The expression as it was written.
    pattern: String,
    value: Expression,
}

impl Line {
    /// Reads a line. Null is a line that any record matches.
    pub(super) fn read(
        node: &Node,
        columns: &'static [&'static str],
        file: &Section,
    ) -> Result<Self, ConfigError> {
        if !node.is_map() && !node.is_null() {
            return Err(node.error(format!("expected columns of a record, found {}", node.kind())));
        }
        // A column without a value is not compared.
        let entries = node.entries().filter(|(_, value)| !value.is_null());
        let columns = entries.map(|(key, value)| Column::read(key, value, columns, file));
        Ok(Self { place: node.clone(), columns: columns.collect::<Result<_, _>>()? })
    }

    /// The columns of a record that are not as described, one to a text. Those that the record
    /// lacks do not count.
    pub(super) fn differences<'a>(
        &'a self,
        record: &'a [String],
    ) -> impl Iterator<Item = String> + 'a {
        let found = self.columns.iter().filter_map(|it| Some((it, record.get(it.at)?)));
        found.filter(|(column, found)| !column.value.is_match(found)).map(|(column, found)| {
            format!("{} is {found:?}, expected {:?}", column.name, column.pattern)
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns.iter().map(|it| format!("{} {:?}", it.name, it.pattern));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let what = if columns.is_empty() { "any record" } else { &columns };
        write!(f, "{}", self.place.error(what))
    }
}

impl Column {
    fn read(
        key: &Node,
        value: &Node,
        columns: &'static [&'static str],
        file: &Section,
    ) -> Result<Self, ConfigError> {
        let name = key.expect_text("a column")?;
        let Some(at) = columns.iter().position(|it| *it == name) else {
            let hint = suggest::hint(name, columns.iter().copied());
            return Err(key.error(format!("records have no column {name}{hint}")));
        };
        let pattern = value.expect_text(name)?.to_owned();
        warn_of_no_quotes(value, file);
        // It is read by itself, so that an error tells of what was written.
        let written = Expression::whole(&pattern);
        let value = written.and_then(|_| Expression::whole(&format!("(?i){pattern}")));
        let value = value.map_err(|error| refused(key, error))?;
        Ok(Self { at, name: columns[at], pattern, value })
    }
}

/// A record in a line: the columns that lines describe, and the first others. Empty ones are left
/// out.
pub(super) fn summary(record: &[String], columns: &[&str], lines: &[Line]) -> String {
    let is_described = |at: usize| lines.iter().flat_map(|it| &it.columns).any(|it| it.at == at);
    let filled = record.iter().enumerate().filter(|(_, value)| !value.is_empty());
    let (described, others): (Vec<_>, Vec<_>) = filled.partition(|(at, _)| is_described(*at));
    let mut told = String::new();
    for (count, (at, value)) in described.iter().chain(&others).enumerate() {
        if count >= described.len() && told.len() > ENOUGH {
            told.push_str(" …");
            break;
        }
        let gap = if count == 0 { "" } else { " " };
        match columns.get(*at) {
            Some(name) => told.push_str(&format!("{gap}{name}={value}")),
            None => told.push_str(&format!("{gap}{}={value}", at + 1)),
        }
    }
    told
}
