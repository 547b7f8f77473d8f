//! Messages that come before an answer are in the queues before the answer.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::sync::oneshot;
use tokio_util::codec::Decoder;

use super::*;
use crate::connection::pending::{ExchangeWaiter, ListWant, Waiter};
use crate::connection::reply::{Incoming, Part, parts};
use crate::events::{Buffer, Filter, Subscribers, Subscription};
use crate::stats::Counters;
use crate::wire::Codec;

struct Table {
    connection: Connection,
    counters: Arc<Counters>,
    events: Subscription,
    codec: Codec,
    buffer: BytesMut,
}

fn table() -> Table {
    let mut codec = Codec::new();
    let mut buffer = BytesMut::from("Asterisk Call Manager/11.0.0\r\n");
    let Ok(Some(Frame::Banner(banner))) = codec.decode(&mut buffer) else {
        panic!("no banner");
    };
    let (subscribers, counters) = (Arc::<Subscribers>::default(), Arc::<Counters>::default());
    let events = Subscription::new(&subscribers, Filter::named(["E"]), Buffer::default());
    let connection = Connection::new(
        &"user".into(),
        "p",
        &banner,
        None,
        subscribers,
        Arc::clone(&counters),
        None,
    );
    Table { connection, counters, events, codec, buffer }
}

fn wait(connection: &Connection, id: u64, waiter: Waiter) {
    connection.pending.add(id, waiter, Instant::now() + Duration::from_secs(60), None);
}

fn more<P: Part>(incoming: &mut Incoming<P>) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let mut parts = 0;
    while let Poll::Ready(Some(_)) = incoming.recv(&mut cx) {
        parts += 1;
    }
    parts
}

#[test]
fn whoever_is_told_something_finds_the_events_before_it_in_the_queues() {
    let Table { mut codec, mut buffer, connection, events, counters } = table();
    let (sender, mut response) = oneshot::channel();
    wait(&connection, 1, Waiter::Response(sender));
    let (sender, mut originate) = oneshot::channel();
    wait(&connection, 2, Waiter::Originate(sender));
    let (sender, mut list) = parts();
    let want = ListWant { counts: true, ..ListWant::default() };
    wait(&connection, 3, Waiter::List(ListWaiter { parts: sender, want }));
    let mut all = None;
    let mut booted = connection.booted();
    // Each of these tells somebody something, and before each there is one event more.
    let told = [
        "Event: FullyBooted\r\n",
        "Response: Success\r\nActionID: p-1\r\n",
        "Event: OriginateResponse\r\nActionID: p-2\r\nResponse: Success\r\n",
        "Response: Success\r\nActionID: p-3\r\nEventList: start\r\n",
        "Event: Item\r\nActionID: p-3\r\n",
        "Event: ItemComplete\r\nActionID: p-3\r\nEventList: Complete\r\nListItems: 1\r\n",
        "Event: Item\r\nActionID: p-4\r\n",
        "Other: x\r\n",
        "Response: Success\r\nActionID: p-4\r\n",
    ];
    let mut dispatch = Dispatch::new(&connection);
    for (n, text) in told.iter().enumerate() {
        if text.contains("p-4") && all.is_none() {
            let (parts, incoming) = parts();
            wait(&connection, 4, Waiter::Everything(ExchangeWaiter { parts, shape: None }));
            all = Some(incoming);
        }
        buffer.extend_from_slice(format!("Event: E\r\n\r\n{text}\r\n").as_bytes());
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            dispatch.dispatch(frame);
        }
        let heard: [usize; 5] = [
            usize::from(response.try_recv().is_ok()),
            usize::from(originate.try_recv().is_ok()),
            more(&mut list),
            all.as_mut().map_or(0, more),
            usize::from(booted.has_changed().is_ok_and(|it| it)),
        ];
        booted.mark_unchanged();
        assert!(heard.iter().sum::<usize>() > 0, "nobody is told anything by {text}");
        assert_eq!(events.queued(), n + 1, "behind {text}");
    }
    // Nothing but the end of what was read at once makes events alone come.
    buffer.extend_from_slice(b"Event: E\r\n\r\n");
    while let Ok(Some(frame)) = codec.decode(&mut buffer) {
        dispatch.dispatch(frame);
    }
    dispatch.flush();
    assert_eq!((events.queued(), counters.missed.get()), (told.len() + 1, 0));
}

/// A caller that notes, whenever it is told something, how many events its subscription has.
struct Noting {
    events: Subscription,
    noted: Mutex<Vec<usize>>,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.noted.lock().unwrap().push(self.events.queued());
    }
}

#[test]
fn an_event_that_tells_a_caller_something_is_in_the_queues_by_then() {
    let Table { mut codec, mut buffer, connection, .. } = table();
    let events = Subscription::new(&connection.subscribers, Filter::all(), Buffer::default());
    let noting = Arc::new(Noting { events, noted: Mutex::default() });
    let waker = Waker::from(Arc::clone(&noting));
    let mut cx = Context::from_waker(&waker);
    let mut booted = connection.booted();
    let mut boot = pin!(booted.changed());
    assert!(boot.as_mut().poll(&mut cx).is_pending());
    let (sender, mut originate) = oneshot::channel();
    wait(&connection, 1, Waiter::Originate(sender));
    assert!(Pin::new(&mut originate).poll(&mut cx).is_pending());
    let (sender, mut list) = parts::<Listed>();
    let want = ListWant { counts: true, shared: true, ..ListWant::default() };
    wait(&connection, 2, Waiter::List(ListWaiter { parts: sender, want }));
    let mut dispatch = Dispatch::new(&connection);
    for text in [
        "Event: FullyBooted\r\n",
        "Event: OriginateResponse\r\nActionID: p-1\r\nResponse: Success\r\n",
        "Response: Success\r\nActionID: p-2\r\nEventList: start\r\n",
        "Event: Item\r\nActionID: p-2\r\n",
        "Event: ItemComplete\r\nActionID: p-2\r\nEventList: Complete\r\nListItems: 1\r\n",
    ] {
        while list.recv(&mut cx).is_ready() {}
        buffer.extend_from_slice(format!("{text}\r\n").as_bytes());
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            dispatch.dispatch(frame);
        }
    }
    assert_eq!(*noting.noted.lock().unwrap(), [1, 2, 2, 3, 4]);
}
