//! The sections of a sandbox's configuration files, with includes and inheritance resolved as
//! `main/config.c` does.

mod include;

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::sandbox::Sandbox;
use crate::sandbox::conf::{self, Include, Line};

/// The maximum depth of includes (`MAX_INCLUDE_LEVEL`).
const DEPTH: usize = 10;

/// The maximum number of files that are read for one. Files that include each other could otherwise
/// add up to billions.
const FILES: usize = 10_000;

/// The maximum number of bytes that are read of all files, and inherited by their sections.
const BYTES: usize = 64 * 1024 * 1024;

/// A section of a configuration file, with the keys that it inherits. Several sections may have the
/// same name.
#[derive(Clone, Eq, PartialEq)]
pub struct Section {
    name: String,
    /// Keys and values in order, inherited ones first.
    keys: Vec<(String, String)>,
    is_template: bool,
}

/// Leaves out the values, which may be secret.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(key, _)| key).collect();
        f.debug_struct("Section").field("name", &self.name).field("keys", &keys).finish()
    }
}

impl Section {
    /// Returns the name, as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the keys and their values, in their order.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the value of a key, whatever its case; the last one counts.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut keys = self.keys.iter().rev();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// Returns whether a key is set to a value that the server takes for true (`ast_true` in
    /// `main/utils.c`), or `None` if it is not set.
    pub fn is_true(&self, key: &str) -> Option<bool> {
        let is = |value: &str| {
            ["yes", "true", "y", "t", "1", "on"].iter().any(|it| value.eq_ignore_ascii_case(it))
        };
        self.get(key).map(is)
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Sandbox {
    /// Reads the sections of a configuration file as the server does, such as those of
    /// `manager.conf`: with the keys that they include and inherit, and without templates.
    ///
    /// A file that cannot be read, or that the server refuses, has no sections: whether the server
    /// can do without it is for the server to say. Filters (`[name](+key=pattern)`) are not
    /// understood, and count as a refusal. The output of `#exec` is not read.
    pub fn sections(&self, file: &str) -> Vec<Section> {
        read(&self.etc(), file)
    }

    /// Reads the first section of that name, whatever its case; see [`sections`](Self::sections).
    pub fn section(&self, file: &str, name: &str) -> Option<Section> {
        self.sections(file).into_iter().find(|section| section.is(name))
    }
}

fn read(etc: &Path, file: &str) -> Vec<Section> {
    let mut reader = Reader::new(etc);
    match reader.file(&etc.join(file), DEPTH, &mut None) {
        Ok(()) => reader.sections(),
        Err(Refused) => {
            tracing::debug!(
                file,
                "a configuration file has no sections that the server would read"
            );
            Vec::new()
        }
    }
}

/// Returns the sections of a text.
#[cfg(test)]
pub(crate) fn sections_of(text: &str) -> Vec<Section> {
    let mut reader = Reader::new(Path::new("/nonexistent"));
    reader.text(text, DEPTH, &mut None).map(|()| reader.sections()).unwrap_or_default()
}

/// A file for which the server refuses the file that includes it, and so the first one.
struct Refused;

struct Reader<'a> {
    etc: &'a Path,
    sections: Vec<Section>,
    /// The section that was begun last, in any file. An included file begins in this section.
    last: Option<usize>,
    /// The number of files that were read.
    files: usize,
    /// The number of bytes that may still be read and inherited.
    bytes_left: usize,
}

impl<'a> Reader<'a> {
    fn new(etc: &'a Path) -> Self {
        Self { etc, sections: Vec::new(), last: None, files: 0, bytes_left: BYTES }
    }

    fn sections(self) -> Vec<Section> {
        self.sections.into_iter().filter(|section| !section.is_template).collect()
    }

    /// Reads a file that may include others to a depth. `section` is the section that keys belong
    /// to.
    fn file(
        &mut self,
        path: &Path,
        depth: usize,
        section: &mut Option<usize>,
    ) -> Result<(), Refused> {
        let is_file = fs::metadata(path).is_ok_and(|it| it.is_file());
        if !is_file || self.files == FILES {
            return Err(Refused);
        }
        self.files += 1;
        let (mut text, most) = (Vec::new(), self.bytes_left as u64 + 1);
        let file = File::open(path).map_err(|_| Refused)?;
        file.take(most).read_to_end(&mut text).map_err(|_| Refused)?;
        self.count(text.len())?;
        self.text(&String::from_utf8_lossy(&text), depth, section)
    }

