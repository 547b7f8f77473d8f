//! Events that a test expects, on real servers: what it gets, and what the error says.

use std::error::Error;
use std::time::Duration;

use ami::{Action, Event, Filter, Matcher, Originate};
use instance::{ExpectError, ExpectFailure, Instance, Stop, blocking};

use crate::support::{AGES, VERSIONS, builder};

/// The dialplan that the tests call.
const DIALPLAN: &str = "[default]\n\
    exten => s,1,Answer()\n\
    exten => s,2,Wait(60)\n\
    exten => told,1,UserEvent(Result,Status: pass,Try: 1)\n\
    exten => told,2,UserEvent(Result,Status: fail,Try: 2)\n\
    exten => told,3,UserEvent(Other)\n\
    exten => told,4,Log(WARNING,too late)\n";

/// Long enough for nothing to come.
const SHORT: Duration = Duration::from_millis(50);

async fn booted(major: u32, journal: usize) -> Instance {
    let builder = builder(major).await.file("extensions.conf", DIALPLAN).journal(journal);
    let builder = builder.append("modules.conf", "load = app_verbose.so\n");
    builder.build().unwrap().boot().await.unwrap()
}

/// Makes the call that tells, and waits for its end by a subscription.
async fn told(instance: &Instance) {
    let mut events = instance.ami().subscribe(Filter::user_event("Other"));
    let call = Originate::to_extension("Local/s@default", "default", "told", 1);
    instance.ami().originate(call).await.unwrap();
    events.next_event().await.unwrap();
}

fn result(status: &str) -> Matcher {
    Matcher::event("UserEvent").header("UserEvent", "Result").header("Status", status)
}

fn attempt(event: &Event) -> String {
    event.text("Try").unwrap_or_default().into_owned()
}

