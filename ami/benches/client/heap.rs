//! A benchmark of the net heap of calls in flight and of idle subscriptions.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use ami::testing::Peer;
use ami::{Action, Call, Client, Config, Filter, Login};
use tokio::io::AsyncReadExt;

use crate::{Ratio, on_one_thread};

const COUNT: usize = 10_000;

/// The limits in bytes for a call in flight and for an idle subscription, which are the units of
/// the ratios.
const CALL: f64 = 512.0;
const SUBSCRIPTION: f64 = 1024.0;

/// Connects a client to a server that reads everything and answers nothing but the login.
async fn client() -> Client {
    let (near, mut peer) = Peer::pipe_of(1024 * 1024);
    tokio::spawn(async move {
        peer.log_in().await.unwrap();
        let mut seen = [0; 4096];
        while peer.read(&mut seen).await.is_ok_and(|length| length > 0) {}
    });
    let config = Config::new("user", "secret")
        .ask_permissions(false)
        .login(Login::Plain)
        .max_in_flight(COUNT);
    config.keepalive(None).handshake(near).await.unwrap()
}

pub(crate) fn measure() -> Vec<Ratio> {
    let call = on_one_thread().block_on(async {
        let client = client().await;
        // The caller's own memory is not counted: the futures and the actions in them.
        let mut calls: Vec<Pin<Box<Call>>> = (0..COUNT)
            .map(|_| Box::pin(client.call(Action::new("Ping")).timeout(Duration::from_secs(600))))
            .collect();
        let mut cx = Context::from_waker(Waker::noop());
        let mut kept = allocation_counter::AllocationInfo::default();
        // The calls are polled in parts, so that the writer is never more than one part behind.
        for part in calls.chunks_mut(100) {
            kept += allocation_counter::measure(|| {
                for call in part {
                    assert!(call.as_mut().poll(&mut cx).is_pending());
                }
            });
            // A task has to yield when its budget is used up.
            tokio::task::yield_now().await;
            while client.stats().bytes_sent < client.in_flight() as u64 * 30 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(client.in_flight(), COUNT);
        kept.bytes_current as f64 / COUNT as f64
    });
    let subscription = on_one_thread().block_on(async {
        let client = client().await;
        let names: Vec<_> = (0..COUNT).map(|n| format!("Event{n}")).collect();
        let mut all = Vec::with_capacity(COUNT);
        let kept = allocation_counter::measure(|| {
            for name in &names {
                let filter = Filter::named([&**name]).field("Channel", "PJSIP/alice-00000001");
                all.push(client.subscribe(filter));
            }
        });
        kept.bytes_current as f64 / COUNT as f64
    });
    println!("net heap: {call:5.0} bytes for each call in flight");
    println!("net heap: {subscription:5.0} bytes for each idle subscription");
    vec![("heap-call/512", call / CALL), ("heap-subscription/1024", subscription / SUBSCRIPTION)]
}
