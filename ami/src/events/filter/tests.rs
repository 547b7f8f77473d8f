use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::events::{Buffer, Item, Publisher, Subscribers, Subscription};
use crate::wire::{EventClass, Message};

fn event(text: &[u8]) -> Event {
    Event::new(Message::of_lines(Bytes::from([b"Event: ", text, b"\r\n\r\n"].concat())))
}

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn same(one: &Filter, other: &Filter) -> bool {
    (&one.names, &one.fields, &one.terms().conditions, &one.terms().alternatives)
        == (&other.names, &other.fields, &other.terms().conditions, &other.terms().alternatives)
}

#[test]
fn one_alternative_lands_where_code_would_put_it() {
    for (text, code) in [
        ("Hangup", Filter::named(["Hangup"])),
        (" Hangup\t", Filter::named(["hangup"])),
        ("Newstate,Hangup , hangup", Filter::named(["Hangup", "Newstate"])),
        ("Hangup Cause=17", Filter::named(["Hangup"]).field("Cause", "17")),
        ("Cause=17 Hangup", Filter::named(["Hangup"]).field("Cause", "17")),
        ("Hangup Cause~17", Filter::named(["Hangup"]).field("Cause", "17")),
        ("Uniqueid=1.2", Filter::all().field("Uniqueid", "1.2")),
        ("a=1 b=2", Filter::all().field("a", "1").field("b", "2")),
        ("*", Filter::all()),
        ("** Exten=*98?", Filter::all().field("Exten", "*98?")),
        (r#""Hang up" "a b"="x,\"\\\xff""#, {
            Filter::named(["hang up"]).field("a b", b"x,\"\\\xff")
        }),
        (r#"a\ b=x\,\*\x2a"#, Filter::all().field("a b", "x,**")),
        ("'Hangup'", Filter::named(["'hangup'"])),
        ("AppData=a=b~!c:d", Filter::all().field("AppData", "a=b~!c:d")),
    ] {
        assert!(same(&parse(text), &code), "{text}: {:?}, {code:?}", parse(text));
    }
}

#[test]
fn names_are_anything_that_is_text() {
    let (owned, expected) = (vec!["A".to_owned(), "B".to_owned()], Filter::named(["b", "a", "A"]));
    assert!(same(&Filter::named(&owned), &expected));
    assert!(same(&Filter::named(owned.iter().map(|name| &**name)), &expected));
    assert!(same(&Filter::named(owned), &expected));
}

