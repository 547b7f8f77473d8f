//! A `.conf.inc` file takes effect only if another file includes it. One that nobody includes is a typing error.

/// The files that `text` includes, as written: `#include "x"`, `#include <x>`, `#include x`, and `#tryinclude`.
pub(crate) fn included(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix('#')?;
        let rest = rest.strip_prefix("tryinclude").or_else(|| rest.strip_prefix("include"))?;
        let name = rest.trim().split(';').next()?.trim();
        Some(name.trim_matches(['"', '<', '>']))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_found() {
        let text = "[general]\n#include \"a.conf.inc\"\n  #tryinclude <b.conf.inc> ; why\n#include c.conf.inc\n;#include d\n";
        assert_eq!(included(text).collect::<Vec<_>>(), ["a.conf.inc", "b.conf.inc", "c.conf.inc"]);
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
