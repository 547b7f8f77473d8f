//! Tokens of a zone file: words, numbers, texts and signs as Python writes them.

use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use crate::files::ConfigError;

/// A token, and the line in which it begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Placed {
    pub(super) line: usize,
    pub(super) token: Token,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// A name.
    Word(String),
    /// A whole number.
    Number(u64),
    /// The bytes of a text.
    Text(Vec<u8>),
    /// Any other character.
    Sign(char),
}

impl Token {
    /// Returns the token as a message names it.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("the text {:?}", String::from_utf8_lossy(text)),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

/// Returns the tokens of a file. Comments and blanks are none.
pub(super) fn tokens(file: &Path, text: &str) -> Result<Vec<Placed>, ConfigError> {
    let mut reader = Reader { file, chars: text.chars().peekable(), line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = reader.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Reader<'a> {
    file: &'a Path,
    chars: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn next_if(&mut self, is_wanted: impl Fn(char) -> bool) -> Option<char> {
        let next = self.chars.peek().copied().filter(|it| is_wanted(*it));
        next.and_then(|_| self.next())
    }

    fn error(&self, line: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::new(self.file, Some(line), what)
    }

    fn token(&mut self) -> Result<Option<Placed>, ConfigError> {
        loop {
            let line = self.line;
            let token = match self.next() {
                None => return Ok(None),
                Some(' ' | '\t' | '\r' | '\n' | '\u{c}' | '\u{feff}') => continue,
                Some('#') => {
                    while self.next_if(|it| it != '\n').is_some() {}
                    continue;
                }
                Some(quote @ ('\'' | '"')) => Token::Text(self.text(quote, false)?),
                Some(first) if first.is_ascii_digit() => self.number(first)?,
                Some(first) if first.is_alphabetic() || first == '_' => {
                    let mut word = String::from(first);
                    while let Some(more) = self.next_if(|it| it.is_alphanumeric() || it == '_') {
                        word.push(more);
                    }
                    match self.chars.peek() {
                        // A text of bytes has its prefix right before it.
                        Some(&quote @ ('\'' | '"')) if matches!(&*word, "b" | "B") => {
                            self.next();
                            Token::Text(self.text(quote, true)?)
                        }
                        _ => Token::Word(word),
                    }
                }
                Some(sign) => Token::Sign(sign),
            };
            return Ok(Some(Placed { line, token }));
        }
    }

    fn number(&mut self, first: char) -> Result<Token, ConfigError> {
        let line = self.line;
        let mut digits = String::from(first);
        while let Some(more) = self.next_if(|it| it.is_alphanumeric() || matches!(it, '_' | '.')) {
            digits.push(more);
        }
        if !digits.bytes().all(|it| it.is_ascii_digit()) {
            let what = format!("the number {digits} needs Python, expected a whole one");
            return Err(self.error(line, what).unsupported());
        }
        let number = digits.parse();
        number.map(Token::Number).map_err(|_| self.error(line, format!("{digits} is too large")))
    }

    /// Reads a text up to its closing quote.
    fn text(&mut self, quote: char, is_bytes: bool) -> Result<Vec<u8>, ConfigError> {
        let line = self.line;
        let mut text = Vec::new();
        loop {
            match self.next() {
                Some('\\') => self.escaped(&mut text, is_bytes)?,
                Some(it) if it == quote => return Ok(text),
                None | Some('\n') => {
                    return Err(self.error(line, format!("a text has no closing {quote}")));
                }
                Some(it) => push(&mut text, it),
            }
        }
    }

    /// Reads what is behind a backslash.
    fn escaped(&mut self, text: &mut Vec<u8>, is_bytes: bool) -> Result<(), ConfigError> {
        let line = self.line;
        // The end of the file is told as that of the text.
        let Some(escape) = self.next() else { return Ok(()) };
        match escape {
            '\n' => {}
            '\\' | '\'' | '"' => push(text, escape),
            'a' => text.push(0x07),
            'b' => text.push(0x08),
            'f' => text.push(0x0c),
            'n' => text.push(b'\n'),
            'r' => text.push(b'\r'),
            't' => text.push(b'\t'),
            'v' => text.push(0x0b),
            'x' => {
                let digit = |it: char| it.is_ascii_hexdigit();
                let digits = [self.next_if(digit), self.next_if(digit)];
                let [Some(high), Some(low)] = digits.map(|it| it.and_then(|it| it.to_digit(16)))
                else {
                    return Err(self.error(line, "expected two hexadecimal digits behind \\x"));
                };
                push_code(text, high * 16 + low, is_bytes);
            }
            '0'..='7' => {
                let mut code = escape.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let digit = self.next_if(|it| it.is_digit(8)).and_then(|it| it.to_digit(8));
                    code = digit.map_or(code, |digit| code * 8 + digit);
                }
                push_code(text, code, is_bytes);
            }
            'N' | 'u' | 'U' if !is_bytes => {
                let what = format!("the escape \\{escape} needs Python");
                return Err(self.error(line, what).unsupported());
            }
            // Python keeps the backslash of what is no escape.
            _ => {
                text.push(b'\\');
                push(text, escape);
            }
        }
        Ok(())
    }
}

fn push(text: &mut Vec<u8>, it: char) {
    text.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Adds a character by its code: of bytes the byte, which is the lowest eight bits.
fn push_code(text: &mut Vec<u8>, code: u32, is_bytes: bool) {
    match char::from_u32(code) {
        Some(it) if !is_bytes => push(text, it),
        _ => text.push(code.to_le_bytes()[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Token>, ConfigError> {
        let tokens = tokens(Path::new("zone"), text)?;
        Ok(tokens.into_iter().map(|it| it.token).collect())
    }

    #[test]
    fn texts_are_read_as_python_reads_them() {
        for (text, expected) in [
            (r#"'a"b'"#, &b"a\"b"[..]),
            (r#""a'b""#, b"a'b"),
            (r"'\'\\\n\x41\101\0'", b"'\\\nAA\0"),
            (r"b'!^.*$!sip:\\1!'", br"!^.*$!sip:\1!"),
            (r"'\d+'", br"\d+"),
            ("'a\\\nb'", b"ab"),
            (r"b'\xff'", b"\xff"),
            (r"'\xff'", "ÿ".as_bytes()),
            (r"b'\u00e9'", br"\u00e9"),
            ("'é'", "é".as_bytes()),
            (r"B'\777'", b"\xff"),
        ] {
            assert_eq!(read(text).unwrap(), [Token::Text(expected.to_owned())], "{text}");
        }
    }

    #[test]
    fn tokens_have_the_lines_in_which_they_begin() {
        let text = "zone = # a comment = [\n\n\tb 'x\\\ny' 12\r\n)";
        let tokens = tokens(Path::new("zone"), text).unwrap();
        let told: Vec<_> = tokens.iter().map(|it| (it.line, it.token.told())).collect();
        let told: Vec<_> = told.iter().map(|(line, token)| (*line, &**token)).collect();
        let expected = [
            (1, "`zone`"),
            (1, "`=`"),
            (3, "`b`"),
            (3, "the text \"xy\""),
            (4, "`12`"),
            (5, "`)`"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_token_is_refused_with_its_line() {
        for (text, told) in [
            ("\n'abc", "zone:2: a text has no closing '"),
            ("\"abc\n\"", "zone:1: a text has no closing \""),
            ("'abc\\", "zone:1: a text has no closing '"),
            (r"'\x4'", r"zone:1: expected two hexadecimal digits behind \x"),
            ("\n99999999999999999999", "zone:2: 99999999999999999999 is too large"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.to_string(), error.is_unsupported()), (told.to_owned(), false));
        }
        for (text, told) in [
            (r"'\u00e9'", r"the escape \u needs Python"),
            ("0x10", "the number 0x10 needs Python, expected a whole one"),
            ("1.5", "the number 1.5 needs Python, expected a whole one"),
            ("1_000", "the number 1_000 needs Python, expected a whole one"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.reason(), error.is_unsupported()), (told.to_owned(), true));
        }
    }
}
