//! The news of a time without a connection, and what goes on over it.

use std::error::Error as _;
use std::time::{Duration, Instant};

use ami::{Action, Client, Codec, Disconnect, Error, Fault, Filter, Frame, Gap, Item, Originate};
use ami::{Malformed, Recording, State, Subscription};
use bytes::BytesMut;
use instance::Instance;
use tokio::time::timeout;
use tokio_util::codec::Decoder;

use super::{AGES, Proxy, VERSIONS, boot, connect, end, quick, wait_for};

/// Waits until a server has been up for so many seconds.
async fn up_for(instance: &Instance, seconds: u64) {
    let ami = instance.ami();
    loop {
        let uptime = ami.command("core show uptime seconds").await.unwrap().to_string();
        let uptime = uptime.lines().find_map(|it| it.strip_prefix("System uptime: "));
        if uptime.is_some_and(|it| it.trim().parse::<u64>().unwrap() >= seconds) {
            return;
        }
        // A phone that rings is a clock of the server's own.
        let ring = Originate::to_application("Local/silence@default", "Echo", "");
        let ring = ami.originate(ring.timeout(Duration::from_millis(100))).await;
        assert!(matches!(ring, Err(Error::Originate { .. })), "{ring:?}");
    }
}

async fn gap(events: &mut Subscription) -> Gap {
    loop {
        match timeout(AGES, events.next()).await.unwrap().unwrap() {
            Item::Gap(gap) => return gap,
            Item::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_gap_says_that_the_server_was_started_anew_and_how_long_it_was_away() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let mut events = client.subscribe(Filter::all());
        // In the second around a login nobody knows.
        up_for(&instance, 2).await;
        let killed = Instant::now();
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(_))).await;
        let away = Instant::now();
        wait_for(&client, |state| matches!(state, State::Down(Error::Connect { .. }))).await;
        let least = away.elapsed();
        instance.restart().await.unwrap();
        client.call(Action::new("Ping")).await.unwrap();
        let most = killed.elapsed();
        let gap = gap(&mut events).await;
        assert_eq!((gap.restarted, gap.times), (Some(true), 1), "{major}: {gap:?}");
        assert!(least <= gap.lasted && gap.lasted <= most, "{least:?} {gap:?} {most:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_gap_says_that_the_server_was_up_all_the_while() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let proxy = Proxy::before(instance.ami_address()).await;
        up_for(&instance, 2).await;
        let client = quick().connect(&proxy.address).await.unwrap();
        let mut events = client.subscribe(Filter::none());
        for reconnects in 1..=2 {
            let begun = Instant::now();
            proxy.cut();
            wait_for(&client, |state| state.is_up() && client.stats().reconnects == reconnects)
                .await;
            let gap = gap(&mut events).await;
            assert!(matches!(gap.reason, Disconnect::Eof | Disconnect::Io(_)), "{gap:?}");
            assert_eq!((gap.restarted, gap.times), (Some(false), 1), "{major}: {gap:?}");
            assert!(gap.lasted > Duration::ZERO && gap.lasted < begun.elapsed(), "{gap:?}");
        }
        client.call(Action::new("Ping")).await.unwrap();
        end(instance).await;
    }
}

/// All frames of a recorded connection. It begins with a banner, and nothing in it is malformed.
fn frames(bytes: &[u8]) -> Vec<Frame> {
    let (mut codec, mut bytes) = (Codec::new(), BytesMut::from(bytes));
    let mut frames: Vec<_> = std::iter::from_fn(|| codec.decode_eof(&mut bytes).unwrap()).collect();
    let first = frames.remove(0);
    assert!(matches!(&first, Frame::Banner(banner) if banner.version().is_some()), "{first:?}");
    frames
}

#[tokio::test]
async fn a_recording_goes_on_with_the_next_connection() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let path = instance.sandbox().folder().join("stream.ami");
        let second = instance.sandbox().folder().join("stream.ami.2");
        let recording = Recording::create(&path).unwrap();
        let client = connect(&instance, quick().record(&recording)).await.unwrap();
        let marked = async |client: &Client, mark: &str| {
            let mut events = client.subscribe(Filter::user_event(mark));
            client.call(Action::user_event(mark)).await.unwrap();
            timeout(AGES, events.next()).await.unwrap();
        };
        marked(&client, "One").await;
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(_))).await;
        instance.restart().await.unwrap();
        marked(&client, "Two").await;
        client.close().await.unwrap();
        let written = recording.finish().await.unwrap();

        let parts = [&path, &second].map(|path| std::fs::read(path).unwrap());
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>() as u64, written, "{major}");
        for (part, mark) in parts.iter().zip(["One", "Two"]) {
            let mut frames = frames(part);
            // A killed server may have been writing a message, which is cut then.
            let is_cut =
                |frame: &mut Frame| matches!(frame, Frame::Malformed(Malformed::Truncated(_)));
            if mark == "One" {
                frames.pop_if(is_cut);
            }
            let messages =
                frames.iter().filter(|it| matches!(it, Frame::Event(_) | Frame::Response(_)));
            assert_eq!(messages.count(), frames.len(), "{major}: {frames:?}");
            let events = frames.iter().filter_map(|frame| match frame {
                Frame::Event(event) => event.text("UserEvent"),
                _ => None,
            });
            assert_eq!(events.collect::<Vec<_>>(), [mark], "{major}");
        }
        for part in ["stream.ami.times", "stream.ami.2.times"] {
            assert!(instance.sandbox().folder().join(part).exists(), "{major}: {part}");
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_call_that_gets_no_connection_says_why_there_is_none() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(Error::Connect { .. }))).await;
        let limit = Duration::from_millis(20);
        let ping = || Action::new("Ping");
        let (called, listed, exchanged) = tokio::join!(
            client.call(ping()).timeout(limit),
            client.list(ping()).timeout(limit).collect(),
            async { client.exchange(ping()).timeout(limit).await },
        );
        let errors = [called.unwrap_err(), listed.unwrap_err().error, exchanged.unwrap_err()];
        for error in errors {
            assert!(
                matches!(&error, Error::NotConnected { waited, .. } if *waited == limit),
                "{major}: {error:?}"
            );
            assert_eq!(error.fault(), Fault::Link);
            assert!(!error.may_have_been_executed() && !error.is_timeout());
            let shown = format!("{error:#}");
            assert!(shown.contains("Connection refused"), "{major}: {shown}");
            assert!(!error.to_string().contains("refused"), "{error}");
            assert!(error.source().is_some());
        }
        end(instance).await;
    }
}
