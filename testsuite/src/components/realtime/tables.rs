//! Tables, and the operations on them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ami::Expression;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::files::{ConfigError, Section};

/// The characters that are not written as they stand in an answer.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The end of the name of a condition whose value has `%` for any text.
const LIKE: &str = " LIKE";

/// The columns of a row with their values.
type Row = Vec<(String, String)>;

/// Tables by their names.
pub(super) struct Tables(BTreeMap<String, Vec<Row>>);

/// A table or an operation that there is not.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unknown {
    #[error("there is no table {0}")]
    Table(String),
    #[error("there is no operation {0}")]
    Operation(String),
}

/// The arguments of a request.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    /// The arguments in the address, encoded.
    pub(super) query: &'a str,
    /// The arguments in the body, encoded.
    pub(super) body: &'a [u8],
}

impl Arguments<'_> {
    /// All of them, the first of each name.
    fn all(self) -> Row {
        first_of_each(self.of_query().chain(self.of_body()))
    }

    fn of_query(self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(owned)
    }

    fn of_body(self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.body).map(owned)
    }
}

fn owned((name, value): (Cow<'_, str>, Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

fn first_of_each(arguments: impl Iterator<Item = (String, String)>) -> Row {
    let mut first = Row::new();
    for (name, value) in arguments {
        if column(&first, &name).is_none() {
            first.push((name, value));
        }
    }
    first
}

fn column<'a>(row: &'a [(String, String)], name: &str) -> Option<&'a str> {
    row.iter().find(|(it, _)| it == name).map(|(_, value)| &**value)
}

impl Tables {
    /// Reads tables, each a list of rows.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let mut tables = BTreeMap::new();
        for (name, rows) in section.entries() {
            let name = name.expect_text("a table")?;
            let mut table = Vec::new();
            for row in rows.expect_items(name)? {
                if !row.is_map() {
                    return Err(row.error(format!("expected a row, found {}", row.kind())));
                }
                let columns = row.entries().map(|(name, value)| {
                    let name = name.expect_text("a column")?;
                    Ok((name.to_owned(), value.expect_text(name)?.to_owned()))
                });
                table.push(columns.collect::<Result<_, ConfigError>>()?);
            }
            tables.insert(name.to_owned(), table);
        }
        Ok(Self(tables))
    }

    /// Does an operation on a table. Returns the body of the answer.
    pub(super) fn answer(
        &mut self,
        table: &str,
        operation: &str,
        arguments: Arguments<'_>,
    ) -> Result<String, Unknown> {
        if operation == "store" {
            self.0.entry(table.to_owned()).or_default().push(arguments.all());
            return Ok("1".to_owned());
        }
        let Some(rows) = self.0.get_mut(table) else {
            return Err(Unknown::Table(table.to_owned()));
        };
        let told = match operation {
            "single" => {
                let conditions = Conditions::new(arguments.all());
                rows.iter().find(|row| conditions.meets(row)).map(encoded).unwrap_or_default()
            }
            "multi" => {
                let conditions = Conditions::new(arguments.all());
                lines(rows.iter().filter(|row| conditions.meets(row)))
            }
            "static" => {
                let arguments = arguments.all();
                let file = column(&arguments, "file");
                lines(rows.iter().filter(|row| {
                    column(row, "filename") == file && column(row, "commented") == Some("0")
                }))
            }
            "require" => "0".to_owned(),
            "update" => update(rows, arguments).to_string(),
            "destroy" => {
                let (conditions, before) = (Conditions::new(arguments.all()), rows.len());
                rows.retain(|row| !conditions.meets(row));
                (before - rows.len()).to_string()
            }
            _ => return Err(Unknown::Operation(operation.to_owned())),
        };
        Ok(told)
    }
}

/// Changes rows that meet the conditions in the address. Returns their number.
fn update(rows: &mut [Row], arguments: Arguments<'_>) -> usize {
    let keys = first_of_each(arguments.of_query());
    let values = first_of_each(arguments.of_body());
    let values: Vec<_> =
        values.into_iter().filter(|(name, _)| column(&keys, name).is_none()).collect();
    let conditions = Conditions::new(keys);
    let mut count = 0;
    for row in rows.iter_mut().filter(|row| conditions.meets(row)) {
        count += 1;
        for (name, value) in &values {
            match row.iter_mut().find(|(it, _)| it == name) {
                Some((_, old)) => old.clone_from(value),
                None => row.push((name.clone(), value.clone())),
            }
        }
    }
    count
}

