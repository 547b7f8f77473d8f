use std::fmt::Debug;
use std::time::UNIX_EPOCH;

use super::*;
use crate::value::{ChannelState, DialStatus};
use crate::{Cause, Reason};

/// Returns an event whose field `F` has that value.
fn event(value: &[u8]) -> Event {
    Event::parse([b"Event: E\r\nPF: other\r\nF: ", value, b"\r\nF: second\r\n\r\n"].concat())
        .unwrap()
}

/// Reads the field `F` with these values, the same field with a prefix, and one that is absent.
fn check<T: Debug + PartialEq>(
    read: impl Fn(Field<'_>) -> Result<Option<T>, FieldError>,
    good: impl IntoIterator<Item = (&'static str, T)>,
    bad: &[&str],
) {
    let absent = Event::parse("Event: E\r\nG: 1\r\n\r\n").unwrap();
    assert_eq!(read(Field::new(&absent, "", "F")), Ok(None));
    for empty in ["", " ", "  \t", "(null)"] {
        assert_eq!(read(Field::new(&event(empty.as_bytes()), "", "F")), Ok(None), "{empty:?}");
    }
    for (text, value) in good {
        for text in [text.to_owned(), format!("  {text}\t ")] {
            let event = event(text.as_bytes());
            let found = read(Field::new(&event, "", "F")).unwrap();
            assert_eq!(found.as_ref(), Some(&value), "{text:?}");
            let found = read(Field::new(&event, "P", "F")).unwrap_err();
            assert_eq!((found.field(), found.value()), ("PF", &b"other"[..]));
        }
    }
    let odd = ["x", "é", "null", "<unknown>", "N/A", "1 2"];
    for text in odd.iter().chain(bad) {
        let event = event(text.as_bytes());
        let error = read(Field::new(&event, "", "F")).unwrap_err();
        assert_eq!((error.event(), error.field(), error.value()), ("E", "F", text.as_bytes()));
    }
    for bytes in [&b"\xff"[..], b"1\xff", b"\x001"] {
        let event = event(bytes);
        assert_eq!(read(Field::new(&event, "", "F")).unwrap_err().value(), bytes);
    }
}

#[test]
fn a_text_is_absent_or_as_sent() {
    let text = |value: &[u8]| Field::new(&event(value), "", "F").text().unwrap().into_owned();
    for same in ["", " ", "(null)", "<unknown>", "unknown", "a: b", r"a\nb", "é"] {
        assert_eq!(text(same.as_bytes()), same);
    }
    assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
    let event = event(b"x");
    assert_eq!(Field::new(&event, "", "Absent").text(), None);
    assert_eq!(Field::new(&event, "P", "F").text().unwrap(), "other");
    assert!(matches!(Field::new(&event, "", "F").text(), Some(Cow::Borrowed("x"))));
}

#[test]
fn an_escaped_text_is_unescaped_and_made_text_then() {
    let text = |value: &[u8]| Field::new(&event(value), "", "F").unescaped().unwrap().into_owned();
    assert_eq!(text(br#"a\r\n\"b\""#), "a\r\n\"b\"");
    assert_eq!(text(b"\\\xff\xff"), "\u{fffd}\u{fffd}");
    assert_eq!(
        (text(b""), text(b"\xff"), text(b"\\")),
        (String::new(), "\u{fffd}".to_owned(), "\\".to_owned())
    );
    let event = event(b"plain");
    assert!(matches!(Field::new(&event, "", "F").unescaped(), Some(Cow::Borrowed("plain"))));
    assert_eq!(Field::new(&event, "", "Absent").unescaped(), None);
}

#[test]
fn repeated_texts_are_in_order() {
    let event = event(b"");
    assert_eq!(Field::new(&event, "", "f").texts().collect::<Vec<_>>(), ["", "second"]);
    assert_eq!(Field::new(&event, "", "Absent").texts().count(), 0);
}

#[test]
fn names_ids_and_open_enumerations_are_absent_if_they_say_nothing() {
    for empty in ["", "(null)"] {
        let event = event(empty.as_bytes());
        let field = Field::new(&event, "", "F");
        assert_eq!((field.channel_name(), field.unique_id()), (None, None));
        assert_eq!(field.open::<DialStatus<'_>>(), None);
    }
    let event = event(b"none");
    let field = Field::new(&event, "", "F");
    assert_eq!(field.open::<DialStatus<'_>>(), Some(DialStatus::Other("none".into())));
    for word in ["none", "<unknown>", "<null>"] {
        let event = self::event(word.as_bytes());
        let field = Field::new(&event, "", "F");
        assert_eq!((field.channel_name(), field.unique_id()), (None, None), "{word}");
    }
    let event = self::event(b"noAnswer");
    assert_eq!(Field::new(&event, "", "F").open::<DialStatus<'_>>(), Some(DialStatus::NoAnswer));
}

#[test]
fn numbers_are_of_the_type_asked_for() {
    check(
        |it| it.number::<u8>(),
        [("0", 0), ("255", 255), ("007", 7)],
        &["256", "-1", "1.0", "0x1"],
    );
    check(|it| it.number::<i32>(), [("-5", -5), ("2147483647", i32::MAX)], &["2147483648", "--1"]);
    check(
        |it| it.number::<u64>(),
        [("18446744073709551615", u64::MAX)],
        &["18446744073709551616", "-0x1"],
    );
    check(|it| it.number::<f64>(), [("0.25", 0.25), ("-1", -1.0), ("1e3", 1000.0)], &["1,5"]);
    check(
        |it| it.number::<ChannelState>(),
        [("6", ChannelState::Up), ("-1", ChannelState::Other(-1)), ("up", ChannelState::Up)],
        &["Unknown"],
    );
    check(|it| it.number::<Cause>(), [("16", Cause::new(16))], &["-1"]);
    check(|it| it.number::<Reason>(), [("5", Reason::Busy)], &["-1"]);
}

#[test]
fn hexadecimal_numbers_begin_with_0x() {
    let good = [("0x0", 0), ("0xffffffff", u32::MAX), ("0X1F", 31)];
    check(|it| it.hex(), good, &["0x", "1f", "0x100000000", "0x+1", "-0x1"]);
}

#[test]
fn flags_are_the_words_of_the_server() {
    let yes = ["yes", "Yes", "true", "True", "1", "on", "y", "t"].map(|text| (text, true));
    let no = ["no", "NO", "false", "False", "0", "off", "n", "f"].map(|text| (text, false));
    check(|it| it.flag(), yes.into_iter().chain(no), &["2", "-1", "yess", "none"]);
}

#[test]
fn durations_have_their_unit() {
    let (secs, nanos) = (Duration::from_secs, Duration::from_nanos);
    let bad = ["-1", "+1", "1.", ".5", "1.0000000000", "1:00", "18446744073709551616", "1.+1"];
    let good = [("0", secs(0)), ("3.000000", secs(3)), ("18446744073709551615", secs(u64::MAX))];
    check(|it| it.seconds(), good, &bad);
    check(
        |it| it.millis(),
        [("0", secs(0)), ("1500", nanos(1_500_000_000)), ("0.5", nanos(500_000))],
        &bad,
    );
    let good = [("0", secs(0)), ("1500", nanos(1_500_000)), ("0.5", nanos(500))];
    for (text, time) in good {
        assert_eq!(Field::new(&event(text.as_bytes()), "", "F").micros(), Ok(Some(time)));
    }
    assert_eq!(Field::new(&event(b"N/A"), "", "F").micros(), Ok(None));
    assert!(Field::new(&event(b"-1"), "", "F").micros().is_err());
    let good = [("00:00:00", secs(0)), ("01:02:03", secs(3723)), ("100:00:59", secs(360_059))];
    let bad = ["1:2", "00:60:00", "00:00:60", "-1:00:00", "00:00:00:00", "+1:00:00", ":00:00"];
    let long = ["5124095576030432:00:00", "99999999999999999999:00:00", "1:99999999999999999999:1"];
    check(|it| it.clock(), good, &[&bad[..], &long].concat());
}

#[test]
fn times_are_since_1970_or_have_a_zone() {
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let bad = ["-1", "1.", "18446744073709551615", "2026-01-31"];
    let never = event(b"0");
    assert_eq!(Field::new(&never, "", "F").epoch(), Ok(None));
    check(|it| it.epoch(), [("1", at(1000)), ("1700000000.25", at(1_700_000_000_250))], &bad);
    let good = [
        ("1970-01-01T00:00:00.000+0000", at(0)),
        ("2026-11-22T11:45:52.746+0000", at(1_795_347_952_746)),
        ("2026-11-22T13:45:52.746+0200", at(1_795_347_952_746)),
        ("2026-11-22T06:15:52.746-05:30", at(1_795_347_952_746)),
        ("2026-11-22T11:45:52Z", at(1_795_347_952_000)),
        ("2000-02-29T00:00:00+0000", at(951_782_400_000)),
    ];
    let bad = [
        "2026-11-22T11:45:52.746",
        "2026-11-22 11:45:52",
        "2026-13-22T11:45:52+0000",
        "2026-00-22T11:45:52+0000",
        "2026-11-31T11:45:52+0000",
        "1900-02-29T11:45:52+0000",
        "2026-11-22T24:45:52+0000",
        "2026-11-22T11:60:52+0000",
        "2026-11-22T11:45:61+0000",
        "2026-11-22T11:45:52+2400",
        "2026-11-22T11:45:52+00é",
        "2026-11-22T11:45:52.+0000",
        "é026-11-22T11:45:52+0000",
        "1969-12-31T23:59:59+0000",
        "0000-01-01T00:00:00+0000",
        "-026-11-22T11:45:52+0000",
        "+2026-11-22T11:45:52Z",
    ];
    check(|it| it.date_time(), good, &bad);
}

#[test]
fn an_address_is_an_address_and_not_a_name() {
    let good = ["127.0.0.1:80", "IPV4/UDP/127.0.0.1/80", "::1"].map(|it| (it, it.parse().unwrap()));
    check(|it| it.address(), good, &["Dynamic", "localhost:80", "127.0.0.1:65536"]);
}
