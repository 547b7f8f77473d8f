//! Files of a test outside the configuration: `<astXXXdir>/…` folders, copied into the folder that
//! the key names.
//!
//! Much of a sandbox is links to the server's own folders. A folder that a test adds to becomes a
//! folder of the sandbox, with links to the files that were in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::sandbox::error::{BuildError, at};
use crate::sandbox::files::{Entry, Walk, is_lock, look};
use crate::sandbox::permissions::Permissions;
use crate::sandbox::place::{DIRECTORIES, Place};

/// Copies the folders of `from` that are named after keys of `asterisk.conf`.
pub(super) fn copy(from: &Path, place: &mut Place) -> Result<(), BuildError> {
    for entry in fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        let key = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match look(&path) {
            Ok(Entry::Folder) if key != "astetcdir" => {}
            Ok(Entry::Dangling(target)) if DIRECTORIES.contains(&&*key) => {
                return Err(BuildError::dangling(&path, target));
            }
            Err(error) if DIRECTORIES.contains(&&*key) => return Err(error),
            // Other files are notes, and configuration is a layer.
            _ => continue,
        }
        if key == "astsbindir" || !DIRECTORIES.contains(&&*key) {
            return Err(BuildError::Tree { path });
        }
        if key == "astmoddir" && place.modules != place.own_modules() {
            link_entries(&place.modules, &place.own_modules())?;
            place.modules = place.own_modules();
        }
        let Some(to) = place.directory(&key) else {
            return Err(BuildError::Tree { path });
        };
        own(&place.base, &to)?;
        copy_tree(&place.base, &path, &to, None)?;
        if let Some(permissions) = Permissions::read(&path)? {
            permissions.apply(&to)?;
        }
    }
    Ok(())
}

fn copy_tree(
    base: &Path,
    from: &Path,
    to: &Path,
    above: Option<&Walk<'_>>,
) -> Result<(), BuildError> {
    let walk = Walk::enter(from, above)?;
    own(base, to)?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        let name = path.file_name().unwrap_or_default();
        let target = to.join(name);
        match look(&path) {
            Ok(Entry::Folder) => {
                copy_tree(base, &path, &target, Some(&walk))?;
                continue;
            }
            Ok(Entry::Dangling(_)) if is_lock(name) => {
                tracing::warn!(path = %path.display(), "an editor's lock is passed over");
                continue;
            }
            Ok(Entry::Dangling(link)) => return Err(BuildError::dangling(&path, link)),
            Ok(Entry::File) => {}
            Err(error) => return Err(error),
        }
        if name != Permissions::FILE {
            // A link would lead to the server's own file, and an old file may be read-only.
            if fs::symlink_metadata(&target).is_ok_and(|it| !it.is_dir()) {
                fs::remove_file(&target).map_err(at(&target))?;
            }
            fs::copy(&path, &target).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Makes a folder below `base`, and the folders above it, ones of the sandbox.
fn own(base: &Path, folder: &Path) -> Result<(), BuildError> {
    let Ok(inside) = folder.strip_prefix(base) else {
        return Err(BuildError::Tree { path: folder.to_owned() });
    };
    let mut path = base.to_owned();
    for part in inside {
        path.push(part);
        match fs::read_link(&path) {
            Ok(shared) => {
                fs::remove_file(&path).map_err(at(&path))?;
                link_entries(&shared, &path)?;
            }
            Err(_) if path.is_dir() => {}
            Err(_) => fs::create_dir(&path).map_err(at(&path))?,
        }
    }
    Ok(())
}

/// Makes a folder with links to the files of another.
pub(super) fn link_entries(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        let link = to.join(path.file_name().unwrap_or_default());
        symlink(&path, &link).map_err(at(&link))?;
    }
    Ok(())
}
