//! YAML as PyYAML's `safe_load` reads it, with the place of everything.
//!
//! The files of the Asterisk test suite are in that dialect: YAML 1.1, and of keys that are there twice the last one counts.
//! A scalar stays the text that it was; what it is, is decided where somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

/// How many nodes a document may have once its aliases are written out. The suite's largest has some thousand.
const NODES: usize = 200_000;

/// Something in a configuration file that cannot be right.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}{}: {what}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What is wrong, and what was expected.
    pub what: String,
}

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
    /// What is in it; null if nothing is.
    pub root: Node,
    /// The keys that it has twice.
    pub duplicates: Vec<Duplicate>,
}

/// A value and its place.
#[derive(Clone)]
pub struct Node {
    file: Arc<Path>,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A scalar as it is written.
    Scalar {
        /// Its text, without quotes.
        text: String,
        /// Whether it has none, so that `1` is a number and `no` is false.
        plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Node, Node)>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Scalar { text, plain: true } => f.write_str(text),
            Value::Scalar { text, .. } => write!(f, "{text:?}"),
            Value::List(list) => f.debug_list().entries(list).finish(),
            Value::Map(map) => {
                f.debug_map().entries(map.iter().map(|(key, value)| (key, value))).finish()
            }
        }
    }
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not YAML.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let error = |what: String| ConfigError { file: path.to_owned(), line: None, what };
        let bytes = std::fs::read(path).map_err(|it| error(it.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| error("it is not UTF-8".to_owned()))?;
        Self::parse(path, &text)
    }

    /// Reads a text; `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// If it is not YAML, or more than one document.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = Arc::from(file);
        Reader { file, anchors: BTreeMap::new(), duplicates: Vec::new(), nodes: 0 }.document(text)
    }
}

struct Reader {
    file: Arc<Path>,
    anchors: BTreeMap<usize, Node>,
    duplicates: Vec<Duplicate>,
    nodes: usize,
}

/// A collection that has begun.
enum Open {
    List { line: usize, anchor: usize, items: Vec<Node> },
    Map { line: usize, anchor: usize, entries: Vec<(Node, Node)>, key: Option<Node> },
}

impl Reader {
    fn document(mut self, text: &str) -> Result<Document, ConfigError> {
        let mut open: Vec<Open> = Vec::new();
        let mut root = None;
        for item in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            let (event, span) = match item {
                Ok(item) => item,
                Err(error) => {
                    let line = error.marker().line();
                    return Err(self.error(line, format!("this is not YAML: {}", error.info())));
                }
            };
            let line = span.start.line();
            let node = match event {
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.error(line, "a second document begins here".to_owned()));
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let text_tag = tag.is_some_and(|tag| tag.suffix() == "str");
                    let plain = style == ScalarStyle::Plain && !text_tag;
                    let value = Value::Scalar { text: text.into_owned(), plain };
                    self.node(line, anchor, value)?
                }
                Event::Alias(anchor) => self.alias(line, anchor)?,
                Event::SequenceStart(_, anchor, _) => {
                    open.push(Open::List { line, anchor, items: Vec::new() });
                    continue;
                }
                Event::MappingStart(_, anchor, _) => {
                    open.push(Open::Map { line, anchor, entries: Vec::new(), key: None });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(Open::List { line, anchor, items }) => {
                        self.node(line, anchor, Value::List(items))?
                    }
                    Some(Open::Map { line, anchor, entries, .. }) => {
                        let entries = self.merged(entries)?;
                        self.node(line, anchor, Value::Map(entries))?
                    }
                    None => continue,
                },
                _ => continue,
            };
            match open.last_mut() {
                None => root = Some(node),
                Some(Open::List { items, .. }) => items.push(node),
                Some(Open::Map { entries, key, .. }) => match key.take() {
                    None => *key = Some(node),
                    Some(key) => insert(entries, key, node, &mut self.duplicates),
                },
            }
        }
        let root = root.unwrap_or_else(|| Node {
            file: Arc::clone(&self.file),
            line: 1,
            value: Value::Scalar { text: String::new(), plain: true },
        });
        Ok(Document { root, duplicates: self.duplicates })
    }

    fn node(&mut self, line: usize, anchor: usize, value: Value) -> Result<Node, ConfigError> {
        self.count(line, 1)?;
        let node = Node { file: Arc::clone(&self.file), line, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, line: usize, anchor: usize) -> Result<Node, ConfigError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(line, "this alias is inside of what it stands for".to_owned()));
        };
        self.count(line, node.size())?;
        Ok(node)
    }

    fn count(&mut self, line: usize, nodes: usize) -> Result<(), ConfigError> {
        self.nodes += nodes;
        if self.nodes > NODES {
            return Err(self.error(line, format!("there are more than {NODES} values")));
        }
        Ok(())
    }

    /// The entries with those of `<<` before them.
    fn merged(&mut self, entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, ConfigError> {
        let is_merge =
            |key: &Node| matches!(&key.value, Value::Scalar { text, plain: true } if text == "<<");
        if !entries.iter().any(|(key, _)| is_merge(key)) {
            return Ok(entries);
        }
        let mut merged: Vec<(Node, Node)> = Vec::new();
        for (_, value) in entries.iter().filter(|(key, _)| is_merge(key)) {
            let sources = match &value.value {
                Value::List(list) => list.as_slice(),
                _ => std::slice::from_ref(value),
            };
            for source in sources {
                let Value::Map(theirs) = &source.value else {
                    return Err(self.error(value.line, "`<<` takes a mapping".to_owned()));
                };
                for (key, value) in theirs {
                    if !merged.iter().any(|(it, _)| it.text() == key.text()) {
                        merged.push((key.clone(), value.clone()));
                    }
                }
            }
        }
        // What a mapping says itself replaces what it takes over, and that is no mistake.
        for (key, value) in entries.into_iter().filter(|(key, _)| !is_merge(key)) {
            insert(&mut merged, key, value, &mut Vec::new());
        }
        Ok(merged)
    }

    fn error(&self, line: usize, what: String) -> ConfigError {
        ConfigError { file: self.file.to_path_buf(), line: Some(line), what }
    }
}

