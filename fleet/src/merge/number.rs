//! The number that a server gives to an event.

use ami::Event;

/// Returns the number of an event, from the field `SequenceNumber` that the server writes while
/// `debug` is on in `manager.conf`.
///
/// The field has a fixed place: behind `Event`, `Privilege` and, if there is one, `Timestamp`. A
/// field of that name at another place belongs to the event itself, and anybody who may raise a
/// `UserEvent` can write it. The server counts in an `int`, whose overflow makes the number
/// negative.
pub(crate) fn number(event: &Event) -> Option<u32> {
    let mut lines = event.raw().split(|&byte| byte == b'\n').skip(1);
    lines.next().filter(|line| line.starts_with(b"Privilege: "))?;
    let line = lines.next()?;
    let line = if line.starts_with(b"Timestamp: ") { lines.next()? } else { line };
    let value = line.strip_prefix(b"SequenceNumber: ")?.trim_ascii_end();
    let number: i32 = str::from_utf8(value).ok()?.parse().ok()?;
    Some(number.cast_unsigned())
}

/// Returns the number of events between two numbers, or `None` if the later one is not behind the
/// earlier one.
pub(crate) fn between(earlier: u32, later: u32) -> Option<u64> {
    let distance = later.wrapping_sub(earlier);
    (1..=i32::MAX.cast_unsigned()).contains(&distance).then(|| u64::from(distance) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number_of(text: &str) -> Option<u32> {
        number(&Event::parse(text).unwrap())
    }

    #[test]
    fn the_number_stands_in_its_place() {
        let own = "SequenceNumber: 7\nFile: manager.c\nLine: 1\nFunc: f";
        let text = |before: &str| format!("Event: X\nPrivilege: user,all\n{before}{own}\nA: 1");
        assert_eq!(number_of(&text("")), Some(7));
        assert_eq!(number_of(&text("Timestamp: 1700000000.000250\n")), Some(7));
        assert_eq!(number_of("Event: FullyBooted\nPrivilege: system,all\nUptime: 1"), None);
        for forged in ["UserEvent: X\n", "Timestamp: 1\nTimestamp: 2\n", "Privilege: x\n"] {
            assert_eq!(number_of(&text(forged)), None, "{forged}");
        }
        assert_eq!(number_of("Event: X\nSequenceNumber: 7"), None);
        for odd in ["", "x", "99999999999", "7 8"] {
            assert_eq!(number_of(&format!("Event: X\nPrivilege: a\nSequenceNumber: {odd}")), None);
        }
        // The event's own field behind it does not count.
        assert_eq!(number_of(&format!("{}\nSequenceNumber: 9", text(""))), Some(7));
    }

    #[test]
    fn the_numbers_of_a_server_wrap() {
        let last = number_of("Event: X\nPrivilege: a\nSequenceNumber: 2147483647").unwrap();
        let next = number_of("Event: X\nPrivilege: a\nSequenceNumber: -2147483648").unwrap();
        assert_eq!(between(last, next), Some(0));
        assert_eq!(between(u32::MAX, 2), Some(2), "-1 comes before 0");
        assert_eq!((between(5, 6), between(5, 16)), (Some(0), Some(10)));
        assert_eq!((between(6, 6), between(6, 5), between(0, 1 << 31)), (None, None, None));
    }
}
