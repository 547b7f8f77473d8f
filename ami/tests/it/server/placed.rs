//! Calls that were placed, and why they ended.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use ami::{Action, Client, End, Error, Filter, Originate, Placed};
use instance::Instance;
use tokio::time::timeout;

use super::{AGES, VERSIONS, builder, connect, end, next, quick};

const DIALPLAN: &str = "
[default]
exten => busy,1,Busy()
exten => congestion,1,Congestion()
exten => rejected,1,Hangup(21)
exten => unallocated,1,Hangup(1)
exten => short,1,Answer()
same => n,Hangup(31)
exten => answer,1,Answer()
same => n,Wait(600)
exten => ringing,1,Ringing()
same => n,Wait(600)
";

async fn boot(major: u32) -> Instance {
    let sandbox = builder(major).await.file("extensions.conf", DIALPLAN).build().unwrap();
    sandbox.boot().await.unwrap()
}

fn local(number: &str) -> Originate {
    Originate::to_application(&format!("Local/{number}@default"), "Echo", "")
}

/// The end of a call. It comes whatever happens.
async fn end_of(call: &mut Placed) -> End {
    timeout(AGES, call.end()).await.unwrap().unwrap()
}

/// Waits until the server has no channels. Its list comes from a cache, which can be a moment
/// behind the events.
async fn no_channels(client: &Client) {
    let empty = async {
        let list = || client.list(Action::new("CoreShowChannels")).collect();
        while !list().await.unwrap().items.is_empty() {}
    };
    timeout(AGES, empty).await.unwrap();
}

/// The causes of the first half and of the other, by name.
fn causes(end: &End) -> [Option<&'static str>; 2] {
    let of = |half: &str| {
        let half = end.halves.iter().find(|it| it.channel().ends_with(half));
        half.and_then(|it| it.cause().name())
    };
    assert_eq!(end.halves.len(), 2, "{end:?}");
    [of(";1"), of(";2")]
}

#[tokio::test]
async fn a_call_that_failed_tells_the_cause_of_both_halves() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        for (number, both, cause) in [
            ("busy", ["NOTDEFINED", "USER_BUSY"], 17),
            ("congestion", ["NOTDEFINED", "NORMAL_CIRCUIT_CONGESTION"], 34),
            ("rejected", ["CALL_REJECTED", "CALL_REJECTED"], 21),
            ("unallocated", ["UNALLOCATED", "UNALLOCATED"], 1),
        ] {
            let mut call = client.place(local(number));
            let outcome = call.outcome().await;
            assert!(matches!(outcome, Err(Error::Originate { .. })), "{number}: {outcome:?}");
            let ended = end_of(&mut call).await;
            assert_eq!(causes(&ended), both.map(Some), "{major}: {number}");
            assert_eq!(ended.cause().number(), cause, "{major}: {number}: {ended:?}");
            // It can be asked again.
            assert_eq!(end_of(&mut call).await.cause(), ended.cause());
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn the_end_of_a_call_without_a_channel_is_told_too() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let [mut nowhere, mut technology] =
            [local("nowhere"), Originate::to_application("Nope/x", "Echo", "")]
                .map(|call| client.place(call));
        let (nowhere, technology) = tokio::join!(end_of(&mut nowhere), end_of(&mut technology));
        assert_eq!(technology.halves.len(), 0, "{major}: {technology:?}");
        assert_eq!(technology.cause().name(), Some("NOTDEFINED"));
        assert_eq!(causes(&nowhere), [Some("NOTDEFINED"); 2], "{nowhere:?}");
        // What the server does not take at all is an error.
        let refused = client.place(Originate::to_application("nonsense", "Echo", "")).end().await;
        assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
        assert_eq!(client.in_flight(), 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn an_answered_call_ends_when_somebody_hangs_up() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        // The other side.
        let mut call = client.place(local("short"));
        assert_eq!(call.outcome().await.unwrap().unique_id(), call.unique_id());
        let end_of_short = end_of(&mut call).await;
        assert_eq!(end_of_short.cause().name(), Some("NORMAL_UNSPECIFIED"), "{end_of_short:?}");
        assert_eq!(end_of_short.halves.len(), 2);
        // Ours.
        let mut call = client.place(local("answer").channel_id("our-own"));
        assert_eq!(call.unique_id(), "our-own");
        call.outcome().await.unwrap();
        assert!(timeout(Duration::ZERO, call.end()).await.is_err(), "it has not ended");
        call.hang_up().await.unwrap();
        let hung_up = end_of(&mut call).await;
        // The server makes up no cause: this one is ours.
        assert_eq!(causes(&hung_up), [Some("NORMAL_CLEARING"); 2], "{major}: {hung_up:?}");
        // There is nothing left to hang up.
        let late = call.hang_up().await;
        assert!(matches!(late, Err(Error::Rejected(_))), "{late:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_phone_that_rings_stops_when_the_handle_hangs_up() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let mut ringing = client.subscribe(Filter::named(["Newexten"]).field("Exten", "ringing"));
        let mut call = client.place(local("ringing"));
        tokio::select! {
            outcome = call.outcome() => panic!("{outcome:?}"),
            _ = next(&mut ringing) => {}
        }
        call.hang_up().await.unwrap();
        let outcome = timeout(AGES, call.outcome()).await.unwrap();
        assert!(matches!(outcome, Err(Error::Originate { .. })), "{outcome:?}");
        let hung_up = end_of(&mut call).await;
        assert_eq!(hung_up.halves.len(), 2, "{hung_up:?}");
        assert_eq!(hung_up.cause().name(), Some("NORMAL_CLEARING"), "{major}: {hung_up:?}");
        no_channels(&client).await;
        end(instance).await;
    }
}

#[tokio::test]
async fn a_call_that_is_hung_up_before_it_has_a_channel_does_not_ring() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let news = client.subscribe(Filter::named(["Newchannel"]));
        let mut never = client.place(local("ringing"));
        never.hang_up().await.unwrap();
        assert!(matches!(never.outcome().await, Err(Error::Withdrawn)));
        assert!(matches!(never.end().await, Err(Error::Withdrawn)));
        client.call(Action::new("Ping")).await.unwrap();
        assert_eq!(news.queued(), 0, "{major}");
        for _ in 0..20 {
            let mut call = client.place(local("ringing"));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(pin!(call.outcome()).poll(&mut cx).is_pending());
            timeout(AGES, call.hang_up()).await.unwrap().unwrap();
            let outcome = timeout(AGES, call.outcome()).await.unwrap();
            assert!(matches!(outcome, Err(Error::Originate { .. })), "{major}: {outcome:?}");
            // The other half can outlive the outcome.
            end_of(&mut call).await;
        }
        no_channels(&client).await;
        end(instance).await;
    }
}

#[tokio::test]
async fn a_call_whose_server_dies_ends_too() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let mut call = client.place(local("answer"));
        call.outcome().await.unwrap();
        instance.kill().await;
        instance.restart().await.unwrap();
        let lost = timeout(AGES, call.end()).await.unwrap();
        assert!(matches!(lost, Err(Error::Lost(_))), "{lost:?}");
        end(instance).await;
    }
}
