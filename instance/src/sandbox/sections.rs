//! The sections of a sandbox's configuration files, with what they include and inherit.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;
use crate::sandbox::conf::{self, Line};

/// The depth that includes go to (`MAX_INCLUDE_LEVEL` in `main/config.c`).
const DEPTH: usize = 10;

/// The most files that are read for one. Files that include each other would make billions.
const FILES: usize = 10_000;

/// A section of a configuration file, with the keys that it inherits. Sections of one name are one.
#[derive(Clone, Eq, PartialEq)]
pub struct Section {
    name: String,
    keys: Vec<(String, String)>,
}

/// Without the values: there may be secrets among them.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(key, _)| key).collect();
        f.debug_struct("Section").field("name", &self.name).field("keys", &keys).finish()
    }
}

impl Section {
    /// The name, as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys and their values, in their order.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The value of a key, whatever its case; the last one counts.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut keys = self.keys.iter().rev();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// Whether a key is set to what the server takes for true (`ast_true` in `main/utils.c`).
    pub fn is_true(&self, key: &str) -> Option<bool> {
        let is = |value: &str| {
            ["yes", "true", "y", "t", "1", "on"].iter().any(|it| value.eq_ignore_ascii_case(it))
        };
        self.get(key).map(is)
    }
}

impl Sandbox {
    /// The sections of a configuration file as the server gets it, such as `manager.conf`: with the
    /// keys that it includes and inherits, and without templates. A file that cannot be read has
    /// none: whether the server can do without it is the server's to say.
    pub fn sections(&self, file: &str) -> Vec<Section> {
        read(&self.etc(), file)
    }

    /// The section of that name, whatever its case; see [`sections`](Self::sections).
    pub fn section(&self, file: &str, name: &str) -> Option<Section> {
        self.sections(file).into_iter().find(|section| section.name.eq_ignore_ascii_case(name))
    }
}

fn read(etc: &Path, file: &str) -> Vec<Section> {
    let mut reader = Reader { etc, sections: Vec::new(), files: 0, current: None };
    reader.file(&etc.join(file), DEPTH);
    let sections = reader.sections.into_iter().filter(|(_, is_template)| !is_template);
    sections.map(|(section, _)| section).collect()
}

struct Reader<'a> {
    etc: &'a Path,
    /// Each with whether it is a template.
    sections: Vec<(Section, bool)>,
    /// The number of files that were read.
    files: usize,
    /// The place of the section that lines belong to. A file that is included begins in that of
    /// the line before.
    current: Option<usize>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: usize) {
        // The server passes over what is no regular file, too.
        let is_file = fs::metadata(path).is_ok_and(|it| it.is_file());
        if !is_file || self.files == FILES {
            return;
        }
        self.files += 1;
        let Ok(text) = fs::read(path) else {
            return;
        };
        for line in conf::lines(&String::from_utf8_lossy(&text)) {
            match (line, self.current) {
                (Line::Section { name, options }, _) => self.section(&name, &options),
                (Line::Include(include), _) if depth > 0 => {
                    for path in self.included(&include.name) {
                        self.file(&path, depth - 1);
                    }
                }
                (Line::Key(key, value), Some(at)) => {
                    self.sections[at].0.keys.push((key, value.replace("\\;", ";")));
                }
                _ => {}
            }
        }
    }

    /// Begins a section, or goes on with it.
    fn section(&mut self, name: &str, options: &str) {
        let find = |sections: &[(Section, bool)], name: &str| {
            sections.iter().position(|(section, _)| section.name.eq_ignore_ascii_case(name))
        };
        let at = find(&self.sections, name).unwrap_or_else(|| {
            let section = Section { name: name.to_owned(), keys: Vec::new() };
            self.sections.push((section, false));
            self.sections.len() - 1
        });
        for option in options.split(',').map(str::trim) {
            match option {
                "!" => self.sections[at].1 = true,
                option => {
                    let template = find(&self.sections, option);
                    let keys = template.map(|it| self.sections[it].0.keys.clone());
                    self.sections[at].0.keys.extend(keys.unwrap_or_default());
                }
            }
        }
        self.current = Some(at);
    }

    /// The files that an include names, which may be a pattern, in the order of their names.
    fn included(&self, name: &str) -> Vec<PathBuf> {
        let path = self.etc.join(name);
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(pattern) = pattern.filter(|name| name.contains(['*', '?'])) else {
            return vec![path];
        };
        let entries = fs::read_dir(path.parent().unwrap_or(self.etc)).into_iter().flatten();
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        // A star at the beginning is for no hidden file (`glob(3)`).
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.retain(|name| conf::matches(&pattern, &name.to_string_lossy()));
        names.sort();
        names.into_iter().map(|name| path.with_file_name(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_what_they_include_and_inherit() {
        let etc = std::env::temp_dir().join(format!("conf-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(etc.join("manager.d")).unwrap();
        let write = |name: &str, text: &str| fs::write(etc.join(name), text).unwrap();
        write(
            "manager.conf",
            "secret = outside\n[general]\nenabled = Yes ; or not\n#include \"manager.d/*.conf\"\n\
             read = all\n#tryinclude <nowhere.conf>\n;[gone]\n;-- [hidden]\nsecret = x --;\n\
             [base](!)\nsecret = of base\n[c](base)\nwrite = all\n[c](+)\nSECRET => a\\;b;c\n",
        );
        write("manager.d/b.conf", "write = none\n[b]\nsecret=two\n");
        write("manager.d/a.conf", "[a]\nsecret= one\n#include manager.d/a.conf\n");
        write("manager.d/c.txt", "[txt]\n");
        write("manager.d/.hidden.conf", "[hidden]\n");
        let sections = read(&etc, "manager.conf");
        fs::remove_dir_all(&etc).unwrap();
        let names: Vec<_> = sections.iter().map(|section| section.name.as_str()).collect();
        assert_eq!(names, ["general", "a", "b", "c"]);
        let named =
            |name: &str| sections.iter().find(|it| it.name.eq_ignore_ascii_case(name)).unwrap();
        let get = |name: &str, key: &str| named(name).get(key);
        assert_eq!(named("General").is_true("enabled"), Some(true));
        assert_eq!((get("a", "secret"), get("a", "write")), (Some("one"), Some("none")));
        assert_eq!((get("b", "secret"), get("b", "read")), (Some("two"), Some("all")));
        assert_eq!((get("c", "secret"), get("c", "write")), (Some("a;b"), Some("all")));
        assert!(read(&etc, "manager.conf").is_empty());
    }
}
