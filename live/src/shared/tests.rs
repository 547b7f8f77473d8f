use std::task::Waker;

use ami::Event;

use super::*;
use crate::state::Part;

fn shared() -> Shared {
    Shared::new(&Config::new().parts([Part::Channels]).history(2))
}

fn tell(shared: &Shared, text: &str) {
    let event = Event::parse(text).unwrap();
    shared.change(|model| model.event(&event, SystemTime::now()));
}

#[test]
fn those_who_no_longer_wait_leave_nothing_behind() {
    let shared = shared();
    let (_, watcher) = shared.watch();
    let id = Id::from("1.1");
    let (call, channel) = (shared.track_call(&id), shared.track_channel(&id));
    let second = shared.track_channel(&id);
    assert_eq!(shared.waiting(), (1, 2));
    drop((call, channel));
    shared.untrack(&id);
    assert_eq!(shared.waiting(), (1, 1), "the second is still there");
    drop(second);
    shared.untrack(&id);
    shared.unwatch(watcher);
    assert_eq!(shared.waiting(), (0, 0));
}

#[test]
fn who_waits_for_an_end_gets_it_and_is_forgotten() {
    let shared = shared();
    let channel = shared.track_channel(&Id::from("1.1"));
    tell(&shared, "Event: Newchannel\nUniqueid: 1.1\nLinkedid: 1.1\nChannel: SIP/1");
    assert!(channel.borrow().end.is_none());
    tell(&shared, "Event: Hangup\nUniqueid: 1.1\nLinkedid: 1.1\nChannel: SIP/1\nCause: 17");
    let end = channel.borrow().end.clone().unwrap();
    assert_eq!((&*end.0.name, end.1.map(Cause::number)), ("SIP/1", Some(17)));
    assert_eq!(shared.waiting(), (0, 0));
}

#[test]
fn the_first_reason_of_an_end_counts_and_comes_behind_all_changes() {
    let shared = shared();
    let (_, watcher) = shared.watch();
    tell(&shared, "Event: Newchannel\nUniqueid: 1.1\nLinkedid: 1.1\nChannel: SIP/1");
    shared.end(Ended::Panicked("one".into()));
    shared.end(Ended::Stopped);
    assert!(matches!(shared.ended(), Some(Ended::Panicked(_))));
    let mut cx = Context::from_waker(Waker::noop());
    let mut last = None;
    while let Poll::Ready(Some(change)) = shared.poll_change(watcher, &mut cx) {
        last = Some(change.unwrap().what);
    }
    assert!(matches!(last, Some(What::Freshness(Freshness::Stale { .. }))), "{last:?}");
    assert!(matches!(shared.poll_change(watcher, &mut cx), Poll::Ready(None)));
}
