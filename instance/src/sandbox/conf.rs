//! Asterisk's configuration language, line by line, as `main/config.c` reads it: sections, keys and
//! includes, without comments. A line is read before and after keys of ours are filled in.

mod comments;

use glob::{MatchOptions, Pattern};

use self::comments::Comments;

/// The longest line in bytes. The server skips longer lines.
const LINE: usize = 8_190;

/// The rules of `glob(3)`: a star matches neither a slash nor the dot of a hidden file.
pub(super) const GLOB: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// A line that matters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Line {
    /// `[name]`, `[name](!)` and so on.
    Section {
        name: String,
        /// The options between the parentheses: `!`, `+`, and the names of templates.
        options: Vec<String>,
    },
    /// `key = value` or `key => value`.
    Key(String, String),
    /// `key += value`, which appends to the value of a key.
    Append(String, String),
    /// `#include "x"`, `#include <x>`, `#include x`, and `#tryinclude`.
    Include(Include),
    /// Text without `=`, or without a name before it: the server ignores it in a section, and
    /// refuses it before the first one.
    NoKey,
    /// A line for which the server refuses the whole file.
    Invalid,
}

/// A line that has the server read another file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Include {
    /// The name, as written.
    pub(super) name: String,
    /// `true` if the file has to exist, as for all but `#tryinclude`.
    pub(super) required: bool,
}

/// Returns the lines of a file that matter.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line> {
    numbered(text).map(|(_, line)| line)
}

/// Returns the lines of a file that matter, with their numbers, from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (usize, Line)> {
    let mut comments = Comments::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').zip(1..).filter_map(move |(line, number)| {
        let line = comments.strip(line)?;
        Some((number, parsed(trim(&line))?))
    })
}

/// `ast_strip`: removes blanks and control characters at both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|char| char <= ' ')
}

fn parsed(line: &str) -> Option<Line> {
    if line.is_empty() {
        None
    } else if let Some(header) = line.strip_prefix('[') {
        Some(section(header).unwrap_or(Line::Invalid))
    } else if let Some(directive) = line.strip_prefix('#') {
        directive_of(directive)
    } else {
        Some(key(line))
    }
}

/// Reads `name]`, `name](!)`, `name](template,+)`. Blanks count, in names and in options.
fn section(header: &str) -> Option<Line> {
    let (name, rest) = header.split_once(']')?;
    let options = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?.0.split(',').map(str::to_owned).collect(),
        None => Vec::new(),
    };
    Some(Line::Section { name: name.to_owned(), options })
}

/// Reads `include name` or `tryinclude name`. The server skips other directives, and those without
/// a name.
fn directive_of(directive: &str) -> Option<Line> {
    let (word, name) = directive.split_once(|char| char <= ' ')?;
    let required = word.eq_ignore_ascii_case("include");
    let is_include = required || word.eq_ignore_ascii_case("tryinclude");
    let name = Some(trim(name)).filter(|name| is_include && !name.is_empty())?;
    Some(Line::Include(Include { name: unquoted(name).to_owned(), required }))
}

/// Returns the name in an include, without the quotes or brackets around it. A name that begins
/// with a key of ours begins with two brackets.
fn unquoted(name: &str) -> &str {
    let inside = |open, close| name.strip_prefix(open)?.strip_suffix(close);
    let bracketed = || inside('<', '>').filter(|_| !name.starts_with("<<"));
    inside('"', '"').or_else(bracketed).unwrap_or(name)
}

/// Reads `key = value`, `key => value` or `key += value`.
fn key(line: &str) -> Line {
    // The first character may be escaped, so that the line begins neither a section nor a
    // directive.
    let (line, skip) = match line.strip_prefix('\\') {
        None => (line, 0),
        Some(rest) => match rest.chars().next().filter(|first| *first > ' ') {
            None => return Line::Invalid,
            Some(first) => (rest, first.len_utf8()),
        },
    };
    let Some(at) = line[skip..].find('=').map(|at| at + skip) else { return Line::NoKey };
    let (key, value) = (&line[..at], &line[at + 1..]);
    let text = |text: &str| trim(text).to_owned();
    let line = match key.strip_suffix('+').filter(|_| at > skip) {
        // The blanks between the two values are kept.
        Some(key) => Line::Append(text(key), value.to_owned()),
        None => Line::Key(text(key), text(value.strip_prefix('>').unwrap_or(value))),
    };
    match line {
        Line::Key(key, _) | Line::Append(key, _) if key.is_empty() => Line::NoKey,
        line => line,
    }
}

/// Returns the files that `text` includes, with the numbers of the lines, from 1.
pub(super) fn includes(text: &str) -> impl Iterator<Item = (usize, Include)> {
    numbered(text).filter_map(|(number, line)| match line {
        Line::Include(include) => Some((number, include)),
        _ => None,
    })
}

/// Returns the names of the files that `text` includes, as written.
pub(super) fn included(text: &str) -> impl Iterator<Item = String> {
    includes(text).map(|(_, include)| include.name)
}

/// Returns the line, from 1, that begins a block comment which does not end in `text`.
pub(super) fn unclosed(text: &str) -> Option<usize> {
    let mut comments = Comments::default();
    let mut begun = None;
    for (line, number) in text.lines().zip(1..) {
        let was_open = comments.is_open();
        comments.strip(line);
        match (was_open, comments.is_open()) {
            (_, false) => begun = None,
            (false, true) => begun = Some(number),
            _ => {}
        }
    }
    begun
}

