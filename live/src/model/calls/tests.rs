//! Streams of real servers, shortened: an event on a line, with the fields that the model reads.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use ami::{Collected, Event};

use super::super::{Model, lists};
use crate::change::What;
use crate::state::{Call, Freshness, Outcome, Part, Role, Since, StaleReason, TransferTarget};

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

fn event(line: &str) -> Event {
    let fields = line.split(' ').skip(1).map(|it| it.replacen('=', ": ", 1));
    let name = format!("Event: {}", line.split(' ').next().unwrap());
    let lines: Vec<_> = std::iter::once(name).chain(fields).collect();
    Event::parse(format!("{}\r\n\r\n", lines.join("\r\n"))).unwrap()
}

/// Applies the lines, each a second behind the one before.
fn apply(model: &mut Model, lines: &str) -> Vec<What> {
    let mut told = Vec::new();
    for (second, line) in lines.lines().enumerate() {
        model.event(&event(line), at(second as u64));
        told.extend(model.take_changes().into_iter().map(|it| it.what));
    }
    told
}

/// Applies all lines. Returns what a person would write down of the calls.
fn story(lines: &str) -> String {
    let mut model = Model::new(Part::ALL);
    let mut story = String::new();
    for what in apply(&mut model, lines) {
        match what {
            What::CallEnded(call) => tell(&mut story, &call),
            What::CallMerged { from, into } => {
                writeln!(story, "{} became a part of {into}", from.id).unwrap();
            }
            What::CallPickedUp { call, by, target } => {
                writeln!(story, "{by} picked {call} up in place of {target}").unwrap();
            }
            What::Transferred { transfer: it, .. } => {
                let (by, kind) = (it.by, it.kind);
                let who = it.transferee.unwrap();
                let to = match it.to {
                    TransferTarget::Leg(id) => id.to_string(),
                    TransferTarget::Extension { exten, context } => format!("{exten}@{context}"),
                    other => format!("{other:?}"),
                };
                writeln!(story, "{by} transferred {who} to {to}: {kind:?}").unwrap();
            }
            _ => {}
        }
    }
    assert!(model.state.calls.is_empty() && model.state.channels.is_empty());
    story
}

fn tell(story: &mut String, call: &Call) {
    let end = call.ended.as_ref().unwrap();
    write!(story, "{} {:?}", call.id, end.outcome).unwrap();
    if let Some(by) = &call.answered_by {
        write!(story, " by {by}").unwrap();
    }
    if let Some(by) = &end.hung_up_by {
        write!(story, ", {by} hung up").unwrap();
    }
    let mut parties: Vec<_> = call.parties().collect();
    parties.sort_by_key(|leg| &leg.channel);
    for leg in parties {
        let name = leg.name.trim_start_matches("PJSIP/");
        write!(story, "; {name} {:?}", leg.role).unwrap();
        if let Some(by) = call.caller_of(&leg.channel) {
            write!(story, " by {}", by.channel).unwrap();
        }
        if let Some(status) = &leg.dial_status {
            write!(story, " {status}").unwrap();
        }
        if let Some(to) = &leg.moved_to {
            write!(story, " went to {to}").unwrap();
        }
    }
    story.push('\n');
}

const ANSWERED: &str = "\
Newchannel Channel=PJSIP/alice ChannelState=4 Uniqueid=1.1 Linkedid=1.1
Newchannel Channel=PJSIP/bob ChannelState=0 Uniqueid=1.2 Linkedid=1.1
DialBegin Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1 DialString=bob
Newstate ChannelState=5 Uniqueid=1.2 Linkedid=1.1
DialState Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1 DialStatus=RINGING
Newstate ChannelState=6 Uniqueid=1.2 Linkedid=1.1
DialEnd Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1 DialStatus=ANSWER
Newstate ChannelState=6 Uniqueid=1.1 Linkedid=1.1";

const UNANSWERED: &str = "\
Newchannel Channel=PJSIP/alice ChannelState=4 Uniqueid=1.1 Linkedid=1.1
Newchannel Channel=PJSIP/bob ChannelState=0 Uniqueid=1.2 Linkedid=1.1
DialBegin Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1 DialString=bob
Newstate ChannelState=5 Uniqueid=1.2 Linkedid=1.1
HangupRequest Uniqueid=WHO Linkedid=1.1 Cause=16
DialEnd Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1 DialStatus=STATUS
Hangup Uniqueid=1.2 Linkedid=1.1 Cause=16
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16";

