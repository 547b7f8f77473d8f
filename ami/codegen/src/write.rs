//! Writes the Rust and the tables of its documentation.

use std::fmt::Write;

use crate::lookup;
use crate::model::{Action, Event, Model, Reply, Versions};
use crate::names::{prose, type_name, wrap};

/// A file to be written: its path in the workspace, and its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// The path, from the root of the workspace.
    pub path: &'static str,
    /// The text.
    pub text: String,
}

/// Writes all files.
pub(crate) fn files(model: &Model) -> Vec<File> {
    let file = |path, text| File { path, text };
    let names = |names: Vec<&String>| {
        names.iter().map(|name| ((*name).clone(), type_name(name))).collect::<Vec<_>>()
    };
    vec![
        file("ami/src/typed/event/generated.rs", events(model)),
        file(
            "ami/src/typed/event/lookup.rs",
            lookup("an event", names(model.events.keys().collect())),
        ),
        file("ami/src/typed/event/table.md", event_table(model)),
        file("ami/src/typed/action/generated.rs", actions(model)),
        file(
            "ami/src/typed/action/lookup.rs",
            lookup("an action", names(model.actions.keys().collect())),
        ),
        file("ami/src/typed/action/table.md", action_table(model)),
        file("ami/src/typed/value/generated.rs", values(model)),
    ]
}

/// Writes a doc comment, wrapped.
fn doc(indent: &str, text: &str) -> String {
    wrap(&format!("{indent}/// "), text, 100) + "\n"
}

/// Returns `Asterisk 16 and 22`.
fn asterisk(versions: &Versions) -> String {
    let versions: Vec<_> = versions.iter().map(u32::to_string).collect();
    format!("Asterisk {}", versions.join(" and "))
}

/// Returns a sentence on the versions that a thing exists since, if that is known. The
/// documentation of some things has the version in which they were documented, which is left out
/// if an older server has them.
fn since(versions: &Versions, since: &[String]) -> String {
    let number = |version: &String| -> Vec<u32> {
        version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
    };
    let is_newer = |version: &String| {
        let major = number(version).first().copied();
        major.zip(versions.iter().min()).is_some_and(|(major, oldest)| major > *oldest)
    };
    if since.iter().all(is_newer) {
        return String::new();
    }
    let mut since = since.to_vec();
    since.sort_by_key(number);
    match since.split_last() {
        None => String::new(),
        Some((last, [])) => format!(", since {last}"),
        Some((last, rest)) => format!(", since {} and {last}", rest.join(", ")),
    }
}

/// Returns `a, b and c`.
fn join(parts: &[String]) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

fn note(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!(" {note}") }
}

fn capital(class: &str) -> String {
    let (first, rest) = class.split_at(1);
    first.to_ascii_uppercase() + rest
}

fn classes(classes: &[String]) -> String {
    let names: Vec<_> = classes.iter().map(|class| capital(class)).collect();
    format!("[{}]", names.join(" "))
}

/// Returns a paragraph that links to a page of the documentation on the web.
fn page(indent: &str, kind: &str, version: u32, name: &str) -> String {
    format!("{indent}///\n{indent}#[doc = page!({version}, \"{kind}\", \"{name}\")]\n")
}

fn event_doc(name: &str, event: &Event) -> String {
    let of = match &event.classes[..] {
        [] => ", which is only sent in replies and has no class".to_owned(),
        [class] => format!(", of class `{class}`"),
        all => format!(", of the classes {}", prose(all, "and")),
    };
    let versions = asterisk(&event.versions) + &since(&event.versions, &event.since);
    let mut text = format!("The event `{name}`{of}. {versions}.{}", note(&event.note));
    if !event.documented {
        text += " Asterisk does not document the event.";
    }
    let actions = |names: &[String]| {
        let links: Vec<_> = names
            .iter()
            .map(|name| format!("[`{name}`](crate::action::{})", type_name(name)))
            .collect();
        join(&links)
    };
    let lists = |names: &[String]| if names.len() == 1 { "the list of" } else { "the lists of" };
    if !event.item_of.is_empty() {
        let list = lists(&event.item_of);
        _ = write!(text, " An item of {list} {}.", actions(&event.item_of));
    }
    if !event.ends.is_empty() {
        _ = write!(text, " The end of {} {}.", lists(&event.ends), actions(&event.ends));
    }
    text
}