/// Adds an entry; the last of a key counts, in the place of the first.
fn insert(
    entries: &mut Vec<(Node, Node)>,
    key: Node,
    value: Node,
    duplicates: &mut Vec<Duplicate>,
) {
    let same = |it: &Node| it.text().is_some() && it.text() == key.text();
    let Some((old, lost)) = entries.iter_mut().find(|(it, _)| same(it)) else {
        entries.push((key, value));
        return;
    };
    let text = key.text().unwrap_or_default().to_owned();
    duplicates.push(Duplicate { key: text, lost: old.line, line: key.line });
    (*old, *lost) = (key, value);
}

impl Node {
    /// An error at this place.
    pub fn error(&self, what: impl Into<String>) -> ConfigError {
        ConfigError { file: self.file.to_path_buf(), line: Some(self.line), what: what.into() }
    }

    /// The file that it is in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What a mapping has for a key. Nothing of another node.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().find(|(it, _)| it.text() == Some(key)).map(|(_, value)| value)
    }

    /// The entries of a mapping, in the order of the file. Of another node none.
    pub fn entries(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
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

    /// Whether it is nothing: an empty value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.is_plain(&["", "~", "null", "Null", "NULL"])
    }

    /// Whether it is a mapping.
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

    /// Whether Python takes it for true: anything but false, null, zero, and what is empty. So `'False'` in quotes is.
    pub fn is_true(&self) -> bool {
        match &self.value {
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
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
        let radix = match digits.get(..2) {
            Some("0x") => Some((2, 16)),
            Some("0b") => Some((2, 2)),
            Some(two) if two.starts_with('0') && digits.bytes().all(|it| it.is_ascii_digit()) => {
                Some((1, 8))
            }
            _ => None,
        };
        if let Some((skip, radix)) = radix.filter(|_| *plain) {
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

    /// What it is called in errors.
    pub fn kind(&self) -> &'static str {
        match &self.value {
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

    fn size(&self) -> usize {
        let below: usize = match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(Self::size).sum(),
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| key.size() + value.size()).sum()
            }
        };
        below + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        Document::parse(Path::new("t.yaml"), text).unwrap()
    }

    fn refused(text: &str) -> String {
        Document::parse(Path::new("t.yaml"), text).unwrap_err().to_string()
    }

    #[test]
    fn the_last_of_two_keys_counts_and_both_are_told() {
        let document = read("a: 1\nb:\n  c: 2\n  c: 3\na: 4\n");
        assert_eq!(format!("{:?}", document.root), "{a: 4, b: {c: 3}}");
        let duplicate = |key: &str, lost, line| Duplicate { key: key.to_owned(), lost, line };
        assert_eq!(document.duplicates, [duplicate("c", 3, 4), duplicate("a", 1, 5)]);
    }

    #[test]
    fn booleans_are_those_of_yaml_1_1_and_quotes_make_a_text() {
        let document = read(
            "[yes, No, on, 'no', True, 0, '', ~, 'False', [], 1.5, 08, y, 010, 0x0, 0e0, '08']",
        );
        let items = document.root.items();
        let bools: Vec<_> = items.iter().take(5).map(Node::bool).collect();
        assert_eq!(bools, [Some(true), Some(false), Some(true), None, Some(true)]);
        let truths: String = items.iter().map(|it| if it.is_true() { '1' } else { '0' }).collect();
        assert_eq!(truths, "10111000101111011");
        let numbers: Vec<_> = [10, 11, 13, 14, 15, 16].map(|at: usize| items[at].number()).to_vec();
        assert_eq!(numbers, [Some(1.5), None, Some(8.0), Some(0.0), None, Some(8.0)]);
    }

    #[test]
    fn aliases_and_merged_keys_are_written_out() {
        let document = read("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\nc: *a\n");
        let root = &document.root;
        assert_eq!(root.get("b").unwrap().get("x").unwrap().text(), Some("1"));
        assert_eq!(root.get("b").unwrap().get("y").unwrap().text(), Some("3"));
        assert_eq!(root.get("c").unwrap().get("y").unwrap().text(), Some("2"));
        assert!(document.duplicates.is_empty());
    }

    #[test]
    fn places_are_told() {
        let document = read("# first\na:\n  - b\n  - 'c'\n");
        let item = &document.root.get("a").unwrap().items()[1];
        assert_eq!(item.error("odd").to_string(), "t.yaml:4: odd");
        assert_eq!(
            item.expect_number("count").unwrap_err().to_string(),
            "t.yaml:4: count is \"c\", not a number"
        );
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_line() {
        assert!(refused("a: 1\nb: [1, 2\n").starts_with("t.yaml:"), "{}", refused("b: [1"));
        assert!(refused("a: 1\n---\nb: 1\n").starts_with("t.yaml:2: a second document"));
        assert!(refused(&"[".repeat(9_000)).contains("recursion limit"));
        assert!(refused(&"- ".repeat(9_000)).contains("limit"));
        let mut laughs = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
        for level in 1..9 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(refused(&laughs).contains("more than 200000 values"));
        assert!(read("").root.is_null());
        assert!(read("# only a word\n").root.is_null());
    }
}
