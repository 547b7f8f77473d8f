//! The futures of a client: time-outs of their own, and on tasks of their own.

use std::time::Duration;

use ami::testing::{Reply, Script};
use ami::{
    Action, Client, Config, Connect, Delivery, Error, EventClass, EventFilter, Filter, Originate,
    Reconnect, testing,
};
use tokio::time::Instant;

use crate::peer::{Peer, quiet_config};

fn echo() -> Originate {
    Originate::to_application("Local/1@a", "Echo", "")
}

fn patient(limit: u64) -> Config {
    quiet_config("user", "mysecret").timeout(Duration::from_secs(limit))
}

/// The time that passed until an error, in seconds, the time that the error tells, and what became
/// of the action.
async fn time_out<T: std::fmt::Debug>(
    call: impl Future<Output = Result<T, Error>>,
) -> (u64, u64, Delivery) {
    let begun = Instant::now();
    match call.await.unwrap_err() {
        Error::Timeout { waited, delivery } => {
            (begun.elapsed().as_secs(), waited.as_secs(), delivery)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_has_a_time_out_of_its_own() {
    let (client, mut peer) = Peer::with_config(patient(100)).await;
    let silent = async {
        loop {
            peer.action().await;
        }
    };
    let calls = async {
        let three = Duration::from_secs(3);
        let executed = Delivery::MaybeExecuted;
        let command = client.command("core show uptime").timeout(three);
        assert_eq!(time_out(command).await, (3, 3, executed));
        assert_eq!(time_out(client.call(Action::new("X")).timeout(three)).await, (3, 3, executed));
        let exchange = client.exchange(Action::new("X")).timeout(three);
        assert_eq!(time_out(exchange).await, (3, 3, executed));
        assert_eq!(client.in_flight(), 0);
    };
    tokio::select! {
        () = calls => {}
        () = silent => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_out_of_an_originate_counts_all_that_it_waits_for() {
    let (client, mut peer) = Peer::with_config(patient(100)).await;
    let server = async {
        // The question for the user's rights takes two of the five seconds.
        let show = peer.action().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let id = crate::peer::id(&show);
        peer.send(format!("Response: Error\r\nActionID: {id}\r\n\r\n")).await;
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\n\r\n")).await;
    };
    // The phone may ring for longer.
    let call = echo().timeout(Duration::from_secs(60));
    let call = client.originate(call).timeout(Duration::from_secs(5));
    let (told, ()) = tokio::join!(time_out(call), server);
    assert_eq!(told, (5, 5, Delivery::MaybeExecuted));
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_time_out_of_an_originate_ends_the_wait_for_the_users_rights() {
    let (client, mut peer) = Peer::with_config(patient(100)).await;
    let silent = async {
        peer.action().await;
        std::future::pending().await
    };
    let call = client.originate(echo()).timeout(Duration::from_secs(5));
    let told = tokio::select! {
        told = time_out(call) => told,
        () = silent => unreachable!(),
    };
    assert_eq!(told, (5, 5, Delivery::NeverSent));
}

#[tokio::test]
async fn the_time_out_of_an_originate_may_be_longer_than_that_of_the_client() {
    let success = Reply::success().event("OriginateResponse").field("Response", "Success");
    let server = testing::Server::bind().await.unwrap();
    let server = server.script(Script::new().answer("Originate", success));
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let config = quiet_config("user", "mysecret").timeout(Duration::from_millis(200));
    let (client, peer) = server.connect(&config.reconnect(soon)).await.unwrap();
    drop(peer);
    while client.state().borrow().is_up() {
        tokio::task::yield_now().await;
    }
    let call = client.originate(echo()).timeout(Duration::from_secs(10));
    let late = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.accept().await.unwrap().serve().await
    };
    let placed = tokio::select! {
        placed = call => placed,
        served = late => panic!("{served:?}"),
    };
    assert!(placed.is_ok(), "{placed:?}");
}

#[tokio::test]
async fn each_runs_on_a_task_of_its_own_and_outlives_the_handle() {
    let (client, mut peer) = Peer::with_client().await;
    let server = tokio::spawn(async move {
        peer.show_user("call").await;
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\n\r\n")).await;
        peer.send(format!(
            "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nChannel: Local/1\r\n\r\n"
        ))
        .await;
        peer.answer("Command", "Message: Command output follows\r\nOutput: up\r\n").await;
        let id = peer.fenced().await;
        peer.send(format!("Response: Success\r\nActionID: {id}f\r\n\r\n")).await;
        peer.answer("Ping", "").await;
        peer.end().await;
    });
    assert_eq!(tokio::spawn(client.originate(echo())).await.unwrap().unwrap().channel(), "Local/1");
    let output = tokio::spawn(client.command("core show uptime")).await.unwrap().unwrap();
    assert_eq!(output.to_string(), "up\n");
    assert!(tokio::spawn(client.exchange(Action::new("X"))).await.unwrap().unwrap().is_empty());
    let last = client.call(Action::new("Ping"));
    drop::<Client>(client);
    tokio::spawn(last).await.unwrap().unwrap();
    server.await.unwrap();
}

#[test]
fn debug_hides_what_may_be_secret() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, _peer) = runtime.block_on(Peer::with_client());
    let shown = format!(
        "{:?} {:?} {:?}",
        client.command("pjsip set password hush"),
        client.originate(echo().with("Secret", "hush")),
        client.call(Action::new("X").field("Secret", "hush")),
    );
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("Originating(Originate(Channel: \"Local/1@a\""), "{shown}");
}

#[test]
fn every_future_can_go_to_another_task_and_drop_anywhere() {
    fn spawnable<T: Send + 'static>(_: T) {}
    fn shareable<T: Send + Sync + 'static>(_: T) {}
    fn movable<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = quiet_config("user", "mysecret");
    let (client, peer) = runtime.block_on(testing::Peer::connect(&config)).unwrap();
    let mut events = client.subscribe(Filter::all());
    let mut list = client.list(Action::new("Things"));
    let mut placed = client.place(echo());
    let (near, mut other) = testing::Peer::pipe();
    let server = runtime.block_on(testing::Server::bind()).unwrap();
    // Outside of a runtime, and behind the end of their own.
    drop(runtime);
    shareable(client.call(Action::new("Ping")));
    shareable(client.command("core show uptime"));
    shareable(client.exchange(Action::new("Ping")));
    shareable(client.originate(echo()));
    spawnable(client.list(Action::new("Things")).collect());
    spawnable::<Connect>(config.connect("127.0.0.1"));
    spawnable(config.handshake(near));
    movable(client.add_event_filter(EventFilter::include("Hangup")));
    movable(client.set_event_mask(EventClass::Call));
    movable(client.ready());
    movable(client.ended());
    movable(client.close());
    movable(client.withheld(EventClass::Call));
    movable(events.next());
    movable(list.next());
    movable(placed.outcome());
    movable(placed.end());
    movable(placed.hang_up());
    movable(other.action());
    movable(other.serve());
    movable(server.accept());
    movable(server.serve_until(async {}));
    shareable((events, list, placed, client, server));
    spawnable((peer, other));
}