#[test]
fn the_names_of_alternatives_are_the_key_if_each_has_one() {
    let names = |text| match parse(text).names {
        Names::All => None,
        Names::These(names) => {
            Some(names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
        }
    };
    let these =
        |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(names("B x=1,A y!=2,B"), these(&["a", "b"]));
    assert_eq!(names("A x~*,class:call B"), these(&["a", "b"]));
    assert_eq!(names("A,B*"), None);
    assert_eq!(names("A,x=1"), None);
    assert_eq!(names("A*"), None);
    assert_eq!(names("A* Ab"), these(&["ab"]));
    let subscribers = Arc::new(Subscribers::default());
    let add = |text| Subscription::new(&subscribers, parse(text), Buffer::default());
    let _subscriptions = [add("A x=1"), add("A x=2 y!=3"), add("A x=3 z~q*")];
    assert_eq!(subscribers.buckets(), [1], "all are found by the one field");
}

#[test]
fn errors_name_the_column_and_what_is_right_there() {
    let term = "an event's name, a condition on a field, or `class:` and a class";
    for (text, column, expected) in [
        ("", 1, term),
        ("  ", 3, term),
        (",a", 1, term),
        ("a,,b", 3, term),
        ("a, ", 4, term),
        ("ä,", 3, term),
        ("Cause = 16", 7, "a name directly before the operator"),
        ("=16", 1, "a name directly before the operator"),
        ("Cause= 16", 7, "a value directly behind"),
        ("Cause=", 7, "a value directly behind"),
        ("Cause!=,x", 8, "a value directly behind"),
        ("Cause==16", 7, "a value (one that begins with `=`"),
        ("Cause=~16", 7, "a value (one that begins with `=`"),
        ("Cause~=16", 7, "a value (one that begins with `=`"),
        ("Cause!16", 6, "`!=` or `!~`"),
        ("Cause!", 6, "`!=` or `!~`"),
        ("!Hangup", 1, "(all but one: `Event!=Name`)"),
        ("(a,b) c", 1, "there are no parentheses"),
        ("Cause:16", 6, "`=`, `!=`, `~` or `!~`"),
        ("\"class\":agent", 8, "`=`, `!=`, `~` or `!~`"),
        ("class:agents", 7, "one of the classes system, call, "),
        ("class:", 7, "one of the classes system, call, "),
        ("*Channel~a", 1, "the name of one field"),
        ("\"a:b\"=c", 1, "which has no `:`"),
        ("a\\xff=c", 1, "the name of a field in UTF-8"),
        ("x=\"abc", 7, "a closing `\"`"),
        ("x=\\d", 3, "a backslash before"),
        ("x=\"\\x4\"", 4, "a backslash before"),
        ("x=\\", 3, "a backslash before"),
        ("Hangup Newchannel", 8, "a comma is between"),
        ("Hangup Queue*", 8, "a comma is between"),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!((error.column(), error.text()), (column, text), "{error}");
        assert!(error.expected().contains(expected), "{error}");
    }
    let lines = Filter::parse("a\nx=\u{1},").unwrap_err().to_string();
    assert!(lines.starts_with("invalid filter `a x=\u{fffd},`, column 7: expected an"), "{lines}");
}

#[test]
fn classes_are_those_that_the_server_wrote() {
    for (fields, agent, call) in [
        ("X\r\nPrivilege: agent,all", true, false),
        ("X\r\nPrivilege: call,agent,all", true, true),
        // Items of `Status` have this form.
        ("X\r\nPrivilege: Call", false, true),
        ("X\r\nPrivilege: agents,all", false, false),
        ("X\r\nPrivilege: <none>", false, false),
        ("X", false, false),
        // A field of a `UserEvent` comes after the server's.
        ("X\r\nPrivilege: call,all\r\nPrivilege: agent", false, true),
    ] {
        let event = event(fields.as_bytes());
        let is = (parse("class:agent").matches(&event), parse("CLASS:Call").matches(&event));
        assert_eq!(is, (agent, call), "{fields}");
    }
    for class in EventClass::ALL {
        parse(&format!("class:{class}"));
    }
}

#[test]
fn of_an_event_that_is_lost_its_beginning_decides_as_far_as_it_can() {
    let beginning = event(b"Hangup\r\nPrivilege: call,all\r\nCause: 16\r\nCause: 17");
    for (text, may) in [
        ("Hangup", true),
        ("H*", true),
        ("Q*", false),
        ("class:call", true),
        ("class:agent", false),
        ("Cause=16", true),
        ("Cause=18", false),
        ("Cause~1?", true),
        ("Cause~2?", false),
        ("Cause!=16", false),
        ("Cause!=18", true),
        ("Cause!~1*", false),
        ("Cause!~*", false),
        ("Later=1", true),
        ("Later~1*", true),
        ("Later!=1", true),
        ("Later!~*", true),
        ("Cause=18,Later=1", true),
        ("Cause=18,Hangup Cause!=16", false),
    ] {
        assert_eq!(parse(text).may_admit(&beginning), may, "{text}");
    }
    assert!(parse("class:agent").may_admit(&event(b"X")), "the class may come");
    // A server repeats these fields.
    let beginning = event(b"Hangup\r\nChanVariable: A=1\r\nDestChanVariable: A=1");
    for text in ["ChanVariable=\"B=2\"", "DestChanVariable~B*", "chanvariable=\"A=1\""] {
        assert!(parse(text).may_admit(&beginning), "{text}");
    }
    assert!(Filter::all().field("ChanVariable", "B=2").may_admit(&beginning));
}

#[test]
fn what_is_shown_is_text_for_people_and_for_the_parser() {
    for (text, shown) in [
        ("Hangup", "hangup"),
        ("b,A", "a,b"),
        ("A x=1, b", "a x=1,b"),
        (" class:call  Q*  n=1 m!=2 ", "n=1 class:call q* m!=2"),
        ("a,*", "a,*"),
        ("x~a\\*b?*", "x~\"a*b\"?*"),
        ("x=\"\" y!~\"ü\\x00\\xff\"*", "x=\"\" y!~\"ü\\x00\\xff\"*"),
    ] {
        assert_eq!(parse(text).to_string(), shown);
        assert!(same(&parse(shown), &parse(text)), "{shown}");
    }
    let filter = Filter::named(["A", "B"]).field("x", "y z").when(|_| true).with_strays();
    assert_eq!(
        filter.to_string(),
        "a x=\"y z\" (and a predicate) (and strays),b x=\"y z\" (and a predicate) (and strays)"
    );
    let strays = Filter::none().with_strays();
    assert_eq!(strays.to_string(), "(no events) (and strays)");
    for filter in [filter, strays, Filter::none(), Filter::all().with_strays()] {
        assert!(Filter::parse(&filter.to_string()).is_err(), "{filter}");
    }
    let secret = format!("{:?}", parse("A Secret=hunter2,B* Value!~*hunter2"));
    let parts =
        "names: All, fields: [], conditions: [], alternatives: [[a, Secret=…], [b*, Value!~…]]";
    assert!(secret.contains(parts) && !secret.contains("hunter2"), "{secret}");
}

/// A generator of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

#[test]
fn no_text_makes_the_parser_panic_and_what_it_reads_it_writes() {
    let mut random = Random(7);
    let pieces = [
        "class:", "call", "a", "=", "!", "~", "*", "?", ",", " ", "\"", "\\", "\\x", "4", "ü", "'",
        "\u{0}", ":", "(", "\n", "a=1", "\"b c\"",
    ];
    let mut read = 0;
    for _ in 0..50_000 {
        let text: String = (0..random.below(9)).map(|_| random.of(&pieces)).collect();
        match Filter::parse(&text) {
            Ok(filter) => {
                read += 1;
                let again = filter.to_string();
                assert!(same(&parse(&again), &filter), "{text:?}, {again:?}");
            }
            Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column())),
        }
    }
    assert!(read > 1000, "{read}");
}

