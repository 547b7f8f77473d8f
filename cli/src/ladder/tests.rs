//! Tests of ladders of events that are written down.

use ami::Event;
use unicode_width::UnicodeWidthStr;

use super::{Ladder, Ladders, Shown, View};

const VIEW: View = View { width: 80, counts: false };

/// Events in lines: a name, and pairs of a field and a value with `=` between and `|` between
/// pairs. The Linkedid of all channels is that of the first one.
fn ladders(events: &[&str]) -> Ladders {
    let mut ladders = Ladders::new();
    for (at, text) in events.iter().enumerate() {
        push(&mut ladders, at, text);
    }
    ladders
}

fn push(ladders: &mut Ladders, at: usize, text: &str) {
    let (name, fields) = text.split_once(' ').unwrap();
    let mut event = format!("Event: {name}\nTimestamp: {}.0\n", 1_700_000_000 + at);
    for field in fields.split('|') {
        let (name, value) = field.split_once('=').unwrap();
        event += &format!("{name}: {value}\n");
        if name.ends_with("Uniqueid") && !name.contains("Bridge") {
            let prefix = name.trim_end_matches("Uniqueid");
            if !fields.contains(&format!("{prefix}Linkedid=")) {
                event += &format!("{prefix}Linkedid: 1\n");
            }
            if !fields.contains(&format!("{prefix}Channel=")) {
                event += &format!("{prefix}Channel: SIP/p{value}-{value}\n");
            }
        }
    }
    ladders.push(&Event::parse(&event).unwrap(), None);
}

/// Returns the drawing without the times and the head.
fn drawn(ladder: &Ladder) -> String {
    let lines = ladder.lines(VIEW);
    let text =
        |line: &crate::out::Line| line.pieces().iter().map(|(_, text)| &**text).collect::<String>();
    let lines: Vec<_> = lines.iter().map(text).collect();
    assert!(lines.iter().all(|line| line.width() <= 80), "{lines:#?}");
    let cut = |line: &String| line.chars().skip(23).collect::<String>().trim_end().to_owned();
    let rows = lines.iter().skip(2).filter(|line| !line.starts_with("──"));
    rows.map(|line| format!("|{}\n", cut(line))).collect()
}

fn texts(ladder: &Ladder) -> Vec<String> {
    let text = |shown| match shown {
        Shown::Row(row) => row.text.clone(),
        Shown::LeftOut(rows) => format!("{rows} left out"),
    };
    ladder.rows().map(text).collect()
}

const ANSWERED: [&str; 7] = [
    "Newchannel Uniqueid=1|Exten=100|Context=all|ChannelState=4",
    "Newchannel Uniqueid=2|Exten=s",
    "DialBegin Uniqueid=1|DestUniqueid=2|DialString=p2",
    "Newstate Uniqueid=2|ChannelState=5",
    "DialEnd Uniqueid=1|DestUniqueid=2|DialStatus=ANSWER",
    "BridgeEnter Uniqueid=2|BridgeUniqueid=b|BridgeTechnology=simple_bridge",
    "BridgeEnter Uniqueid=1|BridgeUniqueid=b|BridgeTechnology=simple_bridge",
];

#[test]
fn a_call_is_drawn_with_a_column_for_each_leg() {
    let more = [
        "Hold Uniqueid=1|MusicClass=default",
        "MusicOnHoldStart Uniqueid=2|Class=default",
        "MusicOnHoldStop Uniqueid=2",
        "Unhold Uniqueid=1",
        "DTMFEnd Uniqueid=2|Digit=4|Direction=Received",
        "DTMFEnd Uniqueid=2|Digit=2|Direction=Received",
        "HangupRequest Uniqueid=2",
        "BridgeLeave Uniqueid=2|BridgeUniqueid=b|BridgeTechnology=simple_bridge",
        "BridgeLeave Uniqueid=1|BridgeUniqueid=b|BridgeTechnology=simple_bridge",
        "Hangup Uniqueid=2|Cause=16",
        "Hangup Uniqueid=1|Cause=16",
    ];
    let ladders = ladders(&[&ANSWERED[..], &more].concat());
    let ladder = ladders.get("1").unwrap();
    assert_eq!(
        drawn(ladder),
        "\
|├ calls 100@all
|├───────── dial ─────────>│
|│<─────── ringing ────────┤
|│<────── answered ────────┤
|├─────── connected ───────┤
|├ holds the call          │
|│                         ├ hears music (default)
|│                         ├ the music ends
|├ takes the call off hold │
|│                         ├ presses 42
|│                         ├ hangs up
|├───── disconnected ──────┤
|│                         ├ ends: normal hang-up (16)
|├ ends: normal hang-up (16)
"
    );
    let end =
        "ended: answered, hung up by SIP/p2, 16 (NORMAL_CLEARING), 17 s in all, 8.0 s connected";
    assert_eq!(ladder.summary(), end);
}

#[test]
fn ringing_comes_behind_the_dialling() {
    let mut events = ANSWERED;
    events.swap(2, 3);
    let (swapped, right) = (ladders(&events), ladders(&ANSWERED));
    assert_eq!(texts(swapped.get("1").unwrap()), texts(right.get("1").unwrap()));
}

