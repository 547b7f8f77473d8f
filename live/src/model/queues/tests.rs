//! Tests of queues from the text of events.

use std::time::{Duration, SystemTime};

use ami::{Collected, Event};

use super::super::base::Model;
use super::super::{List, lists};
use crate::change::{Change, What};
use crate::state::{Freshness, Part, Pause, Queue, QueueExit, QueueMember, Since, StaleReason};

const START: SystemTime = SystemTime::UNIX_EPOCH;

/// A model, and the time that passes.
struct Scene {
    model: Model,
    now: SystemTime,
}

fn text(lines: &str) -> Event {
    let lines: Vec<_> = lines.lines().map(str::trim).collect();
    Event::parse(lines.join("\r\n") + "\r\n\r\n").unwrap()
}

impl Scene {
    /// Begins with channels and a queue: Ann is a member, and two callers wait.
    fn begin() -> Self {
        let mut scene =
            Self { model: Model::new(Part::ALL), now: START + Duration::from_secs(1_000_000) };
        scene.list(
            Part::Channels,
            &["Event: CoreShowChannel
            Channel: SIP/a
            Uniqueid: a
            Linkedid: a
            Context: in
            Exten: 1
            Priority: 2"],
        );
        scene.list(Part::Queues, &[SALES, ANN, &entry("a", 1), &entry("b", 2)]);
        let since = scene.now;
        scene.model.set_freshness(Freshness::Current { since }, since);
        scene.model.take_changes();
        scene
    }

    fn list(&mut self, part: Part, items: &[&str]) -> Vec<Change> {
        let list: List = lists(Part::ALL).find(|it| it.part == part).unwrap();
        let mut collected = Collected::default();
        collected.items = items.iter().map(|it| text(it)).collect();
        self.model.list(list, &collected, self.now);
        self.model.take_changes()
    }

    fn event(&mut self, lines: &str) -> Vec<Change> {
        self.now += Duration::from_secs(5);
        self.model.event(&text(lines), self.now);
        self.model.take_changes()
    }

    fn queue(&self) -> &Queue {
        self.model.state.queues.get("sales").unwrap()
    }

    fn ann(&self) -> &QueueMember {
        self.queue().members.get("SIP/ann").unwrap()
    }

    /// Returns the callers by position.
    fn callers(&self) -> String {
        let callers = self.queue().callers.iter();
        callers.map(|it| format!("{}{} ", it.channel, it.position)).collect()
    }
}

const SALES: &str = "Event: QueueParams
    Queue: sales
    Max: 0
    Strategy: ringall
    Completed: 7
    Abandoned: 3
    ServiceLevel: 60
    ServicelevelPerf: 12.5
    Weight: 0";

const ANN: &str = "Event: QueueMember
    Queue: sales
    Name: Ann
    Location: SIP/ann
    StateInterface: SIP/ann
    Membership: static
    Penalty: 0
    CallsTaken: 4
    LastCall: 900000
    LastPause: 0
    LoginTime: 1
    InCall: 0
    Status: 1
    Paused: 0
    PausedReason: 
    Wrapuptime: 0";

fn entry(channel: &str, position: u32) -> String {
    format!(
        "Event: QueueEntry
        Queue: sales
        Position: {position}
        Channel: SIP/{channel}
        Uniqueid: {channel}
        CallerIDNum: unknown
        Wait: 30
        Priority: 0"
    )
}

fn caller(event: &str, channel: &str, fields: &str) -> String {
    format!(
        "Event: {event}
        Channel: SIP/{channel}
        Uniqueid: {channel}
        Linkedid: {channel}
        Context: in
        Exten: 1
        Priority: 2
        Queue: sales
        {fields}"
    )
}

fn agent(event: &str, channel: &str, fields: &str) -> String {
    let told = "DestChannel: SIP/ann-1\nDestUniqueid: x\nInterface: SIP/ann\nMemberName: Ann";
    caller(event, channel, &format!("{told}\n{fields}"))
}

fn member(event: &str, fields: &[(&str, &str)]) -> String {
    let mut lines = ANN.replace("Event: QueueMember", &format!("Event: {event}"));
    lines = lines.replace("Location", "Interface").replace("Name:", "MemberName:");
    for (name, value) in fields {
        let line = lines.lines().find(|it| it.trim().starts_with(&format!("{name}:"))).unwrap();
        lines = lines.replace(line, &format!("{name}: {value}"));
    }
    lines
}

fn how(changes: &[Change]) -> Option<QueueExit> {
    changes.iter().find_map(|it| match &it.what {
        What::CallerLeftQueue { how, .. } => Some(how.clone()),
        _ => None,
    })
}

#[test]
fn the_list_is_taken_over() {
    let scene = Scene::begin();
    let queue = scene.queue();
    assert_eq!((queue.figures.completed, queue.figures.abandoned), (7, 3));
    assert_eq!(queue.figures.service_level_perf, 12.5);
    assert_eq!(queue.service_level, Duration::from_secs(60));
    assert_eq!(queue.callers[0].since, Since::At(scene.now - Duration::from_secs(30)));
    assert_eq!((&*queue.callers[0].number, queue.callers[0].priority), ("", Some(0)));
    assert_eq!(scene.ann().last_call, Some(START + Duration::from_secs(900_000)));
    assert_eq!((scene.ann().last_pause, scene.ann().ring_in_use), (None, None));
}

#[test]
fn positions_follow_from_events() {
    let mut scene = Scene::begin();
    scene.event(&caller("QueueCallerJoin", "c", "Position: 2\nCount: 3"));
    assert_eq!(scene.callers(), "a1 c2 b3 ");
    assert_eq!(scene.queue().callers[1].since, Since::At(scene.now));
    scene.event(&caller("QueueCallerLeave", "a", "Position: 1\nCount: 2"));
    assert_eq!(scene.callers(), "c1 b2 ");
    scene.event(&caller("QueueCallerJoin", "d", "Position: 2\nCount: 2"));
    assert_eq!(scene.callers(), "c1 b2 d3 ");
}

#[test]
fn a_list_may_run_ahead_of_events() {
    let mut scene = Scene::begin();
    // All of that is in the list already.
    assert!(scene.event(&caller("QueueCallerJoin", "b", "Position: 2\nCount: 2")).is_empty());
    assert!(scene.event(&caller("QueueCallerAbandon", "gone", "Position: 1")).is_empty());
    assert!(scene.event(&caller("QueueCallerLeave", "gone", "Position: 1\nCount: 2")).is_empty());
    assert_eq!((&*scene.callers(), scene.queue().figures.abandoned), ("a1 b2 ", 3));
    scene.event(&agent("AgentComplete", "gone", "HoldTime: 1\nTalkTime: 2\nReason: agent"));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (4, 7));
    assert!(scene.event(&member("QueueMemberStatus", &[])).is_empty());
    // An event of a member that is gone does not bring it back.
    assert!(scene.event(&member("QueueMemberStatus", &[("Interface", "SIP/bob")])).is_empty());
    assert_eq!(scene.queue().members.len(), 1);
}