    /// Counts bytes that are read or inherited. Templates that inherit each other twice would make
    /// billions.
    fn count(&mut self, bytes: usize) -> Result<(), Refused> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Refused)?;
        Ok(())
    }

    fn text(
        &mut self,
        text: &str,
        depth: usize,
        section: &mut Option<usize>,
    ) -> Result<(), Refused> {
        for line in conf::lines(text) {
            match line {
                Line::Section { name, options } => {
                    *section = Some(self.section(&name, &options)?);
                    self.last = *section;
                }
                Line::Key(key, value) => self.keys(*section)?.push((key, value)),
                Line::Append(key, value) => {
                    let keys = self.keys(*section)?;
                    match keys.iter_mut().rfind(|(name, _)| *name == key) {
                        Some((_, before)) => {
                            *before = conf::trim(&(before.clone() + &value)).into()
                        }
                        None => keys.push((key, conf::trim(&value).to_owned())),
                    }
                }
                Line::Include(include) => self.include(&include, depth)?,
                Line::NoKey => drop(self.keys(*section)?),
                Line::Invalid => return Err(Refused),
            }
        }
        Ok(())
    }

    /// Returns the keys of a section. A key before the first section is refused.
    fn keys(&mut self, section: Option<usize>) -> Result<&mut Vec<(String, String)>, Refused> {
        section.map(|at| &mut self.sections[at].keys).ok_or(Refused)
    }

    /// Begins a section, or continues one.
    fn section(&mut self, name: &str, options: &[String]) -> Result<usize, Refused> {
        let new = Section { name: name.to_owned(), keys: Vec::new(), is_template: false };
        self.sections.push(new);
        // The new section, or the one that is continued.
        let mut at = self.sections.len() - 1;
        let mut is_new = true;
        for option in options {
            let older = &self.sections[..self.sections.len() - usize::from(is_new)];
            if option == "!" {
                self.sections[at].is_template = true;
            } else if option.starts_with('+') {
                let found = older.iter().position(|it| it.is(name) && !it.is_template);
                let found = found.filter(|_| option == "+").ok_or(Refused)?;
                if is_new && let Some(new) = self.sections.pop() {
                    self.sections[found].keys.extend(new.keys);
                    self.sections[found].is_template |= new.is_template;
                    is_new = false;
                }
                at = found;
            } else {
                let base = older.iter().find(|it| it.is(option)).ok_or(Refused)?;
                let keys = base.keys.clone();
                // A key takes some memory besides that of its text.
                let size = size_of::<(String, String)>();
                self.count(keys.iter().map(|(key, value)| key.len() + value.len() + size).sum())?;
                self.sections[at].keys.extend(keys);
            }
        }
        Ok(at)
    }

    fn include(&mut self, include: &Include, depth: usize) -> Result<(), Refused> {
        // The server ignores deeper includes.
        let Some(deeper) = depth.checked_sub(1) else { return Ok(()) };
        let mut section = self.last;
        let mut is_found = false;
        for path in include::paths(self.etc, &include.name).ok_or(Refused)? {
            // The server also skips everything that is not a regular file.
            if fs::metadata(&path).is_ok_and(|it| it.is_file()) {
                is_found = true;
                self.file(&path, deeper, &mut section)?;
            }
        }
        if is_found || !include.required { Ok(()) } else { Err(Refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of configuration files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// The sections, each with its keys.
    fn shown(sections: &[Section]) -> Vec<String> {
        let shown = sections.iter().map(|section| {
            let keys = section.keys().map(|(key, value)| format!(" {key}={value}"));
            format!("{}:{}", section.name(), keys.collect::<String>())
        });
        shown.collect()
    }

    #[test]
    fn sections_have_what_they_include_and_inherit() {
        let folder = folder(&[
            (
                "manager.conf",
                "\u{feff}[general]\nenabled = Yes ; or not\n#include \"manager.d/*.conf\"\n\
                 read = all\n#tryinclude <nowhere.conf>\n;[gone]\n;-- [hidden]\nsecret = x --;\n\
                 [base](!)\nsecret = of base\n[c](base)\nwrite = all\n[c](+)\nSECRET => a\\;b;c\n",
            ),
            ("manager.d/b.conf", "write = none\n[b]\nsecret=two\n"),
            ("manager.d/a.conf", "[a]\nsecret= one\n"),
            ("manager.d/c.txt", "[txt]\n"),
            ("manager.d/.hidden.conf", "[hidden]\n"),
        ]);
        let sections = read(folder.path(), "manager.conf");
        assert_eq!(
            shown(&sections),
            [
                "general: enabled=Yes read=all",
                "a: secret=one write=none",
                "b: secret=two",
                "c: secret=of base write=all SECRET=a;b"
            ]
        );
        assert_eq!(sections[0].is_true("enabled"), Some(true));
        assert_eq!(sections[3].get("secret"), Some("a;b"));
        assert!(read(folder.path(), "nowhere.conf").is_empty());
    }

    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = folder(&[("huge.conf", "[u]\n"), ("a.conf", "[a]\n#include huge.conf\n")]);
        let huge = File::options().write(true).open(folder.path().join("huge.conf")).unwrap();
        huge.set_len(1 << 40).unwrap();
        assert!(read(folder.path(), "a.conf").is_empty());
        assert!(read(folder.path(), ".").is_empty());
        let twice = (0..40).map(|n| format!("[a{}](a{n},a{n})\n", n + 1)).collect::<String>();
        assert!(sections_of(&format!("[a0](!)\nx = y\n{twice}")).is_empty());
    }
}
