//! The handle: changes, waits, and the end of all of it, with a scripted peer in place of a server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ami::Disconnect;
use live::{Config, Ended, Freshness, Live, Missed, Part, StaleReason, WaitError, What};

use crate::scripted::{connect, hangup, has, name, newchannel, small, taken};

#[tokio::test]
async fn a_watcher_gets_the_state_and_exactly_the_changes_behind_it() {
    let (client, mut peer) = connect(&["1.1", "2.2"]).await;
    let live = Live::start_with(&client, small());
    let mut early = live.changes();
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(has(&state, &["1.1", "2.2"]), "{state:?}");
    assert!(state.as_of().is_some());
    let (before, mut changes) = live.watch();
    peer.event(newchannel("3.3")).await.unwrap();
    peer.event(hangup("1.1")).await.unwrap();
    peer.serve_until(live.until(|state| has(state, &["2.2", "3.3"]))).await.unwrap().unwrap();
    assert!(has(&before, &["1.1", "2.2"]), "a copy stays as it is");
    let (after, mut none) = live.watch();
    assert!(has(&after, &["2.2", "3.3"]));
    assert_eq!(channels_of(&taken(&mut changes)), ["+3.3", "-1.1"]);
    assert_eq!(taken(&mut none), Vec::<String>::new());
    let early = taken(&mut early);
    let mut first = channels_of(&early);
    first[..2].sort_unstable();
    assert_eq!(first, ["+1.1", "+2.2", "current", "+3.3", "-1.1"]);
}

/// Returns the changes of channels and of freshness among others.
fn channels_of(changes: &[String]) -> Vec<&str> {
    changes.iter().map(String::as_str).filter(|change| *change != "other").collect()
}

#[tokio::test]
async fn a_slow_watcher_is_told_of_its_loss_in_its_place_and_disturbs_no_other() {
    let (client, mut peer) = connect(&[]).await;
    let live = Live::start_with(&client, small().changes(16));
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let mut slow = live.changes();
    let mut others: Vec<_> = (0..50).map(|_| live.changes()).collect();
    let mut all = Vec::new();
    for number in 0..40 {
        let id = format!("{number}.1");
        peer.event(newchannel(&id)).await.unwrap();
        peer.event(hangup(&id)).await.unwrap();
        let told = |it: &String| *it == format!("-{id}");
        let mut told_of = Vec::new();
        while !told_of.iter().any(told) {
            let change = peer.serve_until(others[0].next()).await.unwrap().unwrap().unwrap();
            told_of.push(name(&change));
        }
        // A call that ends behind its channel is told in the same step.
        told_of.extend(taken(&mut others[0]));
        for other in &mut others[1..] {
            assert_eq!(taken(other), told_of);
        }
        all.extend(told_of);
    }
    let missed = slow.next().await.unwrap().unwrap_err();
    assert_eq!(missed, Missed(all.len() as u64 - 16));
    assert_eq!(taken(&mut slow), all[all.len() - 16..]);
}

#[tokio::test]
async fn everything_that_waits_ends_with_the_client_and_says_why() {
    let (client, mut peer) = connect(&["1.1"]).await;
    let config = Config::new().parts([Part::Channels, Part::Bridges, Part::Queues]);
    let live = Live::start_with(&client, config);
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let mut changes = live.changes();
    let channel = live.channel("1.1");
    let queue = live.queue("sales");
    let waits = async {
        tokio::join!(
            live.until(|_| false),
            live.find(|_| None::<()>),
            channel.ended(),
            channel.until(|_| false),
            queue.until(|_| false),
            live.ended(),
            async {
                let mut last = None;
                while let Some(change) = changes.next().await {
                    last = Some(change.unwrap());
                }
                last
            },
        )
    };
    let close = client.close();
    let (waits, closed) = peer.serve_until(async { tokio::join!(waits, close) }).await.unwrap();
    closed.unwrap();
    let is_closed = |ended: &Ended| matches!(ended, Ended::Client(reason) if matches!(**reason, Disconnect::Closed));
    let (until, find, ended, channel_until, queue, end, last) = waits;
    assert!(is_closed(&until.unwrap_err()));
    assert!(is_closed(&find.unwrap_err()));
    assert!(matches!(&ended.unwrap_err(), WaitError::Ended(it) if is_closed(it)));
    assert!(matches!(&channel_until.unwrap_err(), WaitError::Ended(it) if is_closed(it)));
    assert!(matches!(&queue.unwrap_err(), WaitError::Ended(it) if is_closed(it)));
    assert!(is_closed(&end));
    let stale = |freshness: &Freshness| matches!(freshness.stale(), Some(StaleReason::Ended(it)) if is_closed(it));
    assert!(matches!(last.unwrap().what, What::Freshness(it) if stale(&it)));
    // What is known stays to be read.
    let state = live.state();
    assert!(has(&state, &["1.1"]) && stale(state.freshness()), "{state:?}");
    assert!(live.current().await.is_err() && changes.next().await.is_none());
}

