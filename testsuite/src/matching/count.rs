//! Counts: the number of times that something has to come.

use std::fmt;

use crate::files::{ConfigError, Node};

/// The numbers of times that are right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    low: usize,
    high: usize,
}

impl Count {
    /// Any number of times.
    pub const ANY: Self = Self { low: 0, high: usize::MAX };

    /// Once, and no more.
    pub(crate) const ONCE: Self = Self { low: 1, high: 1 };

    /// Once or more.
    pub(crate) const AT_LEAST_ONCE: Self = Self { low: 1, high: usize::MAX };

    /// Once or not at all.
    pub const AT_MOST_ONCE: Self = Self { low: 0, high: 1 };

    /// Reads the dialect of AMI events: `3`, `>3` for at least three, `<3` for at most three. Any
    /// number if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is something else.
    pub fn of_ami(node: Option<&Node>) -> Result<Self, ConfigError> {
        Self::of_ami_or(node, Self::ANY)
    }

    /// Reads the same dialect. Returns `default` if there is nothing.
    pub(crate) fn of_ami_or(node: Option<&Node>, default: Self) -> Result<Self, ConfigError> {
        let Some(node) = node else {
            return Ok(default);
        };
        let text = node.expect_text("count")?;
        let (rest, at_least, at_most) = match (text.strip_prefix('>'), text.strip_prefix('<')) {
            (Some(rest), _) => (rest, true, false),
            (_, Some(rest)) => (rest, false, true),
            _ => (text, true, true),
        };
        let Ok(number) = rest.trim().parse() else {
            return Err(node.error(format!(
                "count is {text:?}; expected a number, `>` and a number for at least, or `<` for at most"
            )));
        };
        Ok(Self {
            low: if at_least { number } else { 0 },
            high: if at_most { number } else { usize::MAX },
        })
    }

    /// So many times at least, and so many at most.
    pub(super) fn between(low: usize, high: usize) -> Self {
        Self { low, high }
    }

    /// The least number.
    pub fn least(self) -> usize {
        self.low
    }

    /// Returns whether a number is more than all that are right.
    pub fn is_exceeded_by(self, number: usize) -> bool {
        number > self.high
    }

    /// Returns whether a number is right.
    pub fn has(self, number: usize) -> bool {
        (self.low..=self.high).contains(&number)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (low, usize::MAX) => write!(f, "at least {low}"),
            (0, high) if high > 0 => write!(f, "at most {high}"),
            (low, high) if low < high => write!(f, "{low} to {high}"),
            (low, _) => low.fmt(f),
        }
    }
}

/// A number of times, in words.
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::Document;

    #[test]
    fn counts_are_read_and_told() {
        let count = |text: &str| {
            let document = Document::parse(Path::new("t.yaml"), &format!("{{{text}}}")).unwrap();
            Count::of_ami(document.root.get("count"))
        };
        for (text, told, right, wrong) in [
            ("count: 2", "2", 2, 3),
            ("count: '0'", "0", 0, 1),
            ("count: '>2'", "at least 2", 3, 1),
            ("count: '<2'", "at most 2", 0, 3),
        ] {
            let count = count(text).unwrap();
            assert_eq!(
                (count.to_string(), count.has(right), count.has(wrong)),
                (told.into(), true, false)
            );
        }
        assert_eq!(count("").unwrap(), Count::ANY);
        assert!(
            count("count: many")
                .unwrap_err()
                .to_string()
                .starts_with("t.yaml:1: count is \"many\"")
        );
        assert_eq!([0, 1, 2].map(times), ["never", "once", "2 times"]);
    }
}