/// Conditions on rows: columns, and expressions for the start of their values.
struct Conditions(Vec<(String, Expression)>);

impl Conditions {
    fn new(arguments: Row) -> Self {
        let condition = |(name, value): (String, String)| {
            let (name, value) = match name.strip_suffix(LIKE) {
                Some(name) => (name.to_owned(), value.replace('%', ".*")),
                None => (name, value),
            };
            // A telephone number such as `+49` is no expression.
            let plain = |_| Expression::starting_with(&value);
            let expression = Expression::at_start(&value).unwrap_or_else(plain);
            (name, expression)
        };
        Self(arguments.into_iter().map(condition).collect())
    }

    fn meets(&self, row: &Row) -> bool {
        self.0.iter().all(|(name, value)| column(row, name).is_some_and(|it| value.is_match(it)))
    }
}

fn encoded(row: &Row) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let columns = row.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    columns.collect::<Vec<_>>().join("&")
}

fn lines<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    rows.map(encoded).collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    const PEERS: &str = "peers: [{id: a, host: '10.0.0.1'}, {id: ab, host: 'x & <y>'}]\nfiles: [{filename: f, commented: '0', var_name: n}, {filename: f, commented: '1'}, {filename: ff, commented: '0'}]";

    fn tables() -> Tables {
        Tables::read(&section(PEERS)).unwrap()
    }

    fn answer(tables: &mut Tables, what: &str, body: &str) -> String {
        let (path, query) = what.split_once('?').unwrap_or((what, ""));
        let (table, operation) = path.split_once('/').unwrap();
        tables.answer(table, operation, Arguments { query, body: body.as_bytes() }).unwrap()
    }

    #[test]
    fn rows_are_found_by_expressions_for_the_start_of_their_values() {
        for (what, body, expected) in [
            ("peers/single", "id=a", "id=a&host=10.0.0.1"),
            ("peers/single", "id=b", ""),
            ("peers/single", "", "id=a&host=10.0.0.1"),
            ("peers/single?id=ab", "id=a", "id=ab&host=x%20%26%20%3Cy%3E"),
            ("peers/single", "id=a&nothing=x", ""),
            ("peers/single", "id=%2B", ""),
            ("peers/multi", "id=a", "id=a&host=10.0.0.1\r\nid=ab&host=x%20%26%20%3Cy%3E"),
            ("peers/multi", "id+LIKE=%25b", "id=ab&host=x%20%26%20%3Cy%3E"),
            ("peers/multi", "id=a%24&host=10", "id=a&host=10.0.0.1"),
            ("peers/require", "id=char", "0"),
            ("files/static?file=f", "", "filename=f&commented=0&var_name=n"),
        ] {
            assert_eq!(answer(&mut tables(), what, body), expected, "{what} {body}");
        }
    }

    #[test]
    fn rows_are_changed_added_and_removed() {
        let mut all = tables();
        assert_eq!(answer(&mut all, "peers/update?id=a%24", "host=new&id=z&port=5"), "1");
        assert_eq!(answer(&mut all, "peers/single", "id=a"), "id=a&host=new&port=5");
        assert_eq!(answer(&mut all, "peers/update?id=x", "host=new"), "0");
        assert_eq!(answer(&mut all, "peers/store", "id=c&id=d"), "1");
        assert_eq!(answer(&mut all, "peers/single", "id=c"), "id=c");
        assert_eq!(answer(&mut all, "peers/destroy", "id=a"), "2");
        assert_eq!(answer(&mut all, "peers/multi", ""), "id=c");
        assert_eq!(answer(&mut all, "others/store?id=e", "host=f"), "1");
        assert_eq!(answer(&mut all, "others/multi", ""), "id=e&host=f");
    }

    #[test]
    fn what_there_is_not_is_an_error() {
        let none = Arguments { query: "", body: b"" };
        let table = tables().answer("others", "single", none).unwrap_err();
        assert_eq!(table.to_string(), "there is no table others");
        let operation = tables().answer("peers", "drop", none).unwrap_err();
        assert_eq!(operation.to_string(), "there is no operation drop");
    }
}