fn events(model: &Model) -> String {
    let mut out = String::from(EVENTS);
    for (name, event) in &model.events {
        out += &doc("    ", &event_doc(name, event));
        if let Some((version, name)) = &event.page {
            out += &page("    ", "Events", *version, name);
        }
        let ident = type_name(name);
        _ = writeln!(out, "    {ident} = \"{name}\" {} {{", classes(&event.classes));
        for field in &event.fields {
            if field.versions != event.versions {
                out += &doc("        ", &format!("{} only.", asterisk(&field.versions)));
            }
            _ = writeln!(out, "        {}: {} = \"{}\";", field.method, field.kind, field.wire);
        }
        out += "    }\n";
    }
    out + "}\n"
}

fn action_doc(name: &str, action: &Action) -> String {
    let needs = match &action.classes[..] {
        [] => "Needs no class".to_owned(),
        [class] => format!("Needs the write class `{class}`"),
        all => format!("Needs one of the write classes {}", prose(all, "and")),
    };
    let versions = asterisk(&action.versions) + &since(&action.versions, &action.since);
    let mut text = format!("The action `{name}`. {needs}. {versions}.{}", note(&action.note));
    for param in action.params.iter().filter(|param| param.required && !param.values.is_empty()) {
        let values = prose(&param.values, "and");
        _ = write!(text, " Documented values of `{}`: {values}.", param.wire);
    }
    if let Reply::Items(items, end) = &action.reply {
        let link = |name: &String| format!("[`{name}`](event::{})", type_name(name));
        let links: Vec<_> = items.iter().map(link).collect();
        _ = match &links[..] {
            [] => write!(
                text,
                " The reply is a list of events of any kind, and {} ends it.",
                link(end)
            ),
            [only] if items.contains(end) => write!(text, " The reply is one event {only}."),
            _ => {
                let items = links.join(", ");
                write!(text, " The reply is a list of {items}, and {} ends it.", link(end))
            }
        };
    }
    text
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Plain => "Plain".to_owned(),
        Reply::Output => "Output".to_owned(),
        Reply::Whole => "Whole".to_owned(),
        Reply::Items(items, _) => match &items[..] {
            [item] => format!("Items<event::{}>", type_name(item)),
            _ => "Items<event::Typed>".to_owned(),
        },
    }
}

fn actions(model: &Model) -> String {
    let mut out = String::from(ACTIONS);
    for (name, action) in &model.actions {
        out += &doc("    ", &action_doc(name, action));
        if let Some(version) = action.versions.last() {
            out += &page("    ", "Actions", *version, name);
        }
        let required = action.params.iter().filter(|param| param.required);
        let required: Vec<_> = required
            .map(|param| format!("{}: {} = \"{}\"", param.method, param.kind, param.wire))
            .collect();
        let begin = format!("    {} = \"{name}\" (", type_name(name));
        let end = format!(") {} -> {} {{\n", classes(&action.classes), reply(&action.reply));
        let line = required.join(", ");
        if required.is_empty() || begin.len() + line.len() + end.len() <= 100 {
            out += &format!("{begin}{line}{end}");
        } else {
            let lines: Vec<_> = required.iter().map(|it| format!("        {it}")).collect();
            out += &format!("{begin}\n{}\n    {end}", lines.join(",\n"));
        }
        for param in action.params.iter().filter(|param| !param.required) {
            let mut text = Vec::new();
            if !param.values.is_empty() {
                text.push(format!("Documented values: {}.", prose(&param.values, "and")));
            }
            if let Some(default) = param.default.iter().find(|default| !default.is_empty()) {
                text.push(format!("Default: `{default}`."));
            }
            if param.versions != action.versions {
                text.push(format!("{} only.", asterisk(&param.versions)));
            }
            if !text.is_empty() {
                out += &doc("        ", &text.join(" "));
            }
            _ = writeln!(out, "        {}: {} = \"{}\";", param.method, param.kind, param.wire);
        }
        out += "    }\n";
    }
    out + "}\n"
}

