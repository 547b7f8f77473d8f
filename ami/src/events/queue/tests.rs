//! Tests of the items of a queue, and of the losses that it reports.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::error::Disconnect;
use crate::events::buffer::SHARED;
use crate::wire::{EventMask, Message, READ_BUFFER};

fn event(name: &str) -> Event {
    Event::new(Message::of_lines(Bytes::from(format!("Event: {name}\r\n\r\n"))))
}

fn gap() -> Gap {
    let (reason, lasted) = (Disconnect::Eof, Duration::from_secs(1));
    Gap { reason, times: 1, lasted, restarted: Some(false) }
}

fn push_all(queue: &Queue, events: impl IntoIterator<Item = Event>) -> (Pushed, u64) {
    let mut bundle = Bundle::default();
    events.into_iter().for_each(|event| {
        bundle.add(event);
    });
    queue.push_all(&mut bundle, &mut Vec::new())
}

fn push(queue: &Queue, names: &[&str]) -> usize {
    push_all(queue, names.iter().map(|name| event(name))).1.try_into().unwrap()
}

/// Takes one batch, which is one item in small queues.
fn next(queue: &Queue) -> Vec<String> {
    let mut items = Taken::default();
    let mut cx = Context::from_waker(Waker::noop());
    let end = queue.poll(&mut cx, &mut items) == Poll::Ready(true);
    let text = |item: Queued| match item {
        Queued::Mark(number) => format!("mark {number}"),
        Queued::Down(reason) => format!("down: {reason}"),
        Queued::Restored => "restored".to_owned(),
        Queued::Item(Item::Event(event)) => event.name().into_owned(),
        Queued::Item(Item::Missed(missed)) => format!("missed {missed}"),
        Queued::Item(Item::Gap(gap)) => format!("gap {} {}", gap.times, gap.lasted.as_secs()),
        Queued::Item(Item::Stray(stray)) => format!("{stray:?}"),
        Queued::Item(Item::Withheld(withheld)) => withheld.to_string(),
        Queued::Connected(connected) => format!("connection {}", connected.reconnects + 1),
    };
    items.0.into_iter().map(|entry| text(entry.item)).chain(end.then(|| "end".to_owned())).collect()
}

fn taken(queue: &Queue) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.last().is_none_or(|last| last != "end") {
        let more = next(queue);
        if more.is_empty() {
            break;
        }
        taken.extend(more);
    }
    taken
}

#[test]
fn what_is_missed_is_counted_where_it_is_missing() {
    let slow = Queue::new(Filter::all(), Buffer::bounded(2));
    assert_eq!(push(&slow, &["A", "B", "C", "D"]), 2);
    assert_eq!(next(&slow), ["A"]);
    assert_eq!(push(&slow, &["E", "F"]), 1);
    assert_eq!(taken(&slow), ["B", "missed 2", "E", "missed 1"]);
    push(&slow, &["G"]);
    assert_eq!(taken(&slow), ["G"]);
}

#[test]
fn a_full_queue_can_be_closed_or_grow() {
    let closing = Queue::new(Filter::all(), Buffer::bounded(2).overflow(Overflow::Close));
    assert_eq!(push(&closing, &["A"; 10_000]), 1);
    assert_eq!(taken(&closing), ["A", "A", "missed 1", "end"]);
    let growing = Queue::new(Filter::all(), Buffer::unbounded());
    assert_eq!(push(&growing, &["A"; 10_000]), 0);
    assert_eq!((growing.len(), taken(&growing).len()), (10_000, 10_000));
}

#[test]
fn gaps_stand_where_they_were_and_do_not_pile_up() {
    let queue = Queue::new(Filter::all(), Buffer::bounded(1));
    queue.gap(&gap());
    push(&queue, &["A", "B"]);
    for _ in 0..1000 {
        queue.gap(&gap());
        push(&queue, &["C"]);
    }
    assert_eq!(taken(&queue), ["gap 1 1", "A", "missed 1", "gap 1000 1000", "missed 1000"]);
}

