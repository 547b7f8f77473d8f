//! An element as a tree.

use std::path::Path;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::error::DocsError;

/// An element, without the prefix of a namespace in its name.
#[derive(Clone, Debug, Default)]
pub(in crate::commands::explain) struct Element {
    pub(in crate::commands::explain) tag: String,
    attributes: Vec<(String, String)>,
    pub(in crate::commands::explain) children: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(in crate::commands::explain) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// Returns an attribute, or an empty text if there is none.
    pub(in crate::commands::explain) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Returns `true` if an attribute says yes.
    pub(in crate::commands::explain) fn is(&self, name: &str) -> bool {
        matches!(self.attribute(name), "true" | "yes")
    }

    /// Returns the element with other children.
    pub(super) fn with(&self, children: Vec<Node>) -> Self {
        Self { tag: self.tag.clone(), attributes: self.attributes.clone(), children }
    }

    /// Returns the elements in this one.
    pub(in crate::commands::explain) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Returns the elements in this one that have a tag.
    pub(in crate::commands::explain) fn named(&self, tag: &str) -> impl Iterator<Item = &Self> {
        self.elements().filter(move |element| element.tag == tag)
    }

    /// Returns all text in the element.
    pub(in crate::commands::explain) fn text(&self) -> String {
        let text = |child: &Node| match child {
            Node::Element(element) => element.text(),
            Node::Text(text) => text.clone(),
        };
        self.children.iter().map(text).collect()
    }
}

/// Parses the element that begins at an offset of a file's text.
pub(super) fn parse(path: &Path, text: &str, begin: usize) -> Result<Element, DocsError> {
    let mut reader = Reader::from_str(text.get(begin..).unwrap_or_default());
    let mut open: Vec<Element> = Vec::new();
    loop {
        let at = begin + position(reader.buffer_position());
        let failed = |what: String| DocsError::at(path, text, at, what);
        let event = reader.read_event();
        let closed = match event.map_err(|error| failed(format!("not XML: {error}")))? {
            Event::Start(start) => {
                open.push(element(&start).map_err(failed)?);
                continue;
            }
            Event::Empty(start) => Some(element(&start).map_err(failed)?),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add_text(&mut open, &text.xml10_content());
                continue;
            }
            Event::CData(text) => {
                add_text(&mut open, &text.xml10_content());
                continue;
            }
            Event::GeneralRef(reference) => {
                let text = resolved(&reference).map_err(failed)?;
                add_text(&mut open, &text);
                continue;
            }
            Event::Eof => return Err(failed("the file ends in an element".to_owned())),
            _ => continue,
        };
        let Some(closed) = closed else {
            return Err(failed("expected an element".to_owned()));
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(closed)),
            None => return Ok(closed),
        }
    }
}

/// Returns a position of the reader, which counts the bytes of a slice.
pub(super) fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("not XML: {error}"))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| format!("not XML: {error}"))?.into_owned();
        attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    let tag = start.local_name().as_ref().to_owned();
    Ok(Element { tag, attributes, children: Vec::new() })
}

fn add_text(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => parent.children.push(Node::Text(text.to_owned())),
    }
}

fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    let char = reference.resolve_char_ref().map_err(|error| format!("not XML: {error}"))?;
    if let Some(char) = char {
        return Ok(char.to_string());
    }
    let known = quick_xml::escape::resolve_predefined_entity(reference);
    known.map(str::to_owned).ok_or_else(|| format!("the entity &{}; is not known", &**reference))
}
