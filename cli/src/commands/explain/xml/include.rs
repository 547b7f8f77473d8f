//! Includes: elements of other entries in place of a pointer to them.

use super::error::DocsError;
use super::file::Docs;
use super::path::{Predicate, Step, steps};
use super::tree::{Element, Node};

/// The includes that may follow each other. More than this go round in a circle.
const DEEPEST: u32 = 16;

/// The nodes that an entry may have with all includes. Few entries have more than a thousand.
const MOST: usize = 200_000;

/// Returns an entry as a tree, with the elements that are pointed to in place of the includes.
///
/// # Errors
///
/// Returns an error if an include is of no known form, or the includes have no end.
pub(in crate::commands::explain) fn tree(docs: &Docs, entry: usize) -> Result<Element, DocsError> {
    match &*docs.raw(entry)? {
        Node::Element(element) => Expansion { docs, left: MOST }.copy(element, entry, DEEPEST),
        Node::Text(_) => Ok(Element::default()),
    }
}

struct Expansion<'a> {
    docs: &'a Docs,
    left: usize,
}

impl Expansion<'_> {
    fn copy(&mut self, from: &Element, entry: usize, deepest: u32) -> Result<Element, DocsError> {
        let mut children = Vec::new();
        for child in &from.children {
            self.node(child, entry, deepest, &mut children)?;
        }
        Ok(from.with(children))
    }

    fn node(
        &mut self,
        node: &Node,
        entry: usize,
        deepest: u32,
        found: &mut Vec<Node>,
    ) -> Result<(), DocsError> {
        let failed = |what: String| self.docs.error(entry, what);
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            failed(format!("the includes of the entry make more than {MOST} parts of it"))
        })?;
        match node {
            Node::Text(text) => found.push(Node::Text(text.clone())),
            Node::Element(element) if element.tag != "include" => {
                found.push(Node::Element(self.copy(element, entry, deepest)?));
            }
            Node::Element(include) => {
                let pointer = include.attribute("xpointer");
                let Some(steps) = steps(pointer) else {
                    return Err(failed(format!("{pointer:?}: expected xpointer(/A[@n='v']/B)")));
                };
                let Some(deepest) = deepest.checked_sub(1) else {
                    return Err(failed(format!("{pointer:?}: the includes go round in a circle")));
                };
                let targets = self.select(&steps)?;
                if targets.is_empty() {
                    found.push(Node::Text(format!("[missing in this documentation: {pointer}]")));
                }
                for (target, entry) in targets {
                    self.node(&target, entry, deepest, found)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the nodes that a path leads to, each with the entry that it stands in.
    fn select(&self, steps: &[Step<'_>]) -> Result<Vec<(Node, usize)>, DocsError> {
        let [_, first, rest @ ..] = steps else { return Ok(Vec::new()) };
        let mut selected = Vec::new();
        for entry in self.docs.entries_of(first.name) {
            let named = first.predicates.iter().all(|it| match it {
                Predicate::Is("name", name) => self.docs.name_of(entry) == *name,
                _ => true,
            });
            if !named {
                continue;
            }
            let root = self.docs.raw(entry)?;
            let mut nodes = filtered(vec![&*root], first);
            for step in rest {
                nodes = nodes.into_iter().flat_map(|node| children(node, step)).collect();
            }
            selected.extend(nodes.into_iter().map(|node| (node.clone(), entry)));
        }
        Ok(selected)
    }
}

fn children<'a>(node: &'a Node, step: &Step<'_>) -> Vec<&'a Node> {
    let Node::Element(element) = node else { return Vec::new() };
    let is_named = |child: &&Node| match (step.name, child) {
        ("node()", _) | ("text()", Node::Text(_)) => true,
        (name, Node::Element(child)) => child.tag == name,
        _ => false,
    };
    filtered(element.children.iter().filter(is_named).collect(), step)
}

fn filtered<'a>(mut nodes: Vec<&'a Node>, step: &Step<'_>) -> Vec<&'a Node> {
    for predicate in &step.predicates {
        match predicate {
            Predicate::At(at) => {
                nodes = nodes.into_iter().skip(at.saturating_sub(1)).take((*at).min(1)).collect();
            }
            Predicate::Is(name, value) => nodes.retain(|node| attribute(node, name) == *value),
            Predicate::Contains(name, part) => {
                nodes.retain(|node| attribute(node, name).contains(part));
            }
        }
    }
    nodes
}

fn attribute<'a>(node: &'a Node, name: &str) -> &'a str {
    match node {
        Node::Element(element) => element.attribute(name),
        Node::Text(_) => "",
    }
}
