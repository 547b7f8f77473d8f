//! Patterns with `*` and `?`, for bytes.
//!
//! Values are bytes and need not be UTF-8, and the reader of a connection waits for a match. The
//! matcher goes back only to the last `*`, so it takes at most the length of the pattern times the
//! length of the value in steps.

/// A pattern: bytes and wildcards.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Glob(Box<[Token]>);

/// One step of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// A byte that stands for itself.
    Byte(u8),
    /// `?`: one character, or one byte where the text is not UTF-8.
    One,
    /// `*`: any number of characters, including none.
    Many,
}

impl Glob {
    pub(super) fn new(mut tokens: Vec<Token>) -> Self {
        // Two in a row match the same as one, and each would cost time.
        tokens.dedup_by(|next, token| *next == Token::Many && *token == Token::Many);
        Self(tokens.into())
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Returns `true` if every text matches.
    pub(super) fn is_all(&self) -> bool {
        *self.0 == [Token::Many]
    }

    /// Returns `true` if the whole text matches. `same` compares two bytes, with or without regard
    /// to ASCII case.
    pub(super) fn matches(&self, text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
        let (mut token, mut at) = (0, 0);
        // The pattern after the last `*`, and the position in the text where it was tried.
        let mut last = None;
        loop {
            match self.0.get(token) {
                Some(Token::Many) if token + 1 == self.0.len() => return true,
                Some(Token::Many) => {
                    token += 1;
                    last = Some((token, at));
                    continue;
                }
                Some(Token::One) if at < text.len() => {
                    token += 1;
                    at += character(&text[at..]);
                    continue;
                }
                Some(Token::Byte(byte)) if text.get(at).is_some_and(|it| same(*it, *byte)) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                None if at == text.len() => return true,
                _ => {}
            }
            // The last `*` takes one more character.
            match &mut last {
                Some((behind, from)) if *from < text.len() => {
                    *from += character(&text[*from..]);
                    (token, at) = (*behind, *from);
                }
                _ => return false,
            }
        }
    }
}

/// Returns the length of the first character of a text; 1 if it is not UTF-8.
fn character(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return 1,
    };
    let whole = text.get(..length).is_some_and(|text| str::from_utf8(text).is_ok());
    if whole { length } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &[u8]) -> Glob {
        let token = |byte: &u8| match byte {
            b'*' => Token::Many,
            b'?' => Token::One,
            byte => Token::Byte(*byte),
        };
        Glob::new(pattern.iter().map(token).collect())
    }

    fn matches(pattern: &str, text: impl AsRef<[u8]>) -> bool {
        glob(pattern.as_bytes()).matches(text.as_ref(), |a, b| a == b)
    }

    #[test]
    fn characters_are_those_of_utf8_and_bytes_elsewhere() {
        assert!(matches("M?ller", "Müller") && matches("M?ller", b"M\xfcller"));
        assert!(matches("?", "€") && !matches("??", "€") && !matches("*??", "€"));
        assert!(matches("???", b"\xe2\x82x") && matches("??", b"\xe2\x82"));
        assert!(matches("*é", "café") && !matches("*e", "café"));
        assert!(matches("?", b"\xff") && !matches("?", ""));
    }

    /// Matches by the simplest definition.
    fn reference(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([b'*', rest @ ..], text) => (0..=text.len()).any(|at| reference(rest, &text[at..])),
            ([b'?', rest @ ..], [_, text @ ..]) => reference(rest, text),
            ([byte, rest @ ..], [it, text @ ..]) => byte == it && reference(rest, text),
            _ => false,
        }
    }

    /// Returns all words of these bytes, up to a length.
    fn words(bytes: &[u8], length: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..length {
            let longer = |word: &Vec<u8>| {
                bytes.iter().map(|&byte| [&word[..], &[byte]].concat()).collect::<Vec<_>>()
            };
            let next: Vec<_> = all[from..].iter().flat_map(longer).collect();
            from = all.len();
            all.extend(next);
        }
        all
    }

    #[test]
    fn every_short_pattern_matches_what_its_definition_says() {
        let texts = words(b"ab", 6);
        for pattern in words(b"ab?*", 5) {
            let compiled = glob(&pattern);
            for text in &texts {
                let (is, expected) =
                    (compiled.matches(text, |a, b| a == b), reference(&pattern, text));
                assert_eq!(is, expected, "{:?}", (pattern.escape_ascii().to_string(), text));
            }
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        // This pattern takes exponential time in a matcher that goes back to every star.
        let pattern = "a*".repeat(1000) + "b";
        assert!(!matches(&pattern, "a".repeat(10_000)));
    }
}
