//! The classes of events, on the wire and for users who may read one of them.

use std::collections::BTreeSet;

use ami::{Event, EventClass, event};

use crate::seen::{self, MARKS, Seen, VERSIONS};

/// The classes that an event says that it has.
fn privilege(event: &Event) -> Vec<EventClass> {
    let words = event.text("Privilege").unwrap_or_default();
    let words = words.split(',').filter(|word| !matches!(*word, "all" | "<none>"));
    words.map(|word| class(word).unwrap()).collect()
}

fn class(name: &str) -> Option<EventClass> {
    EventClass::ALL.iter().copied().find(|class| class.name() == name)
}

/// The position of the mark among the events.
fn place(events: &[&Event], mark: &str) -> usize {
    let is_it = |event: &&Event| event.get("UserEvent") == Some(mark.as_bytes());
    events.iter().position(is_it).unwrap()
}

/// An event that is written right after a login, and goes to nobody else.
fn is_greeting(event: &Event) -> bool {
    event.is("FullyBooted")
}

#[test]
fn a_user_with_one_class_gets_all_events_of_this_class_alone() {
    for Seen { major, all, of_class, .. } in VERSIONS.map(seen::of) {
        let all: Vec<_> = all.iter().filter(|event| !is_greeting(event)).collect();
        let [begin, end] = MARKS.map(|mark| place(&all, mark));
        for (class, got) in of_class {
            let got: Vec<_> = got.iter().filter(|event| !is_greeting(event)).collect();
            let is_of = |event: &Event| privilege(event) == [*class];
            let count = |events: &[&Event]| events.iter().filter(|event| is_of(event)).count();
            let whole: Vec<_> = all.iter().copied().filter(|event| is_of(event)).collect();
            // The first connected before the others and was asked after them.
            let (first, last) = (count(&all[..begin]), count(&all[..=end]));
            let fits = |at: usize| whole[at..].starts_with(&got) && at + got.len() >= last;
            let strangers: BTreeSet<_> =
                got.iter().filter(|event| !is_of(event)).map(|event| event.name()).collect();
            assert!(
                (0..=first).any(fits),
                "{major} {class:?}: {} of {} to {}, and {strangers:?}",
                got.len(),
                last - first,
                whole.len()
            );
        }
    }
}

#[test]
fn an_event_says_that_it_has_the_classes_of_its_type() {
    for Seen { major, all, .. } in VERSIONS.map(seen::of) {
        for event in all {
            let said: BTreeSet<_> = privilege(event).iter().map(|class| class.name()).collect();
            let known = event::classes(event.head()).unwrap_or_else(|| panic!("{event:?}"));
            let known: BTreeSet<_> = known.iter().map(|class| class.name()).collect();
            assert_eq!(said, known, "{major}: {event:?}");
        }
    }
}

/// The events that the table has, with the version and a class.
fn documented(major: u32) -> BTreeSet<&'static str> {
    let rows = include_str!("../../src/typed/event/table.md").lines().skip(2);
    let rows = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let is_there = |row: &Vec<&str>| {
        !row[2].is_empty() && row[3].split(", ").any(|it| it == major.to_string())
    };
    let name = |row: Vec<&'static str>| row[1].split('`').nth(1).unwrap();
    rows.filter(is_there).map(name).collect()
}

#[test]
fn every_event_is_raised_unless_there_is_a_reason() {
    for Seen { major, all, .. } in VERSIONS.map(seen::of) {
        let raised: BTreeSet<_> = all.iter().map(|event| event.name()).collect();
        let reasons = NOT_RAISED.into_iter().flat_map(|(names, _)| names.split(' '));
        let reasons: BTreeSet<_> = reasons.collect();
        let missing: Vec<_> = documented(*major)
            .into_iter()
            .filter(|name| !raised.contains(*name) && !reasons.contains(name))
            .collect();
        assert_eq!(missing, Vec::<&str>::new(), "{major}");
        let needless: Vec<_> = reasons.iter().filter(|name| raised.contains(**name)).collect();
        assert_eq!(needless, Vec::<&&str>::new(), "{major}");
    }
}

/// The events that the scenario does not raise, with the reasons.
const NOT_RAISED: [(&str, &str); 15] = [
    ("Alarm AlarmClear DAHDIChannel DNDState SpanAlarm SpanAlarmClear", "need a DAHDI card"),
    ("AOC-D AOC-E AOC-S MCID Wink", "need a line of ISDN or an analogue one"),
    (
        "CCAvailable CCCallerRecalling CCCallerStartMonitoring CCCallerStopMonitoring CCFailure \
         CCMonitorFailed CCOfferTimerStart CCRecallComplete CCRequestAcknowledged CCRequested",
        "Local channels do not offer to complete a call",
    ),
    ("MeetmeEnd MeetmeJoin MeetmeLeave MeetmeMute", "the packages do not have app_meetme"),
    ("MeetmeTalkRequest MeetmeTalking", "the packages do not have app_meetme"),
    ("MobileStatus", "the packages do not have chan_mobile"),
    ("JabberStatus", "needs a server for XMPP"),
    ("DeadlockStart", "needs a build that detects deadlocks"),
    ("LogChannel", "needs a log that cannot be written"),
    ("Rename", "the drivers for IAX and DAHDI alone rename channels"),
    ("MiniVoiceMail", "the application that raises it brings the server down"),
    ("SendFAX VoicemailPasswordChange", "need seconds of sound and prompts"),
    ("Shutdown", "a server may end before it has sent it"),
    ("SessionTimeout", "needs minutes of a session of chan_sip"),
    (
        "AuthMethodNotAllowed InvalidTransport LoadAverageLimit MemoryLimit RequestNotSupported \
         UnexpectedAddress",
        "AMI and PJSIP do not report them",
    ),
];