#[tokio::test]
async fn events_count_from_the_boot_on_and_each_of_them_once() {
    for major in VERSIONS {
        let instance = booted(major, 10_000).await;
        instance.expect(Matcher::event("FullyBooted"), AGES).await.unwrap();
        told(&instance).await;
        // In any order.
        let fail = instance.expect(result("fail"), Duration::ZERO).await.unwrap();
        let pass = instance.expect(&result("pass"), Duration::ZERO).await.unwrap();
        assert_eq!((attempt(&pass), attempt(&fail)), ("1".into(), "2".into()));
        let error = instance.expect(result("pass"), SHORT).await.unwrap_err();
        assert!(matches!(error.failure, ExpectFailure::Timeout(SHORT)), "{error}");
        // The next ones come while two calls wait, and one is given up before.
        let any = Matcher::event("UserEvent").header("UserEvent", "Result");
        tokio::select! {
            biased;
            event = instance.expect(&any, AGES) => panic!("{event:?}"),
            () = std::future::ready(()) => {}
        }
        let waiting =
            async { tokio::join!(instance.expect(&any, AGES), instance.expect(&any, AGES)) };
        let ((one, two), ()) = tokio::join!(waiting, told(&instance));
        let mut attempts = [attempt(&one.unwrap()), attempt(&two.unwrap())];
        attempts.sort();
        assert_eq!(attempts, ["1", "2"]);
        // A restart begins anew.
        told(&instance).await;
        instance.restart().await.unwrap();
        let error = instance.expect(result("pass"), SHORT).await.unwrap_err();
        assert_eq!(error.events, ["no UserEvent came"], "{error}");
        told(&instance).await;
        instance.expect(result("pass"), AGES).await.unwrap();
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_error_tells_what_came_instead() {
    for major in VERSIONS {
        let instance = booted(major, 10_000).await;
        told(&instance).await;
        instance.expect(result("pass"), AGES).await.unwrap();
        instance.log().wait_for("too late", AGES).await.unwrap();
        let expected = result("pass").header("Try", "3");
        let error = instance.expect(expected, SHORT).await.unwrap_err();
        let said = error.to_string();
        assert!(
            said.starts_with(
                "instance 1: expected UserEvent with UserEvent \"Result\", Status \"pass\", \
                 Try \"3\": none came within 50ms\n  events:\n    nearest: UserEvent UserEvent=Result"
            ),
            "{said}"
        );
        for part in [
            "Status is \"fail\", expected to be \"pass\"; Try is \"2\", expected to be \"3\"\n",
            "one more UserEvent was taken by an earlier call\n",
            "last steps of the dialplan:\n    Local/s@default-",
            ": default,told,1 UserEvent(Result,Status: pass,Try: 1)\n",
            "last errors and warnings of the server:\n    [",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(error.last_words.last().unwrap().ends_with("too late"), "{said}");
        assert!(!said.contains("dropped"), "{said}");
        // A test that returns the error prints it.
        let returned: Box<dyn Error> = Box::new(error);
        assert_eq!(format!("{returned:?}"), said);
        let error = instance.expect(Matcher::event("Bridge"), SHORT).await.unwrap_err();
        assert_eq!(error.events, ["no Bridge came"], "{error}");
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_dies_ends_the_wait_with_its_status() {
    for major in VERSIONS {
        let instance = booted(major, 10_000).await;
        let never = Matcher::event("Never");
        let (error, _) = tokio::join!(instance.expect(&never, AGES), instance.kill());
        let error = error.unwrap_err();
        assert!(matches!(error.failure, ExpectFailure::Exited(_)), "{error}");
        assert!(error.to_string().contains("the server has ended (signal: 9"), "{error}");
        instance.restart().await.unwrap();
        told(&instance).await;
        // What came before the end can be had behind it.
        instance.shut_down(Stop::Now).await;
        instance.expect(result("pass"), AGES).await.unwrap();
        instance.restart().await.unwrap();
        let (error, closed) = tokio::join!(instance.expect(&never, AGES), instance.ami().close());
        closed.unwrap();
        let error = error.unwrap_err();
        assert!(matches!(error.failure, ExpectFailure::Disconnected(_)), "{error}");
        assert!(format!("{error:?}").contains("\n\nCaused by:\n    "), "{error:?}");
        instance.stop().await.unwrap();
    }
}

#[test]
fn events_end_with_the_runtime_of_the_boot() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let instance = first.block_on(booted(22, 10_000));
    drop(first);
    runtime().block_on(async {
        let error = instance.expect(Matcher::event("Never"), AGES).await.unwrap_err();
        assert!(matches!(error.failure, ExpectFailure::Disconnected(_)), "{error}");
        instance.stop().await.unwrap();
    });
}

#[tokio::test]
async fn what_cannot_come_is_refused_and_what_was_dropped_is_told() {
    let instance = booted(22, 4).await;
    told(&instance).await;
    let error = instance.expect(result("pass"), SHORT).await.unwrap_err();
    let dropped = format!("\n  {} earlier events were dropped", error.dropped);
    assert!(error.dropped > 4 && error.to_string().contains(&dropped), "{error}");
    instance.stop().await.unwrap();

    let instance = booted(22, 0).await;
    let error = instance.expect(Matcher::event("FullyBooted"), AGES).await.unwrap_err();
    assert!(matches!(error.failure, ExpectFailure::NoJournal), "{error}");
    assert!(error.to_string().ends_with("(`Builder::journal(0)`)"), "{error}");
    instance.stop().await.unwrap();

    let without = builder(22).await.without_ami().build().unwrap().boot().await.unwrap();
    let error = without.expect(Matcher::event("FullyBooted"), AGES).await.unwrap_err();
    assert!(matches!(error.failure, ExpectFailure::NoAmi), "{error}");
    without.stop().await.unwrap();
}

#[test]
fn plain_functions_expect_as_well() {
    let builder = blocking::wait(builder(22)).file("extensions.conf", DIALPLAN);
    let instance = blocking::boot(builder.build().unwrap()).unwrap();
    let call = Originate::to_extension("Local/s@default", "default", "told", 1);
    instance.originate(call).unwrap();
    assert_eq!(attempt(&instance.expect(result("pass"), AGES).unwrap()), "1");
    let error: ExpectError = instance.expect(result("never"), SHORT).unwrap_err();
    assert!(error.to_string().contains("expected to be \"never\""), "{error}");
    instance.call(Action::new("Ping")).unwrap();
    instance.stop().unwrap();
}
