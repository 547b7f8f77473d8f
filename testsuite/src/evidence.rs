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

/// A file that is larger is left: a core, or a recording that did not end.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Keeps what is in the folder of a run. The result is where.
pub(crate) fn keep(run: &Path, evidence: &Path, cores: bool) -> io::Result<PathBuf> {
    let place = free(evidence)?;
    for name in FILES {
        copy(&run.join(name), &place.join(name))?;
    }
    for entry in fs::read_dir(run)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("ast").unwrap_or_default();
        if number.split('.').next().is_none_or(|number| number.parse::<u32>().is_err()) {
            continue;
        }
        if entry.path().is_file() {
            copy(&entry.path(), &place.join(&name))?;
        }
        for tree in TREES {
            copy_tree(&entry.path().join(tree), &place.join(&name).join(tree), cores)?;
        }
    }
    Ok(place)
}

/// A folder with the first free number.
pub(crate) fn free(evidence: &Path) -> io::Result<PathBuf> {
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

fn copy_tree(from: &Path, to: &Path, cores: bool) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    fs::create_dir_all(to)?;
    for entry in entries.flatten() {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let is_core = name.to_string_lossy().split('.').next() == Some("core");
        if kind.is_dir() {
            copy_tree(&entry.path(), &to.join(&name), cores)?;
        } else if !is_core || cores {
            copy(&entry.path(), &to.join(&name))?;
        }
    }
    Ok(())
}

/// Copies a file, also one that is linked to. What is none, such as a socket, is left.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(from) else {
        return Ok(());
    };
    let is_core = to.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core"));
    if metadata.is_file() && (metadata.len() <= LARGEST || is_core) {
        fs::copy(from, to)?;
    }
    Ok(())
}
