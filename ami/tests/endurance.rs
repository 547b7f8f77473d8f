//! Tests of the memory that a client holds after very many calls without an answer, and while very
//! many events come for a subscriber that is behind. They are a program of their own, because its
//! memory is counted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use allocation_counter::measure;
use ami::testing::{Peer, Reply, Script};
use ami::{Action, Buffer, Client, Config, Filter, Item, Login, Originate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

/// Creates a runtime whose clock jumps to the next time-out when nothing else is left to do.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// Connects a client, and returns it with the peer at the other end of its link, after the login.
async fn connect(config: Config, script: Script) -> (Client, Peer) {
    let (near, peer) = Peer::pipe_of(1024 * 1024);
    let mut peer = peer.script(script.booting());
    let config = config.login(Login::Plain).keepalive(None);
    let (client, let_in) = tokio::join!(config.handshake(near), peer.log_in());
    let_in.unwrap();
    (client.unwrap(), peer)
}

#[test]
fn a_million_calls_without_an_answer_leave_nothing() {
    const AT_ONCE: usize = 1000;
    let runtime = runtime();
    let client = runtime.block_on(async {
        let config =
            Config::new("user", "secret").ask_permissions(false).timeout(Duration::from_secs(1));
        let (client, mut far) = connect(config, Script::empty()).await;
        tokio::spawn(async move {
            let mut seen = vec![0; 64 * 1024];
            while far.read(&mut seen).await.unwrap() > 0 {}
        });
        client
    });
    let rounds = |count| {
        for _ in 0..count {
            runtime.block_on(async {
                let calls = (0..AT_ONCE).map(|_| tokio::spawn(client.call(Action::new("Ping"))));
                for call in calls.collect::<Vec<_>>() {
                    assert!(call.await.unwrap().unwrap_err().is_timeout());
                }
                assert_eq!(client.in_flight(), 0);
            });
        }
    };
    // The table and the queue keep their room from one round to the next, and may need a little
    // more: far less than a byte for each call.
    let first = measure(|| rounds(10));
    let rest = measure(|| rounds(990));
    assert!(rest.count_current < 100 && rest.bytes_current < 512 * 1024, "{rest:?}");
    assert!(rest.bytes_max < first.bytes_max + 512 * 1024, "{first:?} {rest:?}");
    assert!(client.stats().bytes_sent > 40 * 1_000_000);
}

#[test]
fn ten_million_events_for_a_subscriber_that_is_behind_are_counted_and_not_held() {
    const EVENTS: u64 = 10_000_000;
    const AT_ONCE: u64 = 10_000;
    const HELD: usize = 1000;
    let text =
        "Event: Flood\r\nPrivilege: user,all\r\n\r\n".repeat(usize::try_from(AT_ONCE).unwrap());
    let runtime = runtime();
    let (client, mut far) = runtime
        .block_on(connect(Config::new("user", "secret").ask_permissions(false), Script::empty()));
    let mut slow = client.subscribe_with(Filter::all(), Buffer::bounded(HELD));
    let (mut taken, mut missed) = (0, 0);
    let mut take = |item| match item {
        Item::Event(_) => taken += 1,
        Item::Missed(more) => missed += more,
        other => panic!("{other:?}"),
    };
    let held = measure(|| {
        runtime.block_on(async {
            for round in 1..=EVENTS / AT_ONCE {
                far.write_all(text.as_bytes()).await.unwrap();
                while client.stats().events < round * AT_ONCE {
                    tokio::task::yield_now().await;
                }
                assert!(slow.queued() <= 2 * HELD);
                for _ in 0..10 {
                    take(slow.next().await.unwrap());
                }
            }
            drop((far, client));
            while let Some(item) = slow.next().await {
                take(item);
            }
        });
    });
    assert_eq!(taken + missed, EVENTS);
    assert!(missed > EVENTS * 9 / 10, "{missed} of them");
    // The limit allows for the text on its way, the bytes that are read at once, and the capacity
    // of the subscription.
    let limit = 1024 * 1024 + 512 * 1024 + 1024 * 1024 + HELD * 200;
    assert!(held.bytes_max < limit.try_into().unwrap(), "{held:?}");
}

#[test]
fn what_is_rare_and_kept_does_not_keep_the_buffers_that_it_was_read_into() {
    const KEPT: usize = 200;
    let runtime = runtime();
    let mut kept = Vec::with_capacity(2 * KEPT);
    let held = runtime.block_on(async {
        let other = "Event: Other\r\n\r\n".repeat(4096);
        let (refused, queued) = (other.clone(), other);
        let script = Script::new()
            .answer("Any", Reply::none().raw(refused).field("Response", "Error"))
            .answer_with("Originate", move |_| {
                let outcome = Reply::success().raw(&queued).event("OriginateResponse");
                outcome.field("Response", "Success")
            });
        let (client, mut peer) =
            connect(Config::new("user", "secret").ask_permissions(false), script).await;
        for _ in 0..KEPT {
            let calls = async {
                let call = Originate::to_application("Local/1@a", "Echo", "");
                let answered = client.originate(call).await;
                let refused = client.call(Action::new("Any")).await;
                (answered.map_err(|error| format!("{error:?}")), refused.unwrap_err())
            };
            let pair = peer.serve_until(calls).await.unwrap();
            pair.0.as_ref().unwrap();
            kept.push(pair);
        }
        let all = measure(|| kept.clear());
        -all.bytes_current
    });
    // Each of these messages would hold 64 KiB.
    let limit = KEPT * 2 * 1024;
    assert!(held < i64::try_from(limit).unwrap(), "{held} bytes");
}

#[test]
fn rare_events_behind_large_messages_do_not_hold_the_buffers_of_those() {
    const ROUNDS: usize = 50;
    const LARGE: usize = 2 * 1024 * 1024;
    let runtime = runtime();
    let (client, mut far) = runtime
        .block_on(connect(Config::new("user", "secret").ask_permissions(false), Script::empty()));
    let kept = client.subscribe(Filter::named(["Kept"]));
    let large = format!("Event: Large\r\nX: {}\r\n\r\n", "x".repeat(LARGE));
    // Something is there behind each of them, and the buffer is never empty.
    let stream = format!("{large}Event: Kept\r\n\r\nEvent: Ot").repeat(ROUNDS);
    let stream = stream.replace("OtEvent", "Other\r\n\r\nEvent");
    let held = measure(|| {
        runtime.block_on(async {
            for piece in stream.as_bytes().chunks(500_000) {
                far.write_all(piece).await.unwrap();
            }
            while kept.queued() < ROUNDS {
                tokio::task::yield_now().await;
            }
        });
    });
    let bytes = usize::try_from(held.bytes_current).unwrap();
    assert!(bytes < ROUNDS * 256 * 1024, "{bytes} bytes are held");
}