#[test]
fn what_can_become_of_a_call_has_rows() {
    for (event, row) in [
        ("DialState Uniqueid=1|DestUniqueid=2|Forward=Local/5@all", "forwards to Local/5@all"),
        ("Pickup Uniqueid=3|TargetUniqueid=2", "picks the call up"),
        (
            "BlindTransfer Result=Success|TransfererUniqueid=2|TransfereeUniqueid=1|Extension=5|Context=c",
            "blind transfer to 5@c",
        ),
        (
            "BlindTransfer Result=Fail|TransfererUniqueid=2|Extension=5|Context=c",
            "blind transfer to 5@c failed: Fail",
        ),
        (
            "AttendedTransfer Result=Success|OrigTransfererUniqueid=2|SecondTransfererUniqueid=2|TransfereeUniqueid=1|TransferTargetUniqueid=3|DestType=Bridge",
            "attended transfer to SIP/p3",
        ),
        (
            "AttendedTransfer Result=Success|OrigTransfererUniqueid=2|TransfereeUniqueid=1|DestType=App|DestApp=Park",
            "attended transfer to Park",
        ),
        (
            "AttendedTransfer Result=Success|OrigTransfererUniqueid=2|DestType=Threeway",
            "three-way call",
        ),
        (
            "ParkedCall ParkeeUniqueid=1|ParkingSpace=701|Parkinglot=default|ParkingTimeout=45",
            "parked at 701 in default, for 45 s at most",
        ),
        (
            "ParkedCallTimeOut ParkeeUniqueid=1|ParkingSpace=701|Parkinglot=default",
            "was parked too long at 701 in default",
        ),
        (
            "ParkedCallGiveUp ParkeeUniqueid=1|ParkingSpace=701|Parkinglot=default",
            "gives up at 701 in default",
        ),
        (
            "UnParkedCall ParkeeUniqueid=1|RetrieverUniqueid=3|ParkingSpace=701|Parkinglot=default",
            "retrieves 701 in default",
        ),
        ("ConfbridgeJoin Uniqueid=1|Conference=x", "joins the conference x"),
        ("MeetmeLeave Uniqueid=1|Meetme=x", "leaves the MeetMe x"),
        ("ChanSpyStart SpyerUniqueid=3|SpyeeUniqueid=1", "spies on SIP/p1-1"),
        ("SoftHangupRequest Uniqueid=1|Cause=8", "the time limit is reached"),
        (
            "LocalOptimizationEnd LocalOneUniqueid=3|LocalTwoUniqueid=4|Success=Yes",
            "optimized away",
        ),
        (
            "AgentConnect Uniqueid=1|DestUniqueid=2|MemberName=Bob|Queue=q|HoldTime=7",
            "Bob answers for q after 7.0 s",
        ),
        (
            "QueueCallerAbandon Uniqueid=1|Queue=q|Position=2|HoldTime=30",
            "leaves the queue q unanswered, at 2 after 30 s",
        ),
    ] {
        let all = ladders(&[&ANSWERED[..], &[event]].concat());
        let texts = texts(all.get("1").unwrap());
        assert_eq!(texts.last().map(|it| &**it), Some(row), "{event}");
    }
}

#[test]
fn a_caller_who_goes_on_behind_a_queue_did_not_abandon_it() {
    let waits =
        ["Newchannel Uniqueid=1|Exten=100", "QueueCallerJoin Uniqueid=1|Queue=q|Position=1"];
    let leaves = ["QueueCallerAbandon Uniqueid=1|Queue=q|Position=1|HoldTime=3"];
    let goes_on = "Newexten Uniqueid=1|Extension=100|Application=VoiceMail|AppData=100";
    let ends = "Newexten Uniqueid=1|Extension=h|Application=NoOp";
    for (next, is_abandoned) in [(goes_on, false), (ends, true)] {
        let hangup = "Hangup Uniqueid=1|Cause=16";
        let all = ladders(&[&waits[..], &leaves, &[next, hangup]].concat());
        let outcome = all.get("1").unwrap().outcome();
        assert_eq!(outcome == "abandoned in a queue", is_abandoned, "{next}: {outcome}");
    }
}

#[test]
fn both_halves_of_a_local_channel_are_one_leg() {
    let ladders = ladders(&[
        "Newchannel Uniqueid=1",
        "Newchannel Uniqueid=2|Channel=Local/5@all-00000001;1",
        "Newchannel Uniqueid=3|Channel=Local/5@all-00000001;2",
        "Newchannel Uniqueid=4",
        "DialBegin Uniqueid=1|DestUniqueid=2|Channel=SIP/p1-1|DestChannel=Local/5@all-00000001;1",
        "DialBegin Uniqueid=3|DestUniqueid=4|Channel=Local/5@all-00000001;2",
        "Hangup Uniqueid=2|Channel=Local/5@all-00000001;1",
        "Hangup Uniqueid=3|Channel=Local/5@all-00000001;2",
    ]);
    let ladder = ladders.get("3").unwrap();
    let names: Vec<_> = ladder.legs.iter().map(|leg| &*leg.name).collect();
    assert_eq!(names, ["SIP/p1-1", "Local/5@all-00000001", "SIP/p4-4"]);
    assert_eq!(texts(ladder), ["dial", "dial", "ends"]);
}

