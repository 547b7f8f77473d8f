//! Asterisk's configuration language, as `main/config.c` reads it: the sections of a file, with
//! includes and inheritance resolved. Lines that the server would skip or read in part are errors
//! here.

mod comments;
mod include;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::comments::Comments;
use crate::config::{ManagerConfProblem as Problem, ServerError};

/// The maximum depth of includes (`MAX_INCLUDE_LEVEL`).
const DEPTH: usize = 10;

/// The maximum number of files that are read for one configuration. Files that include each other
/// could otherwise add up to billions.
const FILES: usize = 10_000;

/// The maximum number of bytes that are read of all files, and inherited by their sections.
const BYTES: usize = 64 * 1024 * 1024;

/// The longest line in bytes. The server skips longer lines.
const LINE: usize = 8_190;

/// A section of a file. Several sections may have the same name.
pub(super) struct Section {
    pub(super) name: String,
    /// Keys and values in order, inherited ones first.
    pub(super) keys: Vec<(String, String)>,
    is_template: bool,
}

impl Section {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Reads the sections of a file, without templates.
pub(super) fn read(path: &Path) -> Result<Vec<Section>, ServerError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut reader = Reader {
        folder,
        sections: Vec::new(),
        last: None,
        files: 0,
        bytes_left: BYTES,
        open: Vec::new(),
    };
    reader.file(path, &mut Place::default())?;
    reader.sections.retain(|section| !section.is_template);
    Ok(reader.sections)
}

struct Reader<'a> {
    /// The folder that the names of included files are relative to.
    folder: &'a Path,
    sections: Vec<Section>,
    /// The section that was begun last, in any file. An included file begins in this section.
    last: Option<usize>,
    /// The number of files that were read.
    files: usize,
    /// The number of bytes that may still be read and inherited.
    bytes_left: usize,
    /// The files that are being read, each included by the one before.
    open: Vec<PathBuf>,
}

/// The state that is carried from one file of an include to the next.
#[derive(Default)]
struct Place {
    /// The section that keys are added to.
    section: Option<usize>,
    comments: Comments,
}

fn syntax(expected: &'static str) -> Problem {
    Problem::Syntax { expected }
}

fn unreadable(error: std::io::Error) -> Problem {
    Problem::Read { source: Arc::new(error) }
}