/// Returns the sections that `text` has itself, each with whether it is a template.
pub(super) fn sections(text: &str) -> impl Iterator<Item = (String, bool)> {
    lines(text).filter_map(|line| match line {
        Line::Section { name, options } => Some((name, options.iter().any(|it| it == "!"))),
        _ => None,
    })
}

/// Returns the keys that `text` sets, in whatever section, and their values.
pub(super) fn keys(text: &str) -> impl Iterator<Item = (String, String)> {
    lines(text).filter_map(|line| match line {
        Line::Key(key, value) | Line::Append(key, value) => Some((key, value)),
        _ => None,
    })
}

/// Returns `true` if an include, which may be a pattern, is for a file, whose name is relative to
/// the folder of the configuration. Of a path that begins elsewhere only the name can be compared.
pub(super) fn is_for(include: &str, file: &str) -> bool {
    let include = include.strip_prefix("<<astetcdir>>/").unwrap_or(include);
    match include.strip_prefix('/') {
        None => matches(include, file),
        Some(path) => {
            let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
            matches(&name(path), &name(file))
        }
    }
}

/// Returns `true` if a name is one of a pattern of `glob(3)`, or the pattern itself.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    pattern == name
        || Pattern::new(&single_stars(pattern)).is_ok_and(|it| it.matches_with(name, GLOB))
}

/// Replaces several stars in a row with one, because two have a special meaning in the `glob`
/// crate.
pub(super) fn single_stars(name: &str) -> String {
    let mut single = String::with_capacity(name.len());
    for char in name.chars() {
        if char != '*' || !single.ends_with('*') {
            single.push(char);
        }
    }
    single
}

/// Returns a value as it is written into a file: a semicolon would begin a comment.
pub(crate) fn escaped(value: &str) -> String {
    value.replace(';', "\\;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_an_include_are_found() {
        let text = "[general]\n#include \"a.conf.inc\"\n  #tryinclude <b.conf.inc> ; why\n#INCLUDE\tc.conf.inc\n;#include d\n#include \"<<k>>/e\"\n#include <<k>>/f\n#Include \"a\\;b c\"\n";
        let found: Vec<_> = includes(text).map(|(line, it)| (line, it.name, it.required)).collect();
        let expected = [
            (2, "a.conf.inc", true),
            (3, "b.conf.inc", false),
            (4, "c.conf.inc", true),
            (6, "<<k>>/e", true),
            (7, "<<k>>/f", true),
            (8, "a;b c", true),
        ];
        assert_eq!(found, expected.map(|(line, name, required)| (line, name.to_owned(), required)));
        // To the server the first ones are unknown, and names that nothing has.
        for none in ["#include\"a\"", "# include a", "#includes a", "#exec a", "#include", "#"] {
            assert_eq!(included(none).count(), 0, "{none}");
        }
        let odd = "#include \"a\" b\n#include \"a\n#include \"\"\n#include \"\n";
        assert_eq!(included(odd).collect::<Vec<_>>(), ["\"a\" b", "\"a", "", "\""]);
    }

    #[test]
    fn a_block_comment_that_does_not_end_is_found_where_it_begins() {
        for (text, line) in [
            ("a=b\n;-- x --;\n", None),
            ("a=b\n;-- x\ny\n", Some(2)),
            ("a=b ;-- x\n;-- y\n--;\n", Some(1)),
            (";-- x --; ;-- y\n", Some(1)),
            (";-- x\n--;\n\n;-- y", Some(4)),
            ("; a ;-- b\n;---\na=\\;--\n", None),
        ] {
            assert_eq!(unclosed(text), line, "{text}");
        }
    }

    #[test]
    fn sections_are_found_outside_comments() {
        let text = "[a]\n;[b]\n [c](!,x) ; [d]\nk = [e]\n;-- [f]\n[g]\n;-- x --; [h]\n--;\n[i](+)\n;--- a line\n[j]\nk = \\;--\n[k]\n;-- x --;[l]\n[m]\n";
        let names: Vec<_> = sections(text).map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "c", "i", "j", "k", "l", "m"]);
        assert!(sections(text).all(|(name, is_template)| is_template == (name == "c")));
    }

    #[test]
    fn patterns_and_paths_count() {
        assert!(is_for("manager.d/*.conf.inc", "manager.d/x.conf.inc"));
        assert!(is_for("/etc/asterisk/x.conf.inc", "x.conf.inc"));
        assert!(is_for("<<astetcdir>>/sub/x.inc", "sub/x.inc"));
        assert!(is_for("sip.*.inc", "sip.a.inc") && is_for("sip.?.inc", "sip.a.inc"));
        assert!(!is_for("sip.*.inc", "iax.a.inc"));
        assert!(!is_for("sub/*.conf", "manager.conf") && !is_for("*.conf", "sub/manager.conf"));
        assert!(!is_for("y.conf.inc", "x.conf.inc"));
        assert!(!matches("*", ".x") && !matches("sub/*", "sub/.x") && matches("a*", "a.x"));
    }
}
