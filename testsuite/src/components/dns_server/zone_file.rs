//! The grammar of a zone file: `zone = [TYPE(argument, …), …]`, a part of Python's.

use std::iter::Peekable;
use std::path::Path;
use std::vec::IntoIter;

use super::tokens::{Placed, Token, tokens};
use crate::files::ConfigError;

/// A record as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Written {
    pub(super) line: usize,
    /// The type of the record, such as `SRV`.
    pub(super) kind: String,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Argument {
    pub(super) line: usize,
    pub(super) name: Option<String>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Value {
    Number(u64),
    Text(Vec<u8>),
}

/// Reads the records of a zone file.
///
/// # Errors
///
/// Returns an error with the line. What is more than a list of records is
/// [`unsupported`](ConfigError::unsupported).
pub(super) fn parse(file: &Path, text: &str) -> Result<Vec<Written>, ConfigError> {
    let tokens = tokens(file, text)?.into_iter().peekable();
    Parser { file, tokens, line: 1 }.zone()
}

struct Parser<'a> {
    file: &'a Path,
    tokens: Peekable<IntoIter<Placed>>,
    /// The line of the token that was taken last.
    line: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let Placed { line, token } = self.tokens.next()?;
        self.line = line;
        Some(token)
    }

    /// Takes a sign if it is the next token.
    fn takes(&mut self, sign: char) -> bool {
        let is_next = self.tokens.peek().is_some_and(|it| it.token == Token::Sign(sign));
        if is_next {
            self.next();
        }
        is_next
    }

    fn expect(&mut self, sign: char, expected: &str) -> Result<(), ConfigError> {
        match self.next() {
            Some(Token::Sign(it)) if it == sign => Ok(()),
            found => Err(self.foreign(found.as_ref(), expected)),
        }
    }

    /// Says that Python may know what to do with a token.
    fn foreign(&self, found: Option<&Token>, expected: &str) -> ConfigError {
        let Some(found) = found else {
            let what = format!("the file ends too early, expected {expected}");
            return ConfigError::new(self.file, Some(self.line), what);
        };
        let what = format!("{} needs Python, expected {expected}", found.told());
        ConfigError::new(self.file, Some(self.line), what).unsupported()
    }

    fn zone(mut self) -> Result<Vec<Written>, ConfigError> {
        match self.next() {
            Some(Token::Word(word)) if word == "zone" => {}
            found => return Err(self.foreign(found.as_ref(), "`zone = [`")),
        }
        self.expect('=', "`=`")?;
        self.expect('[', "`[`")?;
        let mut records = Vec::new();
        while !self.takes(']') {
            records.push(self.record()?);
            if !self.takes(',') {
                self.expect(']', "`,` or `]`")?;
                break;
            }
        }
        match self.next() {
            None => Ok(records),
            found => Err(self.foreign(found.as_ref(), "the end of the file")),
        }
    }

    fn record(&mut self) -> Result<Written, ConfigError> {
        let kind = match self.next() {
            Some(Token::Word(kind)) => kind,
            found => return Err(self.foreign(found.as_ref(), "a record such as `A(…)`, or `]`")),
        };
        let line = self.line;
        self.expect('(', &format!("`(` behind {kind}"))?;
        let mut arguments = Vec::new();
        while !self.takes(')') {
            arguments.push(self.argument()?);
            if !self.takes(',') {
                self.expect(')', "`,` or `)`")?;
                break;
            }
        }
        Ok(Written { line, kind, arguments })
    }

    fn argument(&mut self) -> Result<Argument, ConfigError> {
        let mut value = self.next();
        let line = self.line;
        let name = match value {
            Some(Token::Word(name)) if self.takes('=') => {
                value = self.next();
                Some(name)
            }
            _ => None,
        };
        let value = match value {
            Some(Token::Number(number)) => Value::Number(number),
            Some(Token::Text(text)) => Value::Text(text),
            found => return Err(self.foreign(found.as_ref(), "a text or a number")),
        };
        Ok(Argument { line, name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Written>, ConfigError> {
        parse(Path::new("zone"), text)
    }

    #[test]
    fn records_have_arguments_in_their_order_and_by_name() {
        let text = "zone = [\n  A('a', ttl=5,), # one\n  X(), ]\n";
        let argument =
            |name: Option<&str>, value| Argument { line: 2, name: name.map(str::to_owned), value };
        let arguments =
            vec![argument(None, Value::Text(b"a".into())), argument(Some("ttl"), Value::Number(5))];
        let a = Written { line: 2, kind: "A".to_owned(), arguments };
        let x = Written { line: 3, kind: "X".to_owned(), arguments: Vec::new() };
        assert_eq!(read(text).unwrap(), [a.clone(), x]);
        assert_eq!(read("zone=[\nA('a',ttl=5)]").unwrap(), [a]);
        assert_eq!(read("zone = []").unwrap(), []);
    }

    #[test]
    fn what_is_more_than_a_list_of_records_needs_python() {
        for (text, told) in [
            ("import os", "1: `import` needs Python, expected `zone = [`"),
            ("zones = []", "1: `zones` needs Python, expected `zone = [`"),
            ("zone\n+= []", "2: `+` needs Python, expected `=`"),
            ("zone = (", "1: `(` needs Python, expected `[`"),
            ("zone = [\n,]", "2: `,` needs Python, expected a record such as `A(…)`, or `]`"),
            ("zone = [A]", "1: `]` needs Python, expected `(` behind A"),
            ("zone = [A() B()]", "1: `B` needs Python, expected `,` or `]`"),
            ("zone = [A(\nname)]", "2: `name` needs Python, expected a text or a number"),
            ("zone = [A(-1)]", "1: `-` needs Python, expected a text or a number"),
            ("zone = [A(ttl=str(1))]", "1: `str` needs Python, expected a text or a number"),
            ("zone = [A('a' 'b')]", "1: the text \"b\" needs Python, expected `,` or `)`"),
            ("zone = [A('a' + b)]", "1: `+` needs Python, expected `,` or `)`"),
            ("zone = []\nmore = 1", "2: `more` needs Python, expected the end of the file"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), format!("zone:{told}"), "{text}");
            assert!(error.is_unsupported(), "{text}");
        }
    }

    #[test]
    fn a_file_that_ends_too_early_is_wrong() {
        for (text, told) in [
            ("# nothing", "1: the file ends too early, expected `zone = [`"),
            ("zone =\n[\n", "2: the file ends too early, expected a record such as `A(…)`, or `]`"),
            ("zone = [A('a'", "1: the file ends too early, expected `,` or `)`"),
            ("zone = [A('a'),\n B(1)\n", "2: the file ends too early, expected `,` or `]`"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), format!("zone:{told}"), "{text}");
            assert!(!error.is_unsupported(), "{text}");
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic() {
        const PIECES: [&str; 20] = [
            "zone", "=", "[", "]", "(", ")", ",", "A", "SOA", "'a.b'", "b'\\x4", "\"", "'", "\\",
            "12", "0x", "#", "\n", "ttl", "é",
        ];
        for seed in 0..20_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut text = if random.bool() { "zone = [".to_owned() } else { String::new() };
            for _ in 0..random.usize(0..20) {
                text += PIECES[random.usize(0..PIECES.len())];
            }
            // Errors have a line, and records a name.
            match read(&text) {
                Ok(records) => assert!(records.iter().all(|it| !it.kind.is_empty())),
                Err(error) => assert!(error.line.is_some_and(|it| it > 0), "{text}"),
            }
        }
    }
}
