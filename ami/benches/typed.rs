//! Benchmarks of typed events, in units of what the raw message costs.
//!
//! `cargo bench -p ami --bench typed` reads the events of the recorded streams of Asterisk 22 and
//! 16. Each task goes through all events of its kind. All tasks take turns, for `BENCH_ROUNDS`
//! rounds. A ratio is the median of the ratios within a round, and of the events of one ratio the
//! worst.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use ami::event::{
    DeviceStateChange, DialBegin, DialEnd, Hangup, HangupRequest, NewCallerid, NewConnectedLine,
    Newchannel, Newexten, Newstate, Typed, TypedEvent, VarSet,
};
use ami::{Codec, Event, Frame};
use bytes::BytesMut;
use rustc_hash::FxBuildHasher;
use tokio_util::codec::Decoder;

/// A task, which goes through events.
type Work<'a> = Box<dyn Fn(&[Event]) + 'a>;

/// A pair of tasks: the typed one, and what it is compared with.
struct Pair<'a> {
    name: &'static str,
    ratio: &'static str,
    events: Vec<Event>,
    typed: Work<'a>,
    raw: Work<'a>,
}

impl<'a> Pair<'a> {
    fn new(
        name: &'static str,
        ratio: &'static str,
        events: Vec<Event>,
        typed: impl Fn(&Event) + 'a,
        raw: impl Fn(&Event) + 'a,
    ) -> Self {
        assert!(!events.is_empty(), "{name}: the recordings have no such event");
        let typed = Box::new(move |events: &[Event]| events.iter().for_each(&typed));
        let raw = Box::new(move |events: &[Event]| events.iter().for_each(&raw));
        Self { name, ratio, events, typed, raw }
    }
}

fn main() {
    let rounds =
        std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(200).max(1);
    let events: Vec<Event> = [22, 16].into_iter().flat_map(recorded).collect();
    let makers = makers();
    let frequent: Vec<Event> =
        events.iter().filter(|event| makers.contains_key(event.head())).cloned().collect();
    let pairs = [
        Pair::new("Hangup: five fields", "typed/raw", of::<Hangup>(&events), hangup, raw_hangup),
        Pair::new("DialEnd: five fields", "typed/raw", of::<DialEnd>(&events), dial, raw_dial),
        Pair::new("Newexten: five fields", "typed/raw", of::<Newexten>(&events), exten, raw_exten),
        Pair::new(
            "DialEnd: five fields with a prefix",
            "prefixed/raw",
            of::<DialEnd>(&events),
            dest,
            raw_dest,
        ),
        Pair::new("frequent events: typed()", "lookup/hash", frequent, lookup, |event| {
            black_box(makers.get(event.head()).map(|make| make(event.clone())));
        }),
    ];
    let ratios = measure(&pairs, rounds);
    let mut worst: Vec<(&str, f64)> = Vec::new();
    for (pair, ratio) in pairs.iter().zip(ratios) {
        match worst.iter_mut().find(|(name, _)| *name == pair.ratio) {
            Some((_, worst)) => *worst = worst.max(ratio),
            None => worst.push((pair.ratio, ratio)),
        }
    }
    for (name, ratio) in worst {
        println!("ratio {name} {ratio:.3}");
    }
}

