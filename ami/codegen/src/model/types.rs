//! The kinds of fields, and the enumerations.

use std::collections::{BTreeMap, BTreeSet};

use super::{Enum, distinct};
use crate::error::{Error, Result};
use crate::hand::Row;
use crate::names;

/// The kinds of fields, and what is seen of enumerations.
#[derive(Debug)]
pub(super) struct Kinds<'a> {
    /// The kinds by `Field` and by `Event.Field`, with the row.
    kinds: BTreeMap<&'a str, (&'a str, &'a Row<'a>)>,
    used: BTreeSet<&'a str>,
    variants: BTreeMap<(&'a str, &'a str), &'a str>,
    enums: BTreeMap<String, Enum>,
}

impl<'a> Kinds<'a> {
    pub(super) fn new(rows: &'a [Row<'a>]) -> Result<Self> {
        let mut kinds = BTreeMap::new();
        let mut variants = BTreeMap::new();
        let mut enums: BTreeMap<String, Enum> = BTreeMap::new();
        for row in rows {
            if row.verb == "variants" {
                let expected = "expected variants ENUM TEXT=Variant …";
                let (name, words) = row.words.split_first().ok_or_else(|| row.error(expected))?;
                for word in words {
                    let (text, variant) = word.split_once('=').unwrap_or((word, ""));
                    if !variant.is_empty() {
                        variants.insert((*name, text), variant);
                    }
                    let values = &mut enums.entry((*name).to_owned()).or_default().values;
                    values.push((text.to_owned(), String::new()));
                }
                continue;
            }
            for field in &row.words {
                if let Some((_, other)) = kinds.insert(*field, (row.verb, row)) {
                    let place = &other.place;
                    return Err(row.error(format!("{field} is in {place} too: expected one row")));
                }
            }
        }
        Ok(Self { kinds, used: BTreeSet::new(), variants, enums })
    }

    /// Returns the kind of a field: that of the field of this event, or of all fields of this name.
    pub(super) fn of(&mut self, event: &str, field: &str, values: &[String]) -> Result<String> {
        let exact = format!("{event}.{field}");
        let found = self.kinds.get_key_value(exact.as_str());
        let found = found.or_else(|| self.kinds.get_key_value(field));
        let Some((key, (kind, _))) = found else {
            if values.is_empty() {
                return Ok("text".to_owned());
            }
            let values = values.join(" | ");
            let text = format!("{exact} is {values}: expected a row with its kind");
            return Err(Error::new("fields.txt", text));
        };
        self.used.insert(key);
        if let Some(name) = kind.strip_prefix("open(").and_then(|rest| rest.strip_suffix(')')) {
            let known = self.enums.entry(name.to_owned()).or_default();
            let of = key.split_once('.').map_or(String::new(), |_| format!(" of `{event}`"));
            known.fields.insert(format!("`{field}`{of}"));
            for value in values {
                if !known.values.iter().any(|(text, _)| text.eq_ignore_ascii_case(value)) {
                    known.values.push((value.clone(), String::new()));
                }
            }
        }
        Ok((*kind).to_owned())
    }

    /// Returns the enumerations.
    pub(super) fn finish(mut self) -> Result<BTreeMap<String, Enum>> {
        if let Some((name, (_, row))) =
            self.kinds.iter().find(|(name, _)| !self.used.contains(*name))
        {
            return Err(row.error(format!("no field {name}: expected a field of the tables")));
        }
        for (name, all) in &mut self.enums {
            for (text, variant) in &mut all.values {
                let known = self.variants.get(&(name.as_str(), text.as_str()));
                *variant = known.map_or_else(|| names::variant(text), |known| (*known).to_owned());
            }
            let variants = all.values.iter().map(|(text, variant)| (variant.clone(), &**text));
            distinct(&format!("enumeration {name}"), variants)?;
            if let Some((text, _)) = all.values.iter().find(|(_, variant)| {
                !variant.starts_with(|first: char| first.is_ascii_uppercase()) || variant == "Other"
            }) {
                let text = format!("{text:?} gives no name: expected variants {name} {text}=Name");
                return Err(Error::new(format!("enumeration {name}"), text));
            }
        }
        Ok(self.enums)
    }
}
