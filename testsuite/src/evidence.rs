//! What is kept of a test: configuration, logs, call records, what AMI said, and what the server put into its spool.
//!
//! It goes to `logs/<test>/run_N`, with the first number that is free, laid out as in the sandbox.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Of the run itself.
const FILES: [&str; 4] = ["full.txt", "messages.txt", "packet.pcap", "dumpfile.pcap"];

/// Of each server.
const TREES: [&str; 3] = ["etc/asterisk", "var/log/asterisk", "var/spool/asterisk"];

/// A file that is larger is left: a log or a recording that did not end.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where.
    pub(crate) place: PathBuf,
    /// Files that are missing, and why.
    left: Vec<String>,
    cores: bool,
}

/// Keeps what is in the folder of a run.
pub(crate) fn keep(run: &Path, evidence: &Path, cores: bool) -> io::Result<Kept> {
    let mut kept = Kept { place: free(evidence)?, left: Vec::new(), cores };
    let place = kept.place.clone();
    for name in FILES {
        kept.copy(&run.join(name), &place.join(name));
    }
    for entry in fs::read_dir(run)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("ast").unwrap_or_default();
        if number.split('.').next().is_none_or(|number| number.parse::<u32>().is_err()) {
            continue;
        }
        if entry.path().is_file() {
            kept.copy(&entry.path(), &place.join(&name));
            continue;
        }
        for tree in TREES {
            kept.copy_tree(&entry.path().join(tree), &place.join(&name).join(tree))?;
        }
        // A server runs in its folder, and leaves its core there.
        for file in fs::read_dir(entry.path())?.flatten().filter(|it| is_core(&it.path())) {
            kept.copy(&file.path(), &place.join(&name).join(file.file_name()));
        }
    }
    Ok(kept)
}

impl Kept {
    /// A place for the output alone.
    pub(crate) fn nothing(evidence: &Path) -> io::Result<Self> {
        Ok(Self { place: free(evidence)?, left: Vec::new(), cores: false })
    }

    /// What to tell of what is missing.
    pub(crate) fn note(&self) -> Option<String> {
        (!self.left.is_empty()).then(|| format!("not kept: {}", self.left.join("; ")))
    }

    fn copy_tree(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let Ok(entries) = fs::read_dir(from) else {
            return Ok(());
        };
        fs::create_dir_all(to)?;
        for entry in entries.flatten() {
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.copy_tree(&entry.path(), &target)?;
            } else {
                self.copy(&entry.path(), &target);
            }
        }
        Ok(())
    }

    /// Copies a file, also one that is linked to. What is none, such as a socket, is left.
    fn copy(&mut self, from: &Path, to: &Path) {
        let Some(metadata) = fs::metadata(from).ok().filter(fs::Metadata::is_file) else {
            return;
        };
        let is_core = is_core(from);
        if is_core && !self.cores {
            return;
        }
        if metadata.len() > LARGEST && !is_core {
            self.left.push(format!("{}: it is too large", from.display()));
        } else if let Err(error) = fs::copy(from, to) {
            self.left.push(format!("{}: {error}", from.display()));
        }
    }
}

/// `core`, `core.1234`.
fn is_core(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "core" || name.strip_prefix("core.").is_some_and(|pid| pid.parse::<u32>().is_ok())
}

/// A folder with the first free number.
fn free(evidence: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(evidence)?;
    for number in 0_u32.. {
        let place = evidence.join(format!("run_{number}"));
        match fs::create_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| place),
        }
    }
    Err(io::Error::other("there are too many runs"))
}
