//! The spool against a plain list, with tiny limits, and disks that fail.

use std::collections::VecDeque;
use std::time::SystemTime;

use ami::Event;

use super::*;
use crate::item::What;
use crate::nats::message::Content;

/// A queue with its limits, and jobs that are done when the test says so.
struct Rig {
    queue: Queue,
    limits: Limits,
    budget: Budget,
    jobs: Vec<Job>,
    pushed: u64,
}

impl Rig {
    fn new(memory: usize, disk: u64, folder: Option<PathBuf>) -> Self {
        let limits = Limits::new(memory, disk, folder);
        let budget = Budget { limit: disk, used: 0 };
        Self { queue: Queue::default(), limits, budget, jobs: Vec::new(), pushed: 0 }
    }

    fn with<T>(&mut self, call: impl FnOnce(&mut Queue, &mut Context<'_>) -> T) -> T {
        let Self { queue, limits, budget, jobs, .. } = self;
        call(queue, &mut Context { queue: 0, limits, budget, jobs })
    }

    fn push(&mut self) {
        self.pushed += 1;
        let item = item(self.pushed);
        self.with(|queue, context| queue.push(&item, context));
    }

    /// Does the job that was handed out first.
    fn work(&mut self) {
        if !self.jobs.is_empty() {
            let done = self.jobs.remove(0).run();
            self.with(|queue, context| queue.done(done, context));
        }
    }

    fn take(&mut self, max: usize) -> Vec<Entry> {
        let count = self.with(|queue, context| queue.take(max, context));
        self.queue.entries(self.queue.number(count), count)
    }

    fn trim(&mut self, position: u64) -> Trimmed {
        let id = shared(position);
        match self.queue.trim(id, &mut self.budget) {
            Found::Here(trimmed) => trimmed,
            Found::OnDisk(segments) => {
                for (segment, written) in segments {
                    let entries = disk::read(&written).unwrap();
                    if self.queue.trim_read(segment, entries, id, &mut self.budget) {
                        return Trimmed::Through;
                    }
                }
                self.queue.not_found(id, &mut self.budget)
            }
        }
    }

    /// Takes all that is left, and returns the positions and the numbers of missing events.
    fn rest(&mut self) -> Vec<Result<u64, u64>> {
        let mut all = Vec::new();
        while self.queue.len() > 0 {
            let entries = self.take(7);
            self.queue.release(entries.len());
            all.extend(entries.iter().map(told));
            self.work();
        }
        all
    }
}

/// Returns the position of an event, or the number of events that are missing.
fn told(entry: &Entry) -> Result<u64, u64> {
    match &entry.content {
        Content::Event(event) => {
            assert_eq!(event.raw(), self::event(entry.place.position).raw());
            Ok(entry.place.position)
        }
        Content::Missed(count, _) => Err(*count),
        Content::Control(control) => panic!("{control:?}"),
    }
}

/// An event with a stamp, of a length that differs. Several have the same stamp.
fn event(position: u64) -> Event {
    let length = usize::try_from(position * 37 % 300).unwrap();
    let text = format!(
        "Event: X\nPrivilege: user,all\nTimestamp: 17.{:06}\nNumber: {position}\nText: {}",
        position / 3,
        "x".repeat(length)
    );
    Event::parse(text).unwrap()
}

fn item(position: u64) -> Item {
    Item {
        origin: Origin::new("berlin").unwrap(),
        boot: 1,
        connection: 1,
        position,
        received: SystemTime::UNIX_EPOCH,
        what: What::Event(event(position)),
    }
}

fn shared(position: u64) -> Shared {
    match crate::nats::message::Keys::default().event(&event(position)) {
        Key::Shared(shared) => shared,
        Key::Private { .. } => panic!("no stamp"),
    }
}

/// Checks that the positions follow each other from one on. Returns the last one.
fn follow(mut position: u64, told: &[Result<u64, u64>]) -> u64 {
    for told in told {
        match told {
            Ok(at) => {
                position += 1;
                assert_eq!(*at, position);
            }
            Err(count) => position += count,
        }
    }
    position
}

/// Does random things, and compares what is taken with a list of what was taken before.
fn random(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let memory = random.usize(1000..20_000);
    let disk = if random.bool() { random.u64(0..100_000) } else { 0 };
    let mut rig = Rig::new(memory, disk, None);
    let mut taken: VecDeque<Entry> = VecDeque::new();
    let (mut sent, mut position) = (0, 0);
    for _ in 0..random.usize(50..1500) {
        match random.u32(0..100) {
            0..50 => (0..random.u32(1..20)).for_each(|_| rig.push()),
            50..70 => {
                for entry in rig.take(random.usize(1..30)) {
                    if sent < taken.len() {
                        assert_eq!(entry, taken[sent]);
                    } else {
                        taken.push_back(entry);
                    }
                    sent += 1;
                }
            }
            70..80 => {
                let count = random.usize(0..=sent);
                rig.queue.release(count);
                let told: Vec<_> = taken.drain(..count).map(|entry| told(&entry)).collect();
                position = follow(position, &told);
                sent -= count;
            }
            80..85 => {
                rig.queue.rewind();
                sent = 0;
            }
            85..88 if rig.pushed > position => {
                let at = random.u64(position + 1..=rig.pushed);
                let missing = rig.queue.stats().missed;
                let trimmed = rig.trim(at);
                // An event that found no room is the only one that is not found.
                assert!(trimmed == Trimmed::Through || missing > 0, "seed {seed}: {trimmed:?}");
                if trimmed == Trimmed::Through {
                    let ends = rig.queue.first().is_none_or(|first| first.place.position > at);
                    assert!(ends, "seed {seed}");
                    if missing > 0 {
                        return;
                    }
                    position = at;
                    (sent, taken) = (0, VecDeque::new());
                }
            }
            _ => rig.work(),
        }
        // A segment that is read back, or was read to look for an entry, comes on top.
        let allowed = memory + 2 * (rig.limits.segment + 1000);
        let figures = rig.queue.stats();
        assert!(figures.memory <= allowed as u64, "seed {seed}: {figures:?}, {allowed}");
        assert!(rig.budget.used <= disk, "seed {seed}");
    }
    rig.queue.rewind();
    let told = rig.rest();
    assert_eq!(follow(position, &told), rig.pushed, "seed {seed}");
    while !rig.jobs.is_empty() {
        rig.work();
    }
    assert_eq!((rig.queue.stats().memory, rig.budget.used), (0, 0), "seed {seed}");
}

#[test]
fn what_comes_out_is_what_went_in_with_each_hole_told() {
    (0..300).for_each(random);
}

#[test]
fn events_go_to_the_disk_and_come_back() {
    let mut rig = Rig::new(10_000, 1 << 20, None);
    for _ in 0..1000 {
        rig.push();
        rig.work();
    }
    let figures = rig.queue.stats();
    assert!(figures.disk > 200_000 && figures.memory < 12_000, "{figures:?}");
    assert_eq!((figures.entries, figures.missed), (1000, 0));
    assert_eq!(rig.rest(), (1..=1000).map(Ok).collect::<Vec<_>>());
}

#[test]
fn an_entry_is_found_wherever_it_is() {
    for at in [1, 2, 50, 500, 990, 1000] {
        let mut rig = Rig::new(10_000, 1 << 20, None);
        for _ in 0..1000 {
            rig.push();
            rig.work();
        }
        assert_eq!(rig.trim(at), Trimmed::Through);
        // Asked again, it was the last that was dropped.
        assert_eq!(rig.trim(at), Trimmed::Through);
        assert_eq!(rig.trim(1001 + 3), Trimmed::Ahead);
        if at > 1 {
            assert_eq!(rig.trim(at - 1), Trimmed::Unknown);
        }
        assert_eq!(rig.rest(), (at + 1..=1000).map(Ok).collect::<Vec<_>>());
    }
}

#[test]
fn a_folder_that_is_not_there_costs_what_finds_no_room_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(10_000, 1 << 20, Some(folder.path().join("gone")));
    for _ in 0..1000 {
        rig.push();
        rig.work();
    }
    let figures = rig.queue.stats();
    let problem = figures.problem.unwrap();
    assert!(problem.starts_with("the spool cannot be written to the disk: "), "{problem}");
    assert!(figures.missed > 900 && figures.disk == 0);
    let told = rig.rest();
    assert_eq!(follow(0, &told), 1000);
    assert_eq!(told.iter().filter_map(|it| it.err()).sum::<u64>(), figures.missed);
    // What is kept are the first ones, and the hole is at its place behind them.
    assert!(told.last().unwrap().is_err() && told[..told.len() - 1].iter().all(Result::is_ok));
}

