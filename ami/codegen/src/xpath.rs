//! The forms of XPath that the documentation's XIncludes use.

use roxmltree::{Document, Node};

/// A step of a path.
#[derive(Debug, Eq, PartialEq)]
struct Step<'a> {
    name: &'a str,
    predicates: Vec<Predicate<'a>>,
}

#[derive(Debug, Eq, PartialEq)]
enum Predicate<'a> {
    Is(&'a str, &'a str),
    Contains(&'a str, &'a str),
    At(usize),
}

/// Returns the nodes that a path leads to, or `None` if it is of no known form. A path without a
/// slash at its beginning begins at the document as well.
pub(crate) fn select<'a, 'input>(
    document: &'a Document<'input>,
    path: &str,
) -> Option<Vec<Node<'a, 'input>>> {
    let mut nodes = vec![document.root()];
    for step in steps(path)? {
        let mut next = Vec::new();
        for node in nodes {
            let mut found: Vec<_> = node.children().filter(|child| step.names(child)).collect();
            for predicate in &step.predicates {
                found = match predicate {
                    Predicate::At(at) => at
                        .checked_sub(1)
                        .and_then(|at| found.get(at))
                        .copied()
                        .into_iter()
                        .collect(),
                    _ => found.into_iter().filter(|node| predicate.holds(node)).collect(),
                };
            }
            next.extend(found);
        }
        nodes = next;
    }
    Some(nodes)
}

impl Step<'_> {
    fn names(&self, node: &Node<'_, '_>) -> bool {
        match self.name {
            "node()" => true,
            "text()" => node.is_text(),
            name => node.is_element() && node.tag_name().name() == name,
        }
    }
}

impl Predicate<'_> {
    fn holds(&self, node: &Node<'_, '_>) -> bool {
        match self {
            Self::Is(name, value) => node.attribute(*name) == Some(value),
            Self::Contains(name, part) => {
                node.attribute(*name).is_some_and(|value| value.contains(part))
            }
            Self::At(_) => true,
        }
    }
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    let mut steps = Vec::new();
    loop {
        let end = rest.find(['/', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(["node()", "text()"].contains(&name) || !name.is_empty() && name.bytes().all(known)) {
            return None;
        }
        let mut step = Step { name, predicates: Vec::new() };
        rest = after;
        while let Some(inside) = rest.strip_prefix('[') {
            let (text, after) = inside.split_once(']')?;
            step.predicates.push(predicate(text)?);
            rest = after;
        }
        steps.push(step);
        match rest.strip_prefix('/') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(steps),
        }
    }
}

fn predicate(text: &str) -> Option<Predicate<'_>> {
    let quoted = |text: &'_ str| -> Option<(usize, usize)> {
        let quote = text.chars().next().filter(|it| ['\'', '"'].contains(it))?;
        (text.len() > 1 && text.ends_with(quote)).then(|| (1, text.len() - 1))
    };
    if let Some(call) = text.strip_prefix("contains(@") {
        let (name, value) = call.strip_suffix(')')?.split_once(',')?;
        let value = value.trim();
        let (from, to) = quoted(value)?;
        return Some(Predicate::Contains(name.trim(), &value[from..to]));
    }
    if let Some(comparison) = text.strip_prefix('@') {
        let (name, value) = comparison.split_once('=')?;
        let value = value.trim();
        let (from, to) = quoted(value)?;
        return Some(Predicate::Is(name.trim(), &value[from..to]));
    }
    text.parse().ok().map(Predicate::At)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<docs><m name='A'><s><p name='X'><t>1</t><t>2</t></p><p name='ReportX'/>\
                        </s></m><m name='B'><s><p name='X'/></s></m></docs>";

    #[test]
    fn the_forms_of_the_documentation_lead_to_their_nodes() {
        let document = Document::parse(TEXT).unwrap();
        let count = |path| select(&document, path).map(|nodes| nodes.len());
        assert_eq!(count("/docs/m"), Some(2));
        assert_eq!(count("docs/m"), Some(2), "without a slash at the beginning");
        assert_eq!(count("/docs/m[@name='A']/s/p"), Some(2));
        assert_eq!(count("/docs/m/s/p[@name='X']"), Some(2), "of all elements");
        assert_eq!(count("/docs/m/s/p[contains(@name, 'Report')]"), Some(1));
        assert_eq!(count("/docs/m[@name='A']/s/p[@name=\"X\"]/t[2]"), Some(1));
        assert_eq!(count("/docs/m[@name='A']/s/p[@name='X']/t[2]/text()"), Some(1));
        assert_eq!(count("/docs/m[@name='A']/s/node()"), Some(2));
        assert_eq!(count("/docs/m[@name='C']"), Some(0));
    }

    #[test]
    fn other_forms_are_refused() {
        let document = Document::parse(TEXT).unwrap();
        let odd =
            ["", "/", "//m", "/docs/*", "/docs/m[last()]", "/docs/m[@name]", "/docs/m[@name='A'"];
        for path in odd {
            assert!(select(&document, path).is_none(), "{path}");
        }
    }
}