#[test]
fn a_party_whose_hang_up_is_told_behind_its_end_has_hung_up() {
    let end = "
Hangup Uniqueid=1.2 Linkedid=1.1 Cause=16
HangupRequest Uniqueid=1.2 Linkedid=1.1
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16";
    let told = story(&format!("{ANSWERED}{end}"));
    assert!(told.contains("Answered by 1.2, 1.2 hung up"), "{told}");
    // The other one was first.
    let first = end.replacen('\n', "\nHangupRequest Uniqueid=1.1 Linkedid=1.1\n", 1);
    let told = story(&format!("{ANSWERED}{first}"));
    assert!(told.contains("Answered by 1.2, 1.1 hung up"), "{told}");
}

#[test]
fn a_call_whose_events_have_one_time_ends_as_it_was_dialled() {
    let mut model = Model::new(Part::ALL);
    let lines = UNANSWERED.replace("WHO", "1.2").replace("STATUS", "BUSY");
    lines.lines().for_each(|line| model.event(&event(line), at(7)));
    let outcome = |it: crate::change::Change| match it.what {
        What::CallEnded(call) => Some(call.ended.as_ref().unwrap().outcome),
        _ => None,
    };
    let outcomes: Vec<_> = model.take_changes().into_iter().filter_map(outcome).collect();
    assert_eq!(outcomes, [Outcome::Busy]);
}

#[test]
fn a_call_that_nobody_answers_ends_as_it_was_dialled() {
    for (who, status, outcome) in [
        ("1.2", "BUSY", "Busy"),
        ("none", "NOANSWER", "NoAnswer"),
        ("none", "CONGESTION", "Congestion"),
        ("none", "CHANUNAVAIL", "Failed"),
        ("1.1", "CANCEL", "Cancelled"),
    ] {
        let by = if who == "none" { String::new() } else { format!(", {who} hung up") };
        assert_eq!(
            story(&UNANSWERED.replace("WHO", who).replace("STATUS", status)),
            format!("1.1 {outcome}{by}; alice Caller; bob Called by 1.1 {status}\n")
        );
    }
}

#[test]
fn a_channel_goes_to_the_older_call_when_two_calls_are_bridged() {
    assert_eq!(
        story(include_str!("tests/two_calls_bridged.txt")),
        "1.3 Answered by 1.4; carol Caller; dave Called by 1.3 ANSWER went to 1.1\n\
         1.1 Answered by 1.2, 1.1 hung up; alice Caller; bob Called by 1.1 ANSWER; \
         dave Called ANSWER\n"
    );
}

#[test]
fn the_one_who_transfers_a_call_is_no_party_of_its_end() {
    assert_eq!(
        story(include_str!("tests/blind_transfer.txt")),
        "1.2 transferred 1.1 to 3@people: Blind\n\
         1.1 Answered by 1.2, 1.3 hung up; alice Caller; bob Called by 1.1 ANSWER; \
         carol Called by 1.1 ANSWER\n"
    );
    assert_eq!(
        story(include_str!("tests/attended_transfer_while_it_rings.txt")),
        "1.2 transferred 1.1 to 1.5: Attended\n\
         1.1 Answered by 1.2, 1.5 hung up; alice Caller; bob Called by 1.1 ANSWER; \
         carol Called by 1.2 ANSWER\n"
    );
}

#[test]
fn a_party_that_picks_a_call_up_answers_it() {
    assert_eq!(
        story(include_str!("tests/pickup.txt")),
        "1.3 picked 1.1 up in place of 1.2\n\
         1.3 became a part of 1.1\n\
         1.1 Answered by 1.3, 1.3 hung up; alice Caller; bob Called by 1.1; \
         carol Called by 1.1 ANSWER\n"
    );
}

#[test]
fn a_party_that_is_called_on_request_is_the_caller() {
    assert_eq!(
        story(include_str!("tests/two_parties_called_on_request.txt")),
        "1.1 Answered by 1.4, 1.4 hung up; alice Originated ANSWER; bob Called by 1.3 ANSWER\n"
    );
}

