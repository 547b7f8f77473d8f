//! The comments of Asterisk's configuration language, removed as `config_text_file_load` in
//! `main/config.c` does.

use crate::config::ManagerConfProblem;

/// The maximum nesting depth of block comments (`MAX_NESTED_COMMENTS`).
const DEPTH: usize = 128;

/// The block comments that are open at the beginning of a line.
#[derive(Default)]
pub(super) struct Comments {
    depth: usize,
}

impl Comments {
    /// Returns the part of a line outside of comments, with `\;` as `;`. Returns `None` if the
    /// whole line is in a block comment.
    pub(super) fn strip(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, ManagerConfProblem> {
        let mut outside = (self.depth == 0).then(Vec::new);
        let mut rest = line;
        while let Some(at) = memchr::memchr(b';', rest) {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            if let Some(before) = before.strip_suffix(b"\\") {
                self.keep(&mut outside, before);
                self.keep(&mut outside, b";");
                rest = after;
            } else if after.starts_with(b"--") && after.get(2) != Some(&b'-') {
                self.keep(&mut outside, before);
                if self.depth == DEPTH {
                    let expected = "at most 128 block comments within each other";
                    return Err(ManagerConfProblem::Syntax { expected });
                }
                self.depth += 1;
                rest = &after[2..];
            } else if before.ends_with(b"--") {
                // The server counts below zero here, and skips everything that follows.
                let expected = "`;--` before `--;`";
                let depth = self.depth.checked_sub(1);
                self.depth = depth.ok_or(ManagerConfProblem::Syntax { expected })?;
                if self.depth == 0 {
                    outside.get_or_insert_default();
                }
                rest = after;
            } else if self.depth == 0 {
                self.keep(&mut outside, before);
                return Ok(outside);
            } else {
                rest = after;
            }
        }
        self.keep(&mut outside, rest);
        Ok(outside)
    }

    fn keep(&self, outside: &mut Option<Vec<u8>>, text: &[u8]) {
        if self.depth == 0 {
            outside.get_or_insert_default().extend_from_slice(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_escaped_semicolons_stay() {
        for (text, expected) in [
            ("a = b ; c", "a = b "),
            ("; all", ""),
            (r"a = b\;c\;;d", "a = b;c;"),
            ("a ;-- x --; b", "a  b"),
            ("a ;-- x ;-- y --; z --; b ; c", "a  b "),
            ("a;-- x\nb\n--;c\nd", "a|c|d"),
            (";-----------;\na", "|a"),
            ("a;---b", "a"),
            (";-- \\;-- --;a", "a"),
            ("a\n;-- never ends\nb", "a|"),
        ] {
            let mut comments = Comments::default();
            let lines = text.lines().filter_map(|it| comments.strip(it.as_bytes()).unwrap());
            let lines: Vec<_> = lines.map(|line| String::from_utf8(line).unwrap()).collect();
            assert_eq!(lines.join("|"), expected, "{text}");
        }
        assert!(Comments::default().strip(b"secret = a--;b").is_err());
        let deep = ";--".repeat(129);
        assert!(Comments::default().strip(deep.as_bytes()).is_err());
    }
}
