//! The markup of the documentation, as blocks of text.

use super::article::{Block, Item, Span};
use super::xml::{Element, Node};
use crate::out::escape;

/// Returns the blocks in an element.
pub(super) fn blocks(element: &Element) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut words = Vec::new();
    for child in &element.children {
        match child {
            Node::Text(_) => words.push(child),
            Node::Element(child_element) if is_inline(child_element) => words.push(child),
            Node::Element(child) => {
                finish(&mut words, &mut blocks);
                add(child, &mut blocks);
            }
        }
    }
    finish(&mut words, &mut blocks);
    blocks
}

/// Ends a paragraph that stands in an element without `para`.
fn finish(words: &mut Vec<&Node>, blocks: &mut Vec<Block>) {
    let spans = spans(words.drain(..));
    if !spans.is_empty() {
        blocks.push(Block::Paragraph(spans));
    }
}

fn is_inline(element: &Element) -> bool {
    const INLINE: [&str; 7] =
        ["literal", "emphasis", "filename", "directory", "replaceable", "astcli", "variable"];
    let is_word = element.tag != "variable" || element.attribute("name").is_empty();
    is_word && INLINE.contains(&element.tag.as_str())
}

fn add(element: &Element, blocks: &mut Vec<Block>) {
    match element.tag.as_str() {
        "para" => blocks.extend(self::blocks(element)),
        "note" => blocks.push(Block::Note("Note", self::blocks(element))),
        "warning" => blocks.push(Block::Note("Warning", self::blocks(element))),
        "example" => blocks.push(example(element)),
        // Those have texts that are shown elsewhere.
        "since" | "see-also" => {}
        "option" | "argument" | "enum" | "variable" | "value" | "parameter" | "configOption"
        | "configObject" | "configFile" => blocks.push(Block::Item(item(element))),
        "info" => {
            let name = match element.attribute("tech") {
                "" => element.attribute("name"),
                tech => tech,
            };
            let name = escape(name.as_bytes());
            blocks.push(Block::Item(Item { name, text: self::blocks(element), ..Item::default() }));
        }
        // Elements that only hold others: lists, descriptions and so on.
        _ => blocks.extend(self::blocks(element)),
    }
}

/// Returns a parameter, an option, a value and so on.
pub(super) fn item(element: &Element) -> Item {
    let mut name = escape(element.attribute("name").trim().as_bytes());
    if element.tag == "option" {
        let arguments = element.named("argument").map(form).collect::<Vec<_>>();
        if !arguments.is_empty() {
            name += &format!("({})", arguments.join(separator(element)));
        }
    }
    let default = Some(element.attribute("default")).filter(|default| !default.is_empty());
    let mut text = blocks(element);
    if element.tag == "option" {
        // The form of the option has them.
        let has_argument =
            |name: &str| element.named("argument").any(|it| it.attribute("name") == name);
        text.retain(|block| match block {
            Block::Item(item) => !item.text.is_empty() || !has_argument(&item.name),
            _ => true,
        });
    }
    if let Some(implied) = Some(element.attribute("implies")).filter(|it| !it.is_empty()) {
        text.push(Block::plain(format!("Implies {}.", escape(implied.as_bytes()))));
    }
    Item {
        name,
        required: element.is("required"),
        repeats: element.is("multiple"),
        default: default.map(|default| escape(default.trim().as_bytes())),
        value: None,
        text,
    }
}

/// Returns the form of a parameter or an argument, with brackets around what can be left out.
pub(super) fn form(element: &Element) -> String {
    let mut form = escape(element.attribute("name").trim().as_bytes());
    let inner: Vec<_> = element.named("argument").map(self::form).collect();
    if !inner.is_empty() {
        let inner = inner.join(separator(element));
        form = match element.attribute("hasparams") {
            "true" | "yes" => format!("{form}({inner})"),
            "optional" => format!("{form}[({inner})]"),
            _ => inner,
        };
    }
    if element.is("multiple") {
        form += &format!("[{}...]", separator(element));
    }
    if element.is("required") { form } else { format!("[{form}]") }
}

pub(super) fn separator(element: &Element) -> &str {
    match element.attribute("argsep") {
        "" => ",",
        separator => separator,
    }
}

/// Returns an example: its lines without the indentation of all.
fn example(element: &Element) -> Block {
    let text = element.text();
    let lines: Vec<_> = text.lines().map(|line| line.replace('\t', "    ")).collect();
    let indentation = |line: &String| line.len() - line.trim_start_matches(' ').len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = filled.map(indentation).min().unwrap_or_default();
    let lines = lines.iter().map(|line| line.get(indent..).unwrap_or_default().trim_end());
    let mut lines: Vec<_> = lines.map(|line| escape(line.as_bytes())).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines.drain(..first);
    lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
    Block::Example { title: escape(element.attribute("title").trim().as_bytes()), lines }
}

/// Returns the text of an element as a paragraph.
pub(super) fn paragraph(element: &Element) -> Vec<Span> {
    spans(element.children.iter())
}

/// Returns nodes as the pieces of a paragraph, with single blanks between the words.
fn spans<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Vec<Span> {
    let mut spans = Vec::new();
    for node in nodes {
        pieces(node, false, &mut spans);
    }
    let mut done: Vec<Span> = Vec::new();
    let mut blank = false;
    for Span { text, strong } in spans {
        let mut words = text.split_ascii_whitespace().map(|word| escape(word.as_bytes()));
        let begins = text.starts_with(|it: char| it.is_ascii_whitespace());
        let ends = text.ends_with(|it: char| it.is_ascii_whitespace());
        let Some(first) = words.next() else {
            blank |= !text.is_empty();
            continue;
        };
        let mut piece =
            if (blank || begins) && !done.is_empty() { " ".to_owned() } else { String::new() };
        piece += &first;
        for word in words {
            piece.push(' ');
            piece += &word;
        }
        blank = ends;
        match done.last_mut().filter(|last| last.strong == strong) {
            Some(last) => last.text += &piece,
            None => done.push(Span { text: piece, strong }),
        }
    }
    done
}

fn pieces(node: &Node, strong: bool, spans: &mut Vec<Span>) {
    match node {
        Node::Text(text) => spans.push(Span { text: text.clone(), strong }),
        Node::Element(element) => {
            let replaceable = element.tag == "replaceable";
            if replaceable {
                spans.push(Span { text: "<".to_owned(), strong });
            }
            let strong = strong || is_inline(element) && !replaceable;
            for child in &element.children {
                pieces(child, strong, spans);
            }
            if replaceable {
                spans.push(Span { text: ">".to_owned(), strong });
            }
        }
    }
}
