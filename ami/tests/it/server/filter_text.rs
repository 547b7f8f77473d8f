//! Filters that are written as text, on what servers send; and events as results.

use ami::{
    Action, Buffer, Disconnect, Event, Filter, Item, Lost, Originate, Subscription, TryNextError,
};
use tokio::time::timeout;

use super::{AGES, Proxy, VERSIONS, boot, end, quick, wait_for};

/// A filter, and the same decision in code.
type Case = (&'static str, fn(&Event) -> bool);

fn is(event: &Event, field: &str, value: &str) -> bool {
    event.get(field) == Some(value.as_bytes())
}

/// Returns `true` if an event is about one of the two halves of the call. `OriginateResponse` has
/// the channel as it was asked for.
fn is_of_half(event: &Event) -> bool {
    let half = |it: &[u8]| it.starts_with(b"Local/busy@") && it.iter().nth_back(1) == Some(&b';');
    event.get("Channel").is_some_and(half)
}

fn classes(event: &Event) -> &str {
    event.utf8("Privilege").unwrap().unwrap()
}

const CASES: &[Case] = &[
    ("Hangup", |it| it.is("Hangup")),
    ("hang*", |it| it.name().starts_with("Hang")),
    ("Hangup Cause!=17", |it| it.is("Hangup") && !is(it, "Cause", "17")),
    ("Cause!=17", |it| !is(it, "Cause", "17")),
    ("Cause~* Cause!=17", |it| it.get("Cause").is_some() && !is(it, "Cause", "17")),
    ("Cause!~*", |it| it.get("Cause").is_none()),
    ("Channel~Local/busy@*;?", is_of_half),
    ("Newchannel Channel~*;1,Hangup", |it| {
        let first = it.get("Channel").is_some_and(|it| it.ends_with(b";1"));
        it.is("Hangup") || it.is("Newchannel") && first
    }),
    ("Newexten,User*", |it| it.is("Newexten") || it.is("UserEvent")),
    ("class:call", |it| classes(it) == "call,all"),
    ("class:user", |it| classes(it) == "user,all"),
    ("class:dialplan Exten=busy", |it| classes(it) == "dialplan,all" && is(it, "Exten", "busy")),
    ("Event!=VarSet class:dialplan", |it| classes(it) == "dialplan,all" && !it.is("VarSet")),
    (r#"UserEvent Text="a, \"b\" *""#, |it| is(it, "Text", r#"a, "b" *"#)),
];

/// The events that are there now.
fn taken(events: &mut Subscription) -> Vec<Event> {
    let mut taken = Vec::new();
    loop {
        match events.try_next() {
            Ok(Item::Event(event)) => taken.push(event),
            Err(TryNextError::Empty) => return taken,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn filters_of_text_select_what_they_say_and_events_come_as_results() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let proxy = Proxy::before(instance.ami_address()).await;
        let client = quick().connect(&proxy.address).await.unwrap();
        let mut all = client.subscribe_with(Filter::all(), Buffer::unbounded());
        let mut each: Vec<_> =
            CASES.iter().map(|case| client.subscribe(case.0.parse().unwrap())).collect();
        let busy = Originate::to_application("Local/busy@default", "Echo", "");
        client.originate(busy).await.unwrap_err();
        let text = Action::user_event("Text").field("Text", r#"a, "b" *"#);
        client.call(text).await.unwrap();
        let mut came = Vec::new();
        let mut awaited = 3;
        while awaited > 0 {
            let event = timeout(AGES, all.next_event()).await.unwrap().unwrap();
            awaited -= u32::from(event.is("Hangup") || event.is("UserEvent"));
            came.push(event);
        }
        // An event comes to all subscriptions at once, and none comes while nothing here waits.
        came.extend(taken(&mut all));
        for ((text, decide), events) in CASES.iter().zip(&mut each) {
            let (expected, others): (Vec<_>, _) = came.iter().cloned().partition(decide);
            assert!(!expected.is_empty() && !others.is_empty(), "{major}: {text}: no such events");
            let filter = Filter::parse(text).unwrap();
            assert!(expected.iter().all(|event| filter.matches(event)), "{major}: {text}");
            assert!(!others.iter().any(|event| filter.matches(event)), "{major}: {text}");
            assert_eq!(taken(events), expected, "{major}: {text}");
        }

        let mut ours = client.subscribe("UserEvent UserEvent=Behind".parse().unwrap());
        proxy.cut();
        let lost = timeout(AGES, ours.next_event()).await.unwrap().unwrap_err();
        assert!(matches!(&lost, Lost::Gap(gap) if gap.times == 1), "{major}: {lost:?}");
        wait_for(&client, |state| state.is_up()).await;
        client.call(Action::user_event("Behind")).await.unwrap();
        assert!(is(
            &timeout(AGES, ours.next_event()).await.unwrap().unwrap(),
            "UserEvent",
            "Behind"
        ));
        client.close().await.unwrap();
        let ended = timeout(AGES, ours.next_event()).await.unwrap().unwrap_err();
        assert!(matches!(ended, Lost::Ended(Disconnect::Closed)), "{major}: {ended:?}");
        end(instance).await;
    }
}
