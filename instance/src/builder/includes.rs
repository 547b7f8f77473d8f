//! The includes of the configuration files, as the server will look for them.
//!
//! A file with an `#include` of something that is not there is given up by the server at that line,
//! and its module goes without it; of most modules the boot succeeds all the same. This holds for
//! patterns that match nothing, and for folders (`ast_config_internal_load` in `main/config.c`;
//! both versions do the same). Names are relative to the folder of the configuration, also in files
//! of its subfolders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::BuildError;
use super::parts::Rendered;
use crate::conf::{self, Include};

/// The folders of an Asterisk of the system's own.
const SYSTEM: [&str; 2] = ["/etc/asterisk", "/usr/local/etc/asterisk"];

/// The files of a sandbox, by their names in the folder of the configuration.
pub(super) type Files = BTreeMap<PathBuf, Rendered>;

/// Checks what is included by the files that the server reads, from those that modules read by
/// themselves.
pub(super) fn check(files: &Files, etc: &Path) -> Result<(), BuildError> {
    let is_first = |name: &&PathBuf| {
        let shown = name.to_string_lossy();
        !shown.starts_with('.') && !shown.contains('/') && shown.ends_with(".conf")
    };
    let mut next: Vec<&Path> = files.keys().filter(is_first).map(PathBuf::as_path).collect();
    let mut seen: BTreeSet<&Path> = next.iter().copied().collect();
    while let Some(name) = next.pop() {
        let Some(file) = files.get(name) else {
            continue;
        };
        for (line, include) in conf::includes(&String::from_utf8_lossy(&file.text)) {
            let found = find(files, etc, &include);
            let place = || {
                let (from, line) = file.place(name, line);
                (from, line, include.name.clone())
            };
            match found {
                Found::Files(names) => next.extend(names.into_iter().filter(|it| seen.insert(it))),
                Found::Elsewhere => {}
                Found::Nothing if !include.required => {}
                Found::Nothing => {
                    let (from, line, name) = place();
                    return Err(BuildError::Include { from, line, name });
                }
                Found::System => {
                    let (from, line, name) = place();
                    return Err(BuildError::SystemInclude { from, line, name });
                }
            }
        }
    }
    Ok(())
}

/// Where an include leads.
enum Found<'a> {
    /// To files of the sandbox.
    Files(Vec<&'a Path>),
    /// To a file outside, or to what cannot be told for certain.
    Elsewhere,
    /// To the system's Asterisk.
    System,
    Nothing,
}

fn find<'a>(files: &'a Files, etc: &Path, include: &Include) -> Found<'a> {
    let path = normal(&etc.join(&include.name));
    if SYSTEM.iter().any(|system| path.starts_with(system)) {
        return Found::System;
    }
    let magic = path.to_str().is_none_or(|path| path.contains(['*', '?', '[', '{']));
    let Ok(inside) = path.strip_prefix(etc) else {
        let is_there = magic || fs::metadata(&path).is_ok_and(|it| it.is_file());
        return if is_there { Found::Elsewhere } else { Found::Nothing };
    };
    if let Some((name, _)) = files.get_key_value(inside) {
        return Found::Files(vec![name]);
    }
    let pattern = inside.to_string_lossy();
    if pattern.contains(['[', '{']) {
        // A set of characters, or several patterns.
        return Found::Elsewhere;
    }
    let matching = |name: &&PathBuf| conf::matches(&pattern, &name.to_string_lossy());
    let names: Vec<_> = files.keys().filter(matching).map(PathBuf::as_path).collect();
    if names.is_empty() { Found::Nothing } else { Found::Files(names) }
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}
