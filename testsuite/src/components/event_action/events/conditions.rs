//! The conditions of a generic matcher: patterns of messages, each of which has to come so many
//! times.

use std::collections::VecDeque;

use serde_json::Value;

use crate::case::TestCase;
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;
use crate::matching::{Count, Pattern, times};

/// The number of messages without a condition that are told.
const TOLD: usize = 5;

/// The conditions of a matcher, and what came.
pub(super) struct Conditions {
    all: Vec<Condition>,
    on_any: bool,
    on_all: bool,
    /// The last messages that met no condition.
    others: VecDeque<String>,
}

struct Condition {
    place: Node,
    pattern: Pattern,
    count: Count,
    seen: usize,
}

impl Conditions {
    /// Reads `conditions`, `trigger-on-any` and `trigger-on-all`.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let Some(list) = section.part("conditions", "conditions have") else {
            return Err(section.error("expected `conditions:`, a list of texts or of `match:`"));
        };
        list.node().expect_items("conditions")?;
        let all = list.items("a condition has");
        Ok(Self {
            all: all.iter().map(Condition::read).collect::<Result<_, _>>()?,
            on_any: section.is_true("trigger-on-any"),
            on_all: section.truth("trigger-on-all").unwrap_or(true),
            others: VecDeque::new(),
        })
    }

    /// Counts a message for every condition that it meets. One too many fails the test and ends it.
    /// Returns whether the message triggers.
    pub(super) fn take(&mut self, message: &Value, test: &TestCase) -> bool {
        let (mut matched, mut one_has_its_least, mut too_many) = (false, false, false);
        for condition in self.all.iter_mut().filter(|it| it.pattern.matches(message)) {
            matched = true;
            condition.seen += 1;
            one_has_its_least |= condition.has_its_least();
            if condition.is_exceeded() {
                too_many = true;
                condition.tell_excess(message, test);
            }
        }
        if too_many {
            test.stop();
            return false;
        }
        if !matched {
            self.others.push_back(told(message));
            if self.others.len() > TOLD {
                self.others.pop_front();
            }
            return false;
        }
        let all_have = || self.all.iter().all(Condition::has_its_least);
        match (self.on_any, self.on_all) {
            (false, false) => true,
            (any, all) => any && one_has_its_least || all && all_have(),
        }
    }

    /// Fails the test for each condition that was not met so often as it has to be, and passes it
    /// if there is none.
    pub(super) fn judge(&self, test: &TestCase) {
        let mut unmet = self.all.iter().filter(|it| !it.count.has(it.seen)).peekable();
        if unmet.peek().is_none() {
            test.set_passed(true);
        }
        // One too many was told when it came, and has ended the test before others could come.
        if self.all.iter().any(Condition::is_exceeded) {
            return;
        }
        for condition in unmet {
            let details = self.others.iter().map(|it| format!("another message: {it}"));
            test.fail_with(Reason { what: condition.told(), details: details.collect() });
        }
    }
}

impl Condition {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let place = section.node().clone();
        if !place.is_map() {
            let (pattern, count) = (Pattern::read(&place)?, Count::of_condition(None)?);
            return Ok(Self { place, pattern, count, seen: 0 });
        }
        // What matches anything is null, and no key that is missing.
        let patterns = ["match", "optional"].map(|key| (section.truth(key), place.get(key)));
        let [(_, matching), (_, optional)] = patterns;
        let count = section.get("count");
        let (pattern, count) = match (matching, optional) {
            (Some(pattern), None) => (pattern, Count::of_condition(count)?),
            (None, Some(pattern)) if count.is_none() => (pattern, Count::AT_MOST_ONCE),
            _ => {
                let what = "expected `match:`, with or without `count:`, or `optional:` alone";
                return Err(place.error(what));
            }
        };
        let pattern = Pattern::read(pattern)?;
        Ok(Self { place, pattern, count, seen: 0 })
    }

    fn has_its_least(&self) -> bool {
        self.seen >= self.count.least()
    }

    fn is_exceeded(&self) -> bool {
        self.count.is_exceeded_by(self.seen)
    }

    /// A message that is one too many fails the test; further ones do not.
    fn tell_excess(&self, message: &Value, test: &TestCase) {
        if !self.count.is_exceeded_by(self.seen - 1) {
            let details = vec![format!("one too many: {}", told(message))];
            test.fail_with(Reason { what: self.told(), details });
        }
    }

    fn told(&self) -> String {
        let Self { pattern, count, .. } = self;
        let what = format!("{pattern} came {}, expected {count}", times(self.seen));
        self.place.error(what).to_string()
    }
}

