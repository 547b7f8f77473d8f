//! The sections of a sandbox's configuration files, with what they include and inherit.

use std::fs;
use std::path::{Path, PathBuf};

/// The depth that includes go to (`MAX_INCLUDE_LEVEL` in `main/config.c`).
const DEPTH: usize = 10;

/// A section that is not a template, with the keys that it inherits. Sections of one name are one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) keys: Vec<(String, String)>,
}

impl Section {
    /// The value of a key; the last one counts.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let mut keys = self.keys.iter().rev();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// Whether a key is set to what the server takes for true (`ast_true` in `main/utils.c`).
    pub(crate) fn is_true(&self, key: &str) -> Option<bool> {
        let is = |value: &str| {
            ["yes", "true", "y", "t", "1", "on"].iter().any(|it| value.eq_ignore_ascii_case(it))
        };
        self.get(key).map(is)
    }
}

/// The sections of a file in the folder of the configuration. A file that cannot be read has none:
/// whether the server can do without it is the server's to say.
pub(crate) fn read(etc: &Path, file: &str) -> Vec<Section> {
    let mut reader = Reader { etc, sections: Vec::new(), current: None };
    reader.file(&etc.join(file), DEPTH);
    let sections = reader.sections.into_iter().filter(|(_, is_template)| !is_template);
    sections.map(|(section, _)| section).collect()
}

/// The section of that name.
pub(crate) fn named<'a>(sections: &'a [Section], name: &str) -> Option<&'a Section> {
    sections.iter().find(|section| section.name.eq_ignore_ascii_case(name))
}

struct Reader<'a> {
    etc: &'a Path,
    /// Each with whether it is a template.
    sections: Vec<(Section, bool)>,
    /// The place of the section that lines belong to. A file that is included begins in that of the
    /// line before.
    current: Option<usize>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: usize) {
        let Ok(text) = fs::read(path) else {
            return;
        };
        let mut comments = 0;
        for line in String::from_utf8_lossy(&text).lines() {
            let line = outside_comments(line, &mut comments);
            let line = line.trim();
            if let Some(rest) = line.strip_prefix('[') {
                self.section(rest);
            } else if let Some(name) = line.strip_prefix('#') {
                let name = name.strip_prefix("tryinclude").or_else(|| name.strip_prefix("include"));
                for path in name.map(|name| self.included(name)).unwrap_or_default() {
                    if depth > 0 {
                        self.file(&path, depth - 1);
                    }
                }
            } else if let (Some((key, value)), Some(at)) = (line.split_once('='), self.current) {
                let value = value.strip_prefix('>').unwrap_or(value).trim();
                self.sections[at].0.keys.push((key.trim().to_owned(), value.to_owned()));
            }
        }
    }

    /// Begins a section, or goes on with it: `name](options)`, the options being `!`, `+` and the
    /// names of templates.
    fn section(&mut self, rest: &str) {
        let Some((name, rest)) = rest.split_once(']') else {
            return;
        };
        let options = rest.trim().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let options = options.map_or("", |(options, _)| options);
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
        let name = name.trim();
        let quoted = name.strip_prefix('"').and_then(|rest| rest.split('"').next());
        let quoted = quoted.or_else(|| name.strip_prefix('<').and_then(|it| it.split('>').next()));
        let path = self.etc.join(quoted.unwrap_or(name));
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(pattern) = pattern.filter(|name| name.contains(['*', '?'])) else {
            return vec![path];
        };
        let entries = fs::read_dir(path.parent().unwrap_or(self.etc)).into_iter().flatten();
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        // A star at the beginning is for no hidden file (`glob(3)`).
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.retain(|name| matches(&pattern, &name.to_string_lossy()));
        names.sort();
        names.into_iter().map(|name| path.with_file_name(name)).collect()
    }
}

/// Whether a name is one of a pattern with `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let mut tails = (0..=name.len()).filter_map(|at| name.get(at..));
            tails.any(|tail| matches(rest.as_str(), tail))
        }
        Some(first) => {
            let mut name = name.chars();
            name.next().is_some_and(|c| c == first || first == '?')
                && matches(rest.as_str(), name.as_str())
        }
    }
}

/// The part of a line that is not in a comment, without the backslash of a semicolon that begins
/// none. `depth` is how deep in block comments the line begins, and then the next one.
fn outside_comments(line: &str, depth: &mut usize) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if *depth > 0 && rest.starts_with("--;") {
            *depth -= 1;
            rest = &rest[3..];
            continue;
        }
        if *depth == 0 && rest.starts_with("\\;") {
            outside.push(';');
            rest = &rest[2..];
            continue;
        }
        // More dashes are a line of dashes.
        if rest.starts_with(";--") && !rest.starts_with(";---") {
            *depth += 1;
            rest = &rest[3..];
            continue;
        }
        if *depth == 0 {
            if first == ';' {
                break;
            }
            outside.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    outside
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
        let get = |name: &str, key: &str| named(&sections, name).unwrap().get(key);
        assert_eq!(named(&sections, "General").unwrap().is_true("enabled"), Some(true));
        assert_eq!((get("a", "secret"), get("a", "write")), (Some("one"), Some("none")));
        assert_eq!((get("b", "secret"), get("b", "read")), (Some("two"), Some("all")));
        assert_eq!((get("c", "secret"), get("c", "write")), (Some("a;b"), Some("all")));
        assert!(read(&etc, "manager.conf").is_empty());
    }
}
