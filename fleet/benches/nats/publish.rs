//! Messages a second: the publisher against async-nats alone.

use std::collections::VecDeque;
use std::time::Instant;

use async_nats::jetstream::{self, stream};
use fleet::nats::Config;
use fleet::nats::direct::Direct;
use fleet::{Item, Origin};

use crate::events;

/// The messages of a round.
const COUNT: u64 = 100_000;

/// The messages that may be without an acknowledgement.
const WINDOW: usize = 4096;

pub(crate) async fn measure(rounds: usize) -> f64 {
    let nats = crate::nats().await;
    let recorded = events::recorded();
    let origin = Origin::new("berlin").unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let context = jetstream::ContextBuilder::new().max_ack_inflight(WINDOW * 2).build(client);
    let settings = stream::Config {
        name: "BASE".into(),
        subjects: vec!["base.>".into()],
        allow_direct: true,
        ..stream::Config::default()
    };
    let mut ratios = Vec::new();
    for round in 0..=rounds as u64 {
        let items = events::items(&recorded, &origin, round * COUNT, COUNT);
        let config = Config::new(nats.url()).memory(1 << 30).window(WINDOW, 64 << 20);
        let mut direct = Direct::open(&config, std::slice::from_ref(&origin)).await.unwrap();
        context.create_stream(settings.clone()).await.unwrap();
        let floor = alone(&context, &direct, &items).await;
        let ours = bridge(&mut direct, &items).await;
        context.delete_stream("BASE").await.unwrap();
        context.delete_stream("AMI").await.unwrap();
        // The first round warms up.
        if round > 0 {
            println!("bridge {ours:7.0}/s, async-nats {floor:7.0}/s");
            ratios.push(ours / floor);
        }
    }
    nats.stop().await.unwrap();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

async fn bridge(direct: &mut Direct, items: &[Item]) -> f64 {
    direct.start().await.unwrap();
    let begin = Instant::now();
    items.iter().for_each(|item| direct.push(item));
    direct.drained().await;
    let rate = COUNT as f64 / begin.elapsed().as_secs_f64();
    assert_eq!(direct.figures().published, COUNT + 1);
    direct.stop().await;
    rate
}

async fn alone(context: &jetstream::Context, direct: &Direct, items: &[Item]) -> f64 {
    let messages = direct.messages(items).unwrap();
    let begin = Instant::now();
    let mut acks = VecDeque::with_capacity(WINDOW);
    for (subject, headers, body) in messages {
        if acks.len() == WINDOW {
            let ack: jetstream::context::PublishAckFuture = acks.pop_front().unwrap();
            ack.await.unwrap();
        }
        let subject = subject.replacen("ami", "base", 1);
        acks.push_back(context.publish_with_headers(subject, headers, body).await.unwrap());
    }
    for ack in acks {
        ack.await.unwrap();
    }
    COUNT as f64 / begin.elapsed().as_secs_f64()
}
