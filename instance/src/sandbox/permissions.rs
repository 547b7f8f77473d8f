//! `.permissions`: modes of files in the same folder and below, since git keeps none. Lines of
//! `relative path: octal mode`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::sandbox::error::{BuildError, at};
use crate::sandbox::files::{Entry, look};

/// The files that the server has to be able to read. Otherwise it goes to the system's folders.
const OURS: [&str; 2] = ["asterisk.conf", "asterisk.options.conf.inc"];

/// The modes that one `.permissions` sets.
#[derive(Debug)]
pub(super) struct Permissions {
    from: PathBuf,
    modes: Vec<(usize, PathBuf, u32)>,
}

impl Permissions {
    /// The name of the file.
    pub(super) const FILE: &str = ".permissions";

    /// Reads the file of a folder, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, BuildError> {
        let from = folder.join(Self::FILE);
        if fs::symlink_metadata(&from).is_err() {
            return Ok(None);
        }
        if let Entry::Dangling(target) = look(&from)? {
            return Err(BuildError::dangling(&from, target));
        }
        let text = fs::read_to_string(&from).map_err(at(&from))?;
        let mut modes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let parsed = line.rsplit_once(':').and_then(|(path, mode)| {
                let mode = u32::from_str_radix(mode.trim(), 8).ok().filter(|mode| *mode <= 0o7777);
                Some((PathBuf::from(path.trim()), mode?))
            });
            let inside = |path: &Path| {
                let mut parts = path.components();
                parts.all(|part| matches!(part, Component::Normal(_)))
                    && path.file_name().is_some_and(|name| !OURS.iter().any(|ours| name == *ours))
            };
            match parsed.filter(|(path, _)| inside(path)) {
                Some((path, mode)) => modes.push((number + 1, path, mode)),
                None => return Err(BuildError::Permissions { from, line: number + 1 }),
            }
        }
        Ok(Some(Self { from, modes }))
    }

    /// Sets the modes of the files in a folder.
    pub(super) fn apply(&self, folder: &Path) -> Result<(), BuildError> {
        for (line, path, mode) in &self.modes {
            // A link, also on the way, would lead to a file outside the sandbox.
            let mut place = folder.to_owned();
            let there = path.components().all(|part| {
                place.push(part);
                fs::symlink_metadata(&place).is_ok_and(|it| !it.is_symlink())
            });
            if !there {
                return Err(BuildError::Permissions { from: self.from.clone(), line: *line });
            }
            let path = place;
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).map_err(at(&path))?;
        }
        Ok(())
    }
}
