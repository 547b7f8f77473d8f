//! The contents of a file: the entries, and the names in them.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::error::DocsError;
use super::tree::position;

/// An entry as it stands in a file: an application, an event, a module …
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) tag: String,
    pub(super) name: String,
    pub(super) begin: usize,
    /// `false` for an event that is documented inside the action that it answers.
    pub(super) is_outermost: bool,
    /// The named parts that are explained by themselves.
    pub(super) parts: Vec<FoundPart>,
}

/// A named part of an entry.
#[derive(Clone, Debug)]
pub(super) struct FoundPart {
    pub(super) tag: &'static str,
    pub(super) name: String,
    /// The names of the parts around it, the outermost first.
    pub(super) within: Vec<String>,
}

/// The parts that are looked for.
const PARTS: [&str; 5] = ["variable", "value", "configFile", "configObject", "configOption"];

/// Reads a file through.
///
/// # Errors
///
/// Returns an error with the place if it is not XML, or no documentation of Asterisk.
pub(super) fn scan(path: &Path, text: &str) -> Result<Vec<Found>, DocsError> {
    let mut scan = Scan { found: Vec::new(), open: Vec::new(), depth: 0 };
    let mut reader = Reader::from_str(text);
    let mut has_root = false;
    loop {
        let at = position(reader.buffer_position());
        let failed = |at: usize, what: String| DocsError::at(path, text, at, what);
        let event = reader.read_event().map_err(|error| {
            failed(position(reader.error_position()), format!("not XML: {error}"))
        })?;
        match event {
            Event::Start(start) => {
                if scan.depth == 0 {
                    has_root = is_root(&start) && !has_root;
                }
                if !has_root {
                    let what = "expected one element <docs>, the documentation of Asterisk";
                    return Err(failed(at, what.to_owned()));
                }
                scan.begin(&start, at).map_err(|what| failed(at, what))?;
            }
            Event::Empty(start) => {
                scan.begin(&start, at).map_err(|what| failed(at, what))?;
                scan.end();
            }
            Event::End(_) => scan.end(),
            Event::Eof if scan.depth > 0 => {
                return Err(failed(at, "the file ends in an element".to_owned()));
            }
            Event::Eof if !has_root => {
                return Err(failed(at, "expected an element <docs>".to_owned()));
            }
            Event::Eof => return Ok(scan.found),
            _ => {}
        }
    }
}

fn is_root(start: &BytesStart<'_>) -> bool {
    start.name().as_ref() == "docs"
}

struct Scan {
    found: Vec<Found>,
    /// The parts that are open: the depth of each, and its name.
    open: Vec<(usize, String)>,
    depth: usize,
}

impl Scan {
    fn begin(&mut self, start: &BytesStart<'_>, at: usize) -> Result<(), String> {
        let depth = self.depth;
        self.depth += 1;
        let is_outermost = depth == 1;
        if is_outermost || depth > 1 && start.name().as_ref() == "managerEvent" {
            let (tag, name) = (start.name().as_ref().to_owned(), name(start)?.unwrap_or_default());
            self.found.push(Found { tag, name, begin: at, is_outermost, parts: Vec::new() });
        }
        let Some(tag) = PARTS.into_iter().find(|tag| *tag == start.name().as_ref()) else {
            return Ok(());
        };
        let (Some(entry), true) = (self.found.last_mut(), depth > 1) else { return Ok(()) };
        // In a paragraph, a `variable` is a word.
        let Some(name) = name(start)? else { return Ok(()) };
        let within = self.open.iter().map(|(_, name)| name.clone()).collect();
        entry.parts.push(FoundPart { tag, name: name.clone(), within });
        self.open.push((depth, name));
        Ok(())
    }

    fn end(&mut self) {
        self.depth -= 1;
        if self.open.last().is_some_and(|(depth, _)| *depth == self.depth) {
            self.open.pop();
        }
    }
}

fn name(start: &BytesStart<'_>) -> Result<Option<String>, String> {
    let attribute = start.try_get_attribute("name").map_err(|error| format!("not XML: {error}"))?;
    let Some(attribute) = attribute else { return Ok(None) };
    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    let value = value.map_err(|error| format!("not XML: {error}"))?;
    Ok(Some(value.trim().to_owned()).filter(|name| !name.is_empty()))
}
