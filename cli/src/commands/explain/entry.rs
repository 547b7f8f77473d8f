//! An entry of a server's documentation, as an article.

use super::article::{Article, Block, Item, joined};
use super::kind::Kind;
use super::markup::{blocks, form, item, paragraph, separator};
use super::xml::{Element, Part};
use crate::out::escape;

/// Returns the articles of an entry; an event has one for each of its instances.
pub(super) fn articles(tree: &Element, kind: Kind, name: &str) -> Vec<Article> {
    match kind {
        Kind::Event => {
            let instances = tree.named("managerEventInstance");
            instances.map(|it| event(it, module(tree), name)).collect()
        }
        Kind::Config => vec![config(tree, name)],
        Kind::Module => vec![of_module(tree, name)],
        kind => vec![article(tree, kind, name)],
    }
}

/// Returns what actions, applications, functions and commands have in common.
fn article(tree: &Element, kind: Kind, name: &str) -> Article {
    let mut article = common(tree, kind, name);
    article.syntax = Some(syntax(tree, kind, &article.name)).filter(|it| !it.is_empty());
    for responses in tree.named("responses") {
        for events in responses.elements() {
            let names: Vec<_> = match events.tag.as_str() {
                "managerEvent" => vec![events.attribute("name")],
                _ => events.named("managerEvent").map(|it| it.attribute("name")).collect(),
            };
            let label = if events.tag == "managerEvent" {
                "ends with event"
            } else {
                "replies with events"
            };
            article.facts.push((label, escape(names.join(", ").as_bytes())));
        }
    }
    article
}

fn common(tree: &Element, kind: Kind, name: &str) -> Article {
    let mut article = Article::new(kind, escape(name.as_bytes()));
    article.documented = true;
    article.synopsis = tree.named("synopsis").flat_map(paragraph).collect();
    let versions = tree.named("since").flat_map(|since| since.named("version"));
    article.since = versions.map(|version| escape(version.text().trim().as_bytes())).collect();
    article.modules.extend(module(tree));
    for syntax in tree.named("syntax") {
        for part in syntax.elements() {
            match part.tag.as_str() {
                "channel_snapshot" => article.items.extend(snapshot(&CHANNEL, part)),
                "bridge_snapshot" => article.items.extend(snapshot(&BRIDGE, part)),
                "parameter" => article.items.push(item(part)),
                _ => {}
            }
        }
    }
    article.text = tree.named("description").flat_map(blocks).collect();
    let see = tree.named("see-also").flat_map(|it| it.named("ref")).map(reference);
    article.see = see.filter(|it| !it.is_empty()).collect();
    article
}

fn module(tree: &Element) -> Option<String> {
    Some(escape(tree.attribute("module").as_bytes())).filter(|module| !module.is_empty())
}

/// Returns the fields of a channel or a bridge, which the documentation has in one piece.
fn snapshot<'a>(fields: &'a [&str], element: &Element) -> impl Iterator<Item = Item> + use<'a> {
    let prefix = escape(element.attribute("prefix").as_bytes());
    fields.iter().map(move |name| Item { name: format!("{prefix}{name}"), ..Item::default() })
}

/// The fields of a channel in an event.
const CHANNEL: [&str; 14] = [
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
];

/// The fields of a bridge in an event.
const BRIDGE: [&str; 8] = [
    "BridgeUniqueid",
    "BridgeType",
    "BridgeTechnology",
    "BridgeCreator",
    "BridgeName",
    "BridgeNumChannels",
    "BridgeVideoSourceMode",
    "BridgeVideoSource",
];

fn reference(element: &Element) -> String {
    let name = escape(element.text().trim().as_bytes());
    match element.attribute("type") {
        "application" => format!("{name}()"),
        "astcli" => format!("CLI: {name}"),
        "configOption" => format!("option {name}"),
        _ => name,
    }
}

fn event(instance: &Element, module: Option<String>, name: &str) -> Article {
    let mut article = common(instance, Kind::Event, name);
    if article.modules.is_empty() {
        article.modules.extend(module);
    }
    let classes = instance.attribute("class").split(['|', ',']).map(str::trim);
    let classes = classes.filter(|class| !class.is_empty() && *class != "0");
    let class = |it: &str| it.trim_start_matches("EVENT_FLAG_").to_ascii_lowercase();
    article.classes = Some(classes.map(class).map(|it| escape(it.as_bytes())).collect());
    article
}

/// Returns the form of a call: `Dial(a[,b])`, `GET VARIABLE name`.
fn syntax(tree: &Element, kind: Kind, name: &str) -> String {
    if kind == Kind::Action {
        return String::new();
    }
    let Some(syntax) = tree.named("syntax").next() else {
        return if kind == Kind::Application { format!("{name}()") } else { name.to_owned() };
    };
    let separator = match kind {
        Kind::Agi => " ",
        _ => separator(syntax),
    };
    let parameters: Vec<_> = syntax.named("parameter").map(form).collect();
    let mut inside = String::new();
    for parameter in parameters {
        match parameter.strip_prefix('[') {
            _ if inside.is_empty() => inside += &parameter,
            Some(optional) => inside += &format!("[{separator}{optional}"),
            None => inside += &format!("{separator}{parameter}"),
        }
    }
    match kind {
        Kind::Agi => format!("{name} {inside}").trim_end().to_owned(),
        Kind::Function if inside.is_empty() => name.to_owned(),
        _ => format!("{name}({inside})"),
    }
}