/// `ast_strip`: removes blanks and control characters at both ends.
fn trim(text: &str) -> &str {
    text.trim_matches(|char| char <= ' ')
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, place: &mut Place) -> Result<(), ServerError> {
        let at = |line: Option<usize>| {
            move |problem| ServerError::ManagerConf { path: path.to_owned(), line, problem }
        };
        let text = self.bytes_of(path).map_err(at(None))?;
        let name = fs::canonicalize(path).map_err(unreadable).map_err(at(None))?;
        self.files += 1;
        self.open.push(name);
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            let at = at(Some(number));
            if line.len() > LINE {
                return Err(at(syntax("a line of at most 8,190 bytes")));
            }
            let Some(line) = place.comments.strip(line).map_err(&at)? else { continue };
            let line = String::from_utf8(line).map_err(|_| at(syntax("text in UTF-8")))?;
            let line = trim(&line);
            match line.strip_prefix('#') {
                Some(directive) => self.directive(directive, at)?,
                None => self.line(line, place).map_err(at)?,
            }
        }
        self.open.pop();
        Ok(())
    }

    /// The bytes of a file. What is no regular file may block for ever, or have no end.
    fn bytes_of(&mut self, path: &Path) -> Result<Vec<u8>, Problem> {
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(Problem::NotAFile);
        }
        let (mut text, most) = (Vec::new(), self.bytes_left as u64 + 1);
        let file = File::open(path).map_err(unreadable)?;
        file.take(most).read_to_end(&mut text).map_err(unreadable)?;
        self.count(text.len())?;
        Ok(text)
    }

    /// Counts bytes that are read or inherited. Templates that inherit each other twice would make
    /// billions.
    fn count(&mut self, bytes: usize) -> Result<(), Problem> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Problem::TooLarge)?;
        Ok(())
    }

    fn line(&mut self, line: &str, place: &mut Place) -> Result<(), Problem> {
        if let Some(header) = line.strip_prefix('[') {
            place.section = Some(self.header(header)?);
            self.last = place.section;
        } else if !line.is_empty() {
            let section = place.section.ok_or_else(|| syntax("a `[section]` before a key"))?;
            self.key(line, section)?;
        }
        Ok(())
    }

    /// Begins or continues a section: `name]`, `name](!)`, `name](template,+)`.
    fn header(&mut self, header: &str) -> Result<usize, Problem> {
        let (name, rest) =
            header.split_once(']').ok_or_else(|| syntax("`]` behind the name of a section"))?;
        let new = Section { name: name.to_owned(), keys: Vec::new(), is_template: false };
        self.sections.push(new);
        // The new section, or the one that is continued.
        let mut at = self.sections.len() - 1;
        let mut is_new = true;
        let Some(options) = rest.strip_prefix('(') else { return Ok(at) };
        let (options, _) =
            options.split_once(')').ok_or_else(|| syntax("`)` behind the options of a section"))?;
        for option in options.split(',') {
            let older = &self.sections[..self.sections.len() - usize::from(is_new)];
            if option == "!" {
                self.sections[at].is_template = true;
            } else if let Some(filter) = option.strip_prefix('+') {
                if !filter.is_empty() {
                    return Err(syntax("`+` without a filter"));
                }
                let found = older.iter().position(|it| it.is(name) && !it.is_template);
                let found =
                    found.ok_or_else(|| Problem::UnknownSection { name: name.to_owned() })?;
                if is_new && let Some(new) = self.sections.pop() {
                    self.sections[found].keys.extend(new.keys);
                    self.sections[found].is_template |= new.is_template;
                    is_new = false;
                }
                at = found;
            } else {
                let base = older.iter().find(|it| it.is(option));
                let keys = base.map(|base| base.keys.clone());
                let keys =
                    keys.ok_or_else(|| Problem::UnknownSection { name: option.to_owned() })?;
                // A key takes some memory besides that of its text.
                let size = size_of::<(String, String)>();
                self.count(keys.iter().map(|(key, value)| key.len() + value.len() + size).sum())?;
                self.sections[at].keys.extend(keys);
            }
        }
        Ok(at)
    }

    /// Sets a key (`key = value`, `key => value`) or appends to its value (`key += value`). The
    /// server ignores a line without `=`, too.
    fn key(&mut self, line: &str, section: usize) -> Result<(), Problem> {
        // The first character may be escaped, so that the line begins neither a section nor a
        // directive.
        let (line, skip) = match line.strip_prefix('\\') {
            None => (line, 0),
            Some(rest) => match rest.chars().next().filter(|first| *first > ' ') {
                None => return Err(syntax("a character behind `\\`")),
                Some(first) => (rest, first.len_utf8()),
            },
        };
        let Some(at) = line[skip..].find('=').map(|at| at + skip) else { return Ok(()) };
        let (key, value) = (&line[..at], &line[at + 1..]);
        let keys = &mut self.sections[section].keys;
        match key.strip_suffix('+').filter(|_| at > skip) {
            Some(key) => {
                let key = trim(key);
                match keys.iter_mut().rfind(|(name, _)| name == key) {
                    // The blanks between the two values are kept.
                    Some((_, before)) => *before = trim(&format!("{before}{value}")).to_owned(),
                    None => push(keys, key, value),
                }
            }
            None => push(keys, trim(key), value.strip_prefix('>').unwrap_or(value)),
        }
        Ok(())
    }

    /// Reads `include name` or `tryinclude name`. The server skips other directives, and those
    /// without a name.
    fn directive(
        &mut self,
        directive: &str,
        at: impl Fn(Problem) -> ServerError,
    ) -> Result<(), ServerError> {
        let Some((word, name)) = directive.split_once(|char| char <= ' ') else { return Ok(()) };
        let name = unquoted(trim(name));
        let is = |expected| word.eq_ignore_ascii_case(expected);
        if name.is_empty() || !(is("include") || is("tryinclude") || is("exec")) {
            return Ok(());
        }
        if is("exec") {
            return Err(at(Problem::Exec));
        }
        if self.open.len() > DEPTH {
            return Err(at(Problem::TooDeep));
        }
        let mut place = Place { section: self.last, comments: Comments::default() };
        let mut is_found = false;
        for path in include::paths(self.folder, name).map_err(&at)? {
            // The server also skips everything that is not a regular file.
            match fs::metadata(&path) {
                Ok(found) if found.is_file() => is_found = true,
                Ok(_) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(at(unreadable(error))),
            }
            let canonical = fs::canonicalize(&path).map_err(unreadable).map_err(&at)?;
            if self.open.contains(&canonical) {
                return Err(at(Problem::Cycle { path }));
            }
            if self.files == FILES {
                return Err(at(Problem::TooManyFiles));
            }
            self.file(&path, &mut place)?;
        }
        if !is_found && is("include") {
            return Err(at(Problem::NotFound { name: name.to_owned() }));
        }
        Ok(())
    }
}

/// Adds a key. The server skips a key without a name.
fn push(keys: &mut Vec<(String, String)>, key: &str, value: &str) {
    if !key.is_empty() {
        keys.push((key.to_owned(), trim(value).to_owned()));
    }
}

/// Returns the name in an include, without the quotes or brackets around it.
fn unquoted(name: &str) -> &str {
    let inside = |open, close| name.strip_prefix(open)?.strip_suffix(close);
    inside('"', '"').or_else(|| inside('<', '>')).unwrap_or(name)
}