#[test]
fn a_party_that_is_dialled_before_the_local_channel_to_it_is_called_on_request() {
    let lines: Vec<_> = include_str!("tests/two_parties_called_on_request.txt").lines().collect();
    let (first, rest) = lines.split_at(5);
    assert!(first[2].starts_with("DialBegin DestUniqueid=1.1 "));
    assert!(first[4].starts_with("DialBegin Uniqueid=1.2 "));
    let first = [0, 1, 3, 4, 2].map(|at| first[at]);
    assert_eq!(
        story(&[&first, rest].concat().join("\n")),
        "1.1 Answered by 1.4, 1.4 hung up; alice Originated ANSWER; bob Called by 1.3 ANSWER\n"
    );
}

#[test]
fn a_party_that_answers_before_the_one_who_asks_is_there_is_called_by_that_one() {
    let mut model = Model::new(Part::ALL);
    apply(
        &mut model,
        "Newchannel Channel=PJSIP/alice ChannelState=6 Uniqueid=1.1 Linkedid=1.1\n\
         Newchannel Channel=PJSIP/bob ChannelState=6 Uniqueid=1.2 Linkedid=1.1\n\
         Newchannel Channel=Local/3@x-0001;1 ChannelState=0 Uniqueid=1.3 Linkedid=1.1\n\
         Newchannel Channel=Local/3@x-0001;2 ChannelState=4 Uniqueid=1.4 Linkedid=1.1\n\
         BridgeEnter BridgeUniqueid=b BridgeType=basic Uniqueid=1.3 Linkedid=1.1\n\
         Newstate ChannelState=6 Uniqueid=1.3 Linkedid=1.1\n\
         DialEnd DestUniqueid=1.3 DestLinkedid=1.1 DialStatus=ANSWER\n\
         BridgeEnter BridgeUniqueid=b BridgeType=basic Uniqueid=1.2 Linkedid=1.1",
    );
    let call = model.state.calls.get("1.1").unwrap();
    assert_eq!(call.leg("1.3").unwrap().dialed_by.as_deref(), Some("1.2"));
}

#[test]
fn a_cause_at_the_end_of_a_dialplan_is_no_request() {
    let alice = "Newchannel Channel=PJSIP/alice-1 ChannelState=4 Uniqueid=1.1 Linkedid=1.1";
    let outcome = |cause: u32| {
        let request = format!("SoftHangupRequest Uniqueid=1.1 Linkedid=1.1 Cause={cause}");
        story(&format!("{alice}\n{request}\nHangup Uniqueid=1.1 Linkedid=1.1 Cause=21"))
    };
    assert_eq!(outcome(21), "1.1 Failed; alice-1 Caller\n");
    assert_eq!(outcome(32), "1.1 Cancelled; alice-1 Caller\n");
}

#[test]
fn a_local_channel_that_ends_in_the_dialplan_is_a_party() {
    let mut model = Model::new(Part::ALL);
    apply(
        &mut model,
        "Newchannel Channel=PJSIP/alice ChannelState=4 Uniqueid=1.1 Linkedid=1.1\n\
         Newchannel Channel=Local/9@x-0001;1 ChannelState=0 Uniqueid=1.2 Linkedid=1.1\n\
         Newchannel Channel=Local/9@x-0001;2 ChannelState=4 Uniqueid=1.3 Linkedid=1.1\n\
         DialBegin Uniqueid=1.1 Linkedid=1.1 DestUniqueid=1.2 DestLinkedid=1.1\n\
         Newstate ChannelState=6 Uniqueid=1.3 Linkedid=1.1\n\
         Newstate ChannelState=6 Uniqueid=1.2 Linkedid=1.1",
    );
    let call = model.state.calls.get("1.1").unwrap();
    assert_eq!(call.answered_by.as_deref(), Some("1.2"));
    let parties: Vec<_> = call.parties().map(|leg| (&*leg.channel, leg.role)).collect();
    assert_eq!(parties, [("1.1", Role::Caller), ("1.2", Role::Called)]);
}

