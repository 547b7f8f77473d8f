//! The evidence that is kept of a test: configuration, logs, call records, what AMI said, and what
//! the server put into its spool.
//!
//! It goes to `logs/<test>/run_N`, with the first number that is free, laid out as in the sandbox.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::job::{Account, Few};

/// The files of the run itself that are kept.
const FILES: [&str; 4] = ["full.txt", "messages.txt", "packet.pcap", "dumpfile.pcap"];

/// The folders of the run itself that are kept: what SIPp said and wrote.
const RUN_TREES: [&str; 1] = ["sipp"];

/// The folders of each server that are kept.
const TREES: [&str; 3] = ["etc/asterisk", "var/log/asterisk", "var/spool/asterisk"];

/// The longest file that is kept whole, in bytes. Of a longer one, such as a log or a recording
/// that did not end, the beginning and the end are kept, in two files.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The length of each of the two, in bytes.
const PART: u64 = 64 * 1024 * 1024;

/// The evidence that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The folder in which it is.
    pub(crate) place: PathBuf,
    /// Files that are missing or not whole, and why.
    left: Few<String>,
    cores: bool,
}

/// Keeps what is in the folder of a run.
///
/// # Errors
///
/// If there is no place for it, or the folder cannot be read. A file that cannot be kept is told of
/// in [`Kept::note`].
pub(crate) fn keep(run: &Path, evidence: &Path, cores: bool) -> anyhow::Result<Kept> {
    let mut kept = Kept { place: free(evidence)?, left: Few::default(), cores };
    let place = kept.place.clone();
    for name in FILES {
        kept.copy(&run.join(name), &place.join(name));
    }
    for tree in RUN_TREES {
        kept.copy_tree(&run.join(tree), &place.join(tree));
    }
    let entries = fs::read_dir(run);
    let entries = entries.with_context(|| format!("the folder {} of the run", run.display()))?;
    for entry in entries.flatten() {
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
            kept.copy_tree(&entry.path().join(tree), &place.join(&name).join(tree));
        }
        // A server runs in its folder, and leaves its core there.
        let files = fs::read_dir(entry.path()).into_iter().flatten().flatten();
        for file in files.filter(|it| is_core(&it.path())) {
            kept.copy(&file.path(), &place.join(&name).join(file.file_name()));
        }
    }
    Ok(kept)
}

impl Kept {
    /// A place for the output alone.
    pub(crate) fn nothing(evidence: &Path) -> anyhow::Result<Self> {
        Ok(Self { place: free(evidence)?, left: Few::default(), cores: false })
    }

    /// Takes what is to be told of files that are missing or not whole.
    pub(crate) fn note(&mut self) -> Option<String> {
        let left = std::mem::take(&mut self.left).into_vec();
        (!left.is_empty()).then(|| format!("not kept: {}", left.join("; ")))
    }

    fn leave(&mut self, path: &Path, why: impl std::fmt::Display) {
        self.left.push(format!("{}: {why}", path.display()));
    }

    fn copy_tree(&mut self, from: &Path, to: &Path) {
        let entries = match fs::read_dir(from) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.leave(from, error),
        };
        if let Err(error) = fs::create_dir_all(to) {
            return self.leave(from, format!("{} cannot be made: {error}", to.display()));
        }
        for entry in entries.flatten() {
            let target = to.join(entry.file_name());
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                self.copy_tree(&entry.path(), &target);
            } else {
                self.copy(&entry.path(), &target);
            }
        }
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
        let length = metadata.len();
        let copied = if length > LARGEST && !is_core {
            self.leave(
                from,
                format!("of its {length} bytes the first and the last {PART} are kept"),
            );
            copy_ends(from, to, length)
        } else {
            // In the kernel, as far as file systems allow.
            fs::copy(from, to).map(drop)
        };
        if let Err(error) = copied {
            self.leave(from, format!("it cannot be copied to {}: {error}", to.display()));
        }
    }
}

