//! Files that are put together from parts, and the origin of each line.

use std::path::{Path, PathBuf};

use crate::sandbox::conf;
use crate::sandbox::error::BuildError;
use crate::sandbox::template::{self, Keys};

/// A part of a file, and its origin.
pub(super) struct Part {
    pub(super) text: Vec<u8>,
    pub(super) from: From,
}

/// The origin of a part of a file.
pub(super) enum From {
    Us,
    Folder(PathBuf),
    Code,
}

impl From {
    /// Returns the file of that name, as its author knows it.
    pub(super) fn of(&self, name: &Path) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Us | Self::Code => format!("{}, set from code", name.display()),
        }
    }
}

/// A file with all of its parts.
pub(super) struct Rendered {
    pub(super) text: Vec<u8>,
    /// The parts, each with the number of lines before it.
    parts: Vec<(usize, From)>,
}

impl Rendered {
    /// Puts the parts together.
    pub(super) fn new(name: &Path, parts: Vec<Part>, keys: &Keys) -> Result<Self, BuildError> {
        let mut all = Self { text: Vec::new(), parts: Vec::new() };
        for part in parts {
            if let Some(line) = conf::unclosed(&String::from_utf8_lossy(&all.text)) {
                let (from, line) = all.place(name, line);
                return Err(BuildError::OpenComment { from, line });
            }
            // An addition begins a line.
            if all.text.last().is_some_and(|&last| last != b'\n') {
                all.text.push(b'\n');
            }
            let before = all.text.iter().filter(|&&byte| byte == b'\n').count();
            let (text, unknown) = template::render(&part.text, keys);
            if let (Some(unknown), From::Us | From::Code) = (unknown, &part.from) {
                // In a test's file, the text may mean something else.
                let known = keys.keys().map(|key| format!("<<{key}>>")).collect::<Vec<_>>();
                return Err(BuildError::UnknownKey {
                    file: name.to_owned(),
                    line: before + unknown.line,
                    key: unknown.key,
                    known: known.join(" "),
                });
            }
            all.text.extend(text);
            all.parts.push((before, part.from));
        }
        Ok(all)
    }

    /// Returns the file that a line comes from, as its author knows it, and the line there.
    pub(super) fn place(&self, name: &Path, line: usize) -> (String, usize) {
        let part = self.parts.iter().rfind(|(before, _)| *before < line);
        part.map_or_else(
            || (name.display().to_string(), line),
            |(before, from)| (from.of(name), line - before),
        )
    }
}

/// Returns the text of several parts.
pub(super) fn text(parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| String::from_utf8_lossy(&part.text));
    parts.collect::<Vec<_>>().join("\n")
}
