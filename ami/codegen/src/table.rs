//! The table of what one version documents: names and structure, one line each.
//!
//! ```text
//! Asterisk 22
//!
//! action QueueAdd classes agent since 0.8.0 module app_queue
//!   param Queue required
//!   param Penalty default 0
//!   items QueueParams QueueMember
//!   end QueueStatusComplete
//!
//! event DialEnd classes call since 12.0.0 module builtin
//!   channel
//!   channel Dest
//!   field DialStatus values ABORT | ANSWER
//! ```

use std::fmt;

use crate::error::{Error, Result};

/// The actions and events that one version of Asterisk documents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    /// The major version.
    pub version: u32,
    /// The actions, sorted by name.
    pub actions: Vec<Action>,
    /// The events, sorted by name.
    pub events: Vec<Event>,
}

/// An action or an event, without its parameters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    /// The name on the wire.
    pub name: String,
    /// The classes. Empty if they are not known, or if there are none.
    pub classes: Vec<String>,
    /// The versions that it is documented to exist since.
    pub since: Vec<String>,
    /// The modules that have it.
    pub modules: Vec<String>,
}

/// An action.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Action {
    /// The name and more.
    pub head: Head,
    /// `true` if a server told the classes.
    pub told: bool,
    /// The parameters, in the order of the documentation.
    pub params: Vec<Param>,
    /// The events that are items of the list that answers the action.
    pub items: Vec<String>,
    /// The event that ends the list.
    pub end: Option<String>,
}

/// A parameter of an action.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Param {
    /// The name on the wire.
    pub name: String,
    /// `true` if the documentation calls it required.
    pub required: bool,
    /// `true` if it can be repeated.
    pub multiple: bool,
    /// The value if it is not sent.
    pub default: Option<String>,
    /// The values that are documented.
    pub values: Vec<String>,
}

/// An event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Event {
    /// The name and more.
    pub head: Head,
    /// The fields and groups of fields, in the order of the documentation.
    pub parts: Vec<Part>,
}

/// A field of an event, or a group of fields.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// The fields of a channel, with a prefix.
    Channel(String),
    /// The fields of a bridge, with a prefix.
    Bridge(String),
    /// One field: its name and the values that are documented.
    Field(String, Vec<String>),
}

impl Part {
    /// Returns `true` if both are the same field or group.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(one, _), Self::Field(two, _)) => one == two,
            _ => self == other,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Asterisk {}", self.version)?;
        self.actions.iter().try_for_each(|action| write!(f, "\n{action}"))?;
        self.events.iter().try_for_each(|event| write!(f, "\n{event}"))
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let lists = [("classes", &self.classes), ("since", &self.since), ("module", &self.modules)];
        for (word, list) in lists {
            if !list.is_empty() {
                write!(f, " {word} {}", list.join(","))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "action {}{}", self.head, if self.told { " told" } else { "" })?;
        self.params.iter().try_for_each(|param| write!(f, "{param}"))?;
        if !self.items.is_empty() {
            writeln!(f, "  items {}", self.items.join(" "))?;
        }
        self.end.iter().try_for_each(|end| writeln!(f, "  end {end}"))
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  param {}", self.name)?;
        if self.required {
            f.write_str(" required")?;
        }
        if self.multiple {
            f.write_str(" multiple")?;
        }
        if let Some(default) = &self.default {
            write!(f, " default {default:?}")?;
        }
        values(&self.values, f)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "event {}", self.head)?;
        for part in &self.parts {
            let (word, name) = match part {
                Part::Channel(prefix) => ("channel", prefix),
                Part::Bridge(prefix) => ("bridge", prefix),
                Part::Field(name, _) => ("field", name),
            };
            write!(f, "{}", format!("  {word} {name}").trim_end())?;
            values(if let Part::Field(_, values) = part { values } else { &[] }, f)?;
        }
        Ok(())
    }
}

/// Ends a line with the values of a parameter or a field.
fn values(values: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !values.is_empty() {
        write!(f, " values {}", values.join(" | "))?;
    }
    writeln!(f)
}

