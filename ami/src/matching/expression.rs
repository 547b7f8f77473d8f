//! Regular expressions as the suite's tests write them: Python's, matched at the beginning of a
//! value.

use regex::Regex;

/// An expression that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{pattern:?} is no expression that can be matched: {reason}")]
pub struct ExpressionError {
    /// The expression.
    pub pattern: String,
    /// The mistake in it.
    pub reason: String,
    /// Set if it looks around or back, which takes more than linear time and is no mistake.
    pub backtracks: bool,
}

/// A compiled expression, with its source.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    matches: Matches,
}

#[derive(Clone, Debug)]
enum Matches {
    /// The text itself.
    Same,
    /// The text, and more behind it.
    Start,
    /// From the beginning on.
    AtStart(Regex),
    /// Wherever the expression says.
    Anywhere(Regex),
}

impl Expression {
    /// An expression that matches at the beginning of a value, as `re.match` does: `Local/s`
    /// matches `Local/s@default`.
    ///
    /// # Errors
    ///
    /// If it is not one, or looks around or back, which takes more than linear time.
    pub fn at_start(pattern: &str) -> Result<Self, ExpressionError> {
        Ok(Self::new(pattern, Matches::AtStart(compile(pattern, &translated(pattern))?)))
    }

    /// A plain text at the beginning of a value.
    pub fn starting_with(text: &str) -> Self {
        Self::new(text, Matches::Start)
    }

    /// An expression for a whole value.
    ///
    /// # Errors
    ///
    /// As [`at_start`](Self::at_start).
    pub fn whole(pattern: &str) -> Result<Self, ExpressionError> {
        let translated = translated(pattern);
        // What is no expression by itself can be one in brackets, such as `a)(b`.
        compile(pattern, &translated)?;
        let whole = format!(r"\A(?:{translated})\z");
        Ok(Self::new(pattern, Matches::Anywhere(compile(pattern, &whole)?)))
    }

    /// An expression that matches anywhere, as `re.search` does.
    ///
    /// # Errors
    ///
    /// As [`at_start`](Self::at_start).
    pub fn anywhere(pattern: &str) -> Result<Self, ExpressionError> {
        Ok(Self::new(pattern, Matches::Anywhere(compile(pattern, &translated(pattern))?)))
    }

    /// A value that has to be the same.
    pub fn exactly(value: &str) -> Self {
        Self::new(value, Matches::Same)
    }

    fn new(source: &str, matches: Matches) -> Self {
        Self { source: source.to_owned(), matches }
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns whether the expression matches a value.
    pub fn is_match(&self, value: &str) -> bool {
        match &self.matches {
            Matches::Same => value == self.source,
            Matches::Start => value.starts_with(&self.source),
            // If there is one at the beginning it is the first.
            Matches::AtStart(regex) => regex.find(value).is_some_and(|found| found.start() == 0),
            Matches::Anywhere(regex) => regex.is_match(value),
        }
    }
}

fn compile(source: &str, pattern: &str) -> Result<Regex, ExpressionError> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason).to_owned();
        let backtracks = reason.contains("look-around") || reason.contains("backreference");
        ExpressionError { pattern: source.to_owned(), reason, backtracks }
    })
}

/// Escapes what Python takes for a plain character and this engine for more.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    // How many characters of a class are behind us; a bracket at its very beginning is one of them.
    let mut class: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let next = rest.chars().next();
            rest = &rest[next.map_or(0, char::len_utf8)..];
            match next {
                Some('Z') if class.is_none() => out.push_str(r"\z"),
                // Here these are the ends of words.
                Some(plain @ ('<' | '>')) => out.push(plain),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            }
            class = class.map(|seen| seen + 1);
            continue;
        }
        match class {
            Some(seen) => {
                class = (c != ']' || seen == 0).then_some(if c == '^' && seen == 0 {
                    0
                } else {
                    seen + 1
                });
                let means_more = matches!(c, '[' | '&' | '~')
                    || (c == ']' && seen == 0)
                    || (c == '-' && rest.starts_with('-'));
                out.extend(means_more.then_some('\\'));
                out.push(c);
            }
            None => {
                class = (c == '[').then_some(0);
                let is_literal = c == '{' && !is_repetition(rest);
                out.extend(is_literal.then_some('\\'));
                out.push(c);
                // Up to so many times.
                out.extend((c == '{' && !is_literal && rest.starts_with(',')).then_some('0'));
            }
        }
    }
    out
}

/// Returns whether the text behind an opening brace makes it a number of times.
fn is_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else {
        return false;
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match inside.split_once(',') {
        Some((low, high)) => is_number(low) && is_number(high),
        None => is_number(inside) && !inside.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        Expression::at_start(pattern).unwrap().is_match(value)
    }

    #[test]
    fn they_match_at_the_beginning_and_not_at_the_end() {
        assert!(matches("Local/s", "Local/s@default-00000000;1"));
        assert!(!matches("default", "Local/s@default"));
        assert!(!matches("a|b", "xb"));
        assert!(matches("OnlyOneId$", "OnlyOneId") && !matches("OnlyOneId$", "OnlyOneId;2"));
        assert!(!Expression::whole("1|12").unwrap().is_match("123"));
        assert!(Expression::anywhere("x/$").unwrap().is_match("a/x/"));
    }

    #[test]
    fn what_python_takes_as_it_stands_is_taken_as_it_stands() {
        assert!(matches(r"Local/one@default-.{7}0;1", "Local/one@default-00000000;1"));
        assert!(matches("a{b}", "a{b}") && matches("{", "{") && matches("x{}", "x{}"));
        assert!(
            matches("x{,3}$", "xx")
                && !matches("x{,3}$", "xxxx")
                && matches("x{2,}$", "xxx")
                && matches("x{,}$", "xxx")
        );
        assert!(matches("[[]a", "[a") && matches("[]a]+$", "]a") && matches("[^]]$", "a"));
        assert!(
            matches("[a&&b]+$", "a&b") && matches(r"[\]x]+$", "]x") && matches(r"\<a\>", "<a>")
        );
        assert!(matches(r"a\Z", "a") && matches(r"\d+\.\d+", "1.5") && matches("[0-9a-f]+$", "0f"));
    }

    #[test]
    fn an_expression_is_read_by_itself() {
        for pattern in ["a)(b", "a)|(b", "a\\", "[a", "(?P<n>a", "a{3,2}", "x{100000}{1000}"] {
            for read in [Expression::at_start, Expression::whole, Expression::anywhere] {
                let error = read(pattern).unwrap_err();
                assert_eq!(error.pattern, pattern);
                assert!(!error.reason.is_empty(), "{error}");
            }
        }
        assert!(matches("(?x) a b # in words", "abc") && !matches("(?x) a b # in words", "xab"));
        assert!(matches("(?i)PASS$", "pass") && matches("", "anything") && matches("ä+", "ää"));
        assert!(!matches("b|c", "ab") && matches("(?P<first>a)|b", "b"));
        assert!(
            Expression::exactly("a|b").is_match("a|b") && !Expression::exactly("a").is_match("ab")
        );
        // It need not fit into a compiled expression.
        let long = "x".repeat(20_000_000);
        assert!(Expression::exactly(&long).is_match(&long));
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused() {
        for (pattern, backtracks) in
            [("(?=a)", true), ("(?<!a)b", true), (r"(a)\1", true), ("(", false), ("*a", false)]
        {
            let error = Expression::at_start(pattern).unwrap_err();
            assert_eq!(error.backtracks, backtracks, "{error}");
            assert!(
                error.to_string().contains(pattern.trim()) || pattern.contains('\\'),
                "{error}"
            );
        }
    }
}
