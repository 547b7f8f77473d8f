//! The facts of a server that was asked before. To ask it, it has to boot with all its modules,
//! which takes longer than many a test.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use instance::Server;
use serde::{Deserialize, Serialize};

use crate::plan::Facts;
use crate::session::cache;

/// The version of what is kept; counted up when that changes.
const FORM: u32 = 1;

/// The index of the dynamic linker, which changes when libraries that modules need come or go.
const LIBRARIES: &str = "/etc/ld.so.cache";

/// The variable that names folders with libraries.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The place of the facts of a server as it is now. `None` if there is no cache, or the server
/// cannot be looked at.
#[derive(Debug)]
pub(super) struct Known {
    path: Option<PathBuf>,
    binary: PathBuf,
}

/// The facts that are kept, with the server that told them.
#[derive(Deserialize, Serialize)]
struct Kept {
    binary: PathBuf,
    facts: Facts,
}

impl Kept {
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

impl Known {
    pub(super) fn of(server: &Server) -> Self {
        let binary = server.binary().to_owned();
        let name = state(&binary, &server.directories().modules);
        let path = cache::folder().zip(name.ok()).map(|(cache, name)| {
            // Beside the durations of tests, whose files are in the cache folder itself.
            cache.join("servers").join(name)
        });
        Self { path, binary }
    }

    pub(super) fn read(&self) -> Option<Facts> {
        let kept = Kept::read(self.path.as_deref()?)?;
        (kept.binary == self.binary).then_some(kept.facts)
    }

    /// Writes facts down, and forgets servers that are gone. Facts that cannot be kept are asked
    /// for again.
    pub(super) fn write(&self, facts: &Facts) {
        let Some((path, folder)) = self.path.as_ref().and_then(|it| Some((it, it.parent()?)))
        else {
            return;
        };
        let kept = Kept { binary: self.binary.clone(), facts: facts.clone() };
        let _ = serde_json::to_vec(&kept)
            .map_err(io::Error::from)
            .and_then(|bytes| cache::write(path, &bytes));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if Kept::read(&entry.path()).is_some_and(|kept| !kept.binary.exists()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The name of a state of a server: its files as they are, and the libraries that it finds.
fn state(binary: &Path, modules: &Path) -> io::Result<String> {
    let mut state = DefaultHasher::new();
    (FORM, std::env::var_os(LIBRARY_PATH)).hash(&mut state);
    let mut add = |path: &Path, it: &fs::Metadata| {
        (path, it.len(), it.mtime(), it.mtime_nsec()).hash(&mut state);
    };
    add(binary, &fs::metadata(binary)?);
    add(modules, &fs::metadata(modules)?);
    // A file that is written in place changes no folder.
    let mut files = fs::read_dir(modules)?.collect::<io::Result<Vec<_>>>()?;
    files.sort_unstable_by_key(fs::DirEntry::file_name);
    for file in files {
        add(&file.path(), &file.metadata()?);
    }
    // A system without it finds libraries in fixed places.
    if let Ok(it) = fs::metadata(LIBRARIES) {
        add(Path::new(LIBRARIES), &it);
    }
    Ok(format!("{:016x}.json", state.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_built_again_or_got_a_module_is_in_another_state() {
        let folder = tempfile::tempdir().unwrap();
        let (binary, modules) = (folder.path().join("asterisk"), folder.path().join("modules"));
        fs::create_dir(&modules).unwrap();
        fs::write(&binary, "old").unwrap();
        let old = state(&binary, &modules).unwrap();
        assert_eq!(state(&binary, &modules).unwrap(), old);
        fs::write(&binary, "newer").unwrap();
        let newer = state(&binary, &modules).unwrap();
        assert_ne!(newer, old);
        // A module that is written over leaves its folder as it is.
        let module = modules.join("app_own.so");
        fs::write(&module, "old").unwrap();
        let old = state(&binary, &modules).unwrap();
        fs::write(&module, "newer").unwrap();
        assert_ne!(state(&binary, &modules).unwrap(), old);
        fs::remove_file(&module).unwrap();
        // A module changes its folder's time, here set far from any other.
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::open(&modules).unwrap().set_modified(long_ago).unwrap();
        assert_ne!(state(&binary, &modules).unwrap(), newer);
        assert!(state(&folder.path().join("none"), &modules).is_err());
    }
}
