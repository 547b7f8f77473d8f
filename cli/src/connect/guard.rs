//! Files that hold or lead to secrets: nobody else may read or change them.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rustix::process::geteuid;

use crate::exit::Failure;

/// The permissions of the group and of others to read, write or execute.
const OTHERS: u32 = 0o077;
/// The permissions of the group and of others to write.
const WRITE: u32 = 0o022;
/// The permission of others to write.
const WORLD: u32 = 0o002;
/// The bit of a folder in which everybody removes only files of their own.
const STICKY: u32 = 0o1000;

/// Refuses an open file that others may read or write, or replace.
pub(super) fn private(file: &File, path: &Path) -> Result<(), Failure> {
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(Failure::usage(format!("{}: not a regular file", path.display())));
    }
    owned(&metadata, path)?;
    if metadata.mode() & OTHERS != 0 {
        return Err(open_to_others(path, &metadata, "may be read or written", "600"));
    }
    folders(path, |_| WRITE)
}

/// Refuses the program of a secret's command if others may change or replace it. A script in the
/// home folder may hold the secret itself, so others may not read it either.
pub(super) fn program(path: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    owned(&metadata, path)?;
    if metadata.mode() & OTHERS != 0 && in_home(path) && is_script(path) {
        return Err(open_to_others(path, &metadata, "may be read or written", "700"));
    }
    if metadata.mode() & WRITE != 0 {
        return Err(open_to_others(path, &metadata, "may be written", "go-w"));
    }
    // Systems have groups of administrators that may write in folders of programs.
    folders(path, |folder| if folder.uid() == 0 { WORLD } else { WRITE })
}

/// Refuses a file that a secret's command names in its arguments and that belongs to the user, if
/// others may read or write it. Arguments that are no files are not looked at.
pub(super) fn argument(text: &str) -> Result<(), Failure> {
    let path = Path::new(text);
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    if !path.is_absolute() || !metadata.is_file() || metadata.uid() != geteuid().as_raw() {
        return Ok(());
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(open_to_others(path, &metadata, "may be read or written", "600"));
    }
    folders(path, |_| WRITE)
}

fn owned(metadata: &Metadata, path: &Path) -> Result<(), Failure> {
    let owner = metadata.uid();
    if owner == geteuid().as_raw() || owner == 0 {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} belongs to another user (number {owner}), who can change it: chown it",
        path.display()
    )))
}

/// Refuses a file whose folder others may write in: they can replace the file. That is the folder
/// of the path, and the folder that links lead to. `bad` returns the permissions that it must not
/// give.
fn folders(path: &Path, bad: impl Fn(&Metadata) -> u32) -> Result<(), Failure> {
    let real = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
    for path in [path, &real] {
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => continue,
        };
        check_folder(folder, &bad)?;
    }
    Ok(())
}

/// Refuses a folder that others may write in.
pub(super) fn folder(path: &Path) -> Result<(), Failure> {
    check_folder(path, |_| WRITE)
}

fn check_folder(path: &Path, bad: impl Fn(&Metadata) -> u32) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    owned(&metadata, path)?;
    if metadata.mode() & bad(&metadata) != 0 && metadata.mode() & STICKY == 0 {
        return Err(open_to_others(path, &metadata, "may be written", "go-w"));
    }
    Ok(())
}

fn in_home(path: &Path) -> bool {
    env::home_dir().is_some_and(|home| home.is_absolute() && path.starts_with(home))
}

fn is_script(path: &Path) -> bool {
    let mut begin = [0; 2];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && &begin == b"#!"
}

/// Returns the path of a program, found in `PATH` as a shell does.
pub(super) fn find_program(name: &str) -> Result<PathBuf, Failure> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_program =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0);
    // A relative folder would run what lies in the working directory.
    let absolute = env::split_paths(&folders).filter(|folder| folder.is_absolute());
    absolute.map(|folder| folder.join(name)).find(is_program).ok_or_else(|| {
        Failure::usage(format!("the command of the secret, {name:?}, is not found in PATH"))
    })
}

fn open_to_others(path: &Path, metadata: &Metadata, what: &str, mode: &str) -> Failure {
    let (path, now) = (path.display(), metadata.mode() & 0o7777);
    Failure::usage(format!("{path} {what} by others (mode {now:o}): chmod {mode} {path}"))
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("{} cannot be read", path.display()));
    Failure::new(crate::exit::Exit::Usage, error)
}
