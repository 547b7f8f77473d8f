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
    let mut context = None;
    for (number, line) in conf::numbered(text) {
        if let Some(mistake) = mistake(line, &mut context) {
            return refused(number, mistake);
        }
    }
    Ok(())
}

/// The context that lines belong to, or another section.
struct Context {
    name: String,
    /// `true` if it had an extension.
    has_extension: bool,
    /// The labels of its priorities.
    labels: Vec<String>,
    /// `true` if it has lines from elsewhere: of a template, of another file, of itself before.
    has_others: bool,
}

/// Returns what is wrong with a line.
fn mistake(line: Line, context: &mut Option<Context>) -> Option<&'static str> {
    let (key, value) = match line {
        Line::Invalid => return Some("expected `[context]`"),
        Line::Section { name, options } => {
            let has_others = options.iter().any(|it| it != "!");
            let (has_extension, labels) = (false, Vec::new());
            *context = Some(Context { name, has_extension, labels, has_others });
            return None;
        }
        Line::Include(_) => {
            context.iter_mut().for_each(|it| it.has_others = true);
            return None;
        }
        _ if context.is_none() => {
            return Some("it stands before the first context; begin with `[default]` or another");
        }
        Line::NoKey => return Some("expected `key => value`, such as `exten => s,1,Answer()`"),
        Line::Append(..) => return None,
        Line::Key(key, value) => (key, value),
    };
    let context = context.as_mut()?;
    let is = |word: &str| key.eq_ignore_ascii_case(word);
    if OTHERS.iter().any(|other| context.name.eq_ignore_ascii_case(other)) {
        return None;
    }
    let fields: Vec<_> = value.split(',').map(str::trim).collect();
    let has_extension = context.has_extension || context.has_others;
    match &fields[..] {
        _ if !KEYS.iter().any(|key| is(key)) => {
            Some("unknown key of a context; expected exten, same, include or another of pbx_config")
        }
        [_, priority, _, ..] if is("exten") => context.odd_priority(priority),
        _ if is("exten") => Some("expected `exten => extension,priority,application`"),
        [_, _, ..] if is("same") && !has_extension => {
            Some("there is no `exten` before it in its context")
        }
        [priority, _, ..] if is("same") => context.odd_priority(priority),
        _ if is("same") => Some("expected `same => priority,application`"),
        _ => None,
    }
}

impl Context {
    /// Returns what is wrong with the priority of the next extension (`pbx_load_config` in
    /// `pbx/pbx_config.c`).
    fn odd_priority(&mut self, text: &str) -> Option<&'static str> {
        let (priority, label) = text.split_once('(').unzip();
        let priority = priority.unwrap_or(text);
        let name = priority.split('+').next().unwrap_or_default().trim();
        // The server reads digits, and passes over what is behind them.
        let is_number = name.trim_start_matches('0').starts_with(|c: char| c.is_ascii_digit());
        let is_next = matches!(name, "n" | "next" | "s" | "same");
        if is_next && !self.has_extension && !self.has_others {
            return Some("there is no priority before it in its context; begin with 1");
        }
        let is_label = self.has_others || self.labels.iter().any(|label| label == name);
        if !is_number && !is_next && !is_label && name != "hint" {
            return Some("expected a priority: 1 or more, n, s or hint");
        }
        self.has_extension = true;
        match label.map(|label| label.split_once(')')) {
            None => None,
            Some(None) => Some("the label of the priority has no `)`"),
            Some(Some((label, _))) => {
                self.labels.push(label.to_owned());
                None
            }
        }
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
            "[a]\nexten => s,1(begin),NoOp()\nexten => s,n+2(x),NoOp()\nsame => s+1,NoOp()\n",
            "[a]\nexten => s,1(begin),NoOp()\nexten => s,begin+1,NoOp()\n",
            "[a](b)\nsame => n,NoOp()\n[c](+)\nexten => s,n,NoOp()\n",
            "[a]\n#include \"more.conf\"\nsame => more,NoOp()\n",
            "[a]\nexten => s, 01 ,NoOp()\nsame => next,NoOp()\nexten => t,same,NoOp()\n",
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
            ("[a]\nexten => s,n,NoOp()", "line 2, \"exten => s,n,NoOp()\": there is no priority"),
            ("[a]\nexten => s,l,NoOp()", "expected a priority: 1 or more, n, s or hint"),
            ("[a]\nexten => s,0,NoOp()", "expected a priority"),
            (
                "[a]\nexten => s,1,NoOp()\nsame => NoOp(a,b)",
                "line 3, \"same => NoOp(a,b)\": expected a",
            ),
            (
                "[a]\nexten => s,1,NoOp()\nsame => n(x,NoOp()",
                "the label of the priority has no `)`",
            ),
            ("[a]\n;-- x\nexten => s,1,NoOp()", "line 2, \";-- x\": the comment"),
        ] {
            let error = check(text).unwrap_err().to_string();
            assert!(error.starts_with("dialplan set from code, line "), "{error}");
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
