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
    /// Set if the expression looks around or back, or gives nothing back (atomic groups,
    /// possessive repetitions): no mistake, but nothing that can be matched in linear time.
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
    /// A match from the beginning on.
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
    /// Returns an error if Python refuses the expression, or if it [backtracks].
    ///
    /// [backtracks]: ExpressionError::backtracks
    pub fn at_start(pattern: &str) -> Result<Self, ExpressionError> {
        Ok(Self::new(pattern, Matches::AtStart(compile(pattern, &translated(pattern)?)?)))
    }

    /// A plain text at the beginning of a value.
    pub fn starting_with(text: &str) -> Self {
        Self::new(text, Matches::Start)
    }

    /// An expression for a whole value.
    ///
    /// # Errors
    ///
    /// The same as those of [`at_start`](Self::at_start).
    pub fn whole(pattern: &str) -> Result<Self, ExpressionError> {
        let translated = translated(pattern)?;
        // What is no expression by itself can be one in brackets, such as `a)(b`.
        compile(pattern, &translated)?;
        let whole = format!(r"\A(?:{translated})\z");
        Ok(Self::new(pattern, Matches::Anywhere(compile(pattern, &whole)?)))
    }

    /// An expression that matches anywhere, as `re.search` does.
    ///
    /// # Errors
    ///
    /// The same as those of [`at_start`](Self::at_start).
    pub fn anywhere(pattern: &str) -> Result<Self, ExpressionError> {
        Ok(Self::new(pattern, Matches::Anywhere(compile(pattern, &translated(pattern)?)?)))
    }

    /// A value that has to be the same.
    pub fn exactly(value: &str) -> Self {
        Self::new(value, Matches::Same)
    }

    fn new(source: &str, matches: Matches) -> Self {
        Self { source: source.to_owned(), matches }
    }

    /// Returns the expression as it was written.
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
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        let backtracks = reason.contains("look-around") || reason.contains("backreference");
        refused(source, reason, backtracks)
    })
}

fn refused(pattern: &str, reason: &str, backtracks: bool) -> ExpressionError {
    ExpressionError { pattern: pattern.to_owned(), reason: reason.to_owned(), backtracks }
}

/// The groups of Python that take more than linear time, and what they are.
const BACKTRACKING: [(&str, &str); 3] = [
    ("?P=", "a backreference to a named group is not supported"),
    ("?(", "a condition on a group is not supported"),
    ("?>", "an atomic group is not supported"),
];

/// Translates an expression of Python to this engine: escapes what Python takes for a plain
/// character and this engine for more, leaves out comments, and refuses what Python refuses.
fn translated(pattern: &str) -> Result<String, ExpressionError> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    // How many characters of a class are behind us; a bracket at its very beginning is one of them.
    let mut class: Option<usize> = None;
    let mut repeated = Repeated::No;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let next = rest.chars().next();
            rest = &rest[next.map_or(0, char::len_utf8)..];
            escape(next, class.is_some(), &mut out);
            class = class.map(|seen| seen + 1);
            repeated = Repeated::No;
            continue;
        }
        if let Some(seen) = class {
            let is_negation = c == '^' && seen == 0;
            class = (c != ']' || seen == 0).then_some(if is_negation { 0 } else { seen + 1 });
            let means_more = matches!(c, '[' | '&' | '~')
                || (c == ']' && seen == 0)
                || (c == '-' && rest.starts_with('-'));
            out.extend(means_more.then_some('\\'));
            out.push(c);
            continue;
        }
        if c == '(' {
            let found = BACKTRACKING.iter().find(|(begin, _)| rest.starts_with(begin));
            if let Some((_, reason)) = found {
                return Err(refused(pattern, reason, true));
            }
            if let Some((_, behind)) =
                rest.strip_prefix("?#").and_then(|comment| comment.split_once(')'))
            {
                rest = behind;
                continue;
            }
        }
        class = (c == '[').then_some(0);
        let is_literal = c == '{' && !is_repetition(rest);
        repeated = repeated
            .then(c, is_literal)
            .map_err(|(reason, backtracks)| refused(pattern, reason, backtracks))?;
        out.extend(is_literal.then_some('\\'));
        out.push(c);
        if c == '{' && !is_literal {
            // Up to so many times.
            out.extend(rest.starts_with(',').then_some('0'));
            let (times, behind) = rest.split_once('}').unwrap_or((rest, ""));
            out.push_str(times);
            out.push('}');
            rest = behind;
        }
    }
    Ok(out)
}

/// Adds an escaped character.
fn escape(escaped: Option<char>, in_class: bool, out: &mut String) {
    match escaped {
        Some('Z') if !in_class => out.push_str(r"\z"),
        // Here these are the ends of words.
        Some(plain @ ('<' | '>')) => out.push(plain),
        Some(escaped) => out.extend(['\\', escaped]),
        None => out.push('\\'),
    }
}

/// The repetition that is directly behind us.
#[derive(Clone, Copy)]
enum Repeated {
    No,
    /// A number of times.
    Times,
    /// The same, as few as possible.
    Lazily,
}

impl Repeated {
    /// Takes the next character. This engine repeats a repetition; Python does not, and a plus
    /// behind one means that it gives nothing back.
    fn then(self, c: char, is_literal: bool) -> Result<Self, (&'static str, bool)> {
        match (self, c) {
            _ if is_literal => Ok(Self::No),
            (Self::No, '*' | '+' | '?' | '{') => Ok(Self::Times),
            (Self::Times, '?') => Ok(Self::Lazily),
            (Self::Times, '+') => Err(("a possessive repetition is not supported", true)),
            (_, '*' | '+' | '?' | '{') => Err(("a repetition is repeated", false)),
            _ => Ok(Self::No),
        }
    }
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
    fn a_repetition_is_repeated_by_nobody_and_a_comment_is_none_of_the_value() {
        assert!(matches("a(?# or b)b$", "ab") && matches(r"\(?#$", "#"));
        assert!(matches("a+?b??c*?$", "abc") && matches("[*+?]+$", "+*"));
        assert!(matches("a{2}?$", "aa") && matches(r"\++$", "++") && matches("(a+)+$", "aa"));
        assert!(matches("a{1,x}+$", "a{1,x}}"));
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused() {
        for (pattern, backtracks) in [
            ("(?=a)", true),
            ("(?<!a)b", true),
            (r"(a)\1", true),
            ("(?P<n>a)(?P=n)", true),
            ("(a)?(?(1)b|c)", true),
            ("(?>a*)a", true),
            ("a*+a", true),
            ("a{2}+a", true),
            ("(", false),
            ("*a", false),
            ("a**", false),
            ("a{2}{3}", false),
            ("a+?+", false),
        ] {
            let error = Expression::at_start(pattern).unwrap_err();
            assert_eq!(error.backtracks, backtracks, "{error}");
            assert!(
                error.to_string().contains(pattern.trim()) || pattern.contains('\\'),
                "{error}"
            );
        }
    }
}
