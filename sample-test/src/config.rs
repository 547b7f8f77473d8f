//! `test-config.yaml`, as far as this test needs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::DuplicateKeyPolicy;

/// The description of the test.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct TestConfig {
    pub(crate) summary: String,
    pub(crate) timeout: Duration,
}

#[derive(Deserialize)]
struct Document {
    testinfo: TestInfo,
    #[serde(default, rename = "test-modules")]
    modules: TestModules,
    #[serde(rename = "reactor-timeout")]
    timeout: Option<f64>,
}

#[derive(Deserialize)]
struct TestInfo {
    summary: String,
}

#[derive(Default, Deserialize)]
struct TestModules {
    #[serde(default, rename = "test-object")]
    object: TestObject,
}

#[derive(Default, Deserialize)]
struct TestObject {
    #[serde(rename = "config-section")]
    section: Option<String>,
}

/// The configuration of the test object.
#[derive(Deserialize)]
struct Section {
    #[serde(rename = "reactor-timeout")]
    timeout: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnySection {
    This(Section),
    Other(IgnoredAny),
}

impl TestConfig {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Self::parse(&text))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Document = yaml(text)?;
        let timeout = match &document.modules.object.section {
            None => document.timeout,
            // As upstream does: a section that is not there stands for the whole document.
            Some(name) => match yaml::<BTreeMap<String, AnySection>>(text)?.remove(name) {
                Some(AnySection::This(section)) => section.timeout,
                Some(AnySection::Other(_)) => None,
                None => document.timeout,
            },
        };
        let timeout = timeout.unwrap_or(30.0);
        // A year is as good as for ever, and can be added to any time.
        if !(0.0..=31_536_000.0).contains(&timeout) {
            return Err(format!("reactor-timeout: expected a number of seconds, got {timeout}"));
        }
        let timeout = Duration::from_secs_f64(timeout);
        Ok(Self { summary: document.testinfo.summary, timeout })
    }
}

/// Reads YAML as PyYAML does, with the last of duplicate keys.
fn yaml<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(text: &str) -> Result<u64, String> {
        TestConfig::parse(&format!("testinfo:\n    summary: s\n{text}"))
            .map(|config| config.timeout.as_secs())
    }

    #[test]
    fn the_time_out_is_that_of_the_test_object() {
        assert_eq!(timeout(""), Ok(30));
        assert_eq!(timeout("reactor-timeout: 5"), Ok(5));
        let object = "test-modules:\n    test-object:\n        config-section: mine\n";
        assert_eq!(timeout(&format!("{object}mine:\n    reactor-timeout: 7\nother: [1]\n")), Ok(7));
        assert_eq!(timeout(&format!("{object}reactor-timeout: 8\n")), Ok(8));
    }

    #[test]
    fn the_last_of_duplicate_keys_wins() {
        assert_eq!(timeout("reactor-timeout: 5\nreactor-timeout: 6"), Ok(6));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let error = TestConfig::parse("testinfo: {}").unwrap_err();
        assert!(error.contains("summary"), "{error}");
        assert!(timeout("reactor-timeout: -1").unwrap_err().contains("reactor-timeout"));
    }
}
