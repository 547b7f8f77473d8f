//! Which keys the suite's objects read. Whatever else a file has is read by nobody, and often a
//! slip of the pen.

use crate::files::yaml::{ConfigError, Node};

/// The keys of a mapping.
pub(crate) type Keys = &'static [&'static str];

pub(crate) const TOP: Keys = &["testinfo", "properties", "test-modules"];

pub(crate) const TEST_INFO: Keys = &["summary", "description", "skip", "issues"];

pub(crate) const PROPERTIES: Keys = &[
    "dependencies",
    "tags",
    "features",
    "expectedResult",
    "expected-result",
    "testconditions",
    "minversion",
    "maxversion",
    "forced-version",
];

pub(crate) const TEST_MODULES: Keys = &[
    "test-object",
    "modules",
    "add-test-to-search-path",
    "add-to-search-path",
    "add-relative-to-search-path",
];

pub(crate) const MODULE: Keys = &["typename", "config-section", "minversion", "maxversion"];

/// Of the suite's own file.
pub(crate) const GLOBAL: Keys = &["test-configuration", "condition-definitions"];

/// Of the section in it that counts. With modules it has their sections as well.
pub(crate) const ACTIVE: Keys =
    &["exclude-tests", "properties", "asterisk-instances", "test-modules", "forced-version"];

/// What every test object reads.
const OBJECT: Keys = &[
    "config-path",
    "base-files-path",
    "reactor-timeout",
    "memcheck-delay-stop",
    "ast-config-options",
    "log-full",
    "log-messages",
    "allow-ami-reconnects",
];

/// What an object or module reads: keys of its section, or of each item where that is a list.
struct Shape {
    typename: &'static str,
    /// Whether it reads what every test object does.
    object: bool,
    keys: Keys,
}

const SHAPES: [Shape; 7] = [
    Shape {
        typename: "test_case.TestCaseModule",
        object: true,
        keys: &["asterisk-instances", "connect-ami", "connect-agi"],
    },
    Shape {
        typename: "test_case.SimpleTestCase",
        object: true,
        keys: &[
            "test-iterations",
            "expected_events",
            "ignore-originate-failures",
            "spawn-after-hangup",
            "end-test-delay",
            "stop-on-end",
        ],
    },
    Shape {
        typename: "ami.AMIEventModule",
        object: false,
        keys: &[
            "type",
            "id",
            "conditions",
            "requirements",
            "count",
            "action",
            "callbackModule",
            "callbackMethod",
            "escape-pattern",
            "start",
        ],
    },
    Shape {
        typename: "pluggable_modules.HangupMonitor",
        object: false,
        keys: &["ids", "min_calls"],
    },
    Shape {
        typename: "pluggable_modules.Originator",
        object: false,
        keys: &[
            "id",
            "channel",
            "application",
            "data",
            "context",
            "exten",
            "priority",
            "trigger",
            "event",
            "scenario-name",
            "scenario-trigger-after",
            "ignore-originate-failure",
            "timeout",
            "codecs",
            "async",
            "account",
            "callerid",
            "variable",
        ],
    },
    Shape { typename: "cdr.CDRModule", object: false, keys: &["id", "file", "lines"] },
    Shape { typename: "cel.CELModule", object: false, keys: &["id", "file", "lines"] },
];

/// The keys of a call of `test_case.SimpleTestCase`.
const CALL: Keys = &[
    "channel",
    "application",
    "data",
    "context",
    "exten",
    "priority",
    "variable",
    "account",
    "async",
    "channelid",
    "otherchannelid",
];

/// Keys of a section that its object does not read.
pub(crate) fn unread(typename: &str, section: &Node) -> Vec<ConfigError> {
    let Some(shape) = SHAPES.iter().find(|shape| shape.typename == typename) else {
        return Vec::new();
    };
    let keys: Vec<_> =
        shape.keys.iter().chain(if shape.object { OBJECT } else { &[] }).copied().collect();
    let maps = if section.is_map() { std::slice::from_ref(section) } else { section.items() };
    let mut errors: Vec<_> =
        maps.iter().flat_map(|map| unknown(map, &format!("{typename} reads"), &keys)).collect();
    if typename.ends_with(".SimpleTestCase") {
        let calls = section.get("test-iterations").map(Node::items).unwrap_or_default();
        errors.extend(calls.iter().flat_map(|call| unknown(call, "a call has", CALL)));
    }
    if typename == "ami.AMIEventModule" {
        let parts = maps.iter().flat_map(|map| {
            let conditions = map.get("conditions").into_iter();
            let requirements = map.get("requirements").into_iter();
            conditions.chain(requirements.clone()).chain(requirements.flat_map(Node::items))
        });
        let has = "conditions and requirements have";
        let keys: Keys = &["match", "nomatch", "partialorder", "id"];
        errors.extend(parts.flat_map(|part| unknown(part, has, keys)));
    }
    errors
}

/// Keys of a mapping that are none of those.
pub(crate) fn unknown(map: &Node, what: &str, keys: &[&str]) -> Vec<ConfigError> {
    let unknown = map.entries().filter_map(|(key, _)| Some((key, key.text()?)));
    let unknown = unknown.filter(|(_, name)| !keys.contains(name));
    unknown
        .map(|(key, name)| {
            let hint = hint(name, keys.iter().copied());
            key.error(format!("{what} no {name}{hint}"))
        })
        .collect()
}

/// What to say of the one of some names that was probably meant.
pub(crate) fn hint<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map(|like| format!("; is it {like}?")).unwrap_or_default()
}

/// The one of some names that was probably meant.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // To compare longer ones takes too long.
    const LONGEST: usize = 100;
    if name.len() > LONGEST {
        return None;
    }
    let bare = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let wanted = bare(name);
    let near = names.filter(|it| it.len() <= LONGEST).filter_map(|it| {
        let name = bare(it);
        let distance = strsim::damerau_levenshtein(&wanted, &name);
        // A third of the letters wrong is another word, but one that lacks some may be a short
        // form.
        let is_like = distance * 3 <= wanted.len().max(4) || is_short_for(&wanted, &name);
        is_like.then_some((distance, it))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, like)| like)
}

/// Whether a word has the letters of another in their order, but for some.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() >= 4 && short.chars().all(|c| letters.any(|it| it == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let object = |name| nearest(name, OBJECT.iter().copied());
        assert_eq!(object("memcyheck-delay-stop"), Some("memcheck-delay-stop"));
        assert_eq!(object("reactor_timeout"), Some("reactor-timeout"));
        assert_eq!(object("flavour"), None);
        let top = |name| nearest(name, TOP.iter().copied());
        assert_eq!(
            (top("test-info"), top("tinfo"), top("proprties")),
            (Some("testinfo"), Some("testinfo"), Some("properties"))
        );
        assert_eq!(nearest("min-calls", ["ids", "min_calls"].into_iter()), Some("min_calls"));
    }
}
