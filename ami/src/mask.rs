//! Which classes of events a mask lets through, as the server reads it.
//!
//! `main/manager.c`: `strings_to_mask`, `get_perm` and `ast_instring`, with their oddities. Every word of a list but the
//! last stands for all classes that begin with it, and a blank is part of a word.

/// A class of events that something here depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    bit: u64,
}

pub(crate) const SYSTEM: Class = Class { name: "system", bit: 1 };
pub(crate) const CALL: Class = Class { name: "call", bit: 2 };

/// Whether a mask, given as `Events` of `Login` or as `EventMask`, lets events of a class through.
pub(crate) fn admits(mask: &str, class: Class) -> bool {
    let is = |words: &[&str]| words.iter().any(|word| mask.eq_ignore_ascii_case(word));
    if mask.is_empty() || is(&["yes", "true", "y", "t", "on"]) {
        true
    } else if mask.bytes().all(|byte| byte.is_ascii_digit()) {
        mask.parse().unwrap_or(u64::MAX) & class.bit != 0
    } else {
        !is_nothing(mask) && allows(mask, class)
    }
}

/// Whether a mask asks for no events at all.
pub(crate) fn is_nothing(mask: &str) -> bool {
    let nothing = ["no", "false", "n", "f", "off", "none", "0"];
    nothing.iter().any(|word| mask.eq_ignore_ascii_case(word))
}

/// Whether a list of classes, as in `read` of `manager.conf`, has one.
pub(crate) fn allows(list: &str, class: Class) -> bool {
    [class.name, "all"].iter().any(|name| {
        let mut words = list.split(',');
        let last = words.next_back();
        words.any(|word| name.starts_with(word)) || last == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_as_the_server_reads_them() {
        for (mask, system, call) in [
            ("", true, true),
            ("on", true, true),
            ("Yes", true, true),
            ("off", false, false),
            ("0", false, false),
            // A number is a set of bits, not a truth value.
            ("1", true, false),
            ("2", false, true),
            ("99999999999999999999", true, true),
            ("call,user", false, true),
            ("user,call", false, true),
            ("user, call", false, false),
            ("user,Call", false, false),
            ("c,x", false, true),
            ("x,c", false, false),
            (",x", true, true),
            ("user,all", true, true),
            ("all", true, true),
            ("nothing", false, false),
        ] {
            assert_eq!((admits(mask, SYSTEM), admits(mask, CALL)), (system, call), "{mask:?}");
        }
    }
}