#[test]
fn parties_talk_across_a_local_channel() {
    let mut model = Model::new(Part::ALL);
    apply(
        &mut model,
        "Newchannel Channel=PJSIP/alice ChannelState=6 Uniqueid=1.1 Linkedid=1.1\n\
         Newchannel Channel=Local/2@x-0001;1 ChannelState=6 Uniqueid=1.2 Linkedid=1.1\n\
         Newchannel Channel=Local/2@x-0001;2 ChannelState=6 Uniqueid=1.3 Linkedid=1.1\n\
         Newchannel Channel=PJSIP/bob ChannelState=6 Uniqueid=1.4 Linkedid=1.1\n\
         BridgeEnter BridgeUniqueid=a BridgeType=basic Uniqueid=1.1 Linkedid=1.1\n\
         BridgeEnter BridgeUniqueid=a BridgeType=basic Uniqueid=1.2 Linkedid=1.1\n\
         BridgeEnter BridgeUniqueid=b BridgeType=basic Uniqueid=1.3 Linkedid=1.1",
    );
    assert!(model.state.talking("1.1").is_empty());
    apply(&mut model, "BridgeEnter BridgeUniqueid=b BridgeType=basic Uniqueid=1.4 Linkedid=1.1");
    let talking = model.state.talking("1.1");
    assert_eq!(talking, [["1.1".into(), "1.4".into()]]);
    assert_eq!(model.state.peers("1.4"), ["1.1".into()]);
}

#[test]
fn a_queue_that_rings_for_hours_keeps_a_bounded_number_of_legs() {
    let mut model = Model::new(Part::ALL);
    apply(&mut model, ANSWERED);
    for number in 0..1000 {
        apply(
            &mut model,
            &format!(
                "Newchannel Channel=PJSIP/x ChannelState=0 Uniqueid=x{number} Linkedid=1.1\n\
                 Hangup Uniqueid=x{number} Linkedid=1.1 Cause=19"
            ),
        );
    }
    let call = model.state.calls.get("1.1").unwrap();
    assert_eq!((call.legs.len(), call.dropped_legs), (66, 936));
    assert!(call.leg("1.1").is_some() && call.leg("x999").is_some());
}

fn list(model: &mut Model, action: &str, items: &[&str]) -> Vec<What> {
    let mut collected = Collected::default();
    collected.items = items.iter().map(|it| event(it)).collect();
    let list = lists(Part::ALL).find(|it| it.action == action).unwrap();
    model.list(list, &collected, at(100));
    model.take_changes().into_iter().map(|it| it.what).collect()
}

#[test]
fn a_call_that_is_gone_after_a_loss_ended_at_an_unknown_time() {
    for (lines, outcome) in [(ANSWERED, Outcome::Answered), (&ANSWERED[..200], Outcome::Unknown)] {
        let lines = lines.rsplit_once('\n').unwrap().0;
        let mut model = Model::new(Part::ALL);
        apply(&mut model, lines);
        let reason = StaleReason::Missed(1);
        model.set_freshness(Freshness::Stale { since: at(50), reason }, at(50));
        let told = list(&mut model, "CoreShowChannels", &[]);
        let Some(What::CallEnded(call)) = told.last() else { panic!("{told:?}") };
        let end = call.ended.as_ref().unwrap();
        assert_eq!((end.at, end.outcome), (Since::Before(at(100)), outcome));
        assert_eq!((end.cause, call.complete), (None, false));
        assert_eq!(call.leg("1.1").unwrap().ended.unwrap().cause, None);
    }
}

#[test]
fn a_call_that_is_still_up_after_a_loss_keeps_what_was_known() {
    let mut model = Model::new(Part::ALL);
    apply(&mut model, ANSWERED);
    let reason = StaleReason::Missed(1);
    model.set_freshness(Freshness::Stale { since: at(50), reason }, at(50));
    // The channel of an event behind the loss has its end still to come, listed or not.
    apply(&mut model, "Newstate ChannelState=6 Uniqueid=1.2 Linkedid=1.1");
    let item = "CoreShowChannel Uniqueid=1.1 Linkedid=1.1 ChannelState=6 Duration=00:01:30";
    list(&mut model, "CoreShowChannels", &[item]);
    let call = model.state.calls.get("1.1").unwrap();
    assert_eq!((call.since, call.answered), (Since::At(at(0)), Some(Since::At(at(5)))));
    assert!(call.legs.iter().all(crate::state::Leg::is_up));
    assert!(!call.complete);
}