#[test]
fn a_member_answers() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentCalled", "a", ""));
    assert_eq!(&*scene.queue().callers[0].ringing[0].interface, "SIP/ann");
    assert_eq!(how(&scene.event(&caller("QueueCallerLeave", "a", "Position: 1"))), None);
    let told = scene.event(&agent("AgentConnect", "a", "HoldTime: 3\nRingTime: 2"));
    assert!(matches!(how(&told), Some(QueueExit::Answered { channel, .. }) if &*channel == "x"));
    // The wait ended when the caller left.
    let What::CallerLeftQueue { waited, .. } = &told[0].what else { panic!("{told:?}") };
    assert_eq!(*waited, Duration::from_secs(40));
    assert!(scene.ann().in_call);
    assert_eq!((&*scene.ann().calls[0].caller, &*scene.ann().calls[0].channel), ("a", "x"));
    // The server leaves out what it does not know any more.
    let told = scene.event(
        "Event: AgentComplete
        Queue: sales
        Interface: SIP/ann
        HoldTime: 3
        TalkTime: 9
        Reason: caller",
    );
    let [Change { what: What::AgentCompleted { caller, .. }, .. }] = &*told else {
        panic!("{told:?}");
    };
    assert_eq!(caller.as_deref(), Some("a"));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (5, 8));
    assert!(!scene.ann().in_call && scene.ann().calls.is_empty());
}

