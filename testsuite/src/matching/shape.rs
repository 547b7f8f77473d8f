//! Shapes of values of JSON, and the dialects of YAML that describe them.

use ami::{Expression, ExpressionError};
use serde_json::Value;

use super::text_of;
use crate::files::{self, ConfigError, Node, Section};

/// The shape that values have to have.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Anything,
    /// Anything but null.
    Something,
    /// A shape that no value has.
    Nothing,
    /// A match at the start of the value's text.
    Text(Expression),
    /// The same of a text, a number or a truth, and of no other value.
    Scalar(Expression),
    Integer(i64),
    Truth(bool),
    /// A list of as many items, each in its place.
    List(Vec<Self>),
    /// Each of these keys; there may be more.
    Mapping(Vec<(String, Self)>),
}

/// The dialect in which a pattern is written.
#[derive(Clone, Copy)]
pub(super) enum Dialect<'a> {
    /// The conditions of generic matchers.
    Conditions,
    /// ARI. The section takes warnings of what no value matches.
    Ari(&'a Section),
}

impl Shape {
    /// Reads a pattern that is written in a dialect.
    pub(super) fn read(node: &Node, dialect: Dialect<'_>) -> Result<Self, ConfigError> {
        match &node.value {
            files::Value::List(items) => {
                let items = items.iter().map(|it| Self::read(it, dialect));
                items.collect::<Result<_, _>>().map(Self::List)
            }
            files::Value::Map(_) => {
                let entries = node.entries().map(|(key, value)| {
                    Ok((key.expect_text("a key")?.to_owned(), Self::read(value, dialect)?))
                });
                entries.collect::<Result<_, _>>().map(Self::Mapping)
            }
            files::Value::Scalar { text, plain } => match dialect {
                Dialect::Conditions => Self::of_condition(node, text, *plain),
                Dialect::Ari(section) => Self::of_ari(node, text, *plain, section),
            },
        }
    }

    fn of_condition(node: &Node, text: &str, plain: bool) -> Result<Self, ConfigError> {
        if node.is_null() {
            return Ok(Self::Anything);
        }
        match text.parse() {
            Ok(number) if plain => Ok(Self::Integer(number)),
            _ => expression_of(node, text).map(Self::Text),
        }
    }

    fn of_ari(
        node: &Node,
        text: &str,
        plain: bool,
        section: &Section,
    ) -> Result<Self, ConfigError> {
        if node.is_null() {
            return Ok(Self::Something);
        }
        if let Some(truth) = node.bool() {
            return Ok(Self::Truth(truth));
        }
        if let Some(number) = node.integer() {
            return Ok(Self::Integer(number));
        }
        if plain && node.number().is_some() {
            section.warn(node, format!("{text} has no quotes, and matches nothing"));
            return Ok(Self::Nothing);
        }
        expression_of(node, text).map(Self::Scalar)
    }

    /// Returns whether a value is right by itself, whatever is in it. A list or a mapping is right
    /// if it is one at all.
    pub(super) fn is_like(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Anything, _) => true,
            (Self::Something, value) => !value.is_null(),
            (Self::Text(expression), value) => expression.is_match(&text_of(value)),
            (Self::Scalar(expression), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
                expression.is_match(&text_of(value))
            }
            (Self::Integer(number), Value::Number(found)) => found.as_i64() == Some(*number),
            (Self::Truth(truth), Value::Bool(found)) => found == truth,
            (Self::List(shapes), Value::Array(items)) => shapes.len() == items.len(),
            (Self::Mapping(_), Value::Object(_)) => true,
            _ => false,
        }
    }
}

/// Reads an expression for the start of a text.
pub(super) fn expression_of(node: &Node, expression: &str) -> Result<Expression, ConfigError> {
    Expression::at_start(expression).map_err(|error| refused(node, error))
}

/// An error of an expression at a place. One that takes more than linear time is no mistake.
pub(crate) fn refused(node: &Node, error: ExpressionError) -> ConfigError {
    let backtracks = error.backtracks;
    let refused = node.error("the expression cannot be used").caused_by(error);
    if backtracks { refused.unsupported() } else { refused }
}
