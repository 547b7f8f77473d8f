//! The tests that a command line chooses.

use ami::{Expression, ExpressionError};

use crate::files::{FoundTest, Suite, suggest};
use crate::job::Options;

/// The tests that the options choose, in the order of their names.
pub(crate) fn chosen<'a>(
    suite: &'a Suite,
    options: &Options,
) -> Result<Vec<&'a FoundTest>, ExpressionError> {
    let expressions = |patterns: &[String]| {
        patterns.iter().map(|it| Expression::anywhere(it)).collect::<Result<Vec<_>, _>>()
    };
    let (only, not) = (expressions(&options.test_regex)?, expressions(&options.skip_test_regex)?);
    let prefixes: Vec<_> = options.tests.iter().map(|it| prefix(it)).collect();
    let is_chosen = |test: &&FoundTest| {
        let path = format!("{}/", test.name);
        let tags = test.config.as_ref().map(|it| it.tags.as_slice()).unwrap_or_default();
        let has = |wanted: &[String]| tags.iter().any(|tag| wanted.contains(tag));
        options.target.as_ref().is_none_or(|target| target.names.contains(&test.name))
            && (prefixes.is_empty() || prefixes.iter().any(|it| path.starts_with(it)))
            && (only.is_empty() || only.iter().any(|it| it.is_match(&path)))
            && !not.iter().any(|it| it.is_match(&path))
            && (options.tags.is_empty() || has(&options.tags))
            && !has(&options.skip_tags)
    };
    let chosen = suite.tests.iter().filter(is_chosen).enumerate();
    let is_in_shard = |(at, test): (usize, &'a FoundTest)| match options.shard {
        Some((part, of)) => (at % of == part - 1).then_some(test),
        None => Some(test),
    };
    Ok(chosen.filter_map(is_in_shard).collect())
}

/// Refuses a name that stands for no test: it is probably mistyped.
pub(crate) fn check_names(suite: &Suite, options: &Options) -> Result<(), String> {
    let is_there = |name: &&String| {
        let prefix = prefix(name);
        suite.tests.iter().any(|test| format!("{}/", test.name).starts_with(&prefix))
    };
    match options.tests.iter().find(|name| !is_there(name)) {
        None => Ok(()),
        Some(name) => {
            let names = suite.tests.iter().map(|test| &*test.name);
            let hint = suggest::hint(prefix(name).trim_end_matches('/'), names);
            Err(format!("--test {name} is none of the {} tests{hint}", suite.tests.len()))
        }
    }
}

/// `tests/apps/echo`, `apps/echo`, `./tests/apps/echo/` and `apps.echo` are the same: that test, or
/// those below it.
fn prefix(text: &str) -> String {
    let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
    let path = if text.contains('/') { text.to_owned() } else { text.replace('.', "/") };
    let path =
        if path == "tests" || path.starts_with("tests/") { path } else { format!("tests/{path}") };
    format!("{path}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_in_several_ways() {
        for text in
            ["tests/apps/echo", "./tests/apps/echo", "apps/echo", "apps.echo", "tests.apps.echo"]
        {
            assert_eq!(prefix(text), "tests/apps/echo/", "{text}");
        }
        assert_eq!(prefix("tests"), "tests/");
    }
}
