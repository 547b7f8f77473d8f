//! Joins the tables of the versions with those written by hand into what is to be written.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::hand::Row;
use crate::names;
use crate::table::{Part, Table};

mod actions;
mod events;
mod types;

/// All that is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// The events, by name.
    pub(crate) events: BTreeMap<String, Event>,
    /// The actions, by name.
    pub(crate) actions: BTreeMap<String, Action>,
    /// The enumerations, by name: a text and its variant each.
    pub(crate) enums: BTreeMap<String, Enum>,
}

/// Versions of Asterisk.
pub(crate) type Versions = BTreeSet<u32>;

/// An event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// The classes, all of which a user needs. Empty for what is only sent as a reply.
    pub(crate) classes: Vec<String>,
    /// The versions that have it.
    pub(crate) versions: Versions,
    /// The versions that it exists since, as documented.
    pub(crate) since: Vec<String>,
    /// `true` if it is documented.
    pub(crate) documented: bool,
    /// `true` if it is only sent as a reply, and has no class for that.
    pub(crate) reply: bool,
    /// A sentence that the documentation of the type has besides.
    pub(crate) note: String,
    /// The version and the name under which it is documented.
    pub(crate) page: Option<(u32, String)>,
    /// The fields and groups.
    pub(crate) fields: Vec<Field>,
    /// The actions whose lists have it as an item, and those whose lists it ends.
    pub(crate) item_of: Vec<String>,
    /// The actions whose lists it ends.
    pub(crate) ends: Vec<String>,
}

/// A field or a group of an event.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The name of the method.
    pub(crate) method: String,
    /// The kind, as the macro has it.
    pub(crate) kind: String,
    /// The name on the wire, or the prefix of a group.
    pub(crate) wire: String,
    /// The versions that have it.
    pub(crate) versions: Versions,
}

/// An action.
#[derive(Clone, Debug, Default)]
pub(crate) struct Action {
    /// The classes, one of which a user needs.
    pub(crate) classes: Vec<String>,
    /// The versions that have it.
    pub(crate) versions: Versions,
    /// The versions that it exists since, as documented.
    pub(crate) since: Vec<String>,
    /// A sentence that the documentation of the type has besides.
    pub(crate) note: String,
    /// The parameters.
    pub(crate) params: Vec<Param>,
    /// The kind of the reply.
    pub(crate) reply: Reply,
}

/// A parameter of an action.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    /// The name of the method.
    pub(crate) method: String,
    /// The kind, as the macro has it.
    pub(crate) kind: String,
    /// The name on the wire.
    pub(crate) wire: String,
    /// `true` if the constructor takes it.
    pub(crate) required: bool,
    /// The value if it is not sent.
    pub(crate) default: Option<String>,
    /// The values that are documented.
    pub(crate) values: Vec<String>,
    /// The versions that have it.
    pub(crate) versions: Versions,
}

/// The kind of a reply.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Reply {
    /// One response.
    #[default]
    Plain,
    /// A list of these items, and the event that ends it.
    Items(Vec<String>, String),
    /// Output of a command.
    Output,
    /// An exchange.
    Whole,
}

/// An enumeration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Enum {
    /// The fields that have it, in words.
    pub(crate) fields: BTreeSet<String>,
    /// The texts and the names of their variants.
    pub(crate) values: Vec<(String, String)>,
}

/// The rows of the tables written by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand<'a> {
    /// About events.
    pub(crate) events: Vec<Row<'a>>,
    /// About actions.
    pub(crate) actions: Vec<Row<'a>>,
    /// The kinds of fields of events, and the enumerations.
    pub(crate) fields: Vec<Row<'a>>,
    /// The kinds of parameters of actions.
    pub(crate) params: Vec<Row<'a>>,
}

/// Joins the tables, the newest first.
///
/// # Errors
///
/// Returns an error that names the place for a row that applies to nothing, an event or action
/// without a class, values without a kind, and names that would be the same in Rust.
pub(crate) fn join(tables: &[Table], hand: &Hand<'_>) -> Result<Model> {
    let mut model = Model::default();
    let mut events = events::join(tables, &hand.events)?;
    model.actions = actions::join(tables, hand)?;
    for (name, action) in &model.actions {
        let Reply::Items(items, end) = &action.reply else { continue };
        // One event that is the whole list is its item.
        let ends = Some(end).filter(|end| !items.contains(end)).map(|end| (end, true));
        for (event, is_end) in items.iter().map(|item| (item, false)).chain(ends) {
            let event = events.get_mut(event).ok_or_else(|| {
                Error::new(format!("action {name}"), format!("no event {event}: expected one"))
            })?;
            let list = if is_end { &mut event.ends } else { &mut event.item_of };
            list.push(name.clone());
        }
    }
    let mut kinds = types::Kinds::new(&hand.fields)?;
    for (name, event) in events {
        let event = event.finish(&name, &mut kinds)?;
        model.events.insert(name, event);
    }
    model.enums = kinds.finish()?;
    let ident = |name: &String| names::type_name(name);
    distinct("types of events", model.events.keys().map(|name| (ident(name), name.as_str())))?;
    distinct("types of actions", model.actions.keys().map(|name| (ident(name), name.as_str())))?;
    Ok(model)
}

/// Checks that identifiers differ. Each comes with the name on the wire.
fn distinct<'a>(
    place: &str,
    names: impl IntoIterator<Item = (String, &'a str)>,
) -> Result<BTreeMap<String, &'a str>> {
    let mut seen = BTreeMap::new();
    for (ident, wire) in names {
        if let Some(other) = seen.insert(ident.clone(), wire) {
            return Err(Error::new(
                place,
                format!("{other:?} and {wire:?} would both be `{ident}`: expected a row by hand"),
            ));
        }
    }
    Ok(seen)
}

/// Adds a part that a version has.
fn add(parts: &mut Vec<(Part, Versions)>, part: &Part, versions: &Versions) {
    match parts.iter_mut().find(|(known, _)| known.same(part)) {
        Some((known, of)) => {
            of.extend(versions);
            if let (Part::Field(_, known), Part::Field(_, values)) = (known, part) {
                let new: Vec<_> = values.iter().filter(|value| !known.contains(value)).collect();
                let new: Vec<_> = new.into_iter().cloned().collect();
                known.extend(new);
            }
        }
        None => parts.push((part.clone(), versions.clone())),
    }
}

#[cfg(test)]
mod tests;
