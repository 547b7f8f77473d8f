//! Files for what is told at the end of a run, so that it is not held in memory.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes a file in this folder that has no name there.
pub(super) fn file(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".runtests-{}", uuid::Uuid::new_v4().simple()));
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file =
        File::options().read(true).write(true).create_new(true).open(&path).map_err(named)?;
    fs::remove_file(&path).map_err(named)?;
    Ok(file)
}
