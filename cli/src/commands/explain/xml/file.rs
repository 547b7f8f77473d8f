//! The files of a documentation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, bail};

use super::error::DocsError;
use super::scan::{Found, scan};
use super::tree::{Node, parse};

/// The size of the largest file that is read. The one of Asterisk 22 has less than 2 MB.
const LARGEST: u64 = 64 << 20;

/// The documentation of a server: the file of the server itself, and those of modules of third
/// parties.
#[derive(Debug)]
pub(in crate::commands::explain) struct Docs {
    files: Vec<(PathBuf, String)>,
    entries: Vec<(usize, Found)>,
    trees: RefCell<HashMap<usize, Rc<Node>>>,
}

/// An entry of a documentation: an application, an event, a module …
#[derive(Clone, Copy, Debug)]
pub(in crate::commands::explain) struct Entry<'a> {
    pub(in crate::commands::explain) number: usize,
    pub(in crate::commands::explain) tag: &'a str,
    pub(in crate::commands::explain) name: &'a str,
}

/// A named part of an entry: a variable, a value, an option …
#[derive(Clone, Copy, Debug)]
pub(in crate::commands::explain) struct Part<'a> {
    pub(in crate::commands::explain) tag: &'static str,
    pub(in crate::commands::explain) name: &'a str,
    /// The names of the parts around it, the outermost first.
    pub(in crate::commands::explain) within: &'a [String],
}

impl Docs {
    /// Finds the entries of files, each with its path.
    ///
    /// # Errors
    ///
    /// Returns an error with the place if a file is no documentation of Asterisk.
    pub(in crate::commands::explain) fn of(
        files: Vec<(PathBuf, String)>,
    ) -> Result<Self, DocsError> {
        let mut entries = Vec::new();
        for (number, (path, text)) in files.iter().enumerate() {
            entries.extend(scan(path, text)?.into_iter().map(|found| (number, found)));
        }
        Ok(Self { files, entries, trees: RefCell::new(HashMap::new()) })
    }

    /// Returns the path of the first file.
    pub(in crate::commands::explain) fn path(&self) -> &Path {
        self.files.first().map_or_else(|| Path::new(""), |(path, _)| path)
    }

    pub(in crate::commands::explain) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(number, (_, found))| Entry { number, tag: &found.tag, name: &found.name })
    }

    /// Returns the named parts of an entry.
    pub(in crate::commands::explain) fn parts(
        &self,
        entry: usize,
    ) -> impl Iterator<Item = Part<'_>> {
        let parts = self.entries.get(entry).map_or(&[][..], |(_, found)| &found.parts);
        parts.iter().map(|it| Part { tag: it.tag, name: &it.name, within: &it.within })
    }

    /// Returns an entry as it is in the file.
    pub(super) fn raw(&self, entry: usize) -> Result<Rc<Node>, DocsError> {
        if let Some(known) = self.trees.borrow().get(&entry) {
            return Ok(Rc::clone(known));
        }
        let (path, text, begin) = self.place(entry);
        let tree = Rc::new(Node::Element(parse(path, text, begin)?));
        self.trees.borrow_mut().insert(entry, Rc::clone(&tree));
        Ok(tree)
    }

    /// Returns the error of an entry.
    pub(super) fn error(&self, entry: usize, what: String) -> DocsError {
        let (path, text, begin) = self.place(entry);
        DocsError::at(path, text, begin, what)
    }

    /// Returns the outermost entries with a tag.
    pub(super) fn entries_of(&self, tag: &str) -> impl Iterator<Item = usize> {
        let entries = self.entries.iter().enumerate();
        let entries = entries.filter(move |(_, (_, it))| it.is_outermost && it.tag == tag);
        entries.map(|(number, _)| number)
    }

    pub(super) fn name_of(&self, entry: usize) -> &str {
        self.entries.get(entry).map_or("", |(_, found)| &found.name)
    }

    fn place(&self, entry: usize) -> (&Path, &str, usize) {
        let found = self.entries.get(entry);
        let file = found.and_then(|(file, found)| Some((self.files.get(*file)?, found.begin)));
        file.map_or_else(|| (Path::new(""), "", 0), |((path, text), begin)| (path, text, begin))
    }
}

/// Reads a file, or the files of a folder. Blocks.
///
/// # Errors
///
/// Returns an error if a file cannot be read, or is too large.
pub(in crate::commands::explain) fn read(
    path: &Path,
) -> Result<Vec<(PathBuf, String)>, anyhow::Error> {
    let paths = if path.is_dir() { of_folder(path)? } else { vec![path.to_owned()] };
    let read = |path: PathBuf| {
        let text =
            read_file(&path).with_context(|| format!("reading {} failed", path.display()))?;
        Ok((path, text))
    };
    paths.into_iter().map(read).collect()
}

/// Returns the files of a folder: that of the server, and those of third parties.
fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, anyhow::Error> {
    let core = folder.join("core-en_US.xml");
    if !core.is_file() {
        bail!("{} has no core-en_US.xml", folder.display());
    }
    let mut more = Vec::new();
    if let Ok(entries) = fs::read_dir(folder.join("thirdparty")) {
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        more.extend(paths.filter(|it| it.extension().is_some_and(|it| it == "xml")));
    }
    more.sort();
    Ok(std::iter::once(core).chain(more).collect())
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if size as u64 > LARGEST {
        let what = format!("more than {} MB: expected a documentation", LARGEST >> 20);
        return Err(io::Error::other(what));
    }
    Ok(text)
}