#[test]
fn a_call_that_joins_another_one_brings_its_rows() {
    let mut all = ladders(&ANSWERED);
    push(&mut all, 7, "Newchannel Uniqueid=9|Linkedid=9|Exten=7|Context=c");
    push(&mut all, 8, "BridgeEnter Uniqueid=9|BridgeUniqueid=b|BridgeTechnology=simple_bridge");
    let ladder = all.get("9").unwrap();
    assert_eq!((ladder.id(), all.iter().count()), ("1", 1));
    let rows = texts(ladder);
    assert_eq!(rows[5..], ["the call 9 joins this one", "calls 7@c", "joined"]);
    // A drawing has the rows in the order in which they happened.
    let drawn = drawn(ladder);
    let (calls, joins) = (drawn.find("calls 7@c").unwrap(), drawn.find("the call 9").unwrap());
    assert!(calls < joins, "{drawn}");

    // A leg that goes away leaves the others where they are.
    let mut all = ladders(&ANSWERED);
    push(&mut all, 7, "Newstate Uniqueid=2|Linkedid=0");
    assert_eq!(all.iter().count(), 2);
    assert_eq!(texts(all.get("1").unwrap()).last().unwrap(), "goes on in call 0");
    assert_eq!(all.get("2").unwrap().id(), "0");
    // The former call is told once more by another thread of the server.
    push(&mut all, 8, "Hold Uniqueid=2|Linkedid=1");
    assert_eq!(texts(all.get("0").unwrap()), ["holds the call"]);
}

#[test]
fn legs_that_do_not_fit_share_a_column() {
    let mut all = ladders(&["Newchannel Uniqueid=1|Exten=100|Context=all"]);
    for leg in 2..9 {
        push(&mut all, leg, &format!("Newchannel Uniqueid={leg}"));
        push(&mut all, leg, &format!("DialBegin Uniqueid=1|DestUniqueid={leg}"));
    }
    push(&mut all, 10, "DialEnd Uniqueid=1|DestUniqueid=8|DialStatus=ANSWER");
    let ladder = all.get("1").unwrap();
    assert_eq!(
        drawn(ladder),
        "\
|├ calls 100@all
|├─── dial ───>│
|├───────────── SIP/p3: dial ─────────────>│
|├───────────── SIP/p4: dial ─────────────>│
|├───────────── SIP/p5: dial ─────────────>│
|├───────────── SIP/p6: dial ─────────────>│
|├───────────── SIP/p7: dial ─────────────>│
|├────────── dial ──────────>│             │
|│<─────── answered ─────────┤             │
"
    );
    let wide = ladder.lines(View { width: 200, ..VIEW });
    let head: String = wide[0].pieces().iter().map(|(_, text)| &**text).collect();
    assert!(head.contains("SIP/p8"), "{head}");
}

#[test]
fn rows_legs_and_calls_are_bounded() {
    let mut all = ladders(&["Newchannel Uniqueid=1"]);
    for at in 0..1000 {
        push(&mut all, at, "Hold Uniqueid=1");
    }
    for leg in 2..200 {
        push(&mut all, leg, &format!("DialBegin Uniqueid=1|DestUniqueid={leg}"));
    }
    let ladder = all.get("1").unwrap();
    let rows = texts(ladder);
    assert_eq!((rows.len(), &*rows[200]), (401, "798 left out"));
    assert_eq!(ladder.legs.len(), 64);
    assert!(drawn(ladder).contains("|… 798 rows are left out here\n"));

    for call in 2..300 {
        push(&mut all, call, &format!("Newchannel Uniqueid=x{call}|Linkedid=x{call}"));
        push(&mut all, call, &format!("Hangup Uniqueid=x{call}|Linkedid=x{call}|Cause=16"));
    }
    assert_eq!(all.iter().count(), 65);
    assert!(all.get("x299").is_some() && all.get("x2").is_none() && all.get("1").is_some());
}

#[test]
fn long_and_wide_texts_fit() {
    let wide = "日本語の名前".repeat(9);
    let ladders = ladders(&[
        &format!("Newchannel Uniqueid=1|CallerIDName={wide}|CallerIDNum=11"),
        "Newchannel Uniqueid=2",
        &format!("ConfbridgeJoin Uniqueid=2|Conference={wide}"),
        &format!("ConfbridgeJoin Uniqueid=1|Conference={}", "x".repeat(500)),
        &format!("DialEnd Uniqueid=1|DestUniqueid=2|DialStatus={}", "y".repeat(60)),
        "AttendedTransfer Result=Success|OrigTransfererUniqueid=2|TransfereeUniqueid=1|DestType=App|DestApp=AVeryLongApplication",
    ]);
    let drawn = drawn(ladders.get("1").unwrap());
    assert!(drawn.contains('…'), "{drawn}");
}
