//! The memory and disk of a bridge while NATS stands still, and the count of messages afterwards.

use std::time::{Duration, Instant};

use fleet::Origin;
use fleet::nats::Config;
use fleet::nats::direct::Direct;

use crate::events;

/// The events of a second.
const RATE: u64 = 5000;

pub(crate) async fn measure(seconds: u64) {
    let nats = crate::nats().await;
    let recorded = events::recorded();
    let origin = Origin::new("berlin").unwrap();
    let config = Config::new(nats.url());
    let mut direct = Direct::open(&config, std::slice::from_ref(&origin)).await.unwrap();
    direct.start().await.unwrap();
    let mut number = 0;
    let begin = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let before = resident();
    let (mut largest, mut paused, mut resumed) = (0, false, false);
    while begin.elapsed().as_secs() < seconds + 4 {
        tick.tick().await;
        let due = RATE * u64::try_from(begin.elapsed().as_millis()).unwrap() / 1000;
        for at in number..due {
            let event = &recorded[usize::try_from(at).unwrap() % recorded.len()];
            direct.push(&events::item(event, &origin, at));
        }
        number = due;
        let elapsed = begin.elapsed().as_secs();
        if !paused && elapsed >= 2 {
            nats.pause();
            paused = true;
        }
        if !resumed && elapsed >= seconds + 2 {
            let figures = direct.figures();
            println!(
                "after {seconds} s: held {} events, {} KiB in memory, {} KiB on disk, missed {}",
                figures.entries,
                figures.memory >> 10,
                figures.disk >> 10,
                figures.missed
            );
            nats.resume();
            resumed = true;
        }
        largest = largest.max(resident());
    }
    let behind = Instant::now();
    direct.drained().await;
    println!("drained {:.1} s behind the last event", behind.elapsed().as_secs_f64());
    println!("resident before {} MiB, largest {} MiB", before >> 20, largest >> 20);
    let figures = direct.figures();
    println!("{number} events, {} messages in the stream: {figures:?}", figures.published);
    assert_eq!((figures.published, figures.missed), (number + 1, 0));
    direct.stop().await;
    nats.stop().await.unwrap();
}

/// The resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