#[test]
fn what_cannot_be_read_back_is_told_at_its_place() {
    let mut rig = Rig::new(10_000, 1 << 20, None);
    for _ in 0..1000 {
        rig.push();
        rig.work();
    }
    let written = rig.queue.written_segments();
    written[1].file.lock().unwrap().set_len(3).unwrap();
    let told = rig.rest();
    assert_eq!(follow(0, &told), 1000);
    let missed: Vec<_> = told.iter().filter_map(|it| it.err()).collect();
    assert_eq!(missed.len(), 1);
    let figures = rig.queue.stats();
    assert_eq!(figures.missed, missed[0]);
    let problem = figures.problem.unwrap();
    assert!(problem.starts_with("a part of the spool cannot be read from the disk: "), "{problem}");
}

#[test]
fn a_single_event_that_is_larger_than_the_limit_is_kept() {
    let mut rig = Rig::new(10, 0, None);
    rig.push();
    rig.push();
    assert_eq!(rig.rest(), [Ok(1), Err(1)]);
}

#[test]
fn a_takeover_comes_first_and_is_withdrawn_if_it_is_not_in_the_stream() {
    let mut rig = Rig::new(10_000, 0, None);
    rig.push();
    assert_eq!(rig.trim(1), Trimmed::Through);
    rig.push();
    let takeover = Takeover { exact: true, first: false, made: None };
    for _ in 0..2 {
        rig.queue.open(takeover);
        let entries = rig.take(10);
        assert_eq!(entries.len(), 2);
        let Content::Control(control) = &entries[0].content else { panic!("{entries:?}") };
        assert_eq!(**control, crate::nats::message::Control::Takeover(takeover));
        let Key::Private { after, .. } = entries[0].key else { panic!() };
        assert_eq!(after, Some(shared(1)));
        rig.queue.close();
    }
    assert_eq!(rig.rest(), [Ok(2)]);
    assert_eq!(rig.queue.stats().memory, 0);
}

