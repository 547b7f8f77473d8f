//! The end of a connection to a real server, and whether there is another.

use std::process::Stdio;
use std::time::Duration;

use ami::{
    Action, Config, Delivery, Disconnect, Error, EventFilter, Filter, Item, LoginError, State,
};
use instance::{Instance, Modules};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{
    AGES, VERSIONS, answered, boot, builder, busy, connect, end, next_event, quick, soon, user,
    wait_for,
};

fn signal(instance: &Instance, signal: Signal) {
    let pid = i32::try_from(instance.pid().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Runs a command on the server's console, which takes as long as the command does.
fn console(instance: &Instance, command: &str) -> tokio::process::Child {
    let mut console = tokio::process::Command::from(instance.sandbox().command());
    console
        .args(["-rx", command])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_server_ends_a_thousand_calls_and_comes_back() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick().timeout(AGES * 10)).await.unwrap();
        client.add_event_filter(EventFilter::exclude("Newchannel")).await.unwrap();
        let mut events = client.subscribe(Filter::all());
        let busy = client.call(busy());
        let mut calls = vec![tokio::spawn(busy)];
        calls.extend((1..1000).map(|_| tokio::spawn(client.call(Action::new("Ping")))));
        let bytes = client.stats().bytes_sent;
        while client.in_flight() < 1000 || client.stats().bytes_sent < bytes + 999 * 45 {
            tokio::task::yield_now().await;
        }
        instance.kill().await;
        for call in calls {
            // Not when its time-out is over.
            let call = timeout(AGES, call).await.unwrap();
            let error = call.unwrap().unwrap_err();
            assert!(error.may_have_been_executed(), "{error:?}");
            assert!(matches!(error, Error::Disconnected { .. }), "{error:?}");
        }
        assert_eq!(client.in_flight(), 0);
        // Those that are made now wait.
        let waiting = tokio::spawn(client.call(Action::new("Ping")));
        wait_for(&client, |state| matches!(state, State::Down(_))).await;

        instance.restart().await.unwrap();
        waiting.await.unwrap().unwrap();
        assert!(client.state().borrow().is_up());
        client.originate(answered()).await.unwrap();
        let mut gaps = 0;
        loop {
            match timeout(AGES, events.next()).await.unwrap().unwrap() {
                Item::Gap(gap) => {
                    assert!(matches!(gap.reason, Disconnect::Eof | Disconnect::Io(_)));
                    gaps += gap.times;
                }
                Item::Event(event) if event.is("OriginateResponse") => break,
                Item::Event(event) => assert!(!event.is("Newchannel"), "the filter is gone"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((gaps, client.stats().reconnects), (1, 1));
        client.close().await.unwrap();
        end(instance).await;
    }
}

#[tokio::test]
async fn ready_waits_while_a_server_boots() {
    for major in VERSIONS {
        // With all its modules it takes a while.
        let sandbox = builder(major).await.modules(Modules::All).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let client = connect(&instance, quick()).await.unwrap();
        let mut booted = client.subscribe(Filter::named(["FullyBooted"]));
        instance.kill().await;
        wait_for(&client, |state| !state.is_up()).await;
        let ready = async {
            wait_for(&client, State::is_up).await;
            client.ready().await
        };
        let (restarted, ready) = tokio::join!(instance.restart(), ready);
        restarted.unwrap();
        ready.unwrap();
        assert!(next_event(&mut booted).await.is("FullyBooted"));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_noticed() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let config = quick().keepalive(Duration::from_millis(500));
        let client = connect(&instance, config.timeout(Duration::from_secs(10))).await.unwrap();
        signal(&instance, Signal::STOP);
        let silent =
            |state: &State| matches!(state, State::Down(Error::Lost(Disconnect::Unresponsive(_))));
        wait_for(&client, silent).await;
        signal(&instance, Signal::CONT);
        wait_for(&client, State::is_up).await;
        client.call(Action::new("Ping")).await.unwrap();
        end(instance).await;
    }
}

#[tokio::test]
async fn a_user_that_is_removed_stays_until_the_connection_ends() {
    let extra = "[extra]\nsecret = x\nread = all\nwrite = all\n";
    for major in VERSIONS {
        let sandbox = builder(major).await.file("manager.users.conf.inc", extra).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let config = Config::new("extra", "x").reconnect(soon());
        let client = connect(&instance, config).await.unwrap();
        let users = instance.sandbox().etc().join("manager.users.conf.inc");
        std::fs::write(users, "").unwrap();
        instance.ami().command("manager reload").await.unwrap();
        client.call(Action::new("Ping")).await.unwrap();
        client.originate(answered()).await.unwrap();
        instance.restart().await.unwrap();
        let ended = timeout(AGES, client.ended()).await.unwrap();
        let Disconnect::Refused(error) = &ended else { panic!("{ended:?}") };
        assert_eq!(error.response().unwrap().message(), "Authentication failed");
        end(instance).await;
    }
}

#[tokio::test]
async fn those_who_may_not_come_in_are_told() {
    let general = "authlimit = 2\n";
    let users = "[denied]\nsecret = x\nread = all\ndeny = 0.0.0.0/0.0.0.0\n";
    for major in VERSIONS {
        let sandbox = builder(major)
            .await
            .file("manager.general.conf.inc", general)
            .file("manager.users.conf.inc", users)
            .build()
            .unwrap();
        let instance = sandbox.boot().await.unwrap();
        let refused = connect(&instance, Config::new("denied", "x")).await.unwrap_err();
        assert!(matches!(&refused, Error::Login(LoginError::Refused(_))), "{refused:?}");
        assert_eq!(refused.fault(), ami::Fault::Server);

        // Guests that do not log in are few. The server counts them once it has seen them.
        let mut guests = Vec::new();
        let crowded = loop {
            guests.push(TcpStream::connect(instance.ami_address()).await.unwrap());
            match connect(&instance, user().reconnect(None)).await {
                Ok(client) => client.close().await.unwrap(),
                Err(error) => break error,
            }
            assert!(guests.len() < 20, "there is always room");
        };
        assert!(
            matches!(&crowded, Error::Login(LoginError::NoBanner | LoginError::Io(_))),
            "{crowded:?}"
        );
        assert_eq!(crowded.fault(), ami::Fault::Link);
        end(instance).await;
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_gracefully_refuses_until_it_is_back() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        client.originate(answered()).await.unwrap();
        let mut shutdown = client.subscribe(Filter::named(["Shutdown"]));
        let _console = console(&instance, "core stop gracefully");
        let error = loop {
            if let Err(error) = client.call(Action::new("Ping")).await {
                break error;
            }
        };
        assert!(error.to_string().ends_with("Asterisk is shutting down"), "{error}");
        let late = connect(&instance, user()).await.unwrap_err();
        assert!(format!("{late:#}").ends_with("Asterisk is shutting down"), "{late}");
        // The call would keep it for long; this ends both.
        instance.restart().await.unwrap();
        wait_for(&client, |state| state.is_up() && client.stats().reconnects == 1).await;
        client.call(Action::new("Ping")).await.unwrap();
        // Most of the time the server has still said that it goes.
        loop {
            match timeout(AGES, shutdown.next()).await.unwrap().unwrap() {
                Item::Event(event) => assert!(event.is("Shutdown"), "{event:?}"),
                Item::Gap(gap) => break assert_eq!(gap.times, 1),
                other => panic!("{other:?}"),
            }
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn closing_while_the_server_shuts_down_says_so_and_closes() {
    let instance = boot(22).await;
    let client = connect(&instance, quick()).await.unwrap();
    client.originate(answered()).await.unwrap();
    let _console = console(&instance, "core stop gracefully");
    while client.call(Action::new("Ping")).await.is_ok() {}
    let error = client.close().await.unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    assert!(matches!(client.ended().await, Disconnect::Closed));
    let late = client.call(Action::new("Ping")).await.unwrap_err();
    assert!(matches!(late, Error::Disconnected { delivery: Delivery::NeverSent, .. }));
    end(instance).await;
}

#[tokio::test]
async fn a_line_break_does_not_get_to_the_server() {
    let instance = boot(22).await;
    let ami = instance.ami();
    let before = ami.stats().bytes_sent;
    for text in ["a\r\n\r\nAction: Logoff", "a\n", "a\rb", "a\0"] {
        let set = Action::new("Setvar").field("Variable", "X").field("Value", text);
        let error = ami.call(set.clone()).await.unwrap_err();
        assert_eq!(error.fault(), ami::Fault::Caller);
        assert!(ami.list(set).collect().await.is_err());
        let call = answered().variable("X", text);
        assert!(matches!(ami.originate(call).await, Err(Error::Action(_))));
    }
    assert_eq!(ami.stats().bytes_sent, before);
    end(instance).await;
}