#[test]
fn a_call_of_a_list_has_the_beginning_that_the_list_tells() {
    let mut model = Model::new(Part::ALL);
    let item = "CoreShowChannel Channel=PJSIP/a Uniqueid=1.1 Linkedid=1.1 ChannelState=6";
    list(&mut model, "CoreShowChannels", &[&format!("{item} Duration=00:01:30")]);
    let call = model.state.calls.get("1.1").unwrap();
    assert_eq!((call.since, call.complete), (Since::At(at(10)), false));
    assert_eq!(call.accepted, Some(Since::Before(at(100))));
}

#[test]
fn a_caller_who_hangs_up_in_a_queue_gives_up() {
    let lines = "\
Newchannel Channel=PJSIP/alice ChannelState=4 Uniqueid=1.1 Linkedid=1.1
Newexten Uniqueid=1.1 Linkedid=1.1 Application=Queue AppData=sales
Newstate ChannelState=6 Uniqueid=1.1 Linkedid=1.1
HangupRequest Uniqueid=1.1 Linkedid=1.1
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16";
    assert_eq!(story(lines), "1.1 Cancelled, 1.1 hung up; alice Caller\n");
    let lines = lines.replace("Queue", "Playback");
    assert_eq!(story(&lines), "1.1 Answered, 1.1 hung up; alice Caller\n");
}

const STREAMS: &[&str] = &[
    ANSWERED,
    UNANSWERED,
    include_str!("tests/two_calls_bridged.txt"),
    include_str!("tests/blind_transfer.txt"),
    include_str!("tests/attended_transfer_while_it_rings.txt"),
    include_str!("tests/pickup.txt"),
    include_str!("tests/two_parties_called_on_request.txt"),
];

/// Applies the lists of what is up in `ahead`.
fn lists_of(model: &mut Model, ahead: &Model) {
    let bridge = |it: &std::sync::Arc<crate::Bridge>| {
        format!("BridgeListItem BridgeUniqueid={} BridgeType={}", it.id, it.kind)
    };
    let channel = |it: &std::sync::Arc<crate::Channel>| {
        let bridge = it.bridge.as_deref().unwrap_or_default();
        format!(
            "CoreShowChannel Channel={} Uniqueid={} Linkedid={} ChannelState={} BridgeId={bridge}",
            it.name,
            it.id,
            it.call,
            it.state.number(),
        )
    };
    for (action, items) in [
        ("BridgeList", ahead.state.bridges.sorted().into_iter().map(bridge).collect::<Vec<_>>()),
        ("CoreShowChannels", ahead.state.channels.sorted().into_iter().map(channel).collect()),
    ] {
        list(model, action, &items.iter().map(|it| &**it).collect::<Vec<_>>());
    }
}

/// Leaves out who answered first and who called whom, which a list does not tell.
fn without_by(story: &str) -> String {
    let mut left = String::new();
    for (at, part) in story.split(" by ").enumerate() {
        let rest = part.find([' ', ',', ';', '\n']).unwrap_or(part.len());
        left.push_str(if at == 0 { part } else { &part[rest..] });
    }
    left
}

#[test]
fn a_list_can_run_ahead_of_the_events() {
    for lines in STREAMS {
        let lines: Vec<_> = lines.lines().collect();
        let (mut whole, mut ended) = (Model::new(Part::ALL), String::new());
        for what in apply(&mut whole, &lines.join("\n")) {
            if let What::CallEnded(call) = what {
                tell(&mut ended, &call);
            }
        }
        for from in (0..lines.len()).step_by(2) {
            for to in (from..lines.len()).step_by(3) {
                let mut model = Model::new(Part::ALL);
                let mut told = apply(&mut model, &lines[..from].join("\n"));
                let mut ahead = Model::new(Part::ALL);
                apply(&mut ahead, &lines[..to].join("\n"));
                lists_of(&mut model, &ahead);
                told.extend(apply(&mut model, &lines[from..].join("\n")));
                let mut story = String::new();
                for what in told {
                    if let What::CallEnded(call) = what {
                        tell(&mut story, &call);
                    }
                }
                let (story, ended) = (without_by(&story), without_by(&ended));
                assert_eq!(story, ended, "events {from} to {to} behind the list");
                assert_eq!(model.state.calls.len(), whole.state.calls.len());
                assert_eq!(model.state.channels.len(), whole.state.channels.len());
                assert_eq!(model.state.bridges.len(), whole.state.bridges.len());
            }
        }
    }
}

