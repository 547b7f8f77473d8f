//! Events: the documented ones, corrected and completed by hand.

use std::collections::BTreeMap;

use super::types::Kinds;
use super::{Event, Field, Versions, add, distinct};
use crate::error::{Error, Result};
use crate::hand::Row;
use crate::names;
use crate::table::{Part, Table};

/// An event whose fields have no kinds yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    event: Event,
    parts: Vec<(Part, Versions)>,
    /// The methods named by hand, by the field.
    methods: BTreeMap<String, String>,
    pub(super) item_of: Vec<String>,
    pub(super) ends: Vec<String>,
}

pub(super) fn join(tables: &[Table], rows: &[Row<'_>]) -> Result<BTreeMap<String, Draft>> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let renamed = |name: &str| {
        let mut rows = rows.iter().filter(|row| row.verb == "rename" && row.words[0] == name);
        rows.next().map_or(name, |row| row.words[1]).to_owned()
    };
    for table in tables {
        let of = Versions::from([table.version]);
        for event in &table.events {
            let draft = drafts.entry(renamed(&event.head.name)).or_default();
            event.parts.iter().for_each(|part| add(&mut draft.parts, part, &of));
            if draft.event.versions.is_empty() {
                draft.event.classes.clone_from(&event.head.classes);
                draft.event.since.clone_from(&event.head.since);
                draft.event.page = Some((table.version, event.head.name.clone()));
            }
            draft.event.documented = true;
            draft.event.versions.extend(&of);
        }
    }
    let all: Versions = tables.iter().map(|table| table.version).collect();
    for row in rows {
        apply(&mut drafts, row, &all)?;
    }
    Ok(drafts)
}

/// The forms of a row about events.
const EXPECTED: &str = "expected rename OLD NEW, event NAME CLASSES PARTS, list NAMES, reply NAMES, \
                        classes NAME CLASSES, versions NAME VERSIONS, parts NAME PARTS, without \
                        NAME PARTS, method NAME FIELD METHOD or note NAME TEXT";

fn apply(drafts: &mut BTreeMap<String, Draft>, row: &Row<'_>, all: &Versions) -> Result<()> {
    let (first, rest) = row.words.split_first().ok_or_else(|| row.error(EXPECTED))?;
    let unknown = |name: &str| row.error(format!("no event {name}: expected one of the tables"));
    match row.verb {
        "rename" => {
            let new = rest.first().ok_or_else(|| row.error(EXPECTED))?;
            return drafts.get(*new).map(|_| ()).ok_or_else(|| unknown(new));
        }
        "list" => {
            let parts = ["EventList", "ListItems"];
            return row.words.iter().try_for_each(|name| {
                let draft = new(drafts, row, name, all)?;
                draft.event.reply = true;
                draft.add(&parts, &draft.event.versions.clone());
                Ok(())
            });
        }
        "reply" => {
            return row.words.iter().try_for_each(|name| {
                let draft = drafts.get_mut(*name).ok_or_else(|| unknown(name))?;
                draft.event.reply = true;
                draft.event.classes.clear();
                Ok(())
            });
        }
        "event" => {
            let (classes, parts) = rest.split_first().ok_or_else(|| row.error(EXPECTED))?;
            let draft = new(drafts, row, first, all)?;
            match *classes {
                "reply" => draft.event.reply = true,
                classes => draft.event.classes = classes.split(',').map(str::to_owned).collect(),
            }
            draft.add(parts, &draft.event.versions.clone());
            return Ok(());
        }
        _ => {}
    }
    let (name, of) = match first.split_once('@') {
        Some((name, of)) => (name, Some(versions(row, of)?)),
        None => (*first, None),
    };
    let draft = drafts.get_mut(name).ok_or_else(|| unknown(name))?;
    draft.correct(name, row, rest, of)
}

/// Adds an event that is not documented: `Name`, or `Name@16` if not all versions have it.
fn new<'a>(
    drafts: &'a mut BTreeMap<String, Draft>,
    row: &Row<'_>,
    name: &str,
    all: &Versions,
) -> Result<&'a mut Draft> {
    let (name, of) = match name.split_once('@') {
        Some((name, of)) => (name, versions(row, of)?),
        None => (name, all.clone()),
    };
    let draft = drafts.entry(name.to_owned()).or_default();
    if !draft.event.versions.is_empty() {
        return Err(row.error(format!("event {name} is documented: expected a new one")));
    }
    draft.event.versions = of;
    Ok(draft)
}

pub(super) fn versions(row: &Row<'_>, text: &str) -> Result<Versions> {
    let parsed: std::result::Result<_, _> = text.split('+').map(str::parse).collect();
    parsed.map_err(|_| row.error(format!("{text:?}: expected major versions, as in 16+22")))
}