/// Returns how many of the events that begin at these places share the memory of the buffer
/// that they came in.
fn shared(places: &[usize]) -> usize {
    let queue = Queue::new(Filter::all(), Buffer::bounded(4096));
    let text = "Event: A\r\n\r\n";
    let mut buffer = vec![0; places.last().unwrap() + text.len()];
    for &at in places {
        buffer[at..][..text.len()].copy_from_slice(text.as_bytes());
    }
    let buffer = Bytes::from(buffer);
    for &at in places {
        let raw = buffer.slice(at..at + text.len());
        push_all(&queue, [Event::new(Message::of_lines(raw))]);
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut items = Taken::default();
    while queue.poll(&mut cx, &mut items).is_ready() {}
    assert_eq!((items.0.len(), queue.lock().held), (places.len(), 0));
    let shares = |entry: &&Entry| match &entry.item {
        Queued::Item(Item::Event(event)) => buffer.as_ptr_range().contains(&event.raw().as_ptr()),
        _ => panic!("not an event"),
    };
    items.0.iter().filter(shares).count()
}

#[test]
fn a_slow_subscriber_does_not_hold_what_it_did_not_ask_for() {
    let apart = |distance: usize| (0..4000).map(|n| n * distance).collect::<Vec<_>>();
    assert_eq!(shared(&apart(100)), 4000);
    // Each of these events holds a buffer of its own.
    assert_eq!(shared(&apart(READ_BUFFER + 20)), SHARED / READ_BUFFER);
    // These events have others between them.
    assert_eq!(shared(&apart(1024)), SHARED / 1024 - 63);
    // Each of many buffers has a few of the events. Once there are enough, none of the buffers
    // is held, because one event would hold as much as all of them.
    let few: Vec<_> = (0..4000).map(|n| n / 10 * 2 * READ_BUFFER + n % 10 * 100).collect();
    assert!(shared(&few) <= SHARED / READ_BUFFER * 10);
}

#[test]
fn an_item_is_no_larger_than_an_event() {
    assert_eq!(size_of::<Item>(), size_of::<Event>());
}

#[test]
fn a_queue_is_bounded_in_bytes() {
    let queue = Queue::new(Filter::all(), Buffer::bytes(100_000));
    let missed = push(&queue, &["A"; 10_000]);
    let held = queue.len();
    assert_eq!(held + missed, 10_000);
    let each = size_of::<Entry>() + "Event: A\r\n\r\n".len();
    assert_eq!(held, 100_000_usize.div_ceil(each));
    assert_eq!(taken(&queue).len(), held + 1);
    assert_eq!(queue.lock().bytes, 0);
}

#[test]
fn a_queue_that_is_half_full_says_so_until_something_is_missed() {
    let queue = Queue::new(Filter::all(), Buffer::bounded(4));
    let push = || match push_all(&queue, [event("A")]) {
        (_, 1) => Pushed::Missed,
        (pushed, _) => pushed,
    };
    assert_eq!([push(), push(), push()], [Pushed::Done, Pushed::Done, Pushed::HalfFull]);
    assert!(queue.is_half_full());
    assert_eq!([push(), push()], [Pushed::HalfFull, Pushed::Missed]);
    assert!(!queue.is_half_full());
    // The reader waits no more for a subscriber that is behind, until it has caught up.
    next(&queue);
    assert_eq!([push(), push()], [Pushed::Done, Pushed::Missed]);
    taken(&queue);
    assert_eq!([push(), push(), push()], [Pushed::Done, Pushed::Done, Pushed::HalfFull]);
}

#[test]
fn a_subscriber_that_does_not_use_its_time_is_given_no_more() {
    let queue = Queue::new(Filter::all(), Buffer::bounded(4));
    push(&queue, &["A", "B", "C"]);
    for _ in 0..IDLE_TURNS {
        assert!(queue.is_half_full());
        queue.end_turn();
    }
    assert!(!queue.is_half_full());
    taken(&queue);
    push(&queue, &["A", "B", "C"]);
    assert!(queue.is_half_full());
}

#[test]
fn a_queue_of_any_size_takes_one_event() {
    let queue = Queue::new(Filter::all(), Buffer::bytes(0));
    assert_eq!(push(&queue, &["A", "B"]), 1);
    assert_eq!(taken(&queue), ["A", "missed 1"]);
}

#[test]
fn what_is_lost_elsewhere_is_missed_whatever_room_there_is() {
    let queue = Queue::new(Filter::all(), Buffer::bounded(4));
    push(&queue, &["A"]);
    queue.miss(&mut Vec::new());
    push(&queue, &["B"]);
    assert_eq!(taken(&queue), ["A", "missed 1", "B"]);
}

#[test]
fn a_loss_behind_a_mark_is_not_added_to_one_before_it() {
    let queue = Queue::followed(Filter::all(), Buffer::bounded(1));
    push(&queue, &["A", "B"]);
    queue.gap(&gap());
    queue.mark(1);
    push(&queue, &["C", "D"]);
    queue.gap(&gap());
    queue.gap(&gap());
    queue.mark(2);
    let before = ["A", "missed 1", "gap 1 1", "mark 1"];
    let behind = ["missed 2", "gap 2 2", "mark 2"];
    assert_eq!((queue.len(), queue.lock().items.len()), (1, 7), "a mark is no event");
    assert_eq!(taken(&queue), [&before[..], &behind[..]].concat());
    assert_eq!(queue.lock().bytes, 0);
}

#[test]
fn a_follow_is_told_of_a_lost_connection_behind_what_came_before_unless_there_is_another() {
    let queue = Queue::followed(Filter::all(), Buffer::default());
    push(&queue, &["A"]);
    queue.down(&Disconnect::Eof);
    let down = "down: the server closed the connection";
    assert_eq!(taken(&queue), ["A", down]);
    assert_eq!(taken(&queue), Vec::<String>::new());
    queue.gap(&gap());
    assert_eq!(taken(&queue), ["gap 1 1"]);
    // The follow reads too late.
    queue.down(&Disconnect::Eof);
    queue.gap(&gap());
    assert_eq!(taken(&queue), ["gap 1 1"]);
    // There is no other connection.
    queue.down(&Disconnect::Eof);
    queue.close();
    assert_eq!(taken(&queue), [down, "end"]);
    // The mask is changed again and again, and nobody reads.
    let queue = Queue::followed(Filter::named(["Hangup"]), Buffer::default());
    let mut held = Held::default();
    for _ in 0..3 {
        for mask in [Some(EventMask::none()), None] {
            held.set_mask(mask);
            queue.withhold(&held, &mut Vec::new());
        }
    }
    assert_eq!(queue.lock().items.len(), 2);
    // Other subscribers learn of the gap alone.
    let queue = Queue::new(Filter::all(), Buffer::default());
    queue.down(&Disconnect::Eof);
    queue.gap(&gap());
    assert_eq!(taken(&queue), ["gap 1 1"]);
}

#[test]
fn the_begins_of_connections_stand_behind_their_gaps_and_do_not_pile_up() {
    let connected = |reconnects| Arc::new(Connected { reconnects, restarts: 0, started: None });
    let queue = Queue::followed(Filter::all().with_connections(), Buffer::bounded(1));
    queue.connected(&connected(0));
    for reconnects in 1..5 {
        queue.down(&Disconnect::Eof);
        queue.gap(&gap());
        queue.connected(&connected(reconnects));
        queue.miss(&mut Vec::new());
    }
    assert_eq!(queue.lock().items.len(), 4);
    assert_eq!(taken(&queue), ["connection 1", "gap 4 4", "connection 5", "missed 4"]);
    push(&queue, &["A"]);
    queue.gap(&gap());
    queue.connected(&connected(5));
    assert_eq!(taken(&queue), ["A", "gap 1 1", "connection 6"]);
    // Others do not ask for it.
    let asks = |it: Filter| it.with_connections();
    for queue in [
        Queue::followed(Filter::all(), Buffer::default()),
        Queue::new(asks(Filter::all()), Buffer::default()),
    ] {
        queue.connected(&connected(0));
        assert_eq!(taken(&queue), Vec::<String>::new());
    }
}