#[tokio::test]
async fn the_end_of_a_channel_is_not_missed_between_two_looks() {
    let (client, mut peer) = connect(&["1.1", "2.2"]).await;
    let live = Live::start_with(&client, small());
    // A handle can be older than the first list.
    let one = live.channel("1.1");
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let (two, none) = (live.channel("2.2"), live.channel("3.3"));
    assert!(two.get().unwrap().is_some() && none.get().unwrap().is_none());
    assert!(matches!(none.ended().await, Err(WaitError::NoSuchChannel(id)) if &*id == "3.3"));
    assert!(matches!(none.until(|_| true).await, Err(WaitError::NoSuchChannel(_))));
    // A wait that is dropped takes nothing with it.
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(one.ended()).poll(&mut cx).is_pending());
    peer.event(hangup("1.1")).await.unwrap();
    peer.serve_until(live.until(|state| has(state, &["2.2"]))).await.unwrap().unwrap();
    let (channel, cause) = one.ended().await.unwrap();
    assert_eq!((&*channel.id, cause.and_then(|it| it.name())), ("1.1", Some("NORMAL_CLEARING")));
    assert!(one.until(|channel| &*channel.id == "1.1").await.is_ok());
    let unmet = one.until(|_| false).await;
    assert!(matches!(unmet, Err(WaitError::ChannelEnded(channel)) if *channel.id == *one.id()));
    // A handle that was made too late knows nothing of it.
    assert!(matches!(live.channel("1.1").ended().await, Err(WaitError::NoSuchChannel(_))));
    // A wait that has begun.
    let (ended, sent) = peer_and(&mut peer, two.ended(), hangup("2.2")).await;
    sent.unwrap();
    assert_eq!(&*ended.unwrap().0.id, "2.2");
}

/// Polls a future once before an event is sent, and then until it ends.
async fn peer_and<F: Future>(
    peer: &mut ami::testing::Peer,
    wait: F,
    event: String,
) -> (F::Output, Result<(), ami::testing::PeerError>) {
    let mut wait = pin!(wait);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    let sent = peer.event(event).await;
    (peer.serve_until(wait).await.unwrap(), sent)
}

#[tokio::test]
async fn a_condition_that_panics_or_asks_harms_nobody() {
    let (client, mut peer) = connect(&["1.1"]).await;
    let live = Live::start_with(&client, small());
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let channel = live.channel("1.1");
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        let mut wait = pin!(channel.until(|_| panic!("part of the test")));
        let polled = catch_unwind(AssertUnwindSafe(|| wait.as_mut().poll(&mut cx)));
        assert!(polled.is_err());
        let mut wait = pin!(live.until(|_| panic!("part of the test")));
        assert!(catch_unwind(AssertUnwindSafe(|| wait.as_mut().poll(&mut cx))).is_err());
    }
    // No lock is held while a condition runs.
    let asks = channel.until(|it| {
        has(&live.state(), &["1.1"]) && live.channel(Arc::clone(&it.id)).get().unwrap().is_some()
    });
    asks.await.unwrap();
    peer.event(hangup("1.1")).await.unwrap();
    peer.serve_until(live.until(|state| has(state, &[]))).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_last_handle_takes_the_task_with_it_in_every_state() {
    let (client, mut peer) = connect(&["1.1"]).await;
    let gone = async || {
        while client.stats().subscriptions > 0 {
            tokio::task::yield_now().await;
        }
    };
    // Before the task has run, and before the lists are in.
    drop(Live::start_with(&client, small()));
    peer.serve_until(gone()).await.unwrap();
    let live = Live::start_with(&client, small());
    while client.stats().subscriptions == 0 {
        tokio::task::yield_now().await;
    }
    let mut changes = live.changes();
    drop(live);
    peer.serve_until(gone()).await.unwrap();
    assert_eq!(channels_of(&taken(&mut changes)), [STOPPED]);
    // While it is current, with a watcher and a clone.
    let live = Live::start_with(&client, small());
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let (clone, mut changes) = (live.clone(), live.changes());
    drop(live);
    peer.event(newchannel("2.2")).await.unwrap();
    let change = peer.serve_until(changes.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(name(&change), "+2.2");
    drop(clone);
    peer.serve_until(gone()).await.unwrap();
    assert_eq!(channels_of(&taken(&mut changes)).last(), Some(&STOPPED));
    assert!(matches!(pin!(changes.next()).poll(&mut cx()), Poll::Ready(None)));
    // A handle to a channel counts.
    let channel = {
        let live = Live::start_with(&client, small());
        peer.serve_until(live.current()).await.unwrap().unwrap();
        live.channel("1.1")
    };
    let (ended, sent) = peer_and(&mut peer, channel.ended(), hangup("1.1")).await;
    sent.unwrap();
    ended.unwrap();
    drop(channel);
    peer.serve_until(gone()).await.unwrap();
}

const STOPPED: &str = "stale: the task that keeps the state was stopped";

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[tokio::test]
async fn changes_end_if_their_state_is_dropped_at_once() {
    let (client, _peer) = connect(&[]).await;
    let mut changes = Live::start_with(&client, small()).changes();
    let ended = changes.next().await.unwrap().unwrap().what;
    let stopped = |it: &Freshness| matches!(it.stale(), Some(StaleReason::Ended(Ended::Stopped)));
    assert!(matches!(&ended, What::Freshness(it) if stopped(it)), "{ended:?}");
    assert!(changes.next().await.is_none());
}