fn told(message: &Value) -> String {
    match message {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::job::{Account, Outcome};

    /// Gives messages to conditions, and judges. Returns whether each triggered, and what was said.
    async fn judged(yaml: &str, messages: &[&str]) -> (Vec<bool>, Account) {
        let mut conditions = Conditions::read(&section(yaml)).unwrap();
        let mut triggered = Vec::new();
        let alone = Alone::new(0).await;
        let account = alone
            .play(async |alone| {
                for message in messages {
                    triggered.push(conditions.take(&Value::from(*message), &alone.test));
                }
                conditions.judge(&alone.test);
            })
            .await;
        (triggered, account)
    }

    async fn outcome(conditions: &str, messages: &[&str]) -> (Outcome, String) {
        let (_, account) = judged(&format!("conditions: {conditions}"), messages).await;
        (account.outcome, format!("{:?}", account.reasons))
    }

    #[tokio::test]
    async fn a_message_counts_for_every_condition_that_it_meets() {
        let both = r"['a\.b:1\|c', {match: 'a\.', count: 1-2}]";
        for (messages, outcome_of) in [
            (&["a.b:1|c"][..], Outcome::Passed),
            (&["a.b:1|c", "a.x"], Outcome::Passed),
            (&["a.b:1|c", "z"], Outcome::Passed),
            (&["a.b:1|c", "a.x", "a.y"], Outcome::Failed),
            (&["a.x"], Outcome::Failed),
            (&[], Outcome::Failed),
        ] {
            assert_eq!(outcome(both, messages).await.0, outcome_of, "{messages:?}");
        }
        let none = "[{match: '.*', count: 0}]";
        assert_eq!(outcome(none, &[]).await.0, Outcome::Passed);
        assert_eq!(outcome(none, &["x"]).await.0, Outcome::Failed);
        let optional = "[{optional: 'a'}]";
        for (messages, outcome_of) in
            [(&[][..], Outcome::Passed), (&["a"], Outcome::Passed), (&["a", "a"], Outcome::Failed)]
        {
            assert_eq!(outcome(optional, messages).await.0, outcome_of, "{messages:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_tells_what_came_instead_or_once_too_often() {
        let (_, told) = outcome("[a, b]", &["x1", "a", "x2"]).await;
        assert!(told.contains("test-config.yaml:1: \\\"b\\\" came never, expected 1"), "{told}");
        assert!(told.contains("another message: \\\"x1\\\"") && told.contains("x2"), "{told}");
        let (_, told) = outcome("[{match: a, count: 1-2}]", &["a1", "a2", "a3", "a4"]).await;
        assert!(told.contains("\\\"a\\\" came 3 times, expected 1 to 2"), "{told}");
        assert!(told.contains("one too many: \\\"a3\\\"") && !told.contains("a4"), "{told}");
        let (_, told) = outcome("[a, b]", &["a1", "a2"]).await;
        assert!(!told.contains("came never"), "{told}");
    }

    #[tokio::test]
    async fn one_too_many_ends_the_test() {
        let mut conditions = Conditions::read(&section("conditions: [a]")).unwrap();
        let alone = Alone::new(0).await;
        let account = alone
            .play(async |alone| {
                assert!(conditions.take(&Value::from("a"), &alone.test) && !alone.is_ended());
                assert!(!conditions.take(&Value::from("a"), &alone.test) && alone.is_ended());
            })
            .await;
        assert_eq!(account.outcome, Outcome::Failed);
    }

    #[tokio::test]
    async fn a_message_triggers_by_one_condition_by_all_or_by_itself() {
        let conditions = "conditions: [{match: a, count: '>1'}, {match: b, count: '>0'}]";
        let messages = ["x", "a", "a", "b", "a"];
        for (triggers, expected) in [
            ("", [false, false, false, true, true]),
            ("trigger-on-any: True", [false, false, true, true, true]),
            ("trigger-on-all: False", [false, true, true, true, true]),
            ("{trigger-on-any: True, trigger-on-all: False}", [false, false, true, true, true]),
        ] {
            let keys = triggers.trim_matches(['{', '}']).replace(", ", "\n");
            let (triggered, _) = judged(&format!("{conditions}\n{keys}"), &messages).await;
            assert_eq!(triggered, expected, "{triggers}");
        }
    }
}
