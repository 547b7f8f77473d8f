//! The files that a test brings: whether a path is a file, a folder, or neither, before it is read.

use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::sandbox::error::{BuildError, at};

/// The kind of a path, behind its links.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Folder,
    File,
    /// A link that leads nowhere, with its target.
    Dangling(PathBuf),
}

/// Returns the kind of a path. A file that cannot be read to an end, such as a pipe, is an error.
pub(super) fn look(path: &Path) -> Result<Entry, BuildError> {
    match fs::metadata(path) {
        Ok(it) if it.is_dir() => Ok(Entry::Folder),
        Ok(it) if it.is_file() => Ok(Entry::File),
        Ok(it) => Err(BuildError::Kind { path: path.to_owned(), kind: kind(it.file_type()) }),
        Err(error) if leads_nowhere(&error) => match fs::read_link(path) {
            Ok(target) => Ok(Entry::Dangling(target)),
            Err(_) => Err(at(path)(error)),
        },
        Err(error) => Err(at(path)(error)),
    }
}

/// Returns `true` if there is a folder at a path, which need not exist.
pub(super) fn is_folder(path: &Path) -> Result<bool, BuildError> {
    match fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(path)(error)),
    }
    match look(path)? {
        Entry::Folder => Ok(true),
        Entry::File => Ok(false),
        Entry::Dangling(target) => Err(BuildError::dangling(path, target)),
    }
}

fn leads_nowhere(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || Errno::from_io_error(error) == Some(Errno::LOOP)
}

fn kind(kind: FileType) -> &'static str {
    match kind {
        _ if kind.is_fifo() => "a named pipe",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_block_device() || kind.is_char_device() => "a device",
        _ => "something else",
    }
}

/// Returns `true` if a name is that of an editor's lock, such as `.#extensions.conf`: a link that
/// is never meant to lead anywhere.
pub(super) fn is_lock(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".#")
}

/// The folders that a walk is in, from the first one down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    above: Option<&'a Self>,
    here: (u64, u64),
}

impl<'a> Walk<'a> {
    /// Enters a folder. A link to a folder that the walk is in already would never end.
    pub(super) fn enter(folder: &Path, above: Option<&'a Self>) -> Result<Self, BuildError> {
        let metadata = fs::metadata(folder).map_err(at(folder))?;
        let here = (metadata.dev(), metadata.ino());
        let mut next = above;
        while let Some(walk) = next {
            if walk.here == here {
                return Err(BuildError::Cycle { path: folder.to_owned() });
            }
            next = walk.above;
        }
        Ok(Self { above, here })
    }
}
