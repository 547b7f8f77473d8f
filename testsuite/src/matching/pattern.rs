//! Patterns of messages that are no events of AMI: texts, and values of JSON.

use std::fmt;

use ami::{Expression, ExpressionError};
use serde_json::Value;

use super::Count;
use crate::files::{self, ConfigError, Node};

/// A description of a message.
#[derive(Clone, Debug)]
pub struct Pattern {
    place: Node,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    Anything,
    /// A match at the start of the value's text.
    Text(Expression),
    Integer(i64),
    /// A list of as many items, each in its place.
    List(Vec<Self>),
    /// Each of these keys; there may be more.
    Mapping(Vec<(String, Self)>),
}

impl Pattern {
    /// Reads a pattern: null for whatever comes, a text as an expression for the start of the
    /// value's text, an integer for that very number, a list for one of the same length, and a
    /// mapping for one that has its keys.
    ///
    /// # Errors
    ///
    /// Returns an error if a text is no expression, or a key of a mapping no text. An expression
    /// that looks around or back is [unsupported](ConfigError::unsupported).
    pub fn read(node: &Node) -> Result<Self, ConfigError> {
        Ok(Self { place: node.clone(), shape: Shape::read(node)? })
    }

    /// A pattern for messages that an expression matches at their start.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub fn text(node: &Node, expression: &str) -> Result<Self, ConfigError> {
        Ok(Self { place: node.clone(), shape: Shape::text(node, expression)? })
    }

    /// Returns whether a message matches.
    pub fn matches(&self, message: &Value) -> bool {
        self.shape.matches(message)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Anything => f.write_str("anything"),
            Shape::Text(expression) => write!(f, "{:?}", expression.source()),
            _ => write!(f, "{:?}", self.place),
        }
    }
}

impl Shape {
    fn read(node: &Node) -> Result<Self, ConfigError> {
        if node.is_null() {
            return Ok(Self::Anything);
        }
        match &node.value {
            files::Value::List(items) => {
                items.iter().map(Self::read).collect::<Result<_, _>>().map(Self::List)
            }
            files::Value::Map(_) => {
                let entries = node.entries().map(|(key, value)| {
                    Ok((key.expect_text("a key")?.to_owned(), Self::read(value)?))
                });
                entries.collect::<Result<_, _>>().map(Self::Mapping)
            }
            files::Value::Scalar { text, plain } => match text.parse() {
                Ok(number) if *plain => Ok(Self::Integer(number)),
                _ => Self::text(node, text),
            },
        }
    }

    fn text(node: &Node, expression: &str) -> Result<Self, ConfigError> {
        Expression::at_start(expression).map(Self::Text).map_err(|error| refused(node, error))
    }

    fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Anything, _) => true,
            (Self::Text(expression), value) => expression.is_match(&text_of(value)),
            (Self::Integer(number), Value::Number(found)) => found.as_i64() == Some(*number),
            (Self::List(shapes), Value::Array(items)) => {
                shapes.len() == items.len()
                    && shapes.iter().zip(items).all(|(shape, item)| shape.matches(item))
            }
            (Self::Mapping(shapes), Value::Object(entries)) => shapes
                .iter()
                .all(|(key, shape)| entries.get(key).is_some_and(|it| shape.matches(it))),
            (Self::Integer(_) | Self::List(_) | Self::Mapping(_), _) => false,
        }
    }
}

/// The text of a value, as the suite's Python writes it: that is what its expressions are for.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An error of an expression at a place. One that takes more than linear time is no mistake.
pub(crate) fn refused(node: &Node, error: ExpressionError) -> ConfigError {
    let backtracks = error.backtracks;
    let refused = node.error("the expression cannot be used").caused_by(error);
    if backtracks { refused.unsupported() } else { refused }
}

