//! The folder of this program in the user's cache folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns the folder. A user need not have one.
pub(super) fn folder() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.filter(|it| it.is_absolute());
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.map(|it| it.join("asterisk-testsuite"))
}

/// Writes a file that is complete when it gets its name.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}", std::process::id()));
    fs::write(&draft, bytes)?;
    fs::rename(&draft, path)
}