fn values(model: &Model) -> String {
    let mut out = String::from(VALUES);
    for (name, all) in &model.enums {
        let fields: Vec<_> = all.fields.iter().cloned().collect();
        let of = if fields.len() == 1 { "field" } else { "fields" };
        out += &doc("    ", &format!("The values of the {of} {}.", join(&fields)));
        _ = writeln!(out, "    {name} {{");
        for (text, variant) in &all.values {
            _ = writeln!(out, "        {variant} = {text:?},");
        }
        out += "    }\n";
    }
    out + "}\n"
}

fn lookup(what: &str, names: Vec<(String, String)>) -> String {
    format!(
        "//! Finds {what} by its name. Written by `ami/codegen`; do not edit.\n\
         //!\n\
         //! The length of a name and some of its bytes leave one name to compare with.\n\n\
         use super::generated::Known;\n\n\
         #[rustfmt::skip]\n\
         pub(super) fn find(name: &[u8]) -> Option<Known> {{\n    \
             let (known, found): (&[u8], Known) = match name.len() {{\n{}        \
                 _ => return None,\n    }};\n    \
             (known == name).then_some(found)\n}}\n",
        lookup::arms(&names)
    )
}

fn link(name: &str) -> String {
    match type_name(name) {
        ident if ident == name => format!("[`{name}`]"),
        ident => format!("[`{name}`]({ident})"),
    }
}

fn versions(versions: &Versions) -> String {
    let versions: Vec<_> = versions.iter().map(u32::to_string).collect();
    versions.join(", ")
}

fn event_table(model: &Model) -> String {
    let mut out = String::from("| Event | Class | Asterisk | In replies to |\n|---|---|---|---|\n");
    for (name, event) in &model.events {
        let replies = event.item_of.iter().chain(&event.ends);
        let replies: Vec<_> = replies.map(|name| format!("`{name}`")).collect();
        let classes: Vec<_> = event.classes.iter().map(|class| format!("`{class}`")).collect();
        let (classes, replies) = (classes.join(" and "), replies.join(", "));
        let versions = versions(&event.versions);
        _ = writeln!(out, "| {} | {classes} | {versions} | {replies} |", link(name));
    }
    out
}

fn action_table(model: &Model) -> String {
    let mut out = String::from("| Action | Class | Asterisk | Reply |\n|---|---|---|---|\n");
    for (name, action) in &model.actions {
        let classes: Vec<_> = action.classes.iter().map(|class| format!("`{class}`")).collect();
        let (classes, versions) = (classes.join(" or "), versions(&action.versions));
        let reply = match &action.reply {
            Reply::Plain => "response".to_owned(),
            Reply::Output => "output".to_owned(),
            Reply::Whole => "exchange".to_owned(),
            Reply::Items(items, _) if items.is_empty() => "list of events".to_owned(),
            Reply::Items(items, end) if items.contains(end) => format!("event `{end}`"),
            Reply::Items(items, _) => format!("list of {}", prose(items, "and")),
        };
        _ = writeln!(out, "| {} | {classes} | {versions} | {reply} |", link(name));
    }
    out
}

const EVENTS: &str = "\
//! The events. Written by `ami/codegen`; do not edit.

#![allow(clippy::upper_case_acronyms, reason = \"the names are those of the server\")]

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::TypedEvent;
use super::macros::{events, field, getter, parser};
use super::report::RtcpReport;
use super::snapshot::{BridgeSnapshot, ChannelSnapshot};
use crate::typed::field::{Field, FieldError};
use crate::typed::page::page;
use crate::typed::value::*;
use crate::wire::{Cause, Event, EventClass, Reason};

events! {
";

const ACTIONS: &str = "\
//! The actions. Written by `ami/codegen`; do not edit.

#![allow(clippy::upper_case_acronyms, reason = \"the names are those of the server\")]

use std::time::Duration;

use super::macros::{actions, described, kind, note, sent};
use super::reply::{Items, Output, Plain, Whole};
use super::{Description, Parameter, ParameterKind, TypedAction};
use crate::typed::event;
use crate::typed::page::page;
use crate::wire::{Action, EventClass};

actions! {
";

const VALUES: &str = "\
//! The enumerations. Written by `ami/codegen`; do not edit.

use std::borrow::Cow;
use std::fmt;

use super::macros::open;

open! {
";
