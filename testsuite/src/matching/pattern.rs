//! Patterns of messages that are no events of AMI: texts, and values of JSON.

use std::fmt;

use serde_json::Value;

use super::Count;
use super::mismatch::{self, Mismatch};
use super::shape::{Dialect, Shape, expression_of};
use crate::files::{ConfigError, Node, Section};

/// A description of a message.
#[derive(Clone, Debug)]
pub struct Pattern {
    place: Node,
    shape: Shape,
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
        Self::of(node, Dialect::Conditions)
    }

    /// Reads a pattern of ARI: null for whatever is there and not null, a text as an expression for
    /// the start of a text, a number or a truth, an integer or a truth for that very value, a list
    /// and a mapping as in [`read`](Self::read). Something else matches nothing, with a warning in
    /// the section.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub(crate) fn of_ari(node: &Node, section: &Section) -> Result<Self, ConfigError> {
        Self::of(node, Dialect::Ari(section))
    }

    fn of(node: &Node, dialect: Dialect<'_>) -> Result<Self, ConfigError> {
        Ok(Self { place: node.clone(), shape: Shape::read(node, dialect)? })
    }

    /// A pattern for messages that an expression matches at their start.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub fn text(node: &Node, expression: &str) -> Result<Self, ConfigError> {
        Ok(Self { place: node.clone(), shape: Shape::Text(expression_of(node, expression)?) })
    }

    /// Returns whether a message matches.
    pub fn matches(&self, message: &Value) -> bool {
        self.mismatches(message).is_empty()
    }

    /// Returns the parts of a message that do not match.
    pub(crate) fn mismatches<'a>(&'a self, message: &'a Value) -> Vec<Mismatch<'a>> {
        Mismatch::all(&self.shape, message)
    }

    /// Returns the parts of the pattern in a line, each as its path and what is expected there.
    /// That for the key `but` is left out.
    pub(crate) fn parts_but(&self, but: &str) -> String {
        mismatch::parts_but(&self.shape, but)
    }

    /// The pattern for a key, if this is one for mappings that have it.
    pub(crate) fn part(&self, key: &str) -> Option<Self> {
        let Shape::Mapping(entries) = &self.shape else { return None };
        let (_, shape) = entries.iter().find(|(it, _)| it == key)?;
        Some(Self { place: self.place.get(key)?.clone(), shape: shape.clone() })
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
            ("{a: ~}", json!({"a": null}), json!({"b": 1})),
        ] {
            let pattern = Pattern::read(&node(pattern)).unwrap();
            assert!(pattern.matches(&right), "{pattern} {right}");
            assert!(!pattern.matches(&wrong), "{pattern} {wrong}");
        }
        let anything = Pattern::read(&node("~")).unwrap();
        assert!(anything.matches(&json!(null)) && anything.matches(&json!({"a": 1})));
    }

    fn of_ari(text: &str) -> (Pattern, Vec<String>) {
        let node = node(text);
        let section = Section::new(&node, "it has");
        let pattern = Pattern::of_ari(&node, &section).unwrap();
        (pattern, section.warnings().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn patterns_of_ari_match_no_null_no_other_type_and_no_print_of_python() {
        for (pattern, right, wrong) in [
            ("~", json!({"x": 1}), json!(null)),
            ("'c1'", json!("c1;2"), json!("xc1")),
            ("'c1$'", json!("c1"), json!("c1;2")),
            ("'1'", json!(16), json!(61)),
            ("'True'", json!(true), json!(false)),
            ("'.*'", json!(""), json!(null)),
            ("'.*'", json!(0), json!([1])),
            ("'.*'", json!(false), json!({"x": 1})),
            ("16", json!(16), json!("16")),
            ("020", json!(16), json!(20)),
            ("1", json!(1), json!(true)),
            ("True", json!(true), json!(1)),
            ("no", json!(false), json!("no")),
            ("[]", json!([]), json!(["a"])),
            ("[a, ~]", json!(["ab", {}]), json!(["ab", null])),
            ("{}", json!({"a": 1}), json!("a")),
            ("{a: ~}", json!({"a": {}}), json!({"a": null})),
            ("{'CHANNEL(language)': en}", json!({"CHANNEL(language)": "en"}), json!({"C": "en"})),
        ] {
            let (read, warnings) = of_ari(pattern);
            assert!(read.matches(&right), "{pattern} {right}");
            assert!(!read.matches(&wrong), "{pattern} {wrong}");
            assert!(warnings.is_empty(), "{warnings:?}");
        }
    }

    #[test]
    fn a_pattern_of_ari_that_matches_nothing_is_warned_of() {
        let (pattern, warnings) = of_ari("{duration: 1.0, state: Up}");
        assert_eq!(warnings, ["t.yaml:1: 1.0 has no quotes, and matches nothing"]);
        for value in [json!(1), json!(1.0), json!("1.0")] {
            assert!(!pattern.matches(&json!({"duration": value, "state": "Up"})));
        }
    }

    #[test]
    fn a_part_of_a_pattern_is_one_itself() {
        let (pattern, _) = of_ari("{type: 'Stasis', args: []}");
        assert!(pattern.part("type").unwrap().matches(&json!("StasisEnd")));
        assert_eq!(pattern.part("type").unwrap().to_string(), "\"Stasis\"");
        assert!(pattern.part("channel").is_none());
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