impl Count {
    /// Reads the dialect of generic matchers: `3`, `1-3`, `>3` for more than three, `<3` for fewer
    /// than three. Once if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is something else, or no number is right.
    pub fn of_condition(node: Option<&Node>) -> Result<Self, ConfigError> {
        let Some(node) = node else {
            return Ok(Self::between(1, 1));
        };
        let text = node.expect_text("count")?;
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let range = if let Some(rest) = text.strip_prefix('>') {
            number(rest).and_then(|it| it.checked_add(1)).map(|low| (low, usize::MAX))
        } else if let Some(rest) = text.strip_prefix('<') {
            number(rest).and_then(|it| it.checked_sub(1)).map(|high| (0, high))
        } else if let Some((low, high)) = text.split_once('-') {
            number(low).zip(number(high)).filter(|(low, high)| low <= high)
        } else {
            number(text).map(|it| (it, it))
        };
        let Some((low, high)) = range else {
            return Err(node.error(format!(
                "count is {text:?}; expected a number, two with `-` between them, `>` and a number for more, or `<` for fewer"
            )));
        };
        Ok(Self::between(low, high))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::files::Document;

    fn node(text: &str) -> Node {
        let document = Document::parse(Path::new("t.yaml"), &format!("{{it: {text}}}")).unwrap();
        document.root.get("it").unwrap().clone()
    }

    #[test]
    fn each_kind_of_pattern_matches_its_kind_of_value() {
        for (pattern, right, wrong) in [
            ("'a\\.b:1\\|c'", json!("a.b:1|cd"), json!("axb:1|c")),
            ("b", json!("bc"), json!("ab")),
            // Without a backslash it is an alternative.
            ("'nominal.foo:1|g'", json!("gauge"), json!("x.nominal.foo:1|g")),
            ("'5'", json!(57), json!(15)),
            ("5", json!(5), json!("5")),
            ("-5", json!(-5), json!(5)),
            ("'True'", json!(true), json!(false)),
            ("'None'", json!(null), json!("none")),
            ("[a, 1]", json!(["ab", 1]), json!(["ab", 1, 2])),
            ("[~]", json!([{"x": 1}]), json!("x")),
            ("{a: 1, b: {c: x}}", json!({"a": 1, "b": {"c": "xy"}, "d": 2}), json!({"a": 1})),
        ] {
            let pattern = Pattern::read(&node(pattern)).unwrap();
            assert!(pattern.matches(&right), "{pattern} {right}");
            assert!(!pattern.matches(&wrong), "{pattern} {wrong}");
        }
        let anything = Pattern::read(&node("~")).unwrap();
        assert!(anything.matches(&json!(null)) && anything.matches(&json!({"a": 1})));
    }

    #[test]
    fn patterns_are_told_as_they_are_written() {
        for (pattern, told) in
            [("~", "anything"), ("'a|b'", "\"a|b\""), ("{a: [1, x]}", "{a: [1, x]}")]
        {
            assert_eq!(Pattern::read(&node(pattern)).unwrap().to_string(), told);
        }
        let error = Pattern::read(&node("{a: ['(']}")).unwrap_err();
        assert!(!error.is_unsupported() && error.to_string().starts_with("t.yaml:1"), "{error}");
        assert!(Pattern::read(&node("'(?=a)'")).unwrap_err().is_unsupported());
    }

    #[test]
    fn counts_of_conditions_are_strict_and_once_by_default() {
        for (text, told, right, wrong) in [
            ("2", "2", 2, 3),
            ("'0'", "0", 0, 1),
            ("1-2", "1 to 2", 2, 3),
            ("'>2'", "at least 3", 3, 2),
            ("'<2'", "at most 1", 1, 2),
            ("'<1'", "0", 0, 1),
        ] {
            let count = Count::of_condition(Some(&node(text))).unwrap();
            let found = (count.to_string(), count.has(right), count.has(wrong));
            assert_eq!(found, (told.to_owned(), true, false), "{text}");
        }
        assert_eq!(Count::of_condition(None).unwrap(), Count::between(1, 1));
        for wrong in ["many", "3-1", "'<0'", "'>'", "1-2-3"] {
            let error = Count::of_condition(Some(&node(wrong))).unwrap_err().to_string();
            assert!(error.starts_with("t.yaml:1: count is"), "{wrong}: {error}");
        }
    }
}
