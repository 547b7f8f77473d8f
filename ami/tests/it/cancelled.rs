//! Futures that are dropped in every state that they can be in: nothing stays behind.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ami::testing::{Peer, Reply, Script};
use ami::{Action, Client, Error, EventClass, EventFilter, Originate};
use tokio::task::yield_now;

use crate::peer::quiet_config;

/// Polls a future so many times, and lets everybody else run in between. `None` if that was not to
/// its end.
pub(crate) async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

fn echo() -> Originate {
    Originate::to_application("Local/1@a", "Echo", "")
}

fn script() -> Script {
    Script::new()
        .answer(
            "Originate",
            Reply::success().event("OriginateResponse").field("Response", "Success"),
        )
        .answer("Ringing", Reply::success())
        .answer("Things", Reply::list(["Event: A\nN: 1", "Event: A\nN: 2"]))
        .answer("Silent", Reply::none())
        .command("core show uptime", "up")
}

/// Drops a future behind each number of polls, until it ends by itself, and each time looks for
/// what it has left.
async fn leaves_nothing<'a, F: Future + 'a>(
    name: &str,
    client: &'a Client,
    new: impl Fn(&'a Client) -> F,
) {
    for times in 0.. {
        let ended = polled(new(client), times).await.is_some();
        let ping = client.call(Action::new("Ping")).timeout(Duration::from_secs(5)).await;
        assert!(ping.is_ok(), "{name}, {times} polls: {ping:?}");
        // A setting that was asked for goes on by itself.
        for _ in 0..1_000 {
            yield_now().await;
            if client.in_flight() == 0 {
                break;
            }
        }
        assert_eq!(client.in_flight(), 0, "{name}, {times} polls");
        if ended {
            assert!(times > 1, "{name} ended at once");
            break;
        }
        assert!(times < 1_000, "{name} does not end");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_its_place_and_nothing_else() {
    let config = quiet_config("user", "mysecret").max_in_flight(1);
    let (client, mut peer) = Peer::connect_with(&config, script()).await.unwrap();
    let program = async {
        let client = &client;
        leaves_nothing("call", client, |it| it.call(Action::new("Ping"))).await;
        leaves_nothing("command", client, |it| it.command("core show uptime")).await;
        leaves_nothing("exchange", client, |it| it.exchange(Action::new("Things"))).await;
        leaves_nothing("silent", client, |it| it.exchange(Action::new("Silent"))).await;
        leaves_nothing("list", client, |it| it.list(Action::new("Things")).collect()).await;
        leaves_nothing("shared", client, |it| {
            it.list(Action::new("Things")).also_to_subscribers().collect()
        })
        .await;
        leaves_nothing("originate", client, |it| it.originate(echo())).await;
        leaves_nothing("place", client, |it| {
            let mut placed = it.place(echo());
            async move { placed.outcome().await }
        })
        .await;
        leaves_nothing("filter", client, |it| it.add_event_filter(EventFilter::include("Hangup")))
            .await;
        leaves_nothing("mask", client, |it| it.set_event_mask(EventClass::Call)).await;
    };
    peer.serve_until(program).await.unwrap();
}

#[tokio::test]
async fn a_future_that_is_polled_behind_its_end_panics() {
    let (client, mut peer) =
        Peer::connect_with(&quiet_config("user", "mysecret"), script()).await.unwrap();
    let program = async {
        fn again<T>(mut future: impl Future<Output = T> + Unpin) -> bool {
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let future =
                std::panic::AssertUnwindSafe(|| pin!(&mut future).poll(&mut cx).is_ready());
            std::panic::catch_unwind(future).is_err()
        }
        let mut call = Box::pin(client.call(Action::new("Ping")));
        (&mut call).await.unwrap();
        assert!(again(call));
        let mut exchange = client.exchange(Action::new("Ping"));
        assert_eq!((&mut exchange).await.unwrap().len(), 1);
        assert!(again(exchange));
        let mut originate = client.originate(echo());
        (&mut originate).await.unwrap();
        assert!(again(originate));
        let mut list = client.list(Action::new("Things"));
        while let Some(item) = list.next().await {
            item.unwrap();
        }
        assert!(list.next().await.is_none());
    };
    peer.serve_until(program).await.unwrap();
}

#[tokio::test]
async fn an_exchange_that_failed_gives_its_place_back_though_it_is_held() {
    let config = quiet_config("user", "mysecret").max_in_flight(1).max_message(1024);
    let large = format!("Response: Success\nText: {}", "x".repeat(2000));
    let script = Script::new().answer("Large", &*large);
    let (client, mut peer) = Peer::connect_with(&config, script).await.unwrap();
    let program = async {
        let mut exchange = client.exchange(Action::new("Large"));
        let failed = (&mut exchange).await;
        assert!(matches!(failed, Err(Error::TooLarge(_))), "{failed:?}");
        let ping = client.call(Action::new("Ping")).timeout(Duration::from_secs(5)).await;
        assert!(ping.is_ok(), "{ping:?}");
        assert_eq!(client.in_flight(), 0);
        drop(exchange);
    };
    peer.serve_until(program).await.unwrap();
}
