//! The client while its server boots, and what it has of the first moments.

use std::sync::{Arc, Mutex};

use ami::{Action, Client, Config, Error, EventClass, Filter, Followed, Gap, Item, State};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::lists::builder_all;
use super::{
    AGES, Proxy, VERSIONS, answered, boot, builder, connect, end, next, quick, soon, wait_for,
};

/// The states of a client from now on.
fn states(client: &Client) -> (Arc<Mutex<Vec<State>>>, JoinHandle<()>) {
    let (states, mut state) = (Arc::<Mutex<Vec<State>>>::default(), client.state());
    let seen = Arc::clone(&states);
    let watch = tokio::spawn(async move {
        while state.changed().await.is_ok() {
            seen.lock().unwrap().push(state.borrow_and_update().clone());
        }
    });
    (states, watch)
}

#[tokio::test]
async fn calls_that_waited_do_not_come_before_the_modules() {
    for major in VERSIONS {
        let instance = builder_all(major).await.build().unwrap().boot().await.unwrap();
        let client = connect(&instance, quick()).await.unwrap();
        client.ready().await.unwrap();
        let (seen, watch) = states(&client);
        let mut booted = client.subscribe(Filter::named(["FullyBooted"]));
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(_))).await;
        let list = |name| tokio::spawn(client.list(Action::new(name)).collect());
        let (queues, agents) = (list("QueueStatus"), list("Agents"));
        let call = {
            let client = client.clone();
            tokio::spawn(async move { client.originate(answered()).await })
        };
        instance.restart().await.unwrap();
        let queues = queues.await.unwrap().unwrap();
        assert!(queues.items.iter().any(|it| it.get("Queue") == Some(b"support")), "{queues:?}");
        let agents = agents.await.unwrap().unwrap();
        assert_eq!(agents.items.len(), 1, "{major}: {agents:?}");
        call.await.unwrap().unwrap();
        // Events come before the calls may go, and the boot is one of them.
        assert!(matches!(booted.next().await, Some(Item::Gap(Gap { times: 1, .. }))));
        assert!(booted.queued() > 0);
        watch.abort();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let booting = seen.iter().position(|state| matches!(state, State::Booting));
        let up = seen.iter().position(State::is_up);
        assert!(booting.is_some() && booting < up && up == Some(seen.len() - 1), "{seen:?}");
        end(instance).await;
    }
}

/// A user who does not see that the server has booted, and may not ask.
const BLIND: &str = "
[blind]
secret = x
read = call
write = call,originate
";

#[tokio::test]
async fn a_user_who_is_not_told_of_the_boot_does_not_wait_for_it() {
    for major in VERSIONS {
        let sandbox = builder_all(major).await.file("manager.users.conf.inc", BLIND);
        let instance = sandbox.build().unwrap().boot().await.unwrap();
        // The time-out is longer than anybody waits here.
        let config = Config::new("blind", "x").reconnect(soon()).timeout(AGES * 10);
        let client = connect(&instance, config).await.unwrap();
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(_))).await;
        let ping = tokio::spawn(client.call(Action::new("Ping")));
        instance.restart().await.unwrap();
        timeout(AGES, ping).await.expect("it waits for what never comes").unwrap().unwrap();
        assert!(client.state().borrow().is_up());
        end(instance).await;
    }
}

/// A user who sees that the server has booted, and may not ask.
const SEEING: &str = "
[seeing]
secret = x
read = system,call
write = call
";

#[tokio::test]
async fn a_connection_that_is_lost_during_the_boot_does_not_end_the_wait_for_it() {
    for major in VERSIONS {
        let sandbox = builder_all(major).await.file("manager.users.conf.inc", SEEING);
        let instance = sandbox.build().unwrap().boot().await.unwrap();
        let proxy = Proxy::before(instance.ami_address()).await;
        let config = Config::new("seeing", "x").reconnect(soon()).timeout(AGES);
        let client = config.connect(&proxy.address).await.unwrap();
        client.ready().await.unwrap();
        instance.kill().await;
        wait_for(&client, |state| matches!(state, State::Down(_))).await;
        let queues = tokio::spawn(client.list(Action::new("QueueStatus")).collect());
        let lost_again = async {
            wait_for(&client, |state| matches!(state, State::Booting)).await;
            proxy.cut();
            wait_for(&client, |state| !matches!(state, State::Booting)).await;
            assert!(!client.state().borrow().is_up(), "{major}: it has booted in no time");
        };
        let (restarted, ()) = tokio::join!(instance.restart(), lost_again);
        restarted.unwrap();
        let queues = queues.await.unwrap().unwrap();
        assert!(queues.items.iter().any(|it| it.get("Queue") == Some(b"support")), "{queues:?}");
        assert!(client.stats().reconnects >= 2);
        end(instance).await;
    }
}