#[test]
fn the_number_of_calls_does_not_step_back_behind_a_completed_one() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "a", ""));
    scene.event(&agent("AgentComplete", "a", ""));
    let status = text(&member("QueueMemberStatus", &[("Status", "2")]));
    scene.model.event(&status, scene.now);
    assert_eq!(scene.ann().calls_taken, 5);
    // A reset steps back indeed.
    scene.event(&member("QueueMemberStatus", &[("CallsTaken", "0")]));
    assert_eq!(scene.ann().calls_taken, 0);
}

#[test]
fn a_member_pauses() {
    let mut scene = Scene::begin();
    let lunch = [("Paused", "1"), ("PausedReason", "Lunch"), ("LastPause", "1000003")];
    let told = scene.event(&member("QueueMemberPause", &lunch));
    assert!(matches!(&*told, [Change { what: What::MemberPaused { .. }, .. }]), "{told:?}");
    let since = Since::At(START + Duration::from_secs(1_000_003));
    assert_eq!(scene.ann().pause, Some(Pause { reason: "Lunch".into(), since }));
    let told = scene.event(&member("QueueMemberPause", &[("PausedReason", "Back")]));
    assert!(matches!(&*told, [Change { what: What::MemberUnpaused { .. }, .. }]), "{told:?}");
    let changed = [("Penalty", "3"), ("MemberName", "Anna"), ("Status", "6")];
    let told = scene.event(&member("QueueMemberPenalty", &changed));
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn the_channel_tells_how_a_caller_left() {
    let ends = [
        ("Exten: 1\nPriority: 3", QueueExit::TimedOut),
        ("Exten: 1\nPriority: 9", QueueExit::Redirected),
        ("Exten: 0\nPriority: 1", QueueExit::Redirected),
        ("Exten: h\nPriority: 1", QueueExit::Abandoned),
    ];
    for (place, end) in ends {
        let mut scene = Scene::begin();
        scene.event(&caller("QueueCallerAbandon", "a", "Position: 1"));
        assert_eq!(scene.queue().figures.abandoned, 4);
        assert_eq!(how(&scene.event(&caller("QueueCallerLeave", "a", "Position: 1"))), None);
        let went = format!("Event: Newexten\nChannel: SIP/a\nUniqueid: a\nContext: in\n{place}");
        assert_eq!(how(&scene.event(&went)), Some(end), "{place}");
    }
    let mut scene = Scene::begin();
    scene.event(&caller("QueueCallerLeave", "a", "Position: 1"));
    let told = scene.event("Event: Hangup\nChannel: SIP/a\nUniqueid: a\nCause: 16");
    assert_eq!(how(&told), Some(QueueExit::Abandoned));
}

#[test]
fn without_channels_the_way_is_unknown() {
    let mut scene = Scene::begin();
    let unknown = crate::state::Unknown::Loading(Part::Channels);
    scene.model.state.coverage.set(Part::Channels, Some(unknown));
    assert_eq!(how(&scene.event(&caller("QueueCallerLeave", "a", "Position: 1"))), None);
    let told = scene.event(&caller("QueueCallerLeave", "b", "Position: 1"));
    assert_eq!(how(&told), Some(QueueExit::Unknown));
    let told = scene.event(&agent("AgentConnect", "b", ""));
    assert!(matches!(how(&told), Some(QueueExit::Answered { .. })));
    assert!(scene.model.left.is_empty());
}

#[test]
fn a_second_list_tells_what_nobody_saw() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "gone", ""));
    let bob = ANN.replace("SIP/ann", "SIP/bob");
    let told = scene.list(Part::Queues, &[SALES, &bob, &entry("b", 1), &entry("c", 2)]);
    assert!(told.iter().all(|it| it.resync), "{told:?}");
    let is = |it: &dyn Fn(&What) -> bool| told.iter().filter(|told| it(&told.what)).count();
    assert_eq!(
        is(&|it| matches!(it, What::MemberAdded { interface, .. } if &**interface == "SIP/bob")),
        1
    );
    assert_eq!(
        is(&|it| matches!(it, What::MemberRemoved { member, .. } if &*member.name == "Ann")),
        1
    );
    assert_eq!(
        is(&|it| matches!(it, What::CallerJoinedQueue { channel, .. } if &**channel == "c")),
        1
    );
    assert_eq!(how(&told), Some(QueueExit::Unknown));
    assert_eq!((&*scene.callers(), told.len()), ("b1 c2 ", 4));
    let told = scene.list(Part::Queues, &[]);
    assert!(matches!(&*told, [Change { what: What::QueueRemoved { .. }, resync: true, .. }]));
}

