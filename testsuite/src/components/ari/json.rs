//! Values of YAML as JSON, and as the texts of a query.

use serde_json::{Map, Number, Value};

use crate::files::{self, ConfigError, Node};

/// Returns the value of JSON that a node is. Keys keep their order and their blanks.
///
/// # Errors
///
/// Returns an error if a key is a list or a mapping.
pub(super) fn json_of(node: &Node) -> Result<Value, ConfigError> {
    Ok(match &node.value {
        files::Value::List(items) => {
            Value::Array(items.iter().map(json_of).collect::<Result<_, _>>()?)
        }
        files::Value::Map(_) => {
            let mut object = Map::new();
            for (key, value) in node.entries() {
                let text = key.expect_text("a key")?;
                let key = match scalar(key, text) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                object.insert(key, json_of(value)?);
            }
            Value::Object(object)
        }
        files::Value::Scalar { text, .. } => scalar(node, text),
    })
}

fn scalar(node: &Node, text: &str) -> Value {
    if node.is_null() {
        return Value::Null;
    }
    if let Some(truth) = node.bool() {
        return truth.into();
    }
    if let Some(number) = node.integer() {
        return number.into();
    }
    let is_plain = matches!(node.value, files::Value::Scalar { plain: true, .. });
    let float = node.number().filter(|_| is_plain).and_then(Number::from_f64);
    float.map_or_else(|| text.into(), Value::Number)
}

/// Returns the text of a value in a query, as the suite's Python writes it: `True` for a truth, a
/// number in decimal. `None` for nothing.
///
/// # Errors
///
/// Returns an error if the value is a list or a mapping.
pub(super) fn query_text(name: &str, node: &Node) -> Result<Option<String>, ConfigError> {
    let text = node.expect_text(name)?;
    let value = scalar(node, text);
    Ok((!value.is_null()).then(|| crate::matching::text_of(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn values_keep_their_types_their_order_and_their_blanks() {
        for (yaml, json) in [
            ("{b: 1, a: [x, '1', 1.5, ~, no]}", r#"{"b":1,"a":["x","1",1.5,null,false]}"#),
            (
                "{'V ': {value: v, report: True}, ' W': ''}",
                r#"{"V ":{"value":"v","report":true}," W":""}"#,
            ),
            ("{1: a, yes: b, ~: c}", r#"{"1":"a","true":"b","null":"c"}"#),
            ("[010, 0x10, -3, 9007199254740993]", "[8,16,-3,9007199254740993]"),
        ] {
            assert_eq!(json_of(section(yaml).node()).unwrap().to_string(), json);
        }
        let error = json_of(section("{[a]: b}").node()).unwrap_err().to_string();
        assert!(error.starts_with("test-config.yaml:1: a key is a list"), "{error}");
    }

    #[test]
    fn texts_of_a_query_are_those_of_python() {
        for (yaml, text) in [
            ("x", Some("x")),
            ("True", Some("True")),
            ("no", Some("False")),
            ("'no'", Some("no")),
            ("010", Some("8")),
            ("'010'", Some("010")),
            ("1.5", Some("1.5")),
            ("''", Some("")),
            ("~", None),
        ] {
            let section = section(&format!("a: {yaml}"));
            let text_of = query_text("a", section.node().get("a").unwrap()).unwrap();
            assert_eq!(text_of.as_deref(), text, "{yaml}");
        }
        let section = section("a: [b]");
        let error = query_text("a", section.node().get("a").unwrap()).unwrap_err().to_string();
        assert_eq!(error, "test-config.yaml:1: a is a list, not a text");
    }
}
