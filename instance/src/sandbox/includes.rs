//! The includes of the configuration files, as the server will look for them.
//!
//! The server stops reading a file at an `#include` of a missing file, and its module goes without
//! it; of most modules the boot succeeds all the same. This holds for patterns that match nothing,
//! and for folders, too (`ast_config_internal_load` in `main/config.c`, the same in both versions).
//! Names are relative to the folder of the configuration, also in files of its subfolders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::sandbox::conf::{self, Include};
use crate::sandbox::error::BuildError;
use crate::sandbox::parts::Rendered;

/// The folders of the system's own Asterisk.
const SYSTEM: [&str; 2] = ["/etc/asterisk", "/usr/local/etc/asterisk"];

/// An `#include` of a missing file. Whether the server reads the file with the include is not known
/// before the boot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct MissingInclude {
    /// The file that includes it, as its author knows it.
    pub(crate) from: String,
    /// The line in it, from 1.
    pub(crate) line: usize,
    /// The name, as the server sees it.
    pub(crate) name: String,
}

/// The files of a sandbox, by their names in the folder of the configuration.
pub(super) type Files = BTreeMap<PathBuf, Rendered>;

/// Looks up the includes of the files that modules read by themselves, and of those that these
/// include. Returns the missing ones; whether the server reads them is known only after the boot.
pub(super) fn check(files: &Files, etc: &Path) -> Result<Vec<MissingInclude>, BuildError> {
    check_with(files, etc, &SYSTEM.map(Path::new))
}

fn check_with(
    files: &Files,
    etc: &Path,
    systems: &[&Path],
) -> Result<Vec<MissingInclude>, BuildError> {
    let mut missing = Vec::new();
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
            let found = find(files, etc, systems, &include);
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
                    missing.push(MissingInclude { from, line, name });
                }
                Found::System => {
                    let (from, line, name) = place();
                    return Err(BuildError::SystemInclude { from, line, name });
                }
            }
        }
    }
    Ok(missing)
}

/// The target of an include.
enum Found<'a> {
    /// Files of the sandbox.
    Files(Vec<&'a Path>),
    /// A file outside, or an unknown one.
    Elsewhere,
    /// A file of the system's Asterisk.
    System,
    Nothing,
}

fn find<'a>(files: &'a Files, etc: &Path, systems: &[&Path], include: &Include) -> Found<'a> {
    let path = normal(&etc.join(&include.name));
    let magic = path.to_str().is_none_or(|path| path.contains(['*', '?', '[', '{', '\\']));
    if systems.iter().any(|system| path.starts_with(system)) {
        let place = if magic { path.parent() } else { Some(&*path) };
        return if place.is_some_and(Path::exists) { Found::System } else { Found::Nothing };
    }
    let Ok(inside) = path.strip_prefix(etc) else {
        let is_there = magic || fs::metadata(&path).is_ok_and(|it| it.is_file());
        return if is_there { Found::Elsewhere } else { Found::Nothing };
    };
    if let Some((name, _)) = files.get_key_value(inside) {
        return Found::Files(vec![name]);
    }
    let pattern = inside.to_string_lossy();
    if pattern.contains(['[', '{', '\\']) {
        // These stand for a set of characters, several patterns, or an escaped character.
        return Found::Elsewhere;
    }
    let matching = |name: &&PathBuf| conf::matches(&pattern, &name.to_string_lossy());
    let names: Vec<_> = files.keys().filter(matching).map(PathBuf::as_path).collect();
    if names.is_empty() { Found::Nothing } else { Found::Files(names) }
}

/// Returns a path without `.` and `..`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::parts::{From, Part};
    use crate::sandbox::template::Keys;

    #[test]
    fn a_file_of_the_systems_is_refused_where_the_server_would_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path();
        fs::write(system.join("x.conf"), "").unwrap();
        let etc = Path::new("/nonexistent/etc");
        let checked = |line: &str| {
            let text = format!("[a]\n{line}\n").replace("SYSTEM", system.to_str().unwrap());
            let part = Part { text: text.into_bytes(), from: From::Code };
            let name = PathBuf::from("a.conf");
            let file = Rendered::new(&name, vec![part], &Keys::new()).unwrap();
            check_with(&Files::from([(name, file)]), etc, &[system])
        };
        for line in
            ["#include SYSTEM/x.conf", "#tryinclude \"SYSTEM/./x.conf\"", "#include SYSTEM/*"]
        {
            let error = checked(line).unwrap_err();
            assert!(matches!(error, BuildError::SystemInclude { line: 2, .. }), "{line}: {error}");
            assert!(error.to_string().contains("<<astetcdir>>/"), "{error}");
        }
        assert_eq!(checked("#include SYSTEM/y.conf").unwrap()[0].line, 2);
        assert_eq!(checked("#tryinclude SYSTEM/y.conf").unwrap(), []);
    }
}