fn private(number: u64) -> Id {
    Id::Private { run: "r1".parse().unwrap(), origin: Origin::new("berlin").unwrap(), number }
}

fn control(position: u64) -> Item {
    Item { what: What::Up(crate::Up { started: None }), ..item(position) }
}

#[test]
fn the_own_last_message_is_followed_by_the_entry_behind_it() {
    let takeover = Takeover { exact: true, first: false, made: None };
    let mut rig = Rig::new(100_000, 0, None);
    rig.push();
    let up = control(1);
    rig.with(|queue, context| queue.push(&up, context));
    rig.push();
    // The number of the takeover is later than that of the entry behind it.
    rig.queue.open(takeover);
    rig.take(1);
    rig.queue.close();
    assert!(rig.queue.trim_own(&private(2)));
    assert_eq!(rig.queue.len(), 3);
    // Twice the same answer, also if another takeover was withdrawn in between.
    rig.queue.open(takeover);
    rig.queue.close();
    assert!(rig.queue.trim_own(&private(2)) && rig.queue.trim_own(&private(3)));
    // The private one in the middle of the others.
    assert!(rig.queue.trim_own(&private(1)));
    assert_eq!(rig.queue.first().unwrap().place.position, 2);
    assert!(rig.queue.trim_own(&private(1)));
}

#[test]
fn a_message_before_what_was_dropped_is_not_followed_by_what_is_left() {
    let mut rig = Rig::new(100_000, 0, None);
    (0..5).for_each(|_| rig.push());
    let id = |position| {
        let origin = Origin::new("berlin").unwrap();
        Id::Shared { origin, shared: shared(position) }
    };
    rig.take(5);
    rig.queue.release(3);
    assert!(!rig.queue.trim_own(&id(2)) && !rig.queue.trim_own(&private(1)));
    assert_eq!(rig.queue.len(), 2);
    assert!(rig.queue.trim_own(&id(3)));
    assert!(rig.queue.trim_own(&id(4)));
    assert_eq!(rig.rest(), [Ok(5)]);
}

#[test]
fn a_full_spool_tries_the_disk_again() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let mut rig = Rig::new(10_000, 1 << 20, Some(gone.clone()));
    for _ in 0..200 {
        rig.push();
        rig.work();
    }
    assert!(rig.queue.stats().missed > 0);
    std::fs::create_dir(&gone).unwrap();
    rig.queue.retry_now();
    for _ in 0..200 {
        rig.push();
        rig.work();
    }
    assert!(rig.queue.stats().disk > 0);
    assert_eq!(follow(0, &rig.rest()), 400);
}

#[test]
fn a_segment_can_be_read_twice_at_the_same_time() {
    let mut rig = Rig::new(1 << 20, 1 << 24, None);
    while rig.queue.written_segments().is_empty() {
        rig.push();
        rig.work();
    }
    let written = rig.queue.written_segments().remove(0);
    let entries = disk::read(&written).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope
                .spawn(|| (0..20).for_each(|_| assert_eq!(disk::read(&written).unwrap(), entries)));
        }
    });
}