impl Table {
    /// Parses the text of a table. The name of the file is for errors.
    ///
    /// # Errors
    ///
    /// Returns an error that names the line that is not of the form.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let mut table = Self::default();
        let mut in_action = false;
        for (at, line) in text.lines().enumerate() {
            let bad = |expected: &str| Error::line(file, at, line, expected);
            let (word, rest) =
                line.trim_start().split_once(' ').unwrap_or_else(|| (line.trim(), ""));
            match (line.starts_with(' '), word) {
                (false, "") => {}
                (false, "Asterisk") => {
                    table.version = rest.parse().map_err(|_| bad("a major version"))?;
                }
                (false, "action") => {
                    let (told, rest) = match rest.strip_suffix(" told") {
                        Some(rest) => (true, rest),
                        None => (false, rest),
                    };
                    let head = head(rest).ok_or_else(|| bad("action NAME [classes A,B] …"))?;
                    table.actions.push(Action { head, told, ..Action::default() });
                    in_action = true;
                }
                (false, "event") => {
                    let head = head(rest).ok_or_else(|| bad("event NAME [classes A,B] …"))?;
                    table.events.push(Event { head, parts: Vec::new() });
                    in_action = false;
                }
                (true, "param" | "items" | "end") if in_action => {
                    let action = table.actions.last_mut().ok_or_else(|| bad("an action first"))?;
                    part_of_action(action, word, rest).ok_or_else(|| {
                        bad("param NAME [required] [multiple] [default \"TEXT\"]")
                    })?;
                }
                (true, "channel" | "bridge" | "field") if !in_action => {
                    let event = table.events.last_mut().ok_or_else(|| bad("an event first"))?;
                    let (rest, values) = split_values(rest);
                    event.parts.push(match word {
                        "channel" => Part::Channel(rest.to_owned()),
                        "bridge" => Part::Bridge(rest.to_owned()),
                        _ => Part::Field(rest.to_owned(), values),
                    });
                }
                _ => return Err(bad("action, event, or a line that belongs to the one above")),
            }
        }
        Ok(table)
    }
}

fn head(text: &str) -> Option<Head> {
    let mut words = text.split(' ');
    let mut head = Head { name: words.next()?.to_owned(), ..Head::default() };
    while let Some(word) = words.next() {
        let list = words.next()?.split(',').map(str::to_owned).collect();
        match word {
            "classes" => head.classes = list,
            "since" => head.since = list,
            "module" => head.modules = list,
            _ => return None,
        }
    }
    (!head.name.is_empty()).then_some(head)
}

fn part_of_action(action: &mut Action, word: &str, rest: &str) -> Option<()> {
    match word {
        "items" => action.items = rest.split(' ').map(str::to_owned).collect(),
        "end" => action.end = Some(rest.to_owned()),
        _ => {
            let (rest, values) = split_values(rest);
            let (rest, default) = match rest.split_once(" default ") {
                Some((rest, default)) => {
                    let default = default.strip_prefix('"')?.strip_suffix('"')?;
                    (rest, Some(default.to_owned()))
                }
                None => (rest, None),
            };
            let mut words = rest.split(' ');
            let mut param = Param { name: words.next()?.to_owned(), ..Param::default() };
            for word in words {
                match word {
                    "required" => param.required = true,
                    "multiple" => param.multiple = true,
                    _ => return None,
                }
            }
            action.params.push(Param { default, values, ..param });
        }
    }
    Some(())
}

fn split_values(text: &str) -> (&str, Vec<String>) {
    match text.split_once(" values ") {
        Some((rest, values)) => (rest, values.split(" | ").map(str::to_owned).collect()),
        None => (text, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Asterisk 22

action A classes call,system since 1.0.0,2.0.0 module one,two told
  param P required multiple default \"a b\" values x y | z
  param Q
  items I J
  end E

action B

event C classes call
  channel
  channel Dest
  bridge To
  field F values 1/10 | NO ANSWER
  field G
";

    #[test]
    fn a_table_that_is_written_is_read_back() {
        let table = Table::parse("t", TEXT).unwrap();
        assert_eq!(table.to_string(), TEXT);
        assert_eq!(Table::parse("t", &table.to_string()).unwrap(), table);
        let param = &table.actions[0].params[0];
        assert_eq!((param.default.as_deref(), &*param.values[1]), (Some("a b"), "z"));
    }

    #[test]
    fn a_line_of_no_known_form_is_named() {
        let odd = [
            ("Asterisk x", "t:1: \"Asterisk x\": expected a major version"),
            (
                "action A\n  field F",
                "t:2: \"  field F\": expected action, event, or a line that belongs to the one above",
            ),
            ("event A of B", "t:1: \"event A of B\": expected event NAME [classes A,B] …"),
        ];
        for (text, error) in odd {
            assert_eq!(Table::parse("t", text).unwrap_err().to_string(), error);
        }
    }
}