#[test]
fn no_channel_in_common_is_a_restart_if_the_server_did_not_say() {
    use Outcome::{Answered, ServerGone, Unknown};
    let carol = "Newchannel Channel=PJSIP/carol ChannelState=6 Uniqueid=1.5 Linkedid=1.5";
    for (may_have_restarted, tells_of_restarts, listed, outcomes) in [
        (true, true, "1.9", &[ServerGone, ServerGone][..]),
        (true, true, "1.1", &[Unknown]),
        (false, true, "1.9", &[Answered, Unknown]),
        // A user who is never told cannot conclude anything.
        (true, false, "1.9", &[Answered, Unknown]),
    ] {
        let mut model = Model::new(Part::ALL);
        apply(&mut model, ANSWERED);
        apply(&mut model, carol);
        let reason = StaleReason::Missed(1);
        model.set_freshness(Freshness::Stale { since: at(50), reason }, at(50));
        model.may_have_restarted = may_have_restarted;
        model.tells_of_restarts = tells_of_restarts;
        let item = format!("CoreShowChannel Uniqueid={listed} Linkedid={listed} ChannelState=6");
        let mut ended = Vec::new();
        for what in list(&mut model, "CoreShowChannels", &[&item]) {
            if let What::CallEnded(call) = what {
                ended.push((call.id.clone(), call.ended.as_ref().unwrap().outcome));
            }
        }
        ended.sort_by(|(one, _), (two, _)| one.cmp(two));
        let ended: Vec<_> = ended.into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(ended, outcomes, "{may_have_restarted} {listed}");
    }
}

#[test]
fn a_party_that_has_transferred_the_call_does_not_end_it() {
    let rest = "
BlindTransfer Result=Success TransfererUniqueid=1.2 TransfereeUniqueid=1.1 Extension=9 Context=x
HangupRequest Uniqueid=1.2 Linkedid=1.1
Hangup Uniqueid=1.2 Linkedid=1.1 Cause=16
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16";
    assert_eq!(
        story(&format!("{ANSWERED}{rest}")),
        "1.2 transferred 1.1 to 9@x: Blind\n\
         1.1 Answered by 1.2; alice Caller; bob Called by 1.1 ANSWER\n"
    );
}

#[test]
fn a_local_channel_that_ends_in_the_dialplan_can_be_hung_up_by_either_half() {
    let lines = "\
Newchannel Channel=Local/1@a-1;1 ChannelState=0 Uniqueid=1.1 Linkedid=1.1
Newchannel Channel=Local/1@a-1;2 ChannelState=4 Uniqueid=1.2 Linkedid=1.1
DialBegin DestUniqueid=1.1
Newstate ChannelState=6 Uniqueid=1.2 Linkedid=1.1
Newstate ChannelState=6 Uniqueid=1.1 Linkedid=1.1
SoftHangupRequest Uniqueid=1.2 Linkedid=1.1 Cause=32
HangupRequest Uniqueid=1.1 Linkedid=1.1
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16
Hangup Uniqueid=1.2 Linkedid=1.1 Cause=16";
    assert!(!story(lines).contains("hung up"), "{}", story(lines));
    let lines = lines.replace("Cause=32", "Cause=0");
    assert!(story(&lines).contains("1.1 hung up"), "{}", story(&lines));
}

#[test]
fn a_call_tells_how_long_it_was_and_how_long_they_talked() {
    let ends = "
Hangup Uniqueid=1.2 Linkedid=1.1 Cause=16
Hangup Uniqueid=1.1 Linkedid=1.1 Cause=16";
    let mut model = Model::new(Part::ALL);
    let told = apply(&mut model, &format!("{ANSWERED}{ends}"));
    let ended = told.iter().find_map(|what| match what {
        What::CallEnded(call) => Some(call),
        _ => None,
    });
    let call = ended.unwrap();
    let seconds = Duration::from_secs;
    assert_eq!((call.duration(), call.talked()), (seconds(9), Some(seconds(4))));

    let told = apply(&mut model, &format!("{UNANSWERED}{ends}"));
    let ended = told.iter().find_map(|what| match what {
        What::CallEnded(call) => Some(call.talked()),
        _ => None,
    });
    assert_eq!(ended, Some(None));
}
