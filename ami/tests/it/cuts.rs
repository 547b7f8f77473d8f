//! Every public future given up after every poll, the dialogue cut at every byte, and links that
//! give little at a time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use ami::{Action, Client, Config, Error, EventFilter, Filter, Item, Login, Originate};
use tokio::io::DuplexStream;

use crate::robot::{self, Cut, Pieces, robot};

/// Polls a future so often and no more, also when nothing has happened in between.
struct Polls<F> {
    future: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        cx.waker().wake_by_ref();
        self.future.as_mut().poll(cx).map(Some)
    }
}

/// Gives a future up after no poll, one, two and so on, until it ends by itself. Each time the
/// client has to be as good as new.
async fn give_up<F, T>(what: &str, run: impl Fn(Client) -> F)
where
    F: Future<Output = T>,
{
    let client = robot::client(usize::MAX).await.unwrap();
    for polls in 0.. {
        let future = Box::pin(run(client.clone()));
        let ended = Polls { future, left: polls }.await.is_some();
        assert_eq!(client.in_flight(), 0, "{what} after {polls} polls");
        let pong = client.call(Action::new("Ping")).await.unwrap();
        assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]), "{what} after {polls} polls");
        if ended {
            assert!(polls > 1 && client.stats().subscriptions == 0, "{what}");
            return;
        }
        assert!(polls < 1000, "{what} does not end");
    }
}

#[tokio::test]
async fn every_future_can_be_given_up_after_every_poll() {
    let long = || "x".repeat(300);
    give_up("call", |client| async move {
        client.call(Action::new("Any").field("Long", long())).await.unwrap();
    })
    .await;
    give_up("list", |client| async move {
        let list = client.list(Action::new("List").field("Long", long())).collect().await.unwrap();
        assert_eq!(list.items.len(), 2);
    })
    .await;
    give_up("items", |client| async move {
        let mut list = client.list(Action::new("List").field("Long", long()));
        while let Some(item) = list.next().await {
            item.unwrap();
        }
    })
    .await;
    give_up("exchange", |client| async move {
        assert_eq!(client.exchange(Action::new("List")).await.unwrap().len(), 4);
    })
    .await;
    give_up("originate", |client| async move {
        let call = Originate::to_application("Local/1@a", "Echo", &long());
        client.originate(call).await.unwrap();
    })
    .await;
    give_up("command", |client| async move {
        assert_eq!(client.command("x").await.unwrap().lines().count(), 2);
    })
    .await;
    give_up("set_events", |client| async move {
        client.set_event_mask(ami::EventMask::all()).await.unwrap()
    })
    .await;
    give_up("subscription", |client| async move {
        let mut events = client.subscribe(Filter::all());
        let call = client.call(Action::new("Any"));
        let (event, answer) = tokio::join!(events.next(), call);
        assert!(matches!(event, Some(Item::Event(_))) && answer.is_ok());
    })
    .await;
}

/// These are done once and for all, so each try has a client of its own.
#[tokio::test]
async fn every_future_that_changes_the_client_can_be_given_up_after_every_poll() {
    for what in ["ready", "filter", "close", "handshake", "ended"] {
        for polls in 0.. {
            assert!(polls < 1000, "{what} does not end");
            let client = robot::client(usize::MAX).await.unwrap();
            let run = {
                let client = client.clone();
                async move {
                    match what {
                        "ready" => client.ready().await.unwrap(),
                        "filter" => {
                            client.add_event_filter(EventFilter::include("A")).await.unwrap()
                        }
                        "close" => client.close().await.unwrap(),
                        "ended" => {
                            let (ended, closed) = tokio::join!(client.ended(), client.close());
                            assert!(matches!(ended, ami::Disconnect::Closed) && closed.is_ok());
                        }
                        _ => drop(robot::client(usize::MAX).await.unwrap()),
                    }
                }
            };
            let ended = Polls { future: Box::pin(run), left: polls }.await.is_some();
            // A filter goes on being set.
            while what == "filter" && client.in_flight() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(client.in_flight(), 0, "{what} after {polls} polls");
            if ended {
                break;
            }
            // Who gives up closing has asked the server to close all the same.
            if what != "close" && what != "ended" {
                client.call(Action::new("Ping")).await.unwrap();
            }
        }
    }
}

/// A whole dialogue, each step of which ends well or with an error.
async fn dialogue(config: &Config, io: Pieces<Cut<DuplexStream>>) -> Vec<Result<(), Error>> {
    let client = match config.handshake(io).await {
        Ok(client) => client,
        Err(error) => return vec![Err(error)],
    };
    let mut events = client.subscribe(Filter::all());
    let originate = Originate::to_application("Local/1@a", "Echo", "");
    let (call, list, exchange, originate, command) = tokio::join!(
        client.call(Action::new("Any")),
        client.list(Action::new("List")).collect(),
        async { client.exchange(Action::new("List")).await },
        client.originate(originate),
        client.command("x"),
    );
    let mut results = vec![
        call.map(drop),
        list.map(|list| assert_eq!(list.items.len(), 2)).map_err(Error::from),
        exchange.map(|messages| assert_eq!(messages.len(), 4)),
        originate.map(drop),
        command.map(|output| assert_eq!(output.lines().count(), 2)),
        client.ready().await,
        client.add_event_filter(EventFilter::exclude("A")).await,
        client.close().await,
    ];
    while let Some(item) = events.next().await {
        assert!(matches!(item, Item::Event(_)), "{item:?}");
    }
    if client.in_flight() != 0 {
        results.push(Err(Error::NoResponse));
    }
    results
}

async fn within_limits(size: usize, says: usize) -> Vec<Result<(), Error>> {
    let config = Config::new("user", "mysecret").timeout(Duration::from_secs(600));
    let mut all = pin!(dialogue(&config, Pieces(robot(says), size)));
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, &mut all).await.unwrap_or_else(|_| panic!("cut at {says}: hangs"))
}

#[tokio::test]
async fn the_dialogue_can_be_cut_at_every_byte() {
    let mut complete = false;
    for says in 0..10_000 {
        let results = within_limits(usize::MAX, says).await;
        let failed = results.iter().filter(|result| result.is_err()).count();
        complete = failed == 0;
        if complete {
            break;
        }
        assert!(results.len() == 8 || results.len() == 1, "cut at {says}: {results:?}");
        // The cut is what ended them, not the clock.
        for error in results.into_iter().filter_map(Result::err) {
            let fitting = matches!(error, Error::Login(_) | Error::Disconnected { .. });
            assert!(fitting, "cut at {says}: {error:?}");
        }
    }
    assert!(complete);
}

#[tokio::test]
async fn links_may_give_one_byte_at_a_time_or_seven() {
    for size in [1, 7, 64] {
        let results = within_limits(size, usize::MAX).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
    // The way in is as slow.
    let io = Pieces(robot(usize::MAX), 1);
    let config = Config::new("user", "mysecret").login(Login::Challenge);
    let client = config.handshake(io).await.unwrap();
    client.ready().await.unwrap();
}