#[test]
fn a_list_keeps_the_call_of_a_member_while_it_goes_on() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "a", ""));
    scene.list(Part::Queues, &[SALES, &ANN.replace("InCall: 0", "InCall: 1")]);
    assert_eq!(scene.ann().calls.len(), 1);
    // The queue was loaded again. The server counts the call for the queue, not for the member.
    scene.list(Part::Queues, &[SALES, ANN]);
    assert_eq!(scene.ann().calls.len(), 1);
    scene.event(&agent("AgentComplete", "a", ""));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (4, 8));
    assert!(scene.ann().calls.is_empty());
}

#[test]
fn a_list_ends_the_call_of_a_member_that_ended_unseen() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "a", ""));
    let (since, reason) = (scene.now, StaleReason::Missed(1));
    scene.model.set_freshness(Freshness::Stale { since, reason }, since);
    // The caller is up, the member's channel is not.
    scene.list(Part::Queues, &[SALES, ANN]);
    assert!(scene.ann().calls.is_empty());
    scene.event(&agent("AgentComplete", "a", ""));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (4, 7));
}

#[test]
fn a_reload_of_the_queues_wants_the_list() {
    let mut scene = Scene::begin();
    scene.event("Event: Reload\nModule: res_parking\nStatus: 0");
    assert!(scene.model.take_requests().is_empty());
    scene.event("Event: Reload\nModule: app_queue\nStatus: 0");
    let requests = scene.model.take_requests();
    let request = &requests[0];
    assert_eq!((request.part, request.action.name()), (Part::Queues, "QueueStatus"));
    let collected = Collected::default();
    scene.model.answer(request, Ok(&collected), scene.now);
    let told = scene.model.take_changes();
    let gone = told.iter().find(|it| matches!(it.what, What::QueueRemoved { .. })).unwrap();
    assert!(gone.resync && scene.model.state.queues().is_ok());
}

#[test]
fn queues_need_no_other_class_than_agent() {
    let needed: Vec<_> = super::super::classes(Part::Queues).collect();
    assert_eq!(needed, [ami::EventClass::Agent]);
}

#[test]
fn an_answer_is_seen_also_around_a_list_and_not_behind_a_loss() {
    for is_lost in [false, true] {
        let mut scene = Scene::begin();
        scene.event(&caller("QueueCallerLeave", "a", "Position: 1"));
        if is_lost {
            let (since, reason) = (scene.now, StaleReason::Missed(1));
            scene.model.set_freshness(Freshness::Stale { since, reason }, since);
        }
        let listed = how(&scene.list(Part::Queues, &[SALES, ANN, &entry("b", 1)]));
        let answered = how(&scene.event(&agent("AgentConnect", "a", "")));
        assert_eq!(listed.is_some_and(|it| it == QueueExit::Unknown), is_lost);
        assert_eq!(matches!(answered, Some(QueueExit::Answered { .. })), !is_lost);
    }
}

const BRIDGED: &str = "Event: BridgeEnter
    BridgeUniqueid: p
    BridgeType: parking
    Channel: SIP/a
    Uniqueid: a";

#[test]
fn a_channel_that_is_taken_out_of_its_queue_waits_no_longer() {
    for (taken, end) in [
        (BRIDGED, QueueExit::Redirected),
        ("Event: Hangup\nChannel: SIP/a\nUniqueid: a\nCause: 16", QueueExit::Abandoned),
    ] {
        let mut scene = Scene::begin();
        assert_eq!(how(&scene.event(taken)), Some(end));
        assert_eq!((&*scene.callers(), scene.queue().figures.abandoned), ("b1 ", 4));
        assert_eq!(how(&scene.event(taken)), None);
        assert_eq!(scene.queue().figures.abandoned, 4);
    }
    // The server can tell that it counts the caller, and not that the caller has left.
    let mut scene = Scene::begin();
    scene.event(&caller("QueueCallerAbandon", "a", "Position: 1"));
    scene.event(BRIDGED);
    assert_eq!((&*scene.callers(), scene.queue().figures.abandoned), ("b1 ", 4));
    // A caller whom a member answered has left before.
    let mut scene = Scene::begin();
    scene.event(&caller("QueueCallerLeave", "a", "Position: 1\nCount: 1"));
    scene.event(BRIDGED);
    assert_eq!((&*scene.callers(), scene.queue().figures.abandoned), ("b1 ", 3));
}

