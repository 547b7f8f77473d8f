//! An explanation as an object.

use serde_json::{Map, Value, json};

use super::article::{Article, Block, Item, joined};
use super::kind::Kind;

/// Returns an explanation as an object. `docs` is the file that its texts are from.
pub(super) fn object(article: &Article, docs: Option<&str>) -> Value {
    let mut object = Map::new();
    let mut add = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    add("v", json!(1));
    add("kind", json!(article.kind.name()));
    add("name", json!(article.name));
    if let Some(of) = &article.of {
        add("of", json!(of));
    }
    add("synopsis", json!(joined(&article.synopsis)));
    for (label, text) in &article.facts {
        add(&label.replace(' ', "_"), json!(text));
    }
    if let Some(classes) = &article.classes {
        add("classes", json!(classes));
    }
    if !article.since.is_empty() {
        add("since", json!(article.since));
    }
    if !article.modules.is_empty() {
        add("modules", json!(article.modules));
    }
    if let Some(syntax) = &article.syntax {
        add("syntax", json!(syntax));
    }
    if !article.items.is_empty() {
        let name = match article.kind {
            Kind::Event => "fields",
            Kind::Variable => "values",
            Kind::Config | Kind::Class => "parts",
            _ => "parameters",
        };
        add(name, article.items.iter().map(item).collect());
    }
    let (text, items) = parts(&article.text);
    if !text.is_empty() {
        add("text", json!(text));
    }
    if !items.is_empty() {
        add("items", json!(items));
    }
    if !article.see.is_empty() {
        add("see_also", json!(article.see));
    }
    if let Some(docs) = docs.filter(|_| article.documented) {
        add("docs", json!(docs));
    }
    Value::Object(object)
}

fn item(item: &Item) -> Value {
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(item.name));
    if item.required {
        object.insert("required".to_owned(), json!(true));
    }
    if item.repeats {
        object.insert("repeats".to_owned(), json!(true));
    }
    if let Some(default) = &item.default {
        object.insert("default".to_owned(), json!(default));
    }
    if let Some(value) = item.value {
        object.insert("value".to_owned(), json!(value));
    }
    let (text, items) = parts(&item.text);
    if !text.is_empty() {
        object.insert("text".to_owned(), json!(text));
    }
    if !items.is_empty() {
        object.insert("items".to_owned(), json!(items));
    }
    Value::Object(object)
}

/// Returns the text of blocks, and their named parts.
fn parts(blocks: &[Block]) -> (String, Vec<Value>) {
    let (mut texts, mut items) = (Vec::new(), Vec::new());
    for block in blocks {
        match block {
            Block::Paragraph(spans) => texts.push(joined(spans)),
            Block::Item(one) => items.push(item(one)),
            Block::Note(label, blocks) => {
                let (text, inner) = parts(blocks);
                texts.push(format!("{label}: {text}"));
                items.extend(inner);
            }
            Block::Example { title, lines } => {
                let title = if title.is_empty() { "Example" } else { title };
                texts.push(format!("{title}:\n{}", lines.join("\n")));
            }
        }
    }
    (texts.join("\n\n"), items)
}
