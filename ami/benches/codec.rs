//! Benchmarks of decoding, in units of the minimum that can be done with the same bytes.
//!
//! `cargo bench -p ami --bench codec` reads the recorded streams of Asterisk 22 and 16, or the one
//! that `AMI_BENCH_STREAM` names. The floor is to find every line end (`memchr_iter`). For
//! comparison there is a search for CR LF CR LF (`memmem`) that finds the message ends, which no
//! client may rely on. All take turns, for `BENCH_ROUNDS` rounds. A ratio is the median of the
//! ratios within a round.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ami::{Action, Codec, Frame, Line, Message};
use bytes::{BufMut, BytesMut};
use memchr::{memchr_iter, memmem};
use tokio_util::codec::{Decoder, Encoder};

/// The number of bytes that a client reads from a socket at once.
const READ: usize = 64 * 1024;

/// Five names that a program is likely to ask for.
const NAMES: [&str; 5] = ["Channel", "Uniqueid", "CallerIDNum", "Linkedid", "Exten"];

/// The name of a task and the task. It receives the stream in a buffer that was filled just before.
type Work<'a> = (&'static str, Box<dyn Fn(BytesMut) + 'a>);

fn main() {
    let rounds =
        std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(200).max(1);
    let own = |major| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/asterisk-{major}.ami"))
    };
    let streams = match std::env::var_os("AMI_BENCH_STREAM") {
        // cargo runs a benchmark in the folder of its package, but is itself called from the folder
        // above.
        Some(path) => {
            vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PathBuf::from(path))]
        }
        None => vec![own(22), own(16)],
    };
    let (mut decode, mut headers) = (0.0, 0.0);
    for path in streams {
        let stream =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("{}", path.display());
        let (one, two) = bench(&stream, rounds);
        (decode, headers) = (f64::max(decode, one), f64::max(headers, two));
    }
    lengths(rounds);
    encode(rounds);
    println!("ratio decode/memchr {decode:.3}");
    println!("ratio headers/memchr {headers:.3}");
}

/// Measures everything on one stream. Returns the two ratios that matter.
fn bench(stream: &[u8], rounds: usize) -> (f64, f64) {
    let messages = messages(stream);
    let work: Vec<Work<'_>> = vec![
        ("memchr_iter: every line end", Box::new(|buffer| line_ends(&buffer))),
        ("memmem: every CR LF CR LF", Box::new(|buffer| message_ends(&buffer))),
        ("decode, with kind, name and ActionID", Box::new(|buffer| decode(buffer, known))),
        ("decode and visit every header", Box::new(|buffer| decode(buffer, visit))),
        ("decode and read five headers", Box::new(|buffer| decode(buffer, five))),
        ("decode in chunks of 64 KiB, copied", Box::new(|buffer| in_chunks(&buffer, READ))),
        ("decode in chunks of 1,460 bytes, copied", Box::new(|buffer| in_chunks(&buffer, 1460))),
    ];
    let mut times = measure(&work, stream, rounds);
    let lines = times.remove(0);
    println!("{:45} {:8.1} ns a message", work[0].0, nanoseconds(&lines) / messages);
    let ratios: Vec<_> = times.iter().map(|times| ratio(times, &lines)).collect();
    for ((name, _), (times, ratio)) in work[1..].iter().zip(times.iter().zip(&ratios)) {
        println!("{name:45} {:8.1} ns a message {ratio:8.3}", nanoseconds(times) / messages);
    }
    bytewise(stream, messages);
    (ratios[1], ratios[2])
}

/// Measures decoding byte by byte. It takes three hundred calls for a message, so it has a round of
/// its own.
fn bytewise(stream: &[u8], messages: f64) {
    let begun = Instant::now();
    in_chunks(stream, 1);
    let took = begun.elapsed().as_nanos() as f64;
    let calls = took / stream.len() as f64;
    println!(
        "{:45} {:8.1} ns a message, {calls:.1} ns a byte",
        "decode in chunks of 1 byte",
        took / messages
    );
}

