//! Mismatches: the parts of a value of JSON that are not as a pattern describes them.

use std::fmt::{self, Write};

use serde_json::Value;

use super::shape::Shape;

/// The longest text of a value that is told.
const LONGEST: usize = 120;

/// A part of a message that does not match.
#[derive(Debug)]
pub(crate) struct Mismatch<'a> {
    /// The keys that lead to the part, such as `channel.id` and `args[0]`.
    path: String,
    expected: &'a Shape,
    /// `None` if there is no such part.
    found: Option<&'a Value>,
}

impl<'a> Mismatch<'a> {
    /// Returns all parts of a message that do not match.
    pub(super) fn all(expected: &'a Shape, message: &'a Value) -> Vec<Self> {
        let mut all = Vec::new();
        Self { path: String::new(), expected, found: Some(message) }.collect(&mut all);
        all
    }

    /// Collects what does not match in a part.
    fn collect(self, all: &mut Vec<Self>) {
        let Some(found) = self.found.filter(|it| self.expected.is_like(it)) else {
            all.push(self);
            return;
        };
        match self.expected {
            Shape::Mapping(entries) => {
                for (key, expected) in entries {
                    let path = below(&self.path, key);
                    Self { path, expected, found: found.get(key) }.collect(all);
                }
            }
            Shape::List(items) => {
                for (at, expected) in items.iter().enumerate() {
                    let path = format!("{}[{at}]", self.path);
                    Self { path, expected, found: found.get(at) }.collect(all);
                }
            }
            _ => {}
        }
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "it" } else { &self.path };
        match self.found {
            None => write!(f, "{path} is missing, ")?,
            Some(value) => write!(f, "{path} is {}, ", Told(value))?,
        }
        match self.expected {
            Shape::Anything | Shape::Something => f.write_str("expected anything but null"),
            Shape::Nothing => f.write_str("expected what nothing matches"),
            Shape::Text(it) | Shape::Scalar(it) => write!(f, "expected to match {:?}", it.source()),
            Shape::Integer(number) => write!(f, "expected the number {number}"),
            Shape::Truth(truth) => write!(f, "expected {truth}"),
            Shape::List(items) => match items.len() {
                0 => f.write_str("expected an empty list"),
                1 => f.write_str("expected a list of one item"),
                many => write!(f, "expected a list of {many} items"),
            },
            Shape::Mapping(_) => f.write_str("expected an object"),
        }
    }
}

/// A value of JSON as it is told: not longer than anybody reads.
pub(crate) struct Told<'a>(pub(crate) &'a Value);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{}…", &text[..end]),
            None => f.write_str(&text),
        }
    }
}

/// Returns the parts of a shape in a line, each as its path and what is expected there. That for
/// the key `but` is left out.
pub(super) fn parts_but(shape: &Shape, but: &str) -> String {
    let mut line = String::new();
    if let Shape::Mapping(entries) = shape {
        let entries = entries.iter().filter(|(key, _)| key != but);
        entries.for_each(|(key, shape)| tell(key, shape, &mut line));
    } else {
        tell("", shape, &mut line);
    }
    line
}

/// Adds the parts of a shape to a line.
fn tell(path: &str, shape: &Shape, line: &mut String) {
    let told = match shape {
        Shape::Mapping(entries) if !entries.is_empty() => {
            entries.iter().for_each(|(key, shape)| tell(&below(path, key), shape, line));
            return;
        }
        Shape::List(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            items.for_each(|(at, shape)| tell(&format!("{path}[{at}]"), shape, line));
            return;
        }
        Shape::Mapping(_) => "{}".to_owned(),
        Shape::List(_) => "[]".to_owned(),
        Shape::Anything | Shape::Something => "anything".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::Text(it) | Shape::Scalar(it) => format!("{:?}", it.source()),
        Shape::Integer(number) => number.to_string(),
        Shape::Truth(truth) => truth.to_string(),
    };
    let (comma, blank) =
        (if line.is_empty() { "" } else { ", " }, if path.is_empty() { "" } else { " " });
    // A text takes whatever is written into it.
    let _ = write!(line, "{comma}{path}{blank}{told}");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::files::{Document, Section};
    use crate::matching::Pattern;

    fn pattern(text: &str) -> Pattern {
        let document = Document::parse(Path::new("t.yaml"), &format!("{{it: {text}}}")).unwrap();
        let node = document.root.get("it").unwrap();
        Pattern::of_ari(node, &Section::new(node, "it has")).unwrap()
    }

    fn told(text: &str, value: &Value) -> Vec<String> {
        pattern(text).mismatches(value).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_part_that_does_not_match_is_told_with_its_path() {
        let event = json!({
            "type": "StasisStart", "args": ["hello", 2], "cause": 16, "up": true,
            "channel": {"id": "c1", "caller": {"number": "1"}, "peer": null},
        });
        for (expected, all) in [
            ("{args: [bye, ~]}", vec!["args[0] is \"hello\", expected to match \"bye\""]),
            ("{args: []}", vec!["args is [\"hello\",2], expected an empty list"]),
            ("{args: [h]}", vec!["args is [\"hello\",2], expected a list of one item"]),
            (
                "{channel: {id: 'c2$', caller: {number: 1}, peer: ~, state: Up}}",
                vec![
                    "channel.id is \"c1\", expected to match \"c2$\"",
                    "channel.caller.number is \"1\", expected the number 1",
                    "channel.peer is null, expected anything but null",
                    "channel.state is missing, expected to match \"Up\"",
                ],
            ),
            ("{type: {a: 1}}", vec!["type is \"StasisStart\", expected an object"]),
            (
                "{up: False, cause: 1.5}",
                vec!["up is true, expected false", "cause is 16, expected what nothing matches"],
            ),
            ("{type: Stasis, channel: {id: c}}", vec![]),
        ] {
            assert_eq!(told(expected, &event), all, "{expected}");
        }
        assert_eq!(told("{a: 1}", &json!("x")), ["it is \"x\", expected an object"]);
        let long = json!({"a": "ä".repeat(200)});
        let line = told("{a: x}", &long).remove(0);
        assert!(line.ends_with("ä…, expected to match \"x\"") && line.len() < 300, "{line}");
    }

    #[test]
    fn the_parts_of_a_pattern_are_told_in_a_line() {
        for (text, told) in [
            ("{type: StasisEnd, channel: {id: 'c2$'}}", "channel.id \"c2$\""),
            (
                "{args: [a, 1], cause: 3, x: {}, y: [], z: ~}",
                "args[0] \"a\", args[1] 1, cause 3, x {}, y [], z anything",
            ),
            ("{up: no}", "up false"),
            ("{type: A}", ""),
            ("'.*'", "\".*\""),
        ] {
            assert_eq!(pattern(text).parts_but("type"), told, "{text}");
        }
    }
}