/// Returns a configuration as a whole, or the section or the file of it that has this name.
fn config(tree: &Element, name: &str) -> Article {
    let files: Vec<_> = tree.named("configFile").collect();
    let named = |it: &&Element| it.attribute("name") == name;
    if let Some(file) = files.iter().copied().find(named) {
        let mut article = common(tree, Kind::Config, name);
        article.of = Some(escape(tree.attribute("name").as_bytes()));
        article.items = file.named("configObject").map(summary).collect();
        return article;
    }
    if let Some(object) = files.iter().copied().flat_map(|it| it.named("configObject")).find(named)
    {
        let mut article = common(object, Kind::Config, name);
        article.of = Some(escape(tree.attribute("name").as_bytes()));
        article.items = object.named("configOption").map(summary).collect();
        return article;
    }
    let mut article = common(tree, Kind::Config, name);
    for file in files {
        let mut item = summary(file);
        item.text = file.named("configObject").map(|it| Block::Item(summary(it))).collect();
        article.items.push(item);
    }
    article
}

/// Returns a part of a configuration by its synopsis alone.
fn summary(element: &Element) -> Item {
    let synopsis: Vec<_> = element.named("synopsis").flat_map(paragraph).collect();
    let text = if synopsis.is_empty() { Vec::new() } else { vec![Block::Paragraph(synopsis)] };
    let default = Some(element.attribute("default")).filter(|default| !default.is_empty());
    Item {
        name: escape(element.attribute("name").as_bytes()),
        default: default.map(|it| escape(it.as_bytes())),
        text,
        ..Item::default()
    }
}

fn of_module(tree: &Element, name: &str) -> Article {
    let mut article = Article::new(Kind::Module, escape(name.as_bytes()));
    article.documented = true;
    for (tag, label) in [
        ("support_level", "support"),
        ("defaultenabled", "enabled unless chosen"),
        ("depend", "depends on"),
        ("use", "uses"),
        ("conflict", "conflicts with"),
        ("deprecated_in", "deprecated in"),
        ("removed_in", "removed in"),
        ("replacement", "replaced by"),
    ] {
        let texts: Vec<_> = tree.named(tag).map(|it| it.text().trim().to_owned()).collect();
        if !texts.is_empty() {
            article.facts.push((label, escape(texts.join(", ").as_bytes())));
        }
    }
    article
}

/// Returns the article of a named part of the entry `of`: a variable, a value or an option.
pub(super) fn part(tree: &Element, of: &str, kind: Kind, part: Part<'_>) -> Option<Article> {
    let (element, parent) = find(tree, tree, part.within, part)?;
    let mut article = common(element, kind, part.name);
    let parts = part.within.join("/");
    article.of = Some(match kind {
        Kind::Value => format!("{} of {of}", parent.attribute("name")),
        Kind::Option if !parts.is_empty() => parts,
        _ => of.to_owned(),
    });
    article.of = article.of.map(|of| escape(of.as_bytes()));
    if kind == Kind::Option {
        if let Some(default) = item(element).default {
            article.facts.push(("default", default));
        }
        for syntax in element.named("syntax") {
            article.text.extend(blocks(syntax));
        }
        return Some(article);
    }
    let all = blocks(element);
    let spread = all.into_iter().partition(|block| matches!(block, Block::Item(_)));
    let (items, text): (Vec<_>, Vec<_>) = spread;
    let items = items.into_iter().filter_map(|block| match block {
        Block::Item(item) => Some(item),
        _ => None,
    });
    article.items = items.collect();
    article.text = text;
    if let [Block::Paragraph(spans), ..] = &article.text[..]
        && joined(spans).len() < 200
    {
        article.synopsis.clone_from(spans);
        article.text.remove(0);
    }
    Some(article)
}

/// Returns the element of a part, and the part around it.
fn find<'a>(
    element: &'a Element,
    parent: &'a Element,
    within: &[String],
    part: Part<'_>,
) -> Option<(&'a Element, &'a Element)> {
    for child in element.elements() {
        let name = child.attribute("name").trim();
        if within.is_empty() && child.tag == part.tag && name == part.name {
            return Some((child, parent));
        }
        let is_part = ["variable", "configFile", "configObject"].contains(&child.tag.as_str());
        let found = match within.split_first() {
            Some((first, rest)) if is_part && name == first => find(child, child, rest, part),
            _ if is_part && !name.is_empty() => None,
            _ => find(child, parent, within, part),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
