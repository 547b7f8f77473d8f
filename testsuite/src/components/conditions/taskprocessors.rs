//! `taskprocessors`: none that was not there before, such as that of a subscription that nobody
//! ended.

use super::{Check, Seen, component, counted, has_all_rows};
use crate::components::Kind;

/// The type of condition.
pub(super) const KIND: Kind = Kind {
    names: &[
        "taskprocessors",
        "taskprocessor_test_condition.TaskprocessorPreTestCondition",
        "taskprocessor_test_condition.TaskprocessorPostTestCondition",
    ],
    page: include_str!("taskprocessors.md"),
    build: |section| Ok(component(section, Taskprocessors)),
};

/// The beginning of the names of those that come and go with outgoing sessions.
const SESSIONS: &str = "pjsip/outsess/";

struct Taskprocessors;

impl Check for Taskprocessors {
    fn name(&self) -> &'static str {
        "taskprocessors"
    }

    fn command(&self) -> &'static str {
        "core show taskprocessors"
    }

    fn missing(&self) -> &'static str {
        "it has no list of taskprocessors"
    }

    fn is_whole(&self, printed: &str) -> bool {
        has_all_rows(printed, 1)
    }

    /// A name and numbers in each row.
    fn read(&self, printed: &str) -> Seen {
        let rows = printed.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, number) = (words.next()?, words.next()?);
            number.parse::<u64>().is_ok().then(|| name.to_owned())
        });
        counted(rows.filter(|name| !name.starts_with(SESSIONS)))
    }

    fn after(&self, before: &Seen, after: &Seen) -> Vec<String> {
        let new = after.keys().filter(|name| !before.contains_key(*name));
        new.map(|name| format!("{name} was not there before the test")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taskprocessor_that_is_new_is_wrong_and_one_that_is_gone_is_not() {
        let read = |rows: &str| {
            let heading =
                "\nProcessor             Processed   In Queue  Max Depth  Low water High water\n";
            Taskprocessors.read(&format!("{heading}{rows}\n3 taskprocessors\n"))
        };
        let before = read("stasis/a-01   0 0 0 450 500\nstasis/b-02   12 0 1 450 500");
        let after = read("stasis/a-01   9 1 3 450 500\npjsip/outsess/x-03 0 0 0 450 500");
        assert_eq!(Taskprocessors.after(&before, &after), [""; 0]);
        let after = read("stasis/a-01   9 1 3 450 500\nstasis/c-03 0 0 0 450 500");
        let told = Taskprocessors.after(&before, &after);
        assert_eq!(told, ["stasis/c-03 was not there before the test"]);
    }
}
