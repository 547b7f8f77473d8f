//! The cost of events that go into a state, in units of a subscriber that reads ten fields.
//!
//! The cost is the time of the processor for the one thread that the client and its reader run in,
//! so other programs on the machine matter little.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::thread;

use ami::{Buffer, Filter, Item};
use live::Live;

use crate::stream::{LAST, Stream, connect, end};
use crate::{Ratio, median, ratio};

/// The number of replays in a round.
const REPLAYS: usize = 30;

/// The fields that the subscriber reads of each event.
const FIELDS: [&str; 10] = [
    "Event",
    "Channel",
    "ChannelState",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "Context",
    "Exten",
    "Uniqueid",
    "Linkedid",
];

/// The events of the stream that a state takes. The subscriber gets these alone.
const NAMES: [&str; 16] = [
    "Newchannel",
    "Newstate",
    "Newexten",
    "NewCallerid",
    "NewConnectedLine",
    "Hangup",
    "DialBegin",
    "DialState",
    "DialEnd",
    "HangupRequest",
    "SoftHangupRequest",
    "BridgeCreate",
    "BridgeEnter",
    "BridgeLeave",
    "BridgeDestroy",
    "DeviceStateChange",
];

pub(crate) fn measure(rounds: usize) -> Vec<Ratio> {
    let stream = Arc::new(Mutex::new(Stream::read()));
    let events = stream.lock().unwrap().events * REPLAYS;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let took = (live(&stream), subscriber(&stream));
        // The first round warms up.
        if round > 0 {
            ours.push(took.0);
            theirs.push(took.1);
        }
    }
    for (name, times) in [("live", &ours), ("a subscriber that reads ten fields", &theirs)] {
        let each = median(times.clone()) / events as f64;
        println!("read: {name:36} {each:6.0} ns an event");
    }
    vec![("live/read", ratio(&ours, &theirs))]
}

/// Runs a part in a thread with a runtime, and returns the time of the processor that it took
/// behind its beginning.
fn on_one_thread(part: impl AsyncFnOnce() -> f64 + Send + 'static) -> f64 {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(part())
    };
    thread::spawn(run).join().unwrap()
}

/// Returns the time of the processor that this thread has used, in nanoseconds.
fn used() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Writes the stream in a thread of its own.
fn replay(stream: &Arc<Mutex<Stream>>, mut io: std::net::TcpStream) {
    let stream = Arc::clone(stream);
    thread::spawn(move || {
        for number in 0..REPLAYS {
            stream.lock().unwrap().write(number, &mut io).unwrap();
        }
        end(&mut io);
        // The connection stays until the client has gone.
        let _ = std::io::Read::read(&mut io, &mut [0; 64]);
    });
}

fn live(stream: &Arc<Mutex<Stream>>) -> f64 {
    let stream = Arc::clone(stream);
    on_one_thread(async move || {
        let (_client, io, live) = connect(async |client| {
            let config = live::Config::new().buffer(Buffer::unbounded());
            let live = Live::start_with(client, config);
            live.current().await.unwrap();
            live
        })
        .await;
        let last = live.channel(LAST);
        let begun = used();
        replay(&stream, io);
        last.ended().await.unwrap();
        let took = used() - begun;
        assert!(live.state().channels().unwrap().is_empty());
        took
    })
}

fn subscriber(stream: &Arc<Mutex<Stream>>) -> f64 {
    let stream = Arc::clone(stream);
    on_one_thread(async move || {
        let (_client, io, mut all) = connect(async |client| {
            client.subscribe_with(Filter::named(NAMES), Buffer::unbounded())
        })
        .await;
        let begun = used();
        replay(&stream, io);
        let reader = tokio::spawn(async move {
            while let Some(item) = all.next().await {
                let Item::Event(event) = item else { panic!("{item:?}") };
                for name in FIELDS {
                    black_box(event.get(name));
                }
                if event.get("Uniqueid") == Some(LAST.as_bytes()) {
                    break;
                }
            }
        });
        reader.await.unwrap();
        used() - begun
    })
}
