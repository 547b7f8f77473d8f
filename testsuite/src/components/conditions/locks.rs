//! `locks`: no thread waits for a lock, on a server built with `DEBUG_THREADS`.

use super::{Check, Seen, component};
use crate::components::Kind;

/// The type of condition.
pub(super) const KIND: Kind = Kind {
    names: &["locks", "lock_test_condition.LockTestCondition"],
    page: include_str!("locks.md"),
    build: |section| Ok(component(section, Locks)),
};

struct Locks;

fn wrong(seen: &Seen) -> Vec<String> {
    seen.keys().map(|it| format!("a thread waits for a lock: {it}")).collect()
}

impl Check for Locks {
    fn name(&self) -> &'static str {
        "locks"
    }

    fn command(&self) -> &'static str {
        "core show locks"
    }

    fn missing(&self) -> &'static str {
        "it was built without DEBUG_THREADS"
    }

    /// `=== Thread ID: …`, and below it its locks: those that it holds and the one that it waits
    /// for.
    fn read(&self, printed: &str) -> Seen {
        let (mut seen, mut thread) = (Seen::new(), "");
        for line in printed.lines().map(|line| line.trim_start_matches(['=', ' '])) {
            if let Some(told) = line.strip_prefix("Thread ID:") {
                thread = told.trim();
            } else if let Some(lock) = line.strip_prefix("---> Waiting for ") {
                seen.insert(format!("{thread}: {}", lock.trim()), 1);
            }
        }
        seen
    }

    fn before(&self, seen: &Seen) -> Vec<String> {
        wrong(seen)
    }

    fn after(&self, _: &Seen, after: &Seen) -> Vec<String> {
        wrong(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_held_is_well_and_one_that_is_waited_for_is_not() {
        let held = "=== Thread ID: 0x7f01 (do_monitor started at [ 10] a.c restart())\n=== ---> Lock #0 (a.c): MUTEX 99 f 0x55 (1)\n=== -------------------\n";
        assert!(Locks.read(held).is_empty());
        let waits = format!(
            "{held}=== Thread ID: 0x7f02 (other)\n=== ---> Lock #0 (a.c): MUTEX 9 f 0x56 (1)\n=== ---> Waiting for Lock #1 (b.c): MUTEX 7 g 0x55 (1)\n"
        );
        let told = ["a thread waits for a lock: 0x7f02 (other): Lock #1 (b.c): MUTEX 7 g 0x55 (1)"];
        assert_eq!(Locks.before(&Locks.read(&waits)), told);
        assert_eq!(Locks.after(&Seen::new(), &Locks.read(&waits)), told);
    }
}
