//! The comments of Asterisk's configuration language, removed as `config_text_file_load` in
//! `main/config.c` does.

use crate::sandbox::conf::LINE;

/// The maximum nesting depth of block comments (`MAX_NESTED_COMMENTS`). The server does not count
/// deeper ones.
const DEPTH: isize = 128;

/// The block comments that are open at the beginning of a line.
#[derive(Default)]
pub(super) struct Comments {
    /// Below zero after a `--;` too many. The server then skips everything, as in a comment.
    depth: isize,
}

impl Comments {
    pub(super) fn is_open(&self) -> bool {
        self.depth != 0
    }

    /// Returns the part of a line outside of comments, with `\;` as `;`. Returns `None` if the
    /// whole line is in a block comment, or longer than the server reads.
    pub(super) fn strip(&mut self, line: &str) -> Option<String> {
        if line.len() > LINE {
            return None;
        }
        let mut outside = (!self.is_open()).then(String::new);
        let mut rest = line;
        while let Some(at) = rest.find(';') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            if let Some(before) = before.strip_suffix('\\') {
                self.keep(&mut outside, before);
                self.keep(&mut outside, ";");
                rest = after;
            } else if after.starts_with("--") && !after.starts_with("---") {
                self.keep(&mut outside, before);
                self.depth = (self.depth + 1).min(DEPTH);
                rest = &after[2..];
            } else if before.ends_with("--") && !self.is_open() {
                // One `--;` too many. The server still reads the rest of this line.
                self.keep(&mut outside, rest);
                self.depth = -1;
                return outside;
            } else if before.ends_with("--") {
                self.depth -= 1;
                if !self.is_open() {
                    outside.get_or_insert_default();
                }
                rest = after;
            } else if self.is_open() {
                rest = after;
            } else {
                self.keep(&mut outside, before);
                return outside;
            }
        }
        self.keep(&mut outside, rest);
        outside
    }

    fn keep(&self, outside: &mut Option<String>, text: &str) {
        if !self.is_open() {
            outside.get_or_insert_default().push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_escaped_semicolons_stay() {
        let deep = format!("{}x{}a", ";--".repeat(129), " --;".repeat(128));
        let long = format!("a\n{}\nb", "x".repeat(LINE + 1));
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
            ("a--;b ; c\nd", "a--;b ; c"),
            ("x--;\na\n;--b\nc", "x--;|b|c"),
            (&deep, "a"),
            (&long, "a|b"),
        ] {
            let mut comments = Comments::default();
            let lines: Vec<_> = text.lines().filter_map(|it| comments.strip(it)).collect();
            assert_eq!(lines.join("|"), expected, "{text}");
        }
    }
}
