//! What we need to know of Asterisk's configuration language: which sections and keys a file has, and what it includes.

/// A line that matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line<'a> {
    /// `[name]`, `[name](!)` and so on.
    Section(&'a str),
    /// `key = value` or `key => value`.
    Key(&'a str, &'a str),
    /// `#include "x"`, `#include <x>`, `#include x`, and `#tryinclude`.
    Include(&'a str),
}

/// The lines of a file that matter, without comments: `;` to the end of the line, and `;--` to `--;`, which nest.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut depth = 0usize;
    text.lines().filter_map(move |line| {
        let line = outside_comments(line, &mut depth).trim();
        if let Some(rest) = line.strip_prefix('[') {
            return Some(Line::Section(rest.split_once(']')?.0));
        }
        if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            return Some(Line::Key(key.trim(), value.strip_prefix('>').unwrap_or(value).trim()));
        }
        let rest = line.strip_prefix('#')?;
        let rest = rest.strip_prefix("tryinclude").or_else(|| rest.strip_prefix("include"))?;
        Some(Line::Include(rest.trim().trim_matches(['"', '<', '>'])))
    })
}

/// The part of a line before the first comment in it, and how deep in block comments the next line is.
fn outside_comments<'a>(line: &'a str, depth: &mut usize) -> &'a str {
    let mut outside = if *depth == 0 { line } else { "" };
    let mut rest = line;
    while let Some(at) = rest.find([';', '-']) {
        let here = &rest[at..];
        let escaped = rest[..at].ends_with('\\');
        let step = if *depth > 0 && here.starts_with("--;") {
            *depth -= 1;
            3
        } else if here.starts_with(";--") && !here.starts_with(";---") && !escaped {
            if *depth == 0 && outside.len() == line.len() {
                outside = &line[..line.len() - here.len()];
            }
            *depth += 1;
            3
        } else if here.starts_with(';') && *depth == 0 && !escaped {
            return if outside.len() == line.len() {
                &line[..line.len() - here.len()]
            } else {
                outside
            };
        } else {
            1
        };
        rest = &here[step..];
    }
    outside
}

/// The files that `text` includes, as written.
pub(crate) fn included(text: &str) -> impl Iterator<Item = &str> {
    lines(text).filter_map(|line| match line {
        Line::Include(name) => Some(name),
        _ => None,
    })
}

/// The sections that `text` has itself.
pub(crate) fn sections(text: &str) -> impl Iterator<Item = &str> {
    lines(text).filter_map(|line| match line {
        Line::Section(name) => Some(name),
        _ => None,
    })
}

/// The keys that `text` sets, in whatever section, and their values.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(text).filter_map(|line| match line {
        Line::Key(key, value) => Some((key, value)),
        _ => None,
    })
}

/// Whether an include, which may be a pattern, is for the file of that name.
pub(crate) fn is_for(include: &str, file: &str) -> bool {
    let include = include.rsplit('/').next().unwrap_or(include);
    match include.split_once('*') {
        None => include == file,
        // The first star is enough to tell that somebody means files of this kind.
        Some((before, _)) => file.starts_with(before),
    }
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
        let text = "[general]\n#include \"a.conf.inc\"\n  #tryinclude <b.conf.inc> ; why\n#include c.conf.inc\n;#include d\n";
        assert_eq!(included(text).collect::<Vec<_>>(), ["a.conf.inc", "b.conf.inc", "c.conf.inc"]);
    }

    #[test]
    fn sections_are_found_outside_comments() {
        let text = "[a]\n;[b]\n [c](!,x) ; [d]\nk = [e]\n;-- [f]\n[g]\n;-- x --; [h]\n--;\n[i](+)\n;--- a line\n[j]\nk = \\;--\n[k]\n;-- x --;[l]\n[m]\n";
        assert_eq!(sections(text).collect::<Vec<_>>(), ["a", "c", "i", "j", "k", "m"]);
    }

    #[test]
    fn patterns_and_paths_count() {
        assert!(is_for("manager.d/*.conf.inc", "x.conf.inc"));
        assert!(is_for("/etc/asterisk/x.conf.inc", "x.conf.inc"));
        assert!(is_for("sip.*.inc", "sip.a.inc"));
        assert!(!is_for("sip.*.inc", "iax.a.inc"));
        assert!(!is_for("y.conf.inc", "x.conf.inc"));
    }
}
