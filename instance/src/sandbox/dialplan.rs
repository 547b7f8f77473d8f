//! Dialplan that the code gives, checked before a server reads it.
//!
//! `pbx_config` ignores a line that it does not understand, and a server ignores the whole file for
//! some others. Both boot all the same, and the test fails much later.

use crate::sandbox::conf::{self, Line};
use crate::sandbox::error::BuildError;

/// The keys of a context (`pbx_load_config` in `pbx/pbx_config.c`).
const KEYS: [&str; 8] =
    ["exten", "same", "include", "ignorepat", "switch", "lswitch", "eswitch", "autohints"];

/// The sections that are no contexts.
const OTHERS: [&str; 2] = ["general", "globals"];

/// Refuses text that a server would ignore, or for which it would ignore the whole file.
pub(super) fn check(text: &str) -> Result<(), BuildError> {
    let refused = |line: usize, what| {
        let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
        Err(BuildError::Dialplan { line, text, what })
    };
    if let Some(line) = conf::unclosed(text) {
        return refused(line, "the comment that begins here with `;--` does not end");
    }
    // The section, and whether there was an extension in it.
    let mut section: Option<(String, bool)> = None;
    for (number, line) in conf::numbered(text) {
        if let Line::Section { name, .. } = line {
            section = Some((name, false));
            continue;
        }
        if let Some(mistake) = mistake(&line, &mut section) {
            return refused(number, mistake);
        }
    }
    Ok(())
}

/// Returns what is wrong with a line.
fn mistake(line: &Line, section: &mut Option<(String, bool)>) -> Option<&'static str> {
    let (key, value) = match line {
        Line::Invalid => return Some("expected `[context]`"),
        Line::Include(_) | Line::Section { .. } => return None,
        _ if section.is_none() => {
            return Some("it stands before the first context; begin with `[default]` or another");
        }
        Line::NoKey => return Some("expected `key => value`, such as `exten => s,1,Answer()`"),
        Line::Append(..) => return None,
        Line::Key(key, value) => (key, value),
    };
    let (name, has_extension) = section.as_mut()?;
    let is = |word: &str| key.eq_ignore_ascii_case(word);
    if OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other)) {
        return None;
    }
    let commas = value.matches(',').count();
    if !KEYS.iter().any(|key| is(key)) {
        Some("unknown key of a context; expected exten, same, include or another of pbx_config")
    } else if is("exten") && commas < 2 {
        Some("expected `exten => extension,priority,application`")
    } else if is("same") && commas < 1 {
        Some("expected `same => priority,application`")
    } else if is("same") && !*has_extension {
        Some("there is no `exten` before it in its context")
    } else {
        *has_extension |= is("exten");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_takes_is_taken() {
        for text in [
            "",
            "; nothing\n",
            "[default]\nexten => s,1,Answer()\n same => n,Wait(60)\n",
            "\n    [a](!)\n    exten = _X.,1,NoOp(a;b\\;c)\n    [b](a)\n    include => a\n",
            "[globals]\nX = 1\n[general]\nstatic=yes\n[c]\nEXTEN => s,hint,SIP/a\nswitch => x\n",
            "#include \"more.conf\"\n;-- [a]\n --;\n[b]\nautohints=yes\n",
        ] {
            assert!(check(text).is_ok(), "{text}: {:?}", check(text));
        }
    }

    #[test]
    fn what_a_server_drops_is_an_error_with_its_place() {
        for (text, told) in [
            ("\nexten => s,1,Answer()\n", "line 2, \"exten => s,1,Answer()\": it stands before"),
            ("[a\nexten => s,1,Answer()", "line 1, \"[a\": expected `[context]`"),
            (
                "[a]\n  exten s,1,Answer()",
                "line 2, \"exten s,1,Answer()\": expected `key => value`",
            ),
            ("[a]\nextern => s,1,Answer()", "line 2, \"extern => s,1,Answer()\": unknown key"),
            ("[a]\nexten => s,Answer()", "expected `exten => extension,priority,application`"),
            ("[a]\nexten => s,1,NoOp()\nsame => n", "line 3, \"same => n\": expected `same =>"),
            (
                "[a]\nexten => s,1,NoOp()\n[b]\nsame => n,NoOp()",
                "line 4, \"same => n,NoOp()\": there",
            ),
            ("[a]\n;-- x\nexten => s,1,NoOp()", "line 2, \";-- x\": the comment"),
        ] {
            let error = check(text).unwrap_err().to_string();
            assert!(error.starts_with("dialplan set from code, line "), "{error}");
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