/// Parses `Name`, `channel:Prefix` or `bridge:Prefix`.
fn part(text: &str) -> Part {
    match text.split_once(':') {
        Some(("channel", prefix)) => Part::Channel(prefix.to_owned()),
        Some(("bridge", prefix)) => Part::Bridge(prefix.to_owned()),
        _ => Part::Field(text.to_owned(), Vec::new()),
    }
}

/// The fields of a channel, which a group without a prefix puts on the event itself.
const CHANNEL: [&str; 15] = [
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
    "Tenantid",
];

/// The fields of a bridge.
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

/// The methods that each event has already.
const METHODS: [&str; 9] =
    ["new", "raw", "into_raw", "view", "field", "clone", "eq", "fmt", "variables"];

impl Draft {
    /// Adds fields and groups that versions have.
    fn add(&mut self, parts: &[&str], of: &Versions) {
        parts.iter().for_each(|text| add(&mut self.parts, &part(text), of));
    }

    /// Corrects the event by a row: the words behind its name, and the versions that are meant.
    fn correct(
        &mut self,
        name: &str,
        row: &Row<'_>,
        words: &[&str],
        of: Option<Versions>,
    ) -> Result<()> {
        let of = of.unwrap_or_else(|| self.event.versions.clone());
        match (row.verb, words) {
            ("classes", [names]) => {
                self.event.classes = names.split(',').map(str::to_owned).collect();
            }
            ("versions", [text]) => {
                self.event.versions = versions(row, text)?;
                let all = &self.event.versions;
                self.parts.iter_mut().for_each(|(_, of)| of.extend(all));
            }
            ("parts", [_, ..]) => self.add(words, &of),
            ("without", [_, ..]) => {
                for text in words {
                    let gone = part(text);
                    let before = self.parts.len();
                    self.parts.retain(|(known, _)| !known.same(&gone));
                    if self.parts.len() == before {
                        return Err(row.error(format!("event {name} has no {text}: expected one")));
                    }
                }
            }
            ("method", [field, method]) => {
                self.methods.insert((*field).to_owned(), (*method).to_owned());
            }
            ("note", [_, ..]) => self.event.note = words.join(" "),
            _ => return Err(row.error(EXPECTED)),
        }
        Ok(())
    }

    pub(super) fn finish(self, name: &str, kinds: &mut Kinds<'_>) -> Result<Event> {
        let Self { mut event, mut parts, mut methods, item_of, ends } = self;
        let place = format!("event {name}");
        let has = |group: &Part| parts.iter().any(|(part, _)| part == group);
        let (channel, bridge) =
            (has(&Part::Channel(String::new())), has(&Part::Bridge(String::new())));
        parts.retain(|(part, _)| match part {
            Part::Field(name, _) => {
                let name = name.as_str();
                name != "ActionID"
                    && !(channel && CHANNEL.contains(&name))
                    && !(bridge && BRIDGE.contains(&name))
            }
            _ => true,
        });
        for (part, versions) in parts {
            let (method, kind, wire) = match part {
                Part::Channel(prefix) if prefix.is_empty() => {
                    ("snapshot".to_owned(), "channel_snapshot".to_owned(), prefix)
                }
                Part::Bridge(prefix) if prefix.is_empty() => {
                    ("bridge".to_owned(), "bridge_snapshot".to_owned(), prefix)
                }
                Part::Channel(prefix) => {
                    (names::method(&prefix), "channel_snapshot".to_owned(), prefix)
                }
                Part::Bridge(prefix) => {
                    let channel = event.fields.iter().any(|field| field.wire == prefix);
                    let method = names::method(&prefix) + if channel { "_bridge" } else { "" };
                    (method, "bridge_snapshot".to_owned(), prefix)
                }
                Part::Field(field, values) => {
                    let method = methods.remove(&field).unwrap_or_else(|| names::method(&field));
                    (method, kinds.of(name, &field, &values)?, field)
                }
            };
            event.fields.push(Field { method, kind, wire, versions });
        }
        if let Some((field, _)) = methods.first_key_value() {
            return Err(Error::new(place, format!("a method of no field {field}: expected one")));
        }
        let taken = |on: bool, names: &[&'static str]| {
            let names = names.iter().filter(move |_| on);
            names.map(|name| (names::method(name), *name)).collect::<Vec<_>>()
        };
        let methods = event.fields.iter().map(|field| (field.method.clone(), &*field.wire));
        let methods = methods
            .chain(taken(channel, &CHANNEL))
            .chain(taken(bridge, &BRIDGE))
            .chain(METHODS.map(|name| (name.to_owned(), name)));
        distinct(&place, methods)?;
        if event.classes.is_empty() != event.reply {
            return Err(Error::new(place, "no class: expected a row `classes` or `reply`"));
        }
        Ok(Event { item_of, ends, ..event })
    }
}
