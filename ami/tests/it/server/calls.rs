//! Logging in, calls, originates and events on real servers.

use std::pin::pin;
use std::time::{Duration, Instant};

use ami::{Action, Config, Disconnect, Error, Filter, Login, LoginError, Originate, Reason};
use tokio::time::timeout;

use super::{AGES, VERSIONS, boot, busy, connect, end, next, user};

#[tokio::test]
async fn both_ways_to_log_in_and_a_wrong_secret() {
    for major in VERSIONS {
        let instance = boot(major).await;
        for login in [Login::Challenge, Login::Plain] {
            let client = connect(&instance, user().login(login)).await.unwrap();
            client.ready().await.unwrap();
            assert_eq!(
                client.call(Action::new("Ping")).await.unwrap().get("Ping"),
                Some(&b"Pong"[..])
            );
            client.close().await.unwrap();
            assert!(matches!(client.ended().await, Disconnect::Eof | Disconnect::Closed));

            let begun = Instant::now();
            let wrong = Config::new("user", "wrong").login(login).connect_timeout(AGES * 10);
            let error = connect(&instance, wrong).await.unwrap_err();
            assert!(matches!(error, Error::Login(LoginError::Refused(_))), "{error:?}");
            assert_eq!(
                format!("{error:#}"),
                "login failed: the server answered: Authentication failed"
            );
            // The server takes a second to say so; the client would give up in ten minutes.
            assert!(begun.elapsed() < AGES);
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_thousand_calls_at_once_get_their_own_answers() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let calls = (0..1000).map(|n| {
            let client = instance.ami().clone();
            tokio::spawn(async move {
                let value = n.to_string();
                let set =
                    Action::new("Setvar").field("Variable", format!("V{n}")).field("Value", &value);
                client.call(set).await.unwrap();
                let response =
                    client.call(Action::new("Getvar").field("Variable", format!("V{n}"))).await;
                assert_eq!(response.unwrap().get("Value"), Some(value.as_bytes()));
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        assert_eq!(instance.ami().in_flight(), 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn refusals_are_errors_that_keep_the_response() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ami = instance.ami();
        let unknown = ami.call(Action::new("NoSuchAction")).await.unwrap_err();
        assert!(unknown.to_string().contains("Invalid/unknown command"), "{unknown}");
        let command = ami.command("no such command").await.unwrap_err();
        let output = command.response().unwrap().command_output().next().unwrap();
        assert!(output.starts_with(b"No such command"), "{}", output.escape_ascii());
        end(instance).await;
    }
}

#[tokio::test]
async fn a_long_command_is_complete() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let output = instance.ami().command("dialplan show long").await.unwrap();
        let steps = output.lines().filter(|line| line.windows(8).any(|it| it == b"of many:"));
        assert_eq!(steps.count(), 2998);
        assert!(output.lines().any(|line| line.starts_with(b"  '_X.' =>")), "indentation is lost");
        end(instance).await;
    }
}

#[tokio::test]
async fn an_originate_tells_its_outcome() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ami = instance.ami();
        let mut given = ami.subscribe(Filter::named(["UserEvent"]));
        let odd = r#"a,b"c\d(e)[f]=${g}"#;
        let local = |exten: &str| {
            Originate::to_application(&format!("Local/{exten}@default"), "Echo", "").timeout(AGES)
        };
        let answered = ami.originate(local("answer").variable("__GIVEN", odd)).await.unwrap();
        assert!(answered.channel().starts_with("Local/answer@default-"));
        assert!(answered.unique_id().contains('.'));
        // The dialplan's own parser has had its say over the comma and the quotes here, but not
        // over the rest.
        assert!(next(&mut given).await.get("value").is_some());
        let channel = answered.channel().to_owned();
        let getvar = Action::new("Getvar").field("Channel", channel).field("Variable", "GIVEN");
        assert_eq!(ami.call(getvar).await.unwrap().text("Value").unwrap(), odd);

        let (busy, congestion, silence, nowhere) = tokio::join!(
            ami.originate(local("busy")),
            ami.originate(local("congestion")),
            ami.originate(local("silence").timeout(Duration::from_secs(2))),
            ami.originate(local("nowhere")),
        );
        let reason = |result: Result<_, Error>| match result {
            Err(Error::Originate { reason, .. }) => reason,
            other => panic!("{:?}", other.map(|_: ami::Originated| ())),
        };
        assert_eq!(reason(busy), Reason::Busy);
        assert_eq!(reason(congestion), Reason::Congestion);
        assert_eq!(reason(silence), Reason::NoAnswer);
        assert_eq!(reason(nowhere), Reason::Failure);
        let rejected = ami.originate(Originate::to_application("nonsense", "Echo", "")).await;
        assert!(matches!(rejected, Err(Error::Rejected(_))), "{rejected:?}");
        assert_eq!(ami.in_flight(), 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn an_originate_to_an_extension_runs_it() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let mut events = instance.ami().subscribe(Filter::named(["UserEvent"]));
        let mut news =
            instance.ami().subscribe(Filter::named(["NewCallerid", "OriginateResponse"]));
        // The label is that of the second priority.
        let call = Originate::to_extension("Local/answer@default", "default", "answer", "given");
        let call = call.variable("GIVEN", "seen").caller_id("Alice <100>");
        let call = call.codecs(["alaw", "ulaw"]).channel_id("our-own-id").with("Account", "x");
        let answered = instance.ami().originate(call).await.unwrap();
        assert_eq!(answered.unique_id(), "our-own-id");
        let told = loop {
            let event = next(&mut news).await;
            if event.is("OriginateResponse") {
                break event;
            }
        };
        assert_eq!(told.get("CallerIDNum"), Some(&b"100"[..]));
        assert_eq!(told.get("CallerIDName"), Some(&b"Alice"[..]));
        let channel = answered.channel().to_owned();
        let ask = |variable| {
            let ask = Action::new("Getvar").field("Channel", &channel);
            instance.ami().call(ask.field("Variable", variable))
        };
        let formats = ask("CHANNEL(audionativeformat)").await.unwrap();
        assert!(formats.text("Value").unwrap().contains("alaw"), "{formats:?}");
        assert_eq!(ask("CHANNEL(accountcode)").await.unwrap().get("Value"), Some(&b"x"[..]));
        // One of the two halves has the variable, the other came in through the Local channel.
        let values = [next(&mut events).await, next(&mut events).await];
        assert!(values.iter().any(|event| event.get("value") == Some(b"seen")), "{values:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_user_event_comes_to_those_who_asked() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let other = connect(&instance, user()).await.unwrap();
        let mut mine = instance.ami().subscribe(Filter::named(["userevent"]));
        let mut theirs = other.subscribe(Filter::named(["UserEvent"]));
        let mut none = other.subscribe(Filter::named(["Hangup"]));
        let event = Action::new("UserEvent")
            .field("UserEvent", "Hello")
            .field("Twice", "1")
            .field("Twice", "2");
        instance.ami().call(event).await.unwrap();
        for events in [&mut mine, &mut theirs] {
            let event = next(events).await;
            assert_eq!(event.get("UserEvent"), Some(&b"Hello"[..]));
            assert_eq!(event.get_all("Twice").collect::<Vec<_>>(), [b"1", b"2"]);
        }
        let mut pass = other.subscribe(Filter::user_event("Result").field("verdict", "pass"));
        for verdict in ["fail", "pass"] {
            let event = Action::user_event("Result").field("verdict", verdict);
            instance.ami().call(event).await.unwrap();
        }
        assert_eq!(next(&mut pass).await.get("verdict"), Some(&b"pass"[..]));
        other.close().await.unwrap();
        assert!(timeout(AGES, none.next()).await.unwrap().is_none());
        end(instance).await;
    }
}

#[tokio::test]
async fn the_end_of_the_server_ends_the_calls() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().reconnect(None)).await.unwrap();
        let mut events = client.subscribe(Filter::all());
        let wait = client.call(busy()).timeout(AGES);
        let ping = client.call(Action::new("Ping")).timeout(AGES);
        let (mut wait, mut ping) = (pin!(wait), pin!(ping));
        tokio::select! {
            biased;
            _ = &mut wait => panic!("nobody was to answer"),
            _ = &mut ping => panic!("the ping overtook the call"),
            () = std::future::ready(()) => {}
        }
        end(instance).await;
        for result in [timeout(AGES, wait).await.unwrap(), timeout(AGES, ping).await.unwrap()] {
            assert!(matches!(result, Err(Error::Disconnected { .. })), "{result:?}");
        }
        while timeout(AGES, events.next()).await.unwrap().is_some() {}
        assert!(matches!(client.ended().await, Disconnect::Eof | Disconnect::Io(_)));
        let late = client.call(Action::new("Ping")).await.unwrap_err();
        assert!(!late.may_have_been_executed(), "{late:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_told_with_the_address() {
    let error = user().connect("127.0.0.1:1").await.unwrap_err();
    assert_eq!(error.to_string(), "failed to connect to 127.0.0.1:1");
    assert_eq!(error.fault(), ami::Fault::Link);
    let error = user().connect("no-such-host.invalid:5038").await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}
