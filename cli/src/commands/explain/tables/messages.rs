//! Events and actions, from the library's tables.

use std::collections::BTreeSet;

use ami::action::{self, Description, Parameter, ParameterKind};
use ami::{Event, event};

use crate::commands::action::{plain, sentences, value};
use crate::commands::explain::article::{Article, Block, Item};
use crate::commands::explain::kind::Kind;

/// The events.
pub(super) fn events() -> Vec<Article> {
    let names = event::all();
    names
        .map(|(name, classes)| {
            let mut article = Article::new(Kind::Event, name);
            article.classes = Some(classes.iter().map(|class| class.name().to_owned()).collect());
            let item = |name: String| Item { name, ..Item::default() };
            article.items = fields(name).into_iter().map(item).collect();
            article
        })
        .collect()
}

/// Returns the names of an event's fields.
fn fields(name: &str) -> Vec<String> {
    let Ok(event) = Event::parse(format!("Event: {name}")) else { return Vec::new() };
    let (mut fields, mut seen) = (Vec::new(), BTreeSet::new());
    event.typed().visit_fields(&mut |field| {
        let name = [field.prefix, field.name].concat();
        if seen.insert(name.clone()) {
            fields.push(name);
        }
    });
    fields
}

/// The actions.
pub(super) fn actions() -> impl Iterator<Item = Article> {
    action::all().iter().map(action)
}

fn action(known: &Description) -> Article {
    let mut article = Article::new(Kind::Action, known.name);
    article.classes = Some(known.classes.iter().map(|class| class.name().to_owned()).collect());
    article.text = sentences(known).into_iter().map(Block::plain).collect();
    article.items = known.parameters.iter().map(parameter).collect();
    article
}

fn parameter(known: &Parameter) -> Item {
    let text = plain(&known.text.split_whitespace().collect::<Vec<_>>().join(" "));
    let value = Some(value(known.kind)).filter(|_| known.kind != ParameterKind::Text);
    Item {
        name: known.name.to_owned(),
        required: known.is_required,
        repeats: known.kind == ParameterKind::Texts,
        default: None,
        value: value.map(|it| it.trim_end_matches(" …")).filter(|it| *it != "TEXT"),
        text: if text.is_empty() { Vec::new() } else { vec![Block::plain(text)] },
    }
}
