//! Compare-and-append against a real NATS: nothing is lost, nothing is there twice, and all is in
//! order, whatever happens on the way.

mod login;
mod relay;
mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::stream;
use fleet::Origin;
use fleet::nats::direct::Direct;
use fleet::nats::{Body, Config, Control, Format, Why};

use self::relay::Relay;
use self::support::{AGES, check, client, config, item, messages, nats, origin, until};

async fn open(config: &Config, origins: &[Origin]) -> Direct {
    let mut direct = Direct::open(config, origins).await.unwrap();
    direct.ack_timeout(Duration::from_millis(200));
    direct
}

/// Waits until all is in the stream.
async fn drained(direct: &mut Direct) {
    let drained = tokio::select! {
        drained = tokio::time::timeout(AGES, direct.drained()) => Some(drained.is_ok()),
        () = until("ended", || direct.has_ended()) => None,
    };
    if drained != Some(true) {
        let figures = direct.figures();
        panic!("{} {figures:?}", direct.stop().await);
    }
}

/// Waits until the publisher has ended, and returns why.
async fn ended(direct: &mut Direct) -> String {
    let ended = tokio::time::timeout(AGES, direct.ended()).await;
    ended.unwrap_or_else(|_| format!("runs: {:?}", direct.figures()))
}

#[tokio::test]
async fn events_of_several_servers_are_there_once_and_in_order() {
    for format in [Format::Json, Format::Raw] {
        let nats = nats().await;
        let origins = ["berlin", "bonn", "Hamburg_1"].map(origin);
        let mut direct = open(&config(&nats.url()).format(format), &origins).await;
        direct.start().await.unwrap();
        for position in 1..=2000 {
            for origin in &origins {
                direct.push(&item(origin, position));
            }
        }
        drained(&mut direct).await;
        let messages = messages(&nats).await;
        assert_eq!(messages.len(), 6003);
        assert!(matches!(messages[0].body, Body::Control(Control::Takeover(_))));
        assert!(messages.iter().all(|it| it.bridge == *direct.run()));
        for origin in &origins {
            let told = check(&messages, origin);
            assert_eq!((told.events, told.takeovers), (2000, 1));
        }
        let figures = direct.figures();
        assert_eq!((figures.published, figures.entries, figures.memory), (6003, 0, 0));
        assert_eq!((figures.duplicates, figures.refused), (0, 0));
        assert_eq!(direct.stop().await, "Stopped");
        nats.stop().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_missing_after_a_pause_of_nats() {
    let nats = nats().await;
    let berlin = origin("berlin");
    // The memory is too small, so that the disk is used.
    let config = config(&nats.url()).memory(1 << 20);
    let mut direct = open(&config, std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    (1..=1000).for_each(|position| direct.push(&item(&berlin, position)));
    nats.pause();
    for position in 1001..=20_000 {
        direct.push(&item(&berlin, position));
        if position % 100 == 0 {
            // As fast as the disk.
            until("written", || direct.figures().memory < 700 << 10).await;
        }
    }
    until("waiting", || direct.figures().waiting.is_some()).await;
    until("on disk", || direct.figures().disk > 1 << 20).await;
    nats.resume();
    drained(&mut direct).await;
    let told = check(&messages(&nats).await, &berlin);
    assert_eq!((told.events, told.missed), (20_000, vec![]));
    assert_eq!(direct.figures().disk, 0);
    assert_eq!(direct.stop().await, "Stopped");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_small_spool_tells_exactly_what_is_missing() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let config = config(&nats.url()).memory(128 << 10).disk(256 << 10).window(100, 1 << 20);
    let mut direct = open(&config, std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    (1..=100).for_each(|position| direct.push(&item(&berlin, position)));
    drained(&mut direct).await;
    nats.pause();
    for position in 101..=10_000 {
        direct.push(&item(&berlin, position));
        if position % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    until("full", || direct.figures().missed > 0).await;
    let figures = direct.figures();
    assert!(figures.memory + figures.disk <= 400 << 10, "{figures:?}");
    nats.resume();
    until("going on", || direct.figures().entries < 100).await;
    (10_001..=10_100).for_each(|position| direct.push(&item(&berlin, position)));
    drained(&mut direct).await;
    let told = check(&messages(&nats).await, &berlin);
    let missed: u64 = told.missed.iter().sum();
    assert!(missed > 1000, "{told:?}");
    assert_eq!(told.events + missed, 10_100);
    assert_eq!(missed, direct.figures().missed);
    assert_eq!(direct.stop().await, "Stopped");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_nats_server_that_is_killed_loses_nothing_on_the_way() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    let mut position = 0;
    for round in 1..=3 {
        let mut push = |count: u64| {
            (0..count).for_each(|_| {
                position += 1;
                direct.push(&item(&berlin, position));
            });
        };
        push(3000);
        until("under way", || direct.figures().published > (round - 1) * 5000 + 500).await;
        nats.kill().await;
        push(2000);
        nats.restart().await.unwrap();
        drained(&mut direct).await;
    }
    let told = check(&messages(&nats).await, &berlin);
    assert_eq!((told.events, told.missed), (15_000, vec![]));
    assert_eq!(direct.stop().await, "Stopped");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn lost_messages_and_acknowledgements_neither_double_nor_lose_an_event() {
    let nats = nats().await;
    let relay = Relay::start(nats.address(), 500, 5).await;
    let origins = ["berlin", "bonn"].map(origin);
    let mut direct = open(&config(&relay.url), &origins).await;
    direct.ack_timeout(Duration::from_millis(50));
    direct.start().await.unwrap();
    for position in 1..=3000 {
        for origin in &origins {
            direct.push(&item(origin, position));
        }
    }
    drained(&mut direct).await;
    let messages = messages(&nats).await;
    for origin in &origins {
        let told = check(&messages, origin);
        assert_eq!((told.events, told.missed, told.takeovers), (3000, vec![], 1));
    }
    let lost = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::SeqCst);
    assert!(lost(&relay.deeds.lost) > 3 && lost(&relay.deeds.lost_acks) > 3, "{relay:?}");
    assert_eq!(direct.stop().await, "Stopped");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_message_of_another_writer_ends_the_publisher() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    (1..=10).for_each(|position| direct.push(&item(&berlin, position)));
    drained(&mut direct).await;
    let mut other = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    other.start().await.unwrap();
    drained(&mut other).await;
    (11..=500).for_each(|position| direct.push(&item(&berlin, position)));
    assert_eq!(ended(&mut direct).await, "Fenced");
    // All that the stream does not have is still there.
    assert_eq!(direct.figures().entries, 490);
    assert!(direct.figures().refused > 0);
    assert_eq!(other.stop().await, "Stopped");
    direct.start().await.unwrap();
    drained(&mut direct).await;
    let told = check(&messages(&nats).await, &berlin);
    assert_eq!((told.events, told.takeovers), (500, 3));
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn messages_of_a_former_writer_on_their_way_are_all_refused() {
    let nats = nats().await;
    let relay = Relay::start(nats.address(), 0, 0).await;
    let berlin = origin("berlin");
    let mut former = open(&config(&relay.url), std::slice::from_ref(&berlin)).await;
    former.ack_timeout(AGES);
    former.start().await.unwrap();
    (1..=100).for_each(|position| former.push(&item(&berlin, position)));
    drained(&mut former).await;
    relay.hold(true);
    (101..=1000).for_each(|position| former.push(&item(&berlin, position)));
    let came = || relay.deeds.came.load(Ordering::SeqCst);
    until("under way", || came() > 101).await;
    // The other one has the same events, and has taken over before the former ones arrive.
    let mut other = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    (1..=150).for_each(|position| other.push(&item(&berlin, position)));
    other.start().await.unwrap();
    drained(&mut other).await;
    relay.hold(false);
    assert_eq!(ended(&mut former).await, "Fenced");
    assert_eq!(former.figures().entries, 900);
    (151..=1000).for_each(|position| other.push(&item(&berlin, position)));
    drained(&mut other).await;
    let messages = messages(&nats).await;
    let told = check(&messages, &berlin);
    assert_eq!((told.events, told.takeovers), (1000, 2));
    assert_eq!(messages.iter().filter(|it| it.bridge == *former.run()).count(), 101);
    assert_eq!(other.stop().await, "Stopped");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_full_stream_is_told_and_waited_for() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let jetstream = client(&nats).await;
    let mut settings = stream::Config {
        name: "AMI".into(),
        subjects: vec!["ami.ev.*.>".into(), "ami.ctl.*.>".into()],
        discard: stream::DiscardPolicy::New,
        max_messages: 50,
        description: Some("of its owner".into()),
        ..stream::Config::default()
    };
    jetstream.create_stream(settings.clone()).await.unwrap();
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    (1..=200).for_each(|position| direct.push(&item(&berlin, position)));
    let full = "maximum messages exceeded";
    until("full", || direct.figures().waiting.as_deref() == Some(full)).await;
    assert_eq!(direct.figures().published, 50);
    settings.max_messages = 1000;
    jetstream.update_stream(settings.clone()).await.unwrap();
    drained(&mut direct).await;
    let told = check(&messages(&nats).await, &berlin);
    assert_eq!((told.events, told.missed), (200, vec![]));
    assert_eq!(direct.figures().waiting, None);
    // The stream of its owner is as it was.
    let now = jetstream.get_stream("AMI").await.unwrap().cached_info().config.clone();
    assert_eq!((now.subjects, now.description), (settings.subjects, settings.description));
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_too_large_for_nats_is_told_as_missed() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    direct.push(&item(&berlin, 1));
    let mut large = item(&berlin, 2);
    let text = format!("Event: Large\r\nPrivilege: user,all\r\nText: {}", "x".repeat(2 << 20));
    large.what = fleet::What::Event(ami::Event::parse(text).unwrap());
    direct.push(&large);
    direct.push(&item(&berlin, 3));
    drained(&mut direct).await;
    let messages = messages(&nats).await;
    let told = check(&messages, &berlin);
    assert_eq!((told.events, told.missed), (2, vec![1]));
    let missed = Control::Missed { count: 1, reason: Why::TooLarge };
    assert_eq!(messages[2].body, Body::Control(missed));
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_gone_or_shorter_ends_the_publisher() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    direct.start().await.unwrap();
    direct.push(&item(&berlin, 1));
    drained(&mut direct).await;
    client(&nats).await.delete_stream("AMI").await.unwrap();
    direct.push(&item(&berlin, 2));
    assert_eq!(ended(&mut direct).await, "Rewound");
    assert_eq!(direct.figures().entries, 1);
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn an_origin_of_another_stream_is_a_clear_error() {
    let nats = nats().await;
    let origins = ["berlin", "bonn"].map(origin);
    open(&config(&nats.url()), &origins).await;
    for stream in ["OTHER", "AMI"] {
        // Alike for a stream that is made, and for one that is there.
        let url = nats.url();
        let open = |stream, name| {
            let config = config(&url).stream(stream);
            async move { Direct::open(&config, &[origin(name)]).await.map(|_| ()) }
        };
        if stream == "AMI" {
            open("OTHER", "bern").await.unwrap();
        }
        let error = open("OTHER", "bonn").await.unwrap_err();
        assert_eq!(error.to_string(), "origin bonn is in stream AMI already");
    }
    // A server that is new to the stream is added to it.
    Direct::open(&config(&nats.url()), &[origin("kiel")]).await.unwrap();
    let stream = client(&nats).await.get_stream("AMI").await.unwrap();
    let subjects = &stream.cached_info().config.subjects;
    assert_eq!(subjects.len(), 6);
    assert!(subjects.contains(&"ami.ctl.kiel.>".to_owned()), "{subjects:?}");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_drops_what_is_consumed_is_refused() {
    let nats = nats().await;
    let settings = stream::Config {
        name: "AMI".into(),
        subjects: vec!["ami.>".into()],
        retention: stream::RetentionPolicy::WorkQueue,
        ..stream::Config::default()
    };
    client(&nats).await.create_stream(settings).await.unwrap();
    let error = Direct::open(&config(&nats.url()), &[origin("berlin")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stream AMI cannot be used: its retention drops messages that are consumed, expected \
         `limits`"
    );
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_stores_requests_is_refused() {
    let nats = nats().await;
    for subject in ["ami.>", "*.do.berlin.*", ">"] {
        let settings = stream::Config {
            name: "AMI".into(),
            subjects: vec![subject.into()],
            no_ack: subject == ">",
            ..stream::Config::default()
        };
        client(&nats).await.create_stream(settings).await.unwrap();
        let error = Direct::open(&config(&nats.url()), &[origin("berlin")]).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("stream AMI cannot be used: it "), "{subject}: {text}");
        assert_eq!(text.contains("the subjects of actions"), subject != ">");
        client(&nats).await.delete_stream("AMI").await.unwrap();
    }
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_takes_no_message_at_all_is_told_and_waited_for() {
    let nats = nats().await;
    let berlin = origin("berlin");
    let mut direct = open(&config(&nats.url()), std::slice::from_ref(&berlin)).await;
    let jetstream = client(&nats).await;
    let mut settings = jetstream.get_stream("AMI").await.unwrap().cached_info().config.clone();
    settings.max_message_size = 100;
    jetstream.update_stream(settings.clone()).await.unwrap();
    direct.push(&item(&berlin, 1));
    direct.start().await.unwrap();
    let waits = || direct.figures().waiting.is_some_and(|it| it.contains("does not even take"));
    until("told", waits).await;
    // The takeover became a message that says how many items are missing.
    assert_eq!(direct.figures().missed, 1);
    settings.max_message_size = -1;
    jetstream.update_stream(settings).await.unwrap();
    drained(&mut direct).await;
    assert_eq!(direct.figures().missed, 1);
    nats.stop().await.unwrap();
}
