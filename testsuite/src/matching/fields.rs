//! Fields of whatever happened, and texts in which they are put.

use ami::Event;
use serde_json::Value;

/// Something that has fields by name: an event of AMI, a value of JSON.
pub trait Fields {
    /// The value of a field as text. `None` if there is no such field.
    ///
    /// An event of AMI is flat: a name is that of a header, without regard to case and blanks, and
    /// of a repeated header the last value counts, without blanks around it. In JSON a name is a
    /// path with dots between its parts.
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
        Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
    }
}

/// A text in which `{name}` stands for a field.
///
/// A brace behind a backslash is left alone, and so is the backslash: an expression or a JSON text
/// of a dialplan has such braces. A brace that is never closed is a brace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(String);

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
        let (mut filled, mut rest) = (String::with_capacity(self.0.len()), &*self.0);
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            match after.split_once('}').filter(|_| !before.ends_with('\\')) {
                Some((name, after)) => {
                    let value = fields.field(name).ok_or_else(|| TemplateError {
                        field: name.to_owned(),
                        text: self.0.clone(),
                    })?;
                    filled.push_str(&value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
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
        let value = json!({"channel": {"id": "7", "up": true}, "args": ["a", 2]});
        for (name, found) in [
            ("channel.id", Some("7")),
            ("channel.up", Some("true")),
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
        assert_eq!(
            fill("{chanel}").unwrap_err().to_string(),
            "there is no field chanel for the text \"{chanel}\""
        );
    }
}