/// Measures both tasks of all pairs in turn and returns the ratio of each pair. The first round is
/// not counted.
fn measure(pairs: &[Pair<'_>], rounds: usize) -> Vec<f64> {
    let mut times = vec![(Vec::new(), Vec::new()); pairs.len()];
    for round in 0..=rounds {
        for (pair, times) in pairs.iter().zip(&mut times) {
            // The one that begins has the colder cache, so they take turns at that too.
            let (typed, raw) = if round % 2 == 0 {
                let typed = time(&pair.typed, &pair.events);
                (typed, time(&pair.raw, &pair.events))
            } else {
                let raw = time(&pair.raw, &pair.events);
                (time(&pair.typed, &pair.events), raw)
            };
            if round > 0 {
                times.0.push(typed);
                times.1.push(raw);
            }
        }
    }
    let each = pairs.iter().zip(times).map(|(pair, (typed, raw))| {
        let ratio = median(typed.iter().zip(&raw).map(|(typed, raw)| typed / raw).collect());
        let (typed, raw) = (median(typed), median(raw));
        println!("{:40} {typed:8.1} ns, raw {raw:8.1} ns an event {ratio:8.3}", pair.name);
        ratio
    });
    each.collect()
}

/// Returns the time for an event, in nanoseconds.
fn time(work: &dyn Fn(&[Event]), events: &[Event]) -> f64 {
    let begun = Instant::now();
    work(events);
    begun.elapsed().as_nanos() as f64 / events.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the events of a recording.
fn recorded(major: u32) -> Vec<Event> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/asterisk-{major}.ami"));
    let stream = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut buffer = BytesMut::from(&stream[..]);
    let mut codec = Codec::new();
    let mut events = Vec::new();
    while let Ok(Some(frame)) = codec.decode(&mut buffer) {
        if let Frame::Event(event) = frame {
            events.push(event);
        }
    }
    events
}

fn of<E: TypedEvent>(events: &[Event]) -> Vec<Event> {
    events.iter().filter(|event| event.is(E::NAME)).cloned().collect()
}

fn number(event: &Event, name: &str) -> Option<u32> {
    event.utf8(name).ok()??.parse().ok()
}

fn hangup(event: &Event) {
    let Some(it) = event.view::<Hangup>() else { return };
    let _ =
        black_box((it.channel(), it.unique_id(), it.cause(), it.cause_txt(), it.channel_state()));
}

fn raw_hangup(event: &Event) {
    black_box((
        event.get("Channel"),
        event.get("Uniqueid"),
        number(event, "Cause"),
        event.get("Cause-txt"),
        event.get("ChannelState"),
    ));
}

fn dial(event: &Event) {
    let Some(it) = event.view::<DialEnd>() else { return };
    let _ = black_box((it.channel(), it.unique_id(), it.priority(), it.exten(), it.dial_status()));
}

fn raw_dial(event: &Event) {
    black_box((
        event.get("Channel"),
        event.get("Uniqueid"),
        number(event, "Priority"),
        event.get("Exten"),
        event.get("DialStatus"),
    ));
}

fn exten(event: &Event) {
    let Some(it) = event.view::<Newexten>() else { return };
    let _ = black_box((
        it.channel(),
        it.unique_id(),
        it.priority(),
        it.application(),
        it.channel_state(),
    ));
}

fn raw_exten(event: &Event) {
    black_box((
        event.get("Channel"),
        event.get("Uniqueid"),
        number(event, "Priority"),
        event.get("Application"),
        event.get("ChannelState"),
    ));
}

fn dest(event: &Event) {
    let Some(it) = event.view::<DialEnd>() else { return };
    let dest = it.dest();
    let _ = black_box((
        dest.channel(),
        dest.unique_id(),
        dest.priority(),
        dest.exten(),
        dest.channel_state(),
    ));
}

fn raw_dest(event: &Event) {
    black_box((
        event.get("DestChannel"),
        event.get("DestUniqueid"),
        number(event, "DestPriority"),
        event.get("DestExten"),
        event.get("DestChannelState"),
    ));
}

/// Returns a table of frequent events by a hash of their whole names, as a program would write it.
fn makers() -> HashMap<&'static [u8], fn(Event) -> Typed, FxBuildHasher> {
    macro_rules! makers {
        ($($event:ident)*) => {
            [$((
                $event::NAME.as_bytes(),
                (|event| Typed::$event($event::view(event))) as fn(Event) -> Typed,
            )),*]
        };
    }
    let frequent = makers! {
        DeviceStateChange DialBegin DialEnd Hangup HangupRequest NewCallerid NewConnectedLine
        Newchannel Newexten Newstate VarSet
    };
    frequent.into_iter().collect()
}

fn lookup(event: &Event) {
    black_box(event.typed());
}
