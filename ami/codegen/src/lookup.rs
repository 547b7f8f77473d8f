//! Chooses the bytes that tell names of one length apart.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Writes the arms of `match name.len()`, which leave one name to compare with. Each name is given
/// with the name of its variant.
pub(crate) fn arms(names: &[(String, String)]) -> String {
    let mut by_length: BTreeMap<usize, Vec<&(String, String)>> = BTreeMap::new();
    for name in names {
        by_length.entry(name.0.len()).or_default().push(name);
    }
    let mut out = String::new();
    for (length, names) in by_length {
        out += &format!("        {length} => {},\n", choice(&names, 2));
    }
    out
}

/// Writes the choice among names of one length. Two names that are the same never get here.
fn choice(names: &[&(String, String)], depth: usize) -> String {
    if let [(name, variant)] = names {
        return format!("(b\"{name}\", Known::{variant})");
    }
    let groups = |at: usize| {
        let mut groups: BTreeMap<u8, Vec<&(String, String)>> = BTreeMap::new();
        for name in names {
            groups.entry(name.0.as_bytes()[at]).or_default().push(name);
        }
        groups
    };
    let length = names.first().map_or(0, |name| name.0.len());
    let best = (0..length).rev().max_by_key(|at| groups(*at).len()).unwrap_or_default();
    let indent = " ".repeat(4 * (depth + 1));
    let mut out = format!("match name[{best}] {{\n");
    for (byte, names) in groups(best) {
        let byte = byte.escape_ascii();
        _ = writeln!(out, "{indent}b'{byte}' => {},", choice(&names, depth + 1));
    }
    _ = write!(out, "{indent}_ => return None,\n{}}}", " ".repeat(4 * depth));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> String {
        arms(&names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn a_length_of_one_name_needs_no_byte() {
        assert_eq!(of(&["Hold"]), "        4 => (b\"Hold\", Known::Hold),\n");
    }

    #[test]
    fn the_byte_that_tells_most_names_apart_is_chosen() {
        assert_eq!(
            of(&["DBPut", "DBGet"]),
            "        5 => match name[2] {\n            \
             b'G' => (b\"DBGet\", Known::DBGet),\n            \
             b'P' => (b\"DBPut\", Known::DBPut),\n            \
             _ => return None,\n        },\n"
        );
    }

    #[test]
    fn names_that_no_single_byte_tells_apart_take_two() {
        let text = of(&["aa", "ab", "ba"]);
        assert_eq!(text.matches("match name[").count(), 2, "{text}");
        for name in ["aa", "ab", "ba"] {
            assert_eq!(text.matches(&format!("b\"{name}\"")).count(), 1, "{text}");
        }
    }
}
