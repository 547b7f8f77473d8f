//! The memory of a state: flat behind the peak while calls come and go, and that of a channel.
//!
//! Everything but the server's end runs in one thread, whose allocations are counted.

use std::sync::mpsc;
use std::thread;

use ami::{Buffer, Client};
use live::{Config, Live, Table};

use crate::Ratio;
use crate::stream::{LAST, Stream, connect, end};

/// The number of calls that are replayed.
const CALLS: usize = 100_000;

/// The limit in bytes for a channel that is up, which is the unit of the ratio.
const CHANNEL: f64 = 2048.0;

/// The number of replays whose channels stay up.
const UP: usize = 20;

pub(crate) fn measure() -> Vec<Ratio> {
    let mut stream = Stream::read();
    let replays = CALLS.div_ceil(stream.calls);
    let steps = [replays / 10, replays];
    let [tenth, all] = steps.map(|replays| kept(Stream::read(), replays));
    println!("memory: {} calls, {} channels", stream.calls * replays, stream.channels * replays);
    println!("memory: {} KiB behind a tenth of them, at most {}", tenth.0 / 1024, tenth.1 / 1024);
    println!("memory: {} KiB behind all of them, at most {}", all.0 / 1024, all.1 / 1024);
    stream = Stream::without_ends();
    let channels = (stream.channels * UP) as f64;
    let none = kept(Stream::without_ends(), 0);
    let up = kept(stream, UP);
    let channel = (up.0 - none.0) as f64 / channels;
    println!("memory: {channels} channels up, {channel:.0} bytes each with its part of the call");
    vec![
        ("memory-all/tenth", all.0 as f64 / tenth.0 as f64),
        ("memory-channel/2048", channel / CHANNEL),
    ]
}

/// Replays a stream into a state. Returns the bytes that are allocated then by the client and the
/// state, and the most that were at a time.
fn kept(mut stream: Stream, replays: usize) -> (i64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let is_empty = stream.ends || replays == 0;
    let mut kept = None;
    let counted = allocation_counter::measure(|| {
        kept = Some(runtime.block_on(async {
            let (client, mut io, live) = connect(begin).await;
            let last = live.channel(LAST);
            // The server's end waits until the client is gone, and its memory is not counted.
            let (done, wait) = mpsc::channel::<()>();
            let writer = thread::spawn(move || {
                for number in 0..replays {
                    stream.write(number, &mut io).unwrap();
                }
                end(&mut io);
                let _ = wait.recv();
            });
            last.ended().await.unwrap();
            let none = live.state().channels().is_ok_and(Table::is_empty);
            assert_eq!(none, is_empty, "all that has begun has ended");
            (client, live, writer, done)
        }));
    });
    drop(kept);
    (counted.bytes_current, counted.bytes_max)
}

async fn begin(client: &Client) -> Live {
    let live = Live::start_with(client, Config::new().buffer(Buffer::unbounded()));
    live.current().await.unwrap();
    live
}
