//! From the bytes of a file to its tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

use super::mapping::Mapping;
use super::{ConfigError, Document, Duplicate, Node, Value};

/// The number of nodes that a document may have once its aliases are written out. The suite's
/// largest has some thousand.
const NODES: usize = 200_000;

/// The key that takes over what another mapping has.
const MERGE: &str = "<<";

/// The text of a file: UTF-8, or UTF-16 with a byte order mark.
pub(super) fn decode(file: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count() + 1;
    let text = match *bytes.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            let what = "this is UTF-32, expected UTF-8, or UTF-16 with a byte order mark";
            return Err(ConfigError::new(file, None, what));
        }
        [0xff, 0xfe, ref units @ ..] => utf16(file, units, u16::from_le_bytes)?.into_bytes(),
        [0xfe, 0xff, ref units @ ..] => utf16(file, units, u16::from_be_bytes)?.into_bytes(),
        _ => bytes,
    };
    if let Some(at) = text.iter().position(|byte| *byte == 0) {
        let what = "there is a zero byte, as in UTF-16 without a byte order mark; expected UTF-8";
        return Err(ConfigError::new(file, Some(lines(&text[..at])), what));
    }
    String::from_utf8(text).map_err(|error| {
        let line = lines(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        ConfigError::new(file, Some(line), "this is not UTF-8").caused_by(error.utf8_error())
    })
}

fn utf16(file: &Path, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ConfigError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    let mut line = 1;
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let c = c.map_err(|error| {
            ConfigError::new(file, Some(line), "this is not UTF-16, as its beginning says it is")
                .caused_by(error)
        })?;
        line += usize::from(c == '\n');
        text.push(c);
    }
    if !rest.is_empty() {
        let what = "this is UTF-16, and ends in the middle of a character";
        return Err(ConfigError::new(file, Some(line), what));
    }
    Ok(text)
}

pub(super) struct Reader {
    file: Arc<Path>,
    anchors: BTreeMap<usize, Node>,
    aliased: BTreeSet<usize>,
    duplicates: Vec<Duplicate>,
    nodes: usize,
}

/// A collection that has begun.
enum Open {
    List { line: usize, anchor: usize, items: Vec<Node> },
    Map { line: usize, anchor: usize, map: OpenMap },
}

/// A mapping that has begun.
#[derive(Default)]
struct OpenMap {
    entries: Mapping,
    /// The values of `<<`, with their keys.
    merges: Vec<(Node, Node)>,
    key: Option<Node>,
}

impl Reader {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: Arc::from(file),
            anchors: BTreeMap::new(),
            aliased: BTreeSet::new(),
            duplicates: Vec::new(),
            nodes: 0,
        }
    }

    pub(super) fn document(mut self, text: &str) -> Result<Document, ConfigError> {
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
            if root.is_some() && matches!(event, Event::DocumentStart(..)) {
                return Err(self.error(line, "a second document begins here"));
            }
            let Some(node) = self.node_of(event, line, &mut open)? else { continue };
            match open.last_mut() {
                None => root = Some(node),
                Some(Open::List { items, .. }) => items.push(node),
                Some(Open::Map { map, .. }) => self.duplicates.extend(map.take(node)),
            }
        }
        let empty = Value::Scalar { text: String::new(), plain: true };
        let root = root.unwrap_or_else(|| Node::new(&self.file, 1, empty));
        Ok(Document { root, duplicates: self.duplicates, aliased: self.aliased })
    }

    /// The node that an event completes.
    fn node_of(
        &mut self,
        event: Event<'_>,
        line: usize,
        open: &mut Vec<Open>,
    ) -> Result<Option<Node>, ConfigError> {
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text_tag = tag.is_some_and(|tag| tag.suffix() == "str");
                let plain = style == ScalarStyle::Plain && !text_tag;
                self.node(line, anchor, Value::Scalar { text: text.into_owned(), plain })?
            }
            Event::Alias(anchor) => self.alias(line, anchor)?,
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open::List { line, anchor, items: Vec::new() });
                return Ok(None);
            }
            Event::MappingStart(_, anchor, _) => {
                open.push(Open::Map { line, anchor, map: OpenMap::default() });
                return Ok(None);
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { line, anchor, items }) => {
                    self.node(line, anchor, Value::List(items.into()))?
                }
                Some(Open::Map { line, anchor, map }) => {
                    let entries = self.merged(map)?;
                    self.node(line, anchor, Value::Map(Arc::new(entries)))?
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(node))
    }

    fn node(&mut self, line: usize, anchor: usize, value: Value) -> Result<Node, ConfigError> {
        self.count(line, 1)?;
        let node = Node::new(&self.file, line, value);
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, line: usize, anchor: usize) -> Result<Node, ConfigError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(line, "this alias is inside of what it stands for"));
        };
        self.count(line, node.size)?;
        self.aliased.insert(node.line);
        Ok(node)
    }

    fn count(&mut self, line: usize, nodes: usize) -> Result<(), ConfigError> {
        self.nodes += nodes;
        if self.nodes > NODES {
            return Err(self.error(line, format!("there are more than {NODES} values")));
        }
        Ok(())
    }

    /// The entries with those of `<<` before them. As for PyYAML, the first mapping of a list
    /// counts, and the last `<<`.
    fn merged(&self, map: OpenMap) -> Result<Mapping, ConfigError> {
        if map.merges.is_empty() {
            return Ok(map.entries);
        }
        let mut merged = Mapping::default();
        // That one replaces another is what merging is for, and no mistake.
        let mut add = |(key, value)| drop(merged.insert(key, value));
        for (key, value) in &map.merges {
            let sources = match &value.value {
                Value::List(list) => list,
                _ => std::slice::from_ref(value),
            };
            for source in sources.iter().rev() {
                let Value::Map(theirs) = &source.value else {
                    let found = source.kind();
                    return Err(key.error(format!("`<<` takes mappings, found {found}")));
                };
                theirs.entries().iter().cloned().for_each(&mut add);
            }
        }
        map.entries.into_entries().into_iter().for_each(add);
        Ok(merged)
    }

    fn error(&self, line: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::new(&self.file, Some(line), what)
    }
}

impl OpenMap {
    /// Takes a key, or the value of the one before it. The result tells of one that is there twice.
    fn take(&mut self, node: Node) -> Option<Duplicate> {
        let Some(key) = self.key.take() else {
            self.key = Some(node);
            return None;
        };
        if matches!(&key.value, Value::Scalar { text, plain: true } if text == MERGE) {
            self.merges.push((key, node));
            return None;
        }
        let (text, line) = (key.text().unwrap_or_default().to_owned(), key.line);
        let lost = self.entries.insert(key, node)?;
        Some(Duplicate { key: text, lost: lost.line, line })
    }
}
