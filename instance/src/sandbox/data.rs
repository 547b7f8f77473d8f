//! The folders of a sandbox, and the links in them to the server's own data.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::sandbox::error::{BuildError, at};
use crate::sandbox::place::Place;
use crate::sandbox::trees;

/// Makes the folders that the server and its modules expect and do not make.
pub(super) fn make_folders(place: &Place) -> Result<(), BuildError> {
    let spool = [
        "outgoing",
        "outgoing_done",
        "monitor",
        "recording",
        "voicemail",
        "meetme",
        "system",
        "tmp",
        "dictate",
        "fax",
    ];
    let logs = ["cdr-csv", "cdr-custom", "cel-custom"];
    let mut folders = vec![place.etc(), place.data(), place.runtime(), place.cache()];
    folders.extend(spool.map(|name| place.spool().join(name)));
    folders.extend(logs.map(|name| place.logs().join(name)));
    for folder in folders {
        fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    Ok(())
}

/// Makes the server's data reachable by a link for each folder of it. `sounds` is a folder of the
/// sandbox, because the server writes recordings there; each language in it is a link. Debian's
/// package has its English under another name, and leaves the link `en` to a script that runs when
/// it is installed. The documentation is linked elsewhere.
pub(super) fn link_data(from: &Path, to: &Path) -> Result<(), BuildError> {
    let link = |original: &Path, link: &Path| symlink(original, link).map_err(at(link));
    for (name, path) in folders(from)? {
        if name == "sounds" || name == "documentation" {
            continue;
        }
        if name == "keys" {
            // The server keeps certificates there that it fetched.
            trees::link_entries(&path, &to.join(&name))?;
            continue;
        }
        link(&path, &to.join(&name))?;
    }
    let sounds = to.join("sounds");
    fs::create_dir_all(&sounds).map_err(at(&sounds))?;
    let from = from.join("sounds");
    if !from.is_dir() {
        return Ok(());
    }
    let own = fs::canonicalize(&from).map_err(at(&from))?;
    let mut languages = folders(&from)?;
    // Debian's package has links in there to the system's own recordings. A language may be a link
    // to anywhere.
    languages.retain(|name, path| {
        is_language(name) || fs::canonicalize(path).is_ok_and(|path| path.starts_with(&own))
    });
    for (name, path) in &languages {
        link(path, &sounds.join(name))?;
    }
    let english = languages.iter().find(|(name, _)| name.starts_with("en_"));
    if let Some((_, path)) = english
        && !sounds.join("en").exists()
    {
        link(path, &sounds.join("en"))?;
    }
    Ok(())
}

/// Returns `true` if a folder of sounds has the name of a language: `en`, `pt_BR`,
/// `en_US_f_Allison`, `fr-armelle`.
fn is_language(name: &str) -> bool {
    let code = name.split(['_', '-']).next().unwrap_or_default();
    matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns the folders in a folder by name, also those behind links.
fn folders(folder: &Path) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let entries = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    Ok(entries.filter_map(named).collect())
}