#[test]
fn a_channel_that_goes_on_waits_no_longer_unless_its_queue_runs_a_subroutine() {
    for (options, end) in [("t", Some(QueueExit::Redirected)), ("tb(B^1)B(s^1)", None)] {
        let mut scene = Scene::begin();
        let at = |application: &str, data: &str| {
            format!(
                "Event: Newexten
                Channel: SIP/a
                Uniqueid: a
                Context: in
                Exten: 1
                Priority: 2
                Application: {application}
                AppData: {data}"
            )
        };
        scene.event(&at("Queue", &format!("sales,{options}")));
        scene.event(&caller("QueueCallerLeave", "a", "Position: 1\nCount: 1"));
        scene.event(&caller("QueueCallerJoin", "a", "Position: 1\nCount: 2"));
        scene.model.take_changes();
        assert_eq!(how(&scene.event(&at("Wait", "60"))), end);
        let waits = if end.is_some() { ("b1 ", 4) } else { ("a1 b2 ", 3) };
        assert_eq!((&*scene.callers(), scene.queue().figures.abandoned), waits);
    }
}

#[test]
fn a_channel_that_took_the_place_of_the_caller_leaves_from_there() {
    let mut scene = Scene::begin();
    scene.event("Event: Hangup\nChannel: SIP/a<ZOMBIE>\nUniqueid: a\nCause: 16");
    assert_eq!(scene.callers(), "a1 b2 ");
    let told = scene.event(&caller("QueueCallerLeave", "c", "Position: 1\nCount: 1"));
    assert_eq!((how(&told), &*scene.callers()), (Some(QueueExit::Unknown), "b1 "));
}

#[test]
fn the_caller_is_that_of_the_channel() {
    let mut scene = Scene::begin();
    let change = r#"Event: NewCallerid
        Channel: SIP/a
        Uniqueid: a
        CallerIDNum: 5
        CallerIDName: the \"boss\""#;
    scene.event(change);
    let caller = &scene.queue().callers[0];
    assert_eq!((&*caller.number, &*caller.name), ("5", r#"the "boss""#));
    assert_eq!(&*scene.queue().callers[1].number, "");
}

#[test]
fn of_calls_of_a_member_that_overlap_the_latest_counts() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "a", ""));
    scene.event(&agent("AgentConnect", "b", "").replace("DestUniqueid: x", "DestUniqueid: y"));
    scene.event(&agent("AgentComplete", "a", ""));
    assert_eq!((scene.ann().calls_taken, scene.ann().in_call), (4, true));
    scene.event(&agent("AgentComplete", "b", "").replace("DestUniqueid: x", "DestUniqueid: y"));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (5, 8));
    assert!(scene.ann().calls.is_empty());
}

#[test]
fn the_device_of_a_member_tells_the_end_of_a_call_first() {
    let mut scene = Scene::begin();
    scene.event(&agent("AgentConnect", "a", ""));
    scene.event(&member("QueueMemberStatus", &[("InCall", "1"), ("Status", "2")]));
    scene.event(&member("QueueMemberStatus", &[("CallsTaken", "5"), ("Status", "1")]));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (5, 8));
    scene.event(&agent("AgentComplete", "a", ""));
    assert_eq!((scene.ann().calls_taken, scene.queue().figures.completed), (5, 8));
    assert!(scene.ann().calls.is_empty());
}

#[test]
fn the_call_of_a_former_member_counts_for_the_queue_alone() {
    for is_back in [false, true] {
        let mut scene = Scene::begin();
        scene.event(&agent("AgentConnect", "a", ""));
        scene.event(&member("QueueMemberRemoved", &[]));
        if is_back {
            scene.event(&member("QueueMemberAdded", &[("CallsTaken", "0")]));
            assert_eq!(&*scene.ann().calls[0].caller, "a");
        }
        let told = scene.event(&agent("AgentComplete", "a", ""));
        let is = |it: &Change| matches!(&it.what, What::AgentCompleted { caller: Some(it), .. } if &**it == "a");
        assert!(told.iter().any(is), "{told:?}");
        assert_eq!(scene.queue().figures.completed, 8);
        assert!(scene.queue().former.is_empty());
        if is_back {
            assert_eq!((scene.ann().calls_taken, scene.ann().calls.len()), (0, 0));
        }
    }
}
