//! The text of a filter: the form that parses back, and one without values.

use std::fmt;

use super::condition::{Condition, Pattern};
use super::glob::Token;
use super::{Filter, Names};

/// Writes the text that [parses](Filter::parse) to this filter, including all values. Predicates,
/// strays and [`Filter::none`] have no text in the language. They are written as words in
/// parentheses, which do not parse.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let mut alternative = |f: &mut fmt::Formatter<'_>, terms: &[Condition]| {
            write!(f, "{between}")?;
            between = ",";
            self.write_terms(f, terms)
        };
        // With alternatives, all names are in them. The names of the filter are then only for the
        // index.
        match &self.names {
            _ if !self.terms().alternatives.is_empty() => {
                for terms in &self.terms().alternatives {
                    alternative(f, terms)?;
                }
            }
            Names::All => alternative(f, &[])?,
            Names::These(names) if names.is_empty() => {
                f.write_str("(no events)")?;
                self.write_rest(f)?;
            }
            Names::These(names) => {
                for name in names {
                    alternative(f, &[Condition::Name(Pattern::Exact(name.to_vec()))])?;
                }
            }
        }
        Ok(())
    }
}

impl Filter {
    /// Writes one alternative.
    fn write_terms(&self, f: &mut fmt::Formatter<'_>, terms: &[Condition]) -> fmt::Result {
        let mut between = "";
        for term in terms {
            write!(f, "{between}{}", Term(term))?;
            between = " ";
        }
        for (name, value) in &self.fields {
            write!(f, "{between}{}={}", Word(name.as_bytes()), Word(value))?;
            between = " ";
        }
        for condition in &self.terms().conditions {
            write!(f, "{between}{}", Term(condition))?;
            between = " ";
        }
        if between.is_empty() {
            f.write_str("*")?;
        }
        self.write_rest(f)
    }

    /// Writes the parts that have no text in the language.
    fn write_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.terms().predicates.len() {
            0 => {}
            1 => f.write_str(" (and a predicate)")?,
            more => write!(f, " (and {more} predicates)")?,
        }
        f.write_str(if self.strays { " (and strays)" } else { "" })?;
        f.write_str(if self.connections { " (and connections)" } else { "" })
    }
}

/// A condition with its value.
struct Term<'a>(&'a Condition);

impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Condition::Name(pattern) => write!(f, "{}", Shown(pattern)),
            Condition::Field { name, not, value } => {
                let name = Word(name.as_bytes());
                write!(f, "{name}{}{}", operator(*not, value), Shown(value))
            }
            Condition::Class(class) => write!(f, "class:{class}"),
        }
    }
}

fn operator(not: bool, value: &Pattern) -> &'static str {
    match (not, value) {
        (false, Pattern::Exact(_)) => "=",
        (true, Pattern::Exact(_)) => "!=",
        (false, Pattern::Glob(_)) => "~",
        (true, Pattern::Glob(_)) => "!~",
    }
}

/// A pattern, quoted where necessary.
struct Shown<'a>(&'a Pattern);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = match self.0 {
            Pattern::Exact(bytes) => return write!(f, "{}", Word(bytes)),
            Pattern::Glob(glob) => glob.tokens(),
        };
        let mut bytes = Vec::new();
        for token in tokens {
            let sign = match token {
                Token::Byte(byte) => {
                    bytes.push(*byte);
                    continue;
                }
                Token::One => "?",
                Token::Many => "*",
            };
            if !bytes.is_empty() {
                write!(f, "{}", Word(&bytes))?;
                bytes.clear();
            }
            f.write_str(sign)?;
        }
        if bytes.is_empty() { Ok(()) } else { write!(f, "{}", Word(&bytes)) }
    }
}

/// Text that stands for itself, quoted where necessary.
struct Word<'a>(&'a [u8]);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./@;+".contains(byte);
        if !self.0.is_empty() && self.0.iter().all(plain) {
            return f.write_str(&String::from_utf8_lossy(self.0));
        }
        f.write_str("\"")?;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' | '\\' => write!(f, "\\{c}")?,
                    c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                    c => write!(f, "{c}")?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str("\"")
    }
}

/// Shows names and operators. Values of fields are left out, because they may be secret.
impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("names", &self.names)
            .field("fields", &self.fields.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("conditions", &self.terms().conditions)
            .field("alternatives", &self.terms().alternatives)
            .field("predicates", &self.terms().predicates.len())
            .field("strays", &self.strays)
            .field("connections", &self.connections)
            .finish()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("All"),
            Self::These(names) => f
                .debug_list()
                .entries(names.iter().map(|name| String::from_utf8_lossy(name)))
                .finish(),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { name, not, value } => {
                write!(f, "{}{}…", Word(name.as_bytes()), operator(*not, value))
            }
            Self::Name(_) | Self::Class(_) => write!(f, "{}", Term(self)),
        }
    }
}
