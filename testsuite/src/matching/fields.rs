//! Fields of whatever happened, and texts in which they are put.

use std::{iter, mem};

use ami::Event;
use serde_json::Value;

/// Something that has fields by name: an event of AMI, a value of JSON.
pub trait Fields {
    /// The value of a field as text. `None` if there is no such field.
    ///
    /// An event of AMI is flat: a name is that of a header, without regard to case and blanks, and
    /// of a repeated header the last value counts, without blanks around it. In JSON a name is a
    /// path with dots between its parts; a value that is no text is written as Python writes it,
    /// `True` say, and null is no value.
    fn field(&self, name: &str) -> Option<String>;
}

impl Fields for Event {
    fn field(&self, name: &str) -> Option<String> {
        let value = self.get_all(name).last()?;
        Some(String::from_utf8_lossy(value).trim().to_owned())
    }
}

impl Fields for Value {
    fn field(&self, name: &str) -> Option<String> {
        let found = name.split('.').try_fold(self, |value, part| match value {
            Self::Array(items) => items.get(part.parse::<usize>().ok()?),
            value => value.get(part),
        })?;
        (!found.is_null()).then(|| text_of(found))
    }
}

/// Returns the text of a value, as the suite's Python writes it: that is what its expressions are
/// for.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text in which `{name}` stands for a field.
///
/// A brace behind a backslash is left alone, and so is the backslash: an expression or a JSON text
/// of a dialplan has such braces. A brace that is never closed is a brace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(String);

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    /// The name of a field.
    Field(&'a str),
}

/// Returns the place of the first brace of a field, and the field's name.
fn first_field(text: &str) -> Option<(usize, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, _) = text[at + 1..].split_once('}')?;
        (!text[..at].ends_with('\\')).then_some((at, name))
    })
}

/// A field that a text asks for, and that is not there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no field {field} for the text {text:?}")]
pub struct TemplateError {
    /// The name of the field.
    pub field: String,
    /// The text.
    pub text: String,
}

impl Template {
    /// A text with fields to be filled in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it is written.
    pub fn source(&self) -> &str {
        &self.0
    }

    /// Returns the text with fields filled in.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the fields is not there.
    pub fn fill(&self, fields: &dyn Fields) -> Result<String, TemplateError> {
        let mut filled = String::with_capacity(self.0.len());
        for part in self.parts() {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field(name) => {
                    let missing = || TemplateError { field: name.into(), text: self.0.clone() };
                    filled.push_str(&fields.field(name).ok_or_else(missing)?);
                }
            }
        }
        Ok(filled)
    }

    /// Returns the names of the fields that the text asks for.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| match part {
            Part::Field(name) => Some(name),
            Part::Text(_) => None,
        })
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut rest = &*self.0;
        let mut field = None;
        iter::from_fn(move || {
            if let Some(name) = field.take() {
                return Some(Part::Field(name));
            }
            let Some((at, name)) = first_field(rest) else {
                let text = mem::take(&mut rest);
                return (!text.is_empty()).then_some(Part::Text(text));
            };
            let text = &rest[..at];
            rest = &rest[at + name.len() + "{}".len()..];
            field = Some(name);
            Some(Part::Text(text))
        })
    }
}

#[cfg(test)]
mod tests {
    use ami::Message;
    use serde_json::json;

    use super::*;

    fn event(text: &str) -> Event {
        Event::from_message(Message::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn fields_of_an_event_are_headers_and_the_last_of_several_counts() {
        let event = event("Event: UserEvent\nChannel: SIP/a\n Status:  y \nStatus: z\nempty:\n");
        for (name, value) in
            [("channel", Some("SIP/a")), ("STATUS", Some("z")), ("Empty", Some("")), ("no", None)]
        {
            assert_eq!(event.field(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn fields_of_json_are_paths() {
        let value = json!({"channel": {"id": "7", "up": true, "peer": null}, "args": ["a", 2]});
        for (name, found) in [
            ("channel.id", Some("7")),
            ("channel.up", Some("True")),
            ("channel.peer", None),
            ("args.1", Some("2")),
            ("channel.no", None),
            ("id", None),
        ] {
            assert_eq!(value.field(name).as_deref(), found, "{name}");
        }
    }

    #[test]
    fn fields_are_filled_in_and_other_braces_stay() {
        let value = json!({"channel": "SIP/a", "n": 3});
        let fill = |text: &str| Template::new(text).fill(&value);
        assert_eq!(fill("to {channel}/{n}!").unwrap(), "to SIP/a/3!");
        assert_eq!(fill(r"\{channel} {n}").unwrap(), r"\{channel} 3");
        assert_eq!(fill("a { b").unwrap(), "a { b");
        assert_eq!(fill("").unwrap(), "");
        let template = Template::new(r"{a.b}/\{no}{c}{");
        assert_eq!(template.fields().collect::<Vec<_>>(), ["a.b", "c"]);
        assert_eq!(
            fill("{chanel}").unwrap_err().to_string(),
            "there is no field chanel for the text \"{chanel}\""
        );
    }
}
