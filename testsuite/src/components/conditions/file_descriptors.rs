//! `file-descriptors`: as many of each origin after the test as before, on a server built with
//! `DEBUG_FD_LEAKS`.

use super::{Check, Seen, changes, component, counted};
use crate::components::Kind;

/// The type of condition.
pub(super) const KIND: Kind = Kind {
    names: &[
        "file-descriptors",
        "fd_test_condition.FdPreTestCondition",
        "fd_test_condition.FdPostTestCondition",
    ],
    page: include_str!("file_descriptors.md"),
    build: |section| Ok(component(section, FileDescriptors)),
};

struct FileDescriptors;

impl Check for FileDescriptors {
    fn name(&self) -> &'static str {
        "file-descriptors"
    }

    fn command(&self) -> &'static str {
        "core show fd"
    }

    fn missing(&self) -> &'static str {
        "it was built without DEBUG_FD_LEAKS"
    }

    /// `number file:line (function): call(arguments)`, below the largest number that there may be.
    fn read(&self, printed: &str) -> Seen {
        let rows = printed.lines().filter_map(|line| {
            let (number, origin) = line.trim_start().split_once(' ')?;
            number.parse::<u32>().ok()?;
            let origin = origin.split_whitespace().collect::<Vec<_>>().join(" ");
            // Media comes and goes by UDP.
            let is_udp = origin.contains("SOCK_DGRAM") || origin.contains("\"udp\"");
            (!is_udp).then_some(origin)
        });
        counted(rows)
    }

    fn after(&self, before: &Seen, after: &Seen) -> Vec<String> {
        changes(before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_counted_by_their_origin_but_for_udp() {
        let printed = "Current maxfiles: 1024\n    3        logger.c:1234    (init_logger              ): open(\"/x/messages\",O_APPEND)\n   14            db.c:77      (f                        ): socket(PF_INET,SOCK_DGRAM,\"udp\")\n   15            db.c:78      (g                        ): pipe({15,16})\n";
        let seen = FileDescriptors.read(printed);
        let names: Vec<_> = seen.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "db.c:78 (g ): pipe({15,16})",
                "logger.c:1234 (init_logger ): open(\"/x/messages\",O_APPEND)"
            ]
        );
        let told = FileDescriptors.after(&Seen::new(), &seen);
        assert_eq!(told[0], "db.c:78 (g ): pipe({15,16}): 0 before the test, 1 after it");
    }
}
