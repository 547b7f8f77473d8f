//! Tests of the layout of the workspace's crates: a room depends only on rooms before it, and no
//! files depend on each other in a cycle.
//!
//! A room is a module at the root of a crate, which is a folder or a file. Tests inside files do
//! not count.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of each crate in order. Rooms in one entry may depend on each other.
const ORDERS: [(&str, &[&[&str]]); 6] = [
    (
        "ami",
        &[
            &["wire"],
            &["typed"],
            &["matching"],
            &["error"],
            &["stats"],
            &["record"],
            &["events"],
            &["config"],
            &["connection"],
            &["state"],
            &["driver"],
            &["request"],
            &["client"],
            &["agi"],
            &["testing"],
        ],
    ),
    ("cli", &[&["exit"], &["options"], &["out"], &["connect"], &["ladder"], &["commands"]]),
    (
        "fleet",
        &[
            &["origin"],
            &["item"],
            &["config"],
            &["member"],
            &["merge"],
            &["fleet"],
            &["whole"],
            &["nats"],
        ],
    ),
    (
        "instance",
        &[
            &["readable"],
            &["folder"],
            &["server"],
            &["sandbox", "instance"],
            &["nats"],
            &["sipp"],
            &["blocking"],
        ],
    ),
    (
        "live",
        &[
            &["text"],
            &["table"],
            &["state"],
            &["change"],
            &["model"],
            &["config"],
            &["shared"],
            &["task"],
            &["handle"],
            &["metrics"],
        ],
    ),
    (
        "testsuite",
        &[
            &["files"],
            &["matching"],
            &["job"],
            &["ari"],
            &["case"],
            &["components"],
            &["worker"],
            &["plan"],
            &["report"],
            &["session"],
            &["harness"],
        ],
    ),
];

/// Returns the modules of a crate, by path (`wire::codec`), with the text of each.
fn modules(name: &str) -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name).join("src");
    let mut modules = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path != src.join("bin") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
                modules.insert(module_of(&path, &src), code_of(&path));
            }
        }
    }
    modules
}

fn module_of(path: &Path, src: &Path) -> String {
    let path: PathBuf = path.strip_prefix(src).unwrap().with_extension("");
    let mut parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    if matches!(parts.last(), Some(&"mod" | &"lib" | &"main")) {
        parts.pop();
    }
    parts.join("::")
}

/// Returns the text of a file without comments and without its tests, which are at its end.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the paths that a module's text names from the root of its crate, each without the
/// leading word `crate`; `super` and `self` are resolved.
fn names(module: &str, text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("::") {
        let before = text[..at].rsplit(|it: char| !is_word(it)).next().unwrap_or_default();
        let begins = !text[..at - before.len()].ends_with("::");
        let root = match before {
            "crate" if begins => String::new(),
            "self" if begins => module.to_owned(),
            "super" if begins => parent(module).to_owned(),
            _ => continue,
        };
        paths(&root, &text[at + 2..], &mut names);
    }
    names
}

/// Adds the paths of `a::b`, of `{a, b::{c, d}}`, and of `super::a`, below a root.
fn paths(root: &str, text: &str, names: &mut BTreeSet<String>) {
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut begin) = (0, 0);
        for (at, char) in group.char_indices() {
            match char {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    paths(root, group[begin..at].trim(), names);
                    begin = at + 1;
                    if char == '}' {
                        return;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let word = &text[..text.find(|it: char| !is_word(it)).unwrap_or(text.len())];
    let below = match word {
        "super" => parent(root).to_owned(),
        "self" | "" => root.to_owned(),
        word if root.is_empty() => word.to_owned(),
        word => format!("{root}::{word}"),
    };
    match text[word.len()..].strip_prefix("::") {
        Some(rest) => paths(&below, rest, names),
        None => drop(names.insert(below)),
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

fn room_of(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

#[test]
fn a_room_names_only_rooms_before_it() {
    let mut breaches = Vec::new();
    for (name, order) in ORDERS {
        let place = |room: &str| order.iter().position(|rooms| rooms.contains(&room));
        for (module, text) in modules(name).iter().filter(|(module, _)| !module.is_empty()) {
            let Some(here) = place(room_of(module)) else {
                breaches.push(format!("{name}: the room of {module} has no place in the order"));
                continue;
            };
            for named in names(module, text) {
                let room = room_of(&named);
                match place(room) {
                    Some(there) if there <= here => {}
                    Some(_) => breaches.push(format!("{name}: {module} names {named}")),
                    // The last room depends on the whole crate.
                    None if here + 1 == order.len() => {}
                    None => breaches.push(format!("{name}: {module} names {named}, in no room")),
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (name, order) in ORDERS {
        let modules = modules(name);
        // Returns the file that a path leads to.
        let file_of = |path: &str| {
            let mut path = path;
            while !modules.contains_key(path) {
                path = parent(path);
            }
            path.to_owned()
        };
        let inside = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|it| it.starts_with("::"));
        let mut edges = BTreeMap::new();
        for (module, text) in &modules {
            let named = names(module, text).into_iter().map(|path| file_of(&path));
            // A file may name the modules around it and inside it.
            let others = named.filter(|it| {
                !it.is_empty() && it != module && !inside(it, module) && !inside(module, it)
            });
            edges.insert(module.clone(), others.collect::<BTreeSet<_>>());
        }
        let together = |a: &str, b: &str| {
            order.iter().any(|rooms| {
                rooms.len() > 1 && rooms.contains(&room_of(a)) && rooms.contains(&room_of(b))
            })
        };
        for module in modules.keys() {
            let back = |it: &&String| reaches(&edges, module, it) && reaches(&edges, it, module);
            let circle = modules.keys().filter(|it| !together(it, module)).filter(back);
            let circle: Vec<_> = circle.collect();
            if !circle.is_empty() {
                circles.push(format!("{name}: {circle:?}"));
            }
        }
    }
    circles.sort_unstable();
    circles.dedup();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

fn reaches(edges: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = edges[from].iter().collect();
    while let Some(module) = next.pop() {
        if module == to {
            return true;
        }
        if reached.insert(module) {
            next.extend(&edges[module]);
        }
    }
    false
}