/// A condition as the documentation defines it: text for the parser, and its verdict on an event.
struct Simple {
    text: String,
    holds: Box<Holds>,
}

type Holds = dyn Fn(&Event) -> bool;

fn simple(random: &mut Random) -> Simple {
    let values = ["1", "12", "", "a b", "x,\"y\"", "*"];
    let name = random.of(&["x", "Y", "z"]);
    let value = random.of(&values).to_owned();
    let quoted = format!("\"{}\"", value.replace('"', "\\\""));
    let any = move |event: &Event, is: &dyn Fn(&str) -> bool| {
        event.get_all(name).any(|it| is(str::from_utf8(it).unwrap()))
    };
    let (text, holds): (_, Box<Holds>) = match random.below(8) {
        0 => (format!("{name}={quoted}"), Box::new(move |e| any(e, &|it| it == value))),
        1 => (format!("{name}!={quoted}"), Box::new(move |e| !any(e, &|it| it == value))),
        2 => {
            (format!("{name}~{quoted}*"), Box::new(move |e| any(e, &|it| it.starts_with(&*value))))
        }
        3 => {
            (format!("{name}!~*{quoted}"), Box::new(move |e| !any(e, &|it| it.ends_with(&*value))))
        }
        4 => ("A".to_owned(), Box::new(|e| e.is("A"))),
        5 => ("a?".to_owned(), Box::new(|e| e.is("Ab") || e.is("ac"))),
        6 => ("*".to_owned(), Box::new(|_| true)),
        _ => ("class:user".to_owned(), Box::new(|e| e.get("Privilege") == Some(b"user,all"))),
    };
    Simple { text, holds }
}

fn random_event(random: &mut Random) -> Vec<u8> {
    let mut text = random.of(&["A", "a", "AB", "ac", "Other"]).to_owned();
    match random.below(3) {
        0 => text += "\r\nPrivilege: user,all",
        1 => text += "\r\nPrivilege: call,all",
        _ => {}
    }
    for _ in 0..random.below(4) {
        let name = random.of(&["X", "y", "Z"]);
        let value = random.of(&["1", "12", "", "a b", "x,\"y\"", "*", "other"]);
        write!(text, "\r\n{name}: {value}").unwrap();
    }
    text.into_bytes()
}

#[test]
fn parsed_filters_decide_as_defined_in_a_subscription_and_outside() {
    let mut random = Random(11);
    let (mut passed, mut parsed) = (0, 0);
    for _ in 0..1500 {
        let mut alternative = || (0..=random.below(3)).map(|_| simple(&mut random)).collect();
        let alternatives: Vec<Vec<Simple>> = vec![alternative(), alternative()];
        let alternatives = &alternatives[random.below(2)..];
        let text = alternatives
            .iter()
            .map(|all| all.iter().map(|it| &*it.text).collect::<Vec<_>>().join(" "));
        let text = text.collect::<Vec<_>>().join(" , ");
        // Two names that exclude each other are an error.
        let Ok(filter) = Filter::parse(&text) else { continue };
        parsed += 1;
        let subscribers = Arc::new(Subscribers::default());
        let mut events = Subscription::new(&subscribers, filter.clone(), Buffer::default());
        for _ in 0..10 {
            let text_of_event = random_event(&mut random);
            let event = event(&text_of_event);
            let holds = |all: &Vec<Simple>| all.iter().all(|it| (it.holds)(&event));
            let expected = alternatives.iter().any(holds);
            let about = || format!("{text}: {event:?}");
            assert_eq!(filter.matches(&event), expected, "{}", about());
            Publisher::new(Arc::clone(&subscribers)).publish(event.clone());
            assert_eq!(events.queued(), usize::from(expected), "{}", about());
            passed += events.queued();
            if expected {
                assert!(matches!(events.try_next(), Ok(Item::Event(_))));
            }
            // The beginning of an event that passes must not be rejected, unless a field is
            // repeated.
            let mut names: Vec<_> = event.fields().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            if expected && names.len() == event.fields().count() {
                let ends = event.raw().iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                for (end, _) in ends {
                    let beginning = Message::of_beginning(&event.raw()[..=end]).unwrap();
                    assert!(filter.may_admit(&Event::new(beginning)), "{}", about());
                }
            }
        }
    }
    assert!(parsed > 500 && passed > 1500, "{parsed} {passed}");
}