/// Puts what was kept into the account of a test, with the cores that the kernel put outside of
/// `folder`, if cores are kept. Returns whether anything was kept.
pub(crate) fn attach(
    account: &mut Account,
    kept: anyhow::Result<Kept>,
    folder: &Path,
    cores: bool,
) -> bool {
    match kept {
        Ok(mut kept) => {
            account.notes.extend(kept.note());
            if cores {
                let kept = keep_cores(&account.cores, folder, &kept.place);
                account.notes.extend(kept);
            }
            account.evidence = Some(kept.place);
            true
        }
        Err(error) => {
            account.notes.push(format!("evidence could not be kept: {error:#}"));
            false
        }
    }
}

/// Keeps the cores that the kernel put elsewhere. Those stay there as well: the place is not ours.
fn keep_cores(cores: &[PathBuf], sandbox: &Path, place: &Path) -> Vec<String> {
    let elsewhere = cores.iter().filter(|core| !core.starts_with(sandbox));
    let kept = elsewhere.map(|core| {
        let target = place.join(core.file_name().unwrap_or_default());
        match fs::copy(core, &target) {
            Ok(_) => format!("{} is kept", core.display()),
            Err(error) => {
                let target = target.display();
                format!("{} could not be copied to {target}: {error}", core.display())
            }
        }
    });
    kept.collect()
}

/// Copies the beginning of a file, and its end into one whose name ends with `.end`.
fn copy_ends(from: &Path, to: &Path, length: u64) -> io::Result<()> {
    let mut file = File::open(from)?;
    io::copy(&mut (&file).take(PART), &mut File::create(to)?)?;
    file.seek(SeekFrom::Start(length.saturating_sub(PART)))?;
    let mut end = to.as_os_str().to_owned();
    end.push(".end");
    io::copy(&mut file.take(PART), &mut File::create(end)?).map(drop)
}

/// `core`, `core.1234`.
fn is_core(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "core" || name.strip_prefix("core.").is_some_and(|pid| pid.parse::<u32>().is_ok())
}

/// A folder with the first free number.
fn free(evidence: &Path) -> anyhow::Result<PathBuf> {
    let named = |path: &Path| format!("the folder {} cannot be made", path.display());
    fs::create_dir_all(evidence).with_context(|| named(evidence))?;
    for number in 0_u32.. {
        let place = evidence.join(format!("run_{number}"));
        match fs::create_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| place.clone()).with_context(|| named(&place)),
        }
    }
    anyhow::bail!("there are too many runs in {}", evidence.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_that_is_too_long_the_beginning_and_the_end_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let logs = root.join("run/ast1/var/log/asterisk");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join("messages.txt"), "short").unwrap();
        fs::create_dir(root.join("run/sipp")).unwrap();
        fs::write(root.join("run/sipp/01-ask.errors.txt"), "what SIPp said").unwrap();
        // A hole takes no room.
        let long = File::create(logs.join("full.txt")).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&long, b"begin", 0).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&long, b"end", LARGEST).unwrap();
        let mut kept = keep(&root.join("run"), &root.join("logs/a"), false).unwrap();
        let note = kept.note().unwrap();
        assert!(note.contains("full.txt: of its 268435459 bytes the first and"), "{note}");
        let errors = fs::read(kept.place.join("sipp/01-ask.errors.txt")).unwrap();
        assert_eq!(errors, b"what SIPp said");
        let place = kept.place.join("ast1/var/log/asterisk");
        assert_eq!(fs::read(place.join("messages.txt")).unwrap(), b"short");
        for (name, at, text) in [("full.txt", 0, &b"begin"[..]), ("full.txt.end", PART - 3, b"end")]
        {
            let file = File::open(place.join(name)).unwrap();
            assert_eq!(file.metadata().unwrap().len(), PART);
            let mut read = vec![0; text.len()];
            std::os::unix::fs::FileExt::read_exact_at(&file, &mut read, at).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn errors_name_the_place_and_its_cause() {
        let error = keep(Path::new("/nonexistent"), Path::new("/dev/null/x"), false).unwrap_err();
        let told = format!("{error:#}");
        assert_eq!(told, "the folder /dev/null/x cannot be made: Not a directory (os error 20)");
    }
}
