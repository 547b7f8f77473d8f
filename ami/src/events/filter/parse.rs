//! The parser of filters, from text to conditions.

use super::condition::{Condition, Pattern};
use super::glob::Token;
use crate::wire::EventClass;

/// The error of a text that is not a [filter](crate::Filter::parse).
///
/// ```
/// use ami::Filter;
///
/// let error = Filter::parse("Hangup Cause!16").unwrap_err();
/// assert_eq!((error.column(), error.expected()), (13, "`!=` or `!~`"));
/// assert_eq!(
///     error.to_string(),
///     "invalid filter `Hangup Cause!16`, column 13: expected `!=` or `!~`"
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid filter `{}`, column {column}: expected {expected}", shown(text))]
pub struct FilterError {
    text: String,
    column: usize,
    expected: String,
}

impl FilterError {
    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the column of the error in characters, counted from 1. At the end of the text it is
    /// one more than the number of characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns a description of what was expected at that column.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

/// Returns the text on one line, with each character in its column.
fn shown(text: &str) -> String {
    let one = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(one).collect()
}

const TERM: &str = "an event's name, a condition on a field, or `class:` and a class";

/// Parses the alternatives of a filter, each with the conditions that have to hold together.
pub(super) fn alternatives(text: &str) -> Result<Vec<Vec<Condition>>, FilterError> {
    let mut parser = Parser { text, at: 0 };
    let mut alternatives = Vec::new();
    loop {
        alternatives.push(parser.alternative()?);
        if parser.peek().is_none() {
            return Ok(alternatives);
        }
        // An alternative ends only at a comma or at the end of the text.
        parser.at += 1;
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The position of the next character.
    at: usize,
}

/// The place of a word, which decides where the word ends.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// The beginning of a term. An operator or a colon ends the word, too.
    Name,
    /// The place after an operator. A blank, a comma or the end of the text ends the word.
    Value,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    fn error<T>(&self, at: usize, expected: impl Into<String>) -> Result<T, FilterError> {
        let column = self.text[..at].chars().count() + 1;
        Err(FilterError { text: self.text.to_owned(), column, expected: expected.into() })
    }

    /// Reads up to a comma or the end of the text.
    fn alternative(&mut self) -> Result<Vec<Condition>, FilterError> {
        let mut conditions = Vec::new();
        loop {
            while self.peek().is_some_and(|c| c.is_ascii_whitespace()) {
                self.at += 1;
            }
            let begin = self.at;
            match self.peek() {
                None | Some(',') if conditions.is_empty() => return self.error(begin, TERM),
                None | Some(',') => return Ok(conditions),
                Some(_) => {}
            }
            let condition = self.term()?;
            if conditions.iter().any(|other| excludes(other, &condition)) {
                return self.error(
                    begin,
                    "no second name, for an event has one: a comma is between alternatives",
                );
            }
            conditions.push(condition);
        }
    }

    /// Reads a name, a comparison or a class.
    fn term(&mut self) -> Result<Condition, FilterError> {
        let begin = self.at;
        match self.peek() {
            Some('=' | '~' | ':') => {
                return self.error(begin, "a name directly before the operator");
            }
            Some('!') => {
                return self.error(begin, format!("{TERM} (all but one: `Event!=Name`)"));
            }
            Some('(' | ')') => {
                return self.error(begin, format!("{TERM}; there are no parentheses"));
            }
            _ => {}
        }
        let mut name = self.word(Place::Name)?;
        match self.peek() {
            Some(':') if self.text[begin..self.at].eq_ignore_ascii_case("class") => self.class(),
            Some(':') => {
                self.error(self.at, "`=`, `!=`, `~` or `!~` (a `:` in a name needs quotes)")
            }
            Some('=' | '~' | '!') => self.comparison(begin, &name),
            _ => {
                name.iter_mut().for_each(|token| {
                    if let Token::Byte(byte) = token {
                        byte.make_ascii_lowercase();
                    }
                });
                Ok(Condition::Name(Pattern::new(name)))
            }
        }
    }

    /// Reads the class after `class`.
    fn class(&mut self) -> Result<Condition, FilterError> {
        self.at += 1;
        let begin = self.at;
        let word = literal(&self.word(Place::Value)?);
        let class = EventClass::ALL.iter().find(|it| word.eq_ignore_ascii_case(it.name().as_ref()));
        match class {
            Some(class) => Ok(Condition::Class(*class)),
            None => {
                let all: Vec<_> = EventClass::ALL.iter().map(|class| class.name()).collect();
                self.error(begin, format!("one of the classes {}", all.join(", ")))
            }
        }
    }

    /// Reads the operator after a field's name, and the value.
    fn comparison(&mut self, begin: usize, name: &[Token]) -> Result<Condition, FilterError> {
        if name.iter().any(|token| !matches!(token, Token::Byte(_))) {
            return self.error(begin, "the name of one field (`*` and `?` in it need quotes)");
        }
        let name = match String::from_utf8(literal(name)) {
            Ok(name) if !name.contains(':') => name,
            Ok(_) => return self.error(begin, "the name of a field, which has no `:`"),
            Err(_) => return self.error(begin, "the name of a field in UTF-8"),
        };
        let at = self.at;
        let not = self.peek() == Some('!');
        if not {
            self.at += 1;
        }
        let glob = match self.take() {
            Some('=') => false,
            Some('~') => true,
            _ => return self.error(at, "`!=` or `!~`"),
        };
        match self.peek() {
            Some('=' | '~' | '!') => {
                self.error(self.at, "a value (one that begins with `=`, `~` or `!` needs quotes)")
            }
            Some(c) if c != ',' && !c.is_ascii_whitespace() => {
                let value = self.word(Place::Value)?;
                let value =
                    if glob { Pattern::new(value) } else { Pattern::Exact(literal(&value)) };
                Ok(Condition::Field { name, not, value })
            }
            _ => self
                .error(self.at, "a value directly behind the operator (`\"\"` is the empty one)"),
        }
    }

    /// Reads text, quoted text and escapes up to the end of a word.
    fn word(&mut self, place: Place) -> Result<Vec<Token>, FilterError> {
        let mut tokens = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                ',' => break,
                c if c.is_ascii_whitespace() => break,
                '=' | '~' | '!' | ':' if place == Place::Name => break,
                '"' => self.quoted(&mut tokens)?,
                '\\' => tokens.push(self.escape()?),
                '*' | '?' => {
                    self.at += 1;
                    tokens.push(if c == '*' { Token::Many } else { Token::One });
                }
                _ => self.character(&mut tokens),
            }
        }
        Ok(tokens)
    }

    /// Reads text in quotes.
    fn quoted(&mut self, tokens: &mut Vec<Token>) -> Result<(), FilterError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => tokens.push(self.escape()?),
                Some(_) => self.character(tokens),
                None => return self.error(self.at, "a closing `\"`"),
            }
        }
    }

    /// Reads a character that stands for itself.
    fn character(&mut self, tokens: &mut Vec<Token>) {
        let begin = self.at;
        self.take();
        tokens.extend(self.text[begin..self.at].bytes().map(Token::Byte));
    }

    /// Reads a backslash and the escape after it.
    fn escape(&mut self) -> Result<Token, FilterError> {
        let begin = self.at;
        self.at += 1;
        let byte = match self.take() {
            Some('x') => self.hex(),
            Some(c) if c == ' ' || c.is_ascii_punctuation() => u8::try_from(c).ok(),
            _ => None,
        };
        match byte {
            Some(byte) => Ok(Token::Byte(byte)),
            None => self.error(
                begin,
                "a backslash before a blank or ASCII punctuation, or `\\x` and two hex digits",
            ),
        }
    }

    /// Reads two hexadecimal digits.
    fn hex(&mut self) -> Option<u8> {
        let high = self.take()?.to_digit(16)?;
        let low = self.take()?.to_digit(16)?;
        u8::try_from(high * 16 + low).ok()
    }
}

/// Returns the bytes of a word in which `*` and `?` stand for themselves.
fn literal(tokens: &[Token]) -> Vec<u8> {
    let byte = |token: &Token| match token {
        Token::Byte(byte) => *byte,
        Token::One => b'?',
        Token::Many => b'*',
    };
    tokens.iter().map(byte).collect()
}

/// Returns `true` if no event has both of two names.
fn excludes(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Name(Pattern::Exact(name)), Condition::Name(pattern))
        | (Condition::Name(pattern), Condition::Name(Pattern::Exact(name))) => {
            !pattern.is_name(name)
        }
        _ => false,
    }
}