/// Compares one long message with many short ones of the same total size.
fn lengths(rounds: usize) {
    let mut short = String::new();
    while short.len() < 10_000_000 {
        let _ = write!(
            short,
            "Event: Filler\r\nPrivilege: call,all\r\n{}\r\n",
            "Name: some value\r\n".repeat(20)
        );
    }
    let mut long = String::from("Response: Success\r\nMessage: Command output follows\r\n");
    let lines = 10_000_000 / 100;
    for _ in 0..lines {
        let _ = write!(long, "Output: {}\r\n", "x".repeat(90));
    }
    long.push_str("\r\n");
    for (name, stream) in
        [("messages of 400 bytes", &short), ("one message of 100,000 lines", &long)]
    {
        let work: [Work<'_>; 1] = [(name, Box::new(|buffer| decode(buffer, kind)))];
        let times = measure(&work, stream.as_bytes(), rounds / 20 + 1);
        println!("{name:45} {:8.3} ns a byte", nanoseconds(&times[0]) / stream.len() as f64);
    }
}

fn encode(rounds: usize) {
    const COUNT: u32 = 1000;
    let action = || {
        Action::new("Originate")
            .with_action_id("0123456789abcdef-1234567")
            .field("Channel", "Local/s@default")
            .field("Application", "Echo")
            .field("Async", "true")
            .field("Variable", "GREETING=hello")
    };
    let encode = |action: &Action, out: &mut BytesMut| {
        Codec::new().encode(action, out).expect("a good action");
        out.clear();
    };
    let made = action();
    let work: [Work<'_>; 2] = [
        (
            "encode an action of six lines",
            Box::new(|mut out| (0..COUNT).for_each(|_| encode(black_box(&made), &mut out))),
        ),
        (
            "make and encode it",
            Box::new(|mut out| (0..COUNT).for_each(|_| encode(&black_box(action()), &mut out))),
        ),
    ];
    let times = measure(&work, &[0; 1024], rounds);
    for ((name, _), times) in work.iter().zip(&times) {
        println!("{name:45} {:8.1} ns", nanoseconds(times) / f64::from(COUNT));
    }
}

/// Measures the tasks in turn and returns the times of each in nanoseconds. Filling the buffer is
/// not counted, and neither is the first round.
fn measure(work: &[Work<'_>], stream: &[u8], rounds: usize) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); work.len()];
    for round in 0..=rounds {
        for ((_, work), times) in work.iter().zip(&mut times) {
            let buffer = BytesMut::from(stream);
            let begun = Instant::now();
            work(buffer);
            if round > 0 {
                times.push(begun.elapsed().as_nanos() as f64);
            }
        }
    }
    times
}

fn nanoseconds(times: &[f64]) -> f64 {
    median(times.to_vec())
}

fn ratio(times: &[f64], floor: &[f64]) -> f64 {
    median(times.iter().zip(floor).map(|(time, floor)| time / floor).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn messages(stream: &[u8]) -> f64 {
    let mut buffer = BytesMut::from(stream);
    let mut codec = Codec::new();
    let mut count = 0;
    while let Ok(Some(_)) = codec.decode(&mut buffer) {
        count += 1;
    }
    f64::from(count)
}

fn line_ends(stream: &[u8]) {
    for at in memchr_iter(b'\n', stream) {
        black_box(at);
    }
}

fn message_ends(stream: &[u8]) {
    for at in memmem::find_iter(stream, b"\r\n\r\n") {
        black_box(at);
    }
}

/// Decodes the contents of a buffer.
fn decode(mut buffer: BytesMut, look: impl Fn(&Message)) {
    let mut codec = Codec::new();
    decode_some(&mut codec, &mut buffer, &look);
}

/// Decodes a stream that arrives in chunks, as a client does, into a buffer that is reused.
fn in_chunks(stream: &[u8], chunk: usize) {
    let mut codec = Codec::new();
    let mut buffer = BytesMut::with_capacity(READ);
    for bytes in stream.chunks(chunk) {
        buffer.reserve(bytes.len());
        buffer.put_slice(bytes);
        decode_some(&mut codec, &mut buffer, &known);
    }
}

#[inline(always)]
fn decode_some(codec: &mut Codec, buffer: &mut BytesMut, look: &impl Fn(&Message)) {
    while let Ok(Some(frame)) = codec.decode(buffer) {
        match &frame {
            Frame::Event(event) => look(event),
            Frame::Response(response) => look(response),
            Frame::Other(message) => look(message),
            other => {
                black_box(other);
            }
        }
    }
}

fn kind(message: &Message) {
    black_box(message.kind());
}

fn known(message: &Message) {
    black_box((message.kind(), message.head(), message.action_id()));
}

fn visit(message: &Message) {
    for line in message.lines() {
        if let Line::Field(name, value) = line {
            black_box((name, value));
        }
    }
}

fn five(message: &Message) {
    for name in NAMES {
        black_box(message.get(name));
    }
}