#[tokio::test]
async fn a_first_connection_that_cannot_know_of_the_boot_does_not_wait_for_it_either() {
    for major in VERSIONS {
        let sandbox = builder(major).await.file("manager.users.conf.inc", BLIND).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let blind = Config::new("blind", "x");
        // Nobody sends the event, or we do not let it come.
        for config in [blind.clone(), blind.event_mask(EventClass::User)] {
            let connect = config.timeout(AGES * 10).until_booted(true);
            let client = timeout(AGES, connect.connect(instance.ami_address())).await;
            let client = client.expect("it waits for what never comes").unwrap();
            client.call(Action::new("Ping")).await.unwrap();
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn the_first_connection_waits_for_the_boot_if_it_is_told_to() {
    for major in VERSIONS {
        let sandbox = builder_all(major).await.build().unwrap();
        let connect = quick().retry_first(true).until_booted(true).connect(sandbox.ami_address());
        let mut booted = connect.subscribe(Filter::named(["FullyBooted"]));
        let connected = tokio::spawn(async move {
            let client = connect.await.unwrap();
            let queues = client.list(Action::new("QueueStatus")).collect().await.unwrap();
            (client, queues)
        });
        let instance = sandbox.boot().await.unwrap();
        let (client, queues) = timeout(AGES, connected).await.unwrap().unwrap();
        assert!(queues.items.iter().any(|it| it.get("Queue") == Some(b"support")), "{queues:?}");
        assert!(next(&mut booted).await.is("FullyBooted"));
        assert_eq!(client.stats().reconnects, 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn a_client_made_before_its_server_gets_all_events_of_the_first_connection() {
    let sandbox = builder_all(VERSIONS[0]).await.build().unwrap();
    let connect = quick().connect(sandbox.ami_address());
    let mut early = connect.subscribe(Filter::all());
    let client = connect.in_background();
    let (seen, watch) = states(&client);
    let late = client.subscribe(Filter::all());
    let mut follow = client.follow(Filter::all(), Vec::<Action>::new());
    let refused = |state: &State| matches!(state, State::Down(Error::Connect { .. }));
    wait_for(&client, refused).await;
    let user_event = tokio::spawn(client.call(Action::user_event("Waited")));
    let instance = sandbox.boot().await.unwrap();
    timeout(AGES, user_event).await.unwrap().unwrap().unwrap();
    let mut followed = Vec::new();
    loop {
        match timeout(AGES, follow.next()).await.unwrap() {
            Some(Followed::Event(event)) if event.is("UserEvent") => break followed.push(event),
            Some(Followed::Event(event)) => followed.push(event),
            Some(Followed::Current) if client.state().borrow().is_up() => {}
            other => panic!("{other:?}"),
        }
    }
    // The client's task does not run between these.
    assert_eq!(early.queued() as u64, client.stats().events);
    assert_eq!(early.queued(), late.queued());
    assert!(followed.iter().any(|event| event.is("FullyBooted")), "{followed:?}");
    for expected in &followed {
        assert_eq!(next(&mut early).await.name(), expected.name());
    }
    assert_eq!(client.stats().reconnects, 0);
    watch.abort();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let booting = seen.iter().position(|state| matches!(state, State::Booting));
    let up = seen.iter().position(State::is_up);
    assert!(booting.is_some() && booting < up && up == Some(seen.len() - 1), "{seen:?}");
    let tried = |state: &State| matches!(state, State::Down(_) | State::Connecting);
    assert!(seen[..booting.unwrap()].iter().all(tried), "{seen:?}");
    end(instance).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_behind_the_login_is_missed() {
    for major in VERSIONS {
        let instance = boot(major).await;
        for _ in 0..200 {
            let connect = quick().connect(instance.ami_address());
            let mut booted = connect.subscribe(Filter::named(["FullyBooted"]));
            let client = connect.await.unwrap();
            // It is written before the server reads anything else.
            client.call(Action::new("Ping")).await.unwrap();
            assert_eq!(booted.queued(), 1, "{major}");
            assert!(next(&mut booted).await.is("FullyBooted"));
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_mask_that_nobody_waits_for_any_more_outlives_the_connection() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let config = quick().event_mask(EventClass::User);
        let client = connect(&instance, config).await.unwrap();
        let mut events = client.subscribe(Filter::named(["UserEvent", "Hangup"]));
        client.permissions().await.unwrap();
        let sent = client.stats().bytes_sent;
        let written = async {
            while client.stats().bytes_sent == sent {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            set = client.set_event_mask(EventClass::Call) => panic!("too late to drop it: {set:?}"),
            () = written => {}
        }
        // The server has answered that by now.
        client.call(Action::new("Ping")).await.unwrap();
        instance.kill().await;
        instance.restart().await.unwrap();
        client.call(Action::user_event("Unseen")).await.unwrap();
        // The outcome of an originate is of the new class: it would never come.
        let call = client.originate(answered()).await.unwrap();
        let id = call.unique_id();
        client.call(Action::new("Hangup").field("Channel", id)).await.unwrap();
        // First `call` is withheld, and then `user`.
        assert!(matches!(timeout(AGES, events.next()).await, Ok(Some(Item::Withheld(_)))));
        let behind = loop {
            match timeout(AGES, events.next()).await {
                Ok(Some(Item::Withheld(_))) => {}
                other => break other,
            }
        };
        assert!(matches!(behind, Ok(Some(Item::Gap(_)))), "{behind:?}");
        let event = next(&mut events).await;
        assert!(event.is("Hangup"), "{major}: the server has the former mask: {event:?}");
        end(instance).await;
    }
}
