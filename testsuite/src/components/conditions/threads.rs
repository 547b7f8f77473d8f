//! `threads`: as many of each name after the test as before.

use super::{Check, Seen, changes, component, counted, has_all_rows};
use crate::case::Component;
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The type of condition.
pub(super) const KIND: Kind = Kind {
    names: &[
        "threads",
        "thread_test_condition.ThreadPreTestCondition",
        "thread_test_condition.ThreadPostTestCondition",
    ],
    page: include_str!("threads.md"),
    build,
};

/// The thread of a command line, such as the one that is asked.
const CONSOLE: &str = "netconsole";

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let mut ignored = vec![CONSOLE.to_owned()];
    if let Some(names) = section.get("ignored-threads") {
        let names = if names.text().is_some() {
            std::slice::from_ref(names)
        } else {
            names.expect_items("ignored-threads")?
        };
        for name in names {
            ignored.push(name.expect_text("the name of a thread")?.to_owned());
        }
    }
    Ok(component(section, Threads { ignored }))
}

struct Threads {
    ignored: Vec<String>,
}

impl Check for Threads {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn command(&self) -> &'static str {
        "core show threads"
    }

    fn missing(&self) -> &'static str {
        "it was built with LOW_MEMORY"
    }

    fn is_whole(&self, printed: &str) -> bool {
        has_all_rows(printed, 0)
    }

    /// `0x7f9a1e18c6c0 6912 name started at …`
    fn read(&self, printed: &str) -> Seen {
        let rows = printed.lines().filter(|line| line.starts_with("0x"));
        let names = rows.filter_map(|line| line.split_whitespace().nth(2));
        let names = names.filter(|name| !self.ignored.iter().any(|it| it == name));
        counted(names.map(str::to_owned))
    }

    fn after(&self, before: &Seen, after: &Seen) -> Vec<String> {
        changes(before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted_by_their_names_but_for_those_that_are_ignored() {
        let printed = "0x7f01 6912 netconsole           started at [ 1588] asterisk.c listener()\n0x7f02 6909 scan_thread started at [  957] pbx_spool.c load_module()\n0x7f03 6901 sched_run            started at [  216] sched.c x()\n0x7f04 6902 sched_run            started at [  216] sched.c x()\n4 threads listed.\n";
        let threads = Threads { ignored: vec![CONSOLE.to_owned(), "scan_thread".to_owned()] };
        let seen = threads.read(printed);
        assert_eq!(seen, Seen::from([("sched_run".to_owned(), 2)]));
        assert_eq!(threads.after(&seen, &seen), [""; 0]);
        let told = threads.after(&seen, &Seen::new());
        assert_eq!(told, ["sched_run: 2 before the test, 0 after it"]);
    }
}
