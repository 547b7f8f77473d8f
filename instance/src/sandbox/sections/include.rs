//! The files that an `#include` names. The server finds them with `glob(3)` and braces.

use std::path::{Path, PathBuf};

use glob::{Pattern, glob_with};

use crate::sandbox::conf::{GLOB, single_stars};

/// The maximum number of names that the braces of one include may expand to.
const NAMES: usize = 1_000;

/// Returns the paths that a name expands to, in the server's order. A name without a pattern
/// expands to itself, whether or not there is such a file. Returns `None` for a pattern that is
/// invalid, or has a backslash.
pub(super) fn paths(folder: &Path, name: &str) -> Option<Vec<PathBuf>> {
    if !name.contains(['*', '?', '[', '{']) {
        return Some(vec![folder.join(name)]);
    }
    if name.contains('\\') {
        return None;
    }
    let folder = folder.to_str()?;
    let mut found = Vec::new();
    for name in braces(name) {
        if found.len() >= NAMES {
            return None;
        }
        let pattern = match name.starts_with('/') {
            true => single_stars(&name),
            false => format!("{}/{}", Pattern::escape(folder), single_stars(&name)),
        };
        // A folder that cannot be read has no files for the server, either.
        found.extend(glob_with(&pattern, GLOB).ok()?.flatten());
    }
    Some(found)
}

/// Expands the braces of a name: `{a,b}` becomes `a` and `b`. Expansion stops at one name more than
/// the limit.
fn braces(name: &str) -> Vec<String> {
    let (mut done, mut open) = (Vec::new(), vec![name.to_owned()]);
    while let Some(name) = open.pop() {
        match alternatives(&name) {
            Some(names) if done.len() + open.len() + names.len() <= NAMES => {
                open.extend(names.into_iter().rev());
            }
            _ => done.push(name),
        }
    }
    done
}

/// Expands the first braces of a name. `{}`, and a brace without its partner, stand for themselves.
fn alternatives(name: &str) -> Option<Vec<String>> {
    let start =
        name.match_indices('{').map(|(at, _)| at).find(|&at| !name[at..].starts_with("{}"))?;
    let (mut depth, mut begin, mut parts) = (0usize, start + 1, Vec::new());
    for (at, char) in name[start..].char_indices().map(|(at, char)| (start + at, char)) {
        match char {
            '{' => depth += 1,
            ',' if depth == 1 => {
                parts.push(&name[begin..at]);
                begin = at + 1;
            }
            '}' if depth == 1 => {
                parts.push(&name[begin..at]);
                let (before, after) = (&name[..start], &name[at + 1..]);
                return Some(parts.iter().map(|part| format!("{before}{part}{after}")).collect());
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_each_of_their_parts() {
        for (name, expected) in [
            ("a", "a"),
            ("{a,b}.conf", "a.conf b.conf"),
            ("x{a,b{c,d}}y{1,2}", "xay1 xay2 xbcy1 xbcy2 xbdy1 xbdy2"),
            ("{}{a,}", "{}a {}"),
            ("a{b", "a{b"),
            ("{a}", "a"),
        ] {
            assert_eq!(braces(name).join(" "), expected, "{name}");
        }
        assert!(braces(&"{a,b}".repeat(40)).len() <= NAMES);
    }
}
