//! YAML as PyYAML's `safe_load` reads it, with the place of everything.
//!
//! The files of the Asterisk test suite are in that dialect: YAML 1.1, and of keys that are there
//! twice the last one counts. A scalar stays the text that it was; what it is, is decided where
//! somebody asks.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use self::read::{Reader, decode};

mod error;
mod mapping;
mod read;
#[cfg(test)]
mod tests;

pub use self::error::ConfigError;
pub use self::mapping::Mapping;

/// A key that a mapping has twice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// The line of the one that is lost.
    pub lost: usize,
    /// The line of the one that counts.
    pub line: usize,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The content; null if the file is empty.
    pub root: Node,
    /// The keys that it has twice.
    pub duplicates: Vec<Duplicate>,
    /// The lines of what is written out elsewhere, too: anchors that an alias names.
    pub(crate) aliased: BTreeSet<usize>,
}

/// A value and its place. A clone shares what is in it.
#[derive(Clone)]
pub struct Node {
    file: Arc<Path>,
    /// The number of nodes in it, itself included.
    size: usize,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// The content of the node.
    pub value: Value,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum Value {
    /// A scalar as it is written.
    Scalar {
        /// The text, without quotes.
        text: String,
        /// Set if there are no quotes, so that `1` is a number and `no` is false.
        plain: bool,
    },
    /// A sequence.
    List(Arc<[Node]>),
    /// A mapping.
    Map(Arc<Mapping>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Scalar { text, plain: true } => f.write_str(text),
            Value::Scalar { text, .. } => write!(f, "{text:?}"),
            Value::List(list) => f.debug_list().entries(&**list).finish(),
            Value::Map(_) => f.debug_map().entries(self.entries()).finish(),
        }
    }
}

impl Document {
    /// Reads a file: UTF-8, or UTF-16 with a byte order mark.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not YAML.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unread = |error| ConfigError::new(path, None, "cannot be read").caused_by(error);
        // To open a FIFO would wait for somebody who writes.
        if !fs::metadata(path).map_err(unread)?.is_file() {
            return Err(ConfigError::new(path, None, "expected a file"));
        }
        let text = decode(path, fs::read(path).map_err(unread)?)?;
        Self::parse(path, &text)
    }

    /// Reads a text; `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// If it is not YAML, or more than one document.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        Reader::new(file).document(text)
    }
}

impl Node {
    fn new(file: &Arc<Path>, line: usize, value: Value) -> Self {
        let below: usize = match &value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(|it| it.size).sum(),
            Value::Map(map) => map.entries().iter().map(|(key, it)| key.size + it.size).sum(),
        };
        Self { file: Arc::clone(file), size: below + 1, line, value }
    }

    /// An error at this place.
    pub fn error(&self, what: impl Into<String>) -> ConfigError {
        ConfigError::new(&self.file, Some(self.line), what)
    }

    /// The file that it is in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The value that a mapping has for a key; `None` if it has not, or the node is no mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The entries of a mapping, in the order of the file. Of another node none.
    pub fn entries(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let entries = match &self.value {
            Value::Map(map) => map.entries(),
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key, value))
    }

    /// The items of a sequence. Of another node none.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar, as it is written.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns whether the node is nothing: an empty value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.is_plain(&["", "~", "null", "Null", "NULL"])
    }

    /// Returns whether the node is a mapping.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// A boolean of YAML 1.1.
    pub fn bool(&self) -> Option<bool> {
        if self.is_plain(&["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]) {
            return Some(true);
        }
        let no = ["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
        self.is_plain(&no).then_some(false)
    }

    /// Returns whether Python takes the node for true: anything but false, null, zero, and what is
    /// empty. So `'False'` in quotes is true.
    pub fn is_true(&self) -> bool {
        match &self.value {
            Value::List(items) => !items.is_empty(),
            Value::Map(map) => !map.entries().is_empty(),
            Value::Scalar { text, plain: false } => !text.is_empty(),
            Value::Scalar { .. } => {
                self.bool().unwrap_or(true) && !self.is_null() && self.number() != Some(0.0)
            }
        }
    }

    /// A number, also in quotes: the suite's files have both. Without quotes `010` is eight.
    pub fn number(&self) -> Option<f64> {
        let Value::Scalar { text, plain } = &self.value else {
            return None;
        };
        let text = text.trim().replace('_', "");
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1.0, digits),
            None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
        };
        if let Some((skip, radix)) = radix(digits).filter(|_| *plain) {
            let whole = u32::from_str_radix(&digits[skip..], radix).ok()?;
            return Some(sign * f64::from(whole));
        }
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.bytes().any(|byte| byte.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        // PyYAML takes one with an exponent and no dot for a text.
        let is_text = *plain && digits.contains(['e', 'E']) && !digits.contains('.');
        (is_number && !is_text).then(|| digits.parse().ok().map(|it: f64| sign * it)).flatten()
    }

    /// An integer, without quotes. `010` is eight.
    pub(crate) fn integer(&self) -> Option<i64> {
        let Value::Scalar { text, plain: true } = &self.value else {
            return None;
        };
        let text = text.replace('_', "");
        let digits = text.trim_start_matches(['-', '+']);
        let (skip, radix) = radix(digits).unwrap_or((0, 10));
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
        let sign = text.strip_suffix(digits).filter(|it| is_number && it.len() < 2)?;
        i64::from_str_radix(&format!("{sign}{}", &digits[skip..]), radix).ok()
    }

    /// Returns the word for the node in errors.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::List(items) if items.is_empty() => "an empty list",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar { .. } if self.is_null() => "nothing",
            Value::Scalar { .. } => "a value",
        }
    }

    /// The text of a scalar.
    ///
    /// # Errors
    ///
    /// If it is a list or a mapping.
    pub fn expect_text(&self, what: &str) -> Result<&str, ConfigError> {
        self.text().ok_or_else(|| self.error(format!("{what} is {}, not a text", self.kind())))
    }

    /// The items of a list; none of a node that is nothing.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn expect_items(&self, what: &str) -> Result<&[Self], ConfigError> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.error(format!("{what}: expected a list, found {}", self.kind()))),
        }
    }

    /// A number of seconds, or of anything.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn expect_number(&self, what: &str) -> Result<f64, ConfigError> {
        let number = self.number().filter(|number| number.is_finite());
        number.ok_or_else(|| self.error(format!("{what} is {self:?}, not a number")))
    }

    /// A whole number, not less than zero.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn expect_count(&self, what: &str) -> Result<usize, ConfigError> {
        let count = self.text().and_then(|text| text.trim().parse().ok());
        count.ok_or_else(|| self.error(format!("{what} is {self:?}, not a whole number")))
    }

    fn is_plain(&self, words: &[&str]) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if words.contains(&&**text))
    }
}

/// Returns the radix of a number that is not written in decimal digits, and the length of what
/// says so.
fn radix(digits: &str) -> Option<(usize, u32)> {
    match digits.get(..2)? {
        "0x" => Some((2, 16)),
        "0b" => Some((2, 2)),
        two if two.starts_with('0') && digits.bytes().all(|it| it.is_ascii_digit()) => Some((1, 8)),
        _ => None,
    }
}
