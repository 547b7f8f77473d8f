//! Asterisk's configuration language, as far as we need it: the sections and keys of a file, and
//! what it includes.

/// A line that matters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    /// `[name]`, `[name](!)` and so on.
    Section {
        name: String,
        /// The text between the parentheses: `!`, `+`, and the names of templates.
        options: String,
    },
    /// `key = value` or `key => value`.
    Key(String, String),
    /// `#include "x"`, `#include <x>`, `#include x`, and `#tryinclude`.
    Include(Include),
}

/// A line that has the server read another file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Include {
    /// The name, as written.
    pub(crate) name: String,
    /// Whether the file has to be there: all but `#tryinclude`.
    pub(crate) required: bool,
}

/// The lines of a file that matter, without comments: `;` to the end of the line, and `;--` to
/// `--;`, which nest.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line> {
    numbered(text).map(|(_, line)| line)
}

/// The lines of a file that matter, with their numbers, from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, Line)> {
    let mut depth = 0usize;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let line = outside_comments(line, &mut depth);
        Some((number, parsed(line.trim())?))
    })
}

fn parsed(line: &str) -> Option<Line> {
    if let Some(rest) = line.strip_prefix('[') {
        let (name, rest) = rest.split_once(']')?;
        let options = rest.trim().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let options = options.map_or("", |(options, _)| options).to_owned();
        return Some(Line::Section { name: name.to_owned(), options });
    }
    if let Some(rest) = line.strip_prefix('#') {
        // As `process_text_line` takes it apart: a word in whatever case, blanks, and a name.
        let (word, name) = rest.split_once(|c: char| c <= ' ')?;
        let required = word.eq_ignore_ascii_case("include");
        if !required && !word.eq_ignore_ascii_case("tryinclude") || name.trim().is_empty() {
            return None;
        }
        let name = unquoted(name.trim()).replace("\\;", ";");
        return Some(Line::Include(Include { name, required }));
    }
    let (key, value) = line.split_once('=')?;
    let value = value.strip_prefix('>').unwrap_or(value);
    Some(Line::Key(key.trim().to_owned(), value.trim().to_owned()))
}

/// The name in an include: quotes and brackets are none of it, but where they are at both its ends.
/// One that begins with a key of ours begins with two brackets.
fn unquoted(name: &str) -> &str {
    let end = match name.as_bytes() {
        [b'"', _, ..] => '"',
        [b'<', second, ..] if *second != b'<' => '>',
        _ => return name,
    };
    name[1..].strip_suffix(end).unwrap_or(name)
}

/// The part of a line that is not in a comment. `depth` is how deep in block comments it begins,
/// and then the next one.
fn outside_comments(line: &str, depth: &mut usize) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let escaped = outside.ends_with('\\');
        if *depth > 0 && rest.starts_with("--;") {
            *depth -= 1;
            rest = &rest[3..];
            continue;
        }
        // More dashes are a line of dashes.
        if rest.starts_with(";--") && !rest.starts_with(";---") && !(escaped && *depth == 0) {
            *depth += 1;
            rest = &rest[3..];
            continue;
        }
        if *depth == 0 {
            if first == ';' && !escaped {
                break;
            }
            outside.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    outside
}

/// The files that `text` includes, with the numbers of the lines, from 1.
pub(crate) fn includes(text: &str) -> impl Iterator<Item = (usize, Include)> {
    numbered(text).filter_map(|(number, line)| match line {
        Line::Include(include) => Some((number, include)),
        _ => None,
    })
}

/// The names of the files that `text` includes, as written.
pub(crate) fn included(text: &str) -> impl Iterator<Item = String> {
    includes(text).map(|(_, include)| include.name)
}

/// The line, from 1, that begins a block comment which does not end in `text`.
pub(crate) fn unclosed(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut begun = None;
    for (line, number) in text.lines().zip(1..) {
        let before = depth;
        outside_comments(line, &mut depth);
        match (before, depth) {
            (_, 0) => begun = None,
            (0, _) => begun = Some(number),
            _ => {}
        }
    }
    begun
}

/// The sections that `text` has itself, each with whether it is a template.
pub(crate) fn sections(text: &str) -> impl Iterator<Item = (String, bool)> {
    let is_template = |options: &str| options.split(',').any(|it| it.trim() == "!");
    lines(text).filter_map(move |line| match line {
        Line::Section { name, options } => Some((name, is_template(&options))),
        _ => None,
    })
}

/// The keys that `text` sets, in whatever section, and their values.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = (String, String)> {
    lines(text).filter_map(|line| match line {
        Line::Key(key, value) => Some((key, value)),
        _ => None,
    })
}

/// Whether an include, which may be a pattern, is for a file, whose name is relative to the folder
/// of the configuration. Of a path that begins elsewhere only the name can be compared.
pub(crate) fn is_for(include: &str, file: &str) -> bool {
    let include = include.strip_prefix("<<astetcdir>>/").unwrap_or(include);
    match include.strip_prefix('/') {
        None => matches(include, file),
        Some(path) => {
            let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
            matches(&name(path), &name(file))
        }
    }
}

/// Whether a name is one of a pattern with `*` and `?`, of which neither stands for a slash, nor
/// for a dot that begins a name.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    fn tail_matches(pattern: &str, name: &str, begins: bool) -> bool {
        let mut rest = pattern.chars();
        let first = rest.next();
        if begins && name.starts_with('.') && matches!(first, Some('*' | '?')) {
            return false;
        }
        match first {
            None => name.is_empty(),
            Some('*') => {
                let end = name.find('/').unwrap_or(name.len());
                let mut tails = (0..=end).filter_map(|at| name.get(at..));
                tails.any(|tail| tail_matches(rest.as_str(), tail, false))
            }
            Some(first) => {
                let mut name = name.chars();
                let fits = name.next().is_some_and(|c| c == first || first == '?' && c != '/');
                fits && tail_matches(rest.as_str(), name.as_str(), first == '/')
            }
        }
    }
    tail_matches(pattern, name, true)
}

/// A value as it is written into a file: a semicolon would begin a comment.
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
