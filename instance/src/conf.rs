//! What we need to know of Asterisk's configuration language: which sections and keys a file has, and what it includes.

/// A line that matters.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Line {
    /// `[name]`, `[name](!)` and so on.
    Section(String),
    /// `key = value` or `key => value`.
    Key(String, String),
    /// `#include "x"`, `#include <x>`, `#include x`, and `#tryinclude`.
    Include(String),
}

/// The lines of a file that matter, without comments: `;` to the end of the line, and `;--` to `--;`, which nest.
fn lines(text: &str) -> impl Iterator<Item = Line> {
    let mut depth = 0usize;
    text.lines().filter_map(move |line| {
        let line = outside_comments(line, &mut depth);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            return Some(Line::Section(rest.split_once(']')?.0.to_owned()));
        }
        if let Some(rest) = line.strip_prefix('#') {
            let rest = rest.strip_prefix("tryinclude").or_else(|| rest.strip_prefix("include"))?;
            return Some(Line::Include(unquoted(rest.trim()).to_owned()));
        }
        let (key, value) = line.split_once('=')?;
        let value = value.strip_prefix('>').unwrap_or(value);
        Some(Line::Key(key.trim().to_owned(), value.trim().to_owned()))
    })
}

/// The name in an include. One that begins with a key of ours begins with two brackets.
fn unquoted(name: &str) -> &str {
    let end = match name.as_bytes() {
        [b'"', ..] => '"',
        [b'<', second, ..] if *second != b'<' => '>',
        _ => return name,
    };
    name[1..].split(end).next().unwrap_or(name)
}

/// What of a line is not in a comment. `depth` is how deep in block comments it begins, and then the next one.
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

/// The files that `text` includes, as written.
pub(crate) fn included(text: &str) -> impl Iterator<Item = String> {
    lines(text).filter_map(|line| match line {
        Line::Include(name) => Some(name),
        _ => None,
    })
}

/// The sections that `text` has itself.
pub(crate) fn sections(text: &str) -> impl Iterator<Item = String> {
    lines(text).filter_map(|line| match line {
        Line::Section(name) => Some(name),
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

/// Whether an include, which may be a pattern, is for a file, whose name is relative to the folder of the configuration.
/// Of a path that begins elsewhere only the name can be compared.
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

/// Whether a name is one of a pattern with `*` and `?`, of which neither stands for a slash.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let end = name.find('/').unwrap_or(name.len());
            let mut tails = (0..=end).filter_map(|at| name.get(at..));
            tails.any(|tail| matches(rest.as_str(), tail))
        }
        Some(first) => {
            let mut name = name.chars();
            let fits = name.next().is_some_and(|c| c == first || first == '?' && c != '/');
            fits && matches(rest.as_str(), name.as_str())
        }
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
        let text = "[general]\n#include \"a.conf.inc\"\n  #tryinclude <b.conf.inc> ; why\n#include c.conf.inc\n;#include d\n#include \"<<k>>/e\"\n#include <<k>>/f\n";
        assert_eq!(
            included(text).collect::<Vec<_>>(),
            ["a.conf.inc", "b.conf.inc", "c.conf.inc", "<<k>>/e", "<<k>>/f"]
        );
    }

    #[test]
    fn sections_are_found_outside_comments() {
        let text = "[a]\n;[b]\n [c](!,x) ; [d]\nk = [e]\n;-- [f]\n[g]\n;-- x --; [h]\n--;\n[i](+)\n;--- a line\n[j]\nk = \\;--\n[k]\n;-- x --;[l]\n[m]\n";
        assert_eq!(sections(text).collect::<Vec<_>>(), ["a", "c", "i", "j", "k", "l", "m"]);
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
    }
}
