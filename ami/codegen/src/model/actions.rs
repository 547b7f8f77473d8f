//! Actions: the documented ones, corrected and completed by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::events::versions;
use super::{Action, Hand, Param, Reply, Versions, distinct};
use crate::error::{Error, Result};
use crate::hand::Row;
use crate::names;
use crate::table::Table;

/// The methods that each action has already.
const METHODS: [&str; 5] = ["new", "field", "clone", "eq", "fmt"];

pub(super) fn join(tables: &[Table], hand: &Hand<'_>) -> Result<BTreeMap<String, Action>> {
    let mut actions: BTreeMap<String, Action> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for table in tables {
        for action in &table.actions {
            let known = actions.entry(action.head.name.clone()).or_default();
            let first = known.versions.is_empty();
            if first {
                known.since.clone_from(&action.head.since);
            }
            if action.told && told.insert(action.head.name.clone()) {
                known.classes.clone_from(&action.head.classes);
            }
            known.versions.insert(table.version);
            for param in action.params.iter().filter(|param| param.name != "ActionID") {
                param_of(known, param, first, table.version);
            }
            if let (Some(end), Reply::Plain) = (&action.end, &known.reply) {
                known.reply = Reply::Items(action.items.clone(), end.clone());
            }
        }
    }
    for row in &hand.actions {
        apply(&mut actions, row, &mut told)?;
    }
    kinds(&mut actions, &hand.params)?;
    for (name, action) in &mut actions {
        let place = format!("action {name}");
        if !told.contains(name) {
            return Err(Error::new(place, "no server tells its classes: expected a row `classes`"));
        }
        let params = action.params.iter().map(|param| (param.method.clone(), &*param.wire));
        distinct(&place, params.chain(METHODS.map(|name| (name.to_owned(), name))))?;
    }
    Ok(actions)
}

fn param_of(action: &mut Action, param: &crate::table::Param, first: bool, version: u32) {
    let name = &param.name;
    match action.params.iter_mut().find(|known| known.wire.eq_ignore_ascii_case(name)) {
        Some(known) => {
            known.versions.insert(version);
        }
        None => action.params.push(Param {
            method: names::method(name),
            kind: if param.multiple { "texts" } else { "text" }.to_owned(),
            wire: name.clone(),
            required: param.required && first,
            default: param.default.clone(),
            values: param.values.clone(),
            versions: Versions::from([version]),
        }),
    }
}

/// The forms of a row about actions.
const EXPECTED: &str = "expected classes NAMES CLASSES, items NAME END ITEMS, whole NAMES, output \
                        NAMES, optional NAME PARAMS, required NAME PARAMS, params NAME PARAMS, \
                        without NAME PARAMS or note NAME TEXT";

fn apply(
    actions: &mut BTreeMap<String, Action>,
    row: &Row<'_>,
    told: &mut BTreeSet<String>,
) -> Result<()> {
    let (first, rest) = row.words.split_first().ok_or_else(|| row.error(EXPECTED))?;
    let (name, of) = match first.split_once('@') {
        Some((name, of)) => (name, Some(versions(row, of)?)),
        None => (*first, None),
    };
    let unknown = |name: &str| row.error(format!("no action {name}: expected one of the tables"));
    if matches!(row.verb, "whole" | "output") {
        for name in &row.words {
            let action = actions.get_mut(*name).ok_or_else(|| unknown(name))?;
            action.reply = if row.verb == "whole" { Reply::Whole } else { Reply::Output };
        }
        return Ok(());
    }
    if row.verb == "classes" {
        let classes = rest.first().ok_or_else(|| row.error(EXPECTED))?;
        let names = classes.split(',').filter(|class| *class != "none").map(str::to_owned);
        for name in first.split(',') {
            let action = actions.get_mut(name).ok_or_else(|| unknown(name))?;
            if !told.insert(name.to_owned()) {
                return Err(
                    row.error(format!("a server tells the classes of {name}: expected none"))
                );
            }
            action.classes = names.clone().collect();
        }
        return Ok(());
    }
    let action = actions.get_mut(name).ok_or_else(|| unknown(name))?;
    correct(action, row, rest, of)
}

/// Corrects an action by a row: the words behind its name, and the versions that are meant.
fn correct(action: &mut Action, row: &Row<'_>, words: &[&str], of: Option<Versions>) -> Result<()> {
    match (row.verb, words) {
        ("items", [end, items @ ..]) => {
            let items = items.iter().map(|item| (*item).to_owned()).collect();
            action.reply = Reply::Items(items, (*end).to_owned());
        }
        ("note", [_, ..]) => action.note = words.join(" "),
        ("params", params @ [_, ..]) => {
            for name in params {
                let param = crate::table::Param { name: (*name).to_owned(), ..Default::default() };
                let of = of.clone().unwrap_or_else(|| action.versions.clone());
                of.iter().for_each(|version| param_of(action, &param, false, *version));
            }
        }
        ("optional" | "required" | "without", params @ [_, ..]) => {
            for name in params {
                let at = action.params.iter().position(|param| param.wire == *name);
                let at =
                    at.ok_or_else(|| row.error(format!("no parameter {name}: expected one")))?;
                match row.verb {
                    "without" => _ = action.params.remove(at),
                    verb => action.params[at].required = verb == "required",
                }
            }
        }
        _ => return Err(row.error(EXPECTED)),
    }
    Ok(())
}

/// Gives parameters their kinds: that of a row with `Action.Param`, or of one with `Param`.
fn kinds(actions: &mut BTreeMap<String, Action>, rows: &[Row<'_>]) -> Result<()> {
    let mut used = BTreeSet::new();
    let mut kinds = BTreeMap::new();
    for row in rows {
        for word in &row.words {
            if kinds.insert(*word, row).is_some() {
                return Err(row.error(format!("{word} is in another row too: expected one row")));
            }
        }
    }
    for (name, action) in actions {
        for param in &mut action.params {
            let exact = format!("{name}.{}", param.wire);
            let found = kinds.get_key_value(exact.as_str());
            if let Some((word, row)) = found.or_else(|| kinds.get_key_value(param.wire.as_str())) {
                row.verb.clone_into(&mut param.kind);
                used.insert(*word);
            }
        }
    }
    match kinds.iter().find(|(word, _)| !used.contains(*word)) {
        Some((word, row)) => Err(row.error(format!("no parameter {word}: expected one"))),
        None => Ok(()),
    }
}
