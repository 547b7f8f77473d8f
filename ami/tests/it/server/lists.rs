//! Lists and other replies of many messages, from real servers.

use ami::{Action, Client, Error, EventClass, Filter, Item, Kind, Message, Replied, Stray};
use instance::{Builder, Instance, Modules};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{AGES, VERSIONS, answered, boot, builder, connect, end, next, user};

/// A server with all its modules, and something to list.
pub(super) async fn builder_all(major: u32) -> Builder {
    builder(major)
        .await
        .modules(Modules::All)
        .file("extensions.conf", "[default]\nexten => answer,1,Answer()\nsame => n,Wait(600)\nexten => answer,hint,Custom:lamp\n\n[ignoring]\nignorepat => 9\nexten => 1,1,NoOp()\n")
        .file("iax.conf", "[general]\nbindaddr = <<address>>\n\n[peer]\ntype = friend\nhost = 127.0.0.1\n")
        .file("queues.conf", "[general]\n\n[support]\nmember => Local/answer@default\n")
        .file("agents.conf", "[1000]\nfullname = Alice\n")
        .file("res_parking.conf", "[general]\n\n[default]\nparkext => 700\nparkpos => 701-720\ncontext => parked\n")
        .file("queuerules.conf", "[slow]\npenaltychange => 5,+1,+0\n")
        .file("pjsip.conf", "[transport]\ntype = transport\nprotocol = udp\nbind = <<address>>\n\n[alice]\ntype = endpoint\ncontext = default\n")
}

async fn boot_all(major: u32) -> Instance {
    builder_all(major).await.build().unwrap().boot().await.unwrap()
}

#[tokio::test]
async fn every_kind_of_list_is_complete() {
    for major in VERSIONS {
        let instance = boot_all(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        let up = client.originate(answered()).await.unwrap();
        let channel = up.channel().to_owned();
        client
            .call(Action::new("DBPut").field("Family", "f").field("Key", "k").field("Val", "v"))
            .await
            .unwrap();
        // Items have the names of events, but not their classes.
        let item = Filter::named(["DeviceStateChange", "ExtensionStatus", "QueueMember"])
            .when(|event| event.get("Privilege").is_none());
        let mut items = client.subscribe(item);
        let list = |name: &str| Action::new(name);
        // The action, the name of its items, and how many there are at least.
        let lists = [
            (list("CoreShowChannels"), "CoreShowChannel", 2),
            (list("Status"), "Status", 2),
            (list("Status").field("Channel", &channel), "Status", 1),
            (list("QueueStatus"), "Queue", 2),
            (list("QueueStatus").field("Queue", "nowhere"), "", 0),
            (list("QueueSummary"), "QueueSummary", 1),
            (list("DBGet").field("Family", "f").field("Key", "k"), "DBGetResponse", 1),
            (list("DBGetTree").field("Family", "f"), "DBGetTreeResponse", 1),
            (list("FAXSessions"), "", 0),
            (list("FAXStats"), "FAXStats", 1),
            // Its items have no ActionID.
            (list("IAXpeers"), "PeerEntry", 1),
            (list("IAXpeerlist"), "PeerEntry", 1),
            (list("IAXregistry"), "", 0),
            (list("DeviceStateList"), "DeviceStateChange", 1),
            (list("ExtensionStateList"), "ExtensionStatus", 1),
            (list("PresenceStateList"), "", 0),
            (list("BridgeList"), "", 0),
            (list("BridgeTechnologyList"), "BridgeTechnologyListItem", 1),
            (list("Parkinglots"), "Parkinglot", 1),
            (list("ParkedCalls"), "", 0),
            (list("Agents"), "Agents", 1),
            (list("ShowDialPlan"), "ListDialplan", 3),
            (list("PJSIPShowEndpoints"), "EndpointList", 1),
            (list("PJSIPShowEndpoint").field("Endpoint", "alice"), "EndpointDetail", 1),
            (list("Hangup").field("Channel", "/^Nothing/"), "", 0),
        ];
        for (action, item, at_least) in lists {
            let shown = format!("{major}: {action:?}");
            let list = client.list(action).collect().await;
            let list = match list {
                Ok(list) => list,
                Err(error) => panic!("{shown}: {error:?}"),
            };
            assert!(list.items.len() >= at_least, "{shown}: {list:?}");
            assert!(list.items.iter().all(|it| it.name().starts_with(item)), "{shown}: {list:?}");
        }
        let gone = Action::new("Hangup").field("Channel", "/^Local/");
        let gone = client.list(gone).collect().await.unwrap();
        // The second half may have followed the first by itself.
        assert!(!gone.items.is_empty() && gone.items[0].is("ChannelHungup"), "{gone:?}");
        // None of it went to subscribers, all of it was waited for, and nothing was odd.
        client.call(Action::new("Ping")).await.unwrap();
        if items.queued() > 0 {
            panic!("{:?}", items.next().await);
        }
        let stats = client.stats();
        assert_eq!((stats.unmatched, stats.malformed, stats.in_flight), (0, 0, 0));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_list_comes_to_subscribers_too_where_that_is_asked_for() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        client.originate(answered()).await.unwrap();
        let mut told = client.subscribe(Filter::named(["Status", "StatusComplete"]));
        client.list(Action::new("Status")).collect().await.unwrap();
        let list = client.list(Action::new("Status")).also_to_subscribers().collect().await;
        let list = list.unwrap();
        assert!(list.items.len() >= 2, "{major}: {list:?}");
        for item in list.items.iter().chain(&list.complete) {
            let told = next(&mut told).await;
            assert_eq!(told.raw(), item.raw(), "{major}");
            assert_eq!(told.action_id(), list.items[0].action_id());
        }
        client.call(Action::new("Ping")).await.unwrap();
        assert_eq!((told.queued(), client.stats().unmatched), (0, 0), "{major}");
        end(instance).await;
    }
}

#[tokio::test]
async fn an_action_with_an_id_of_ones_own_is_answered_with_that_id() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        client.originate(answered()).await.unwrap();
        let mut told = client.subscribe(Filter::named(["Status", "StatusComplete"]).with_strays());
        let own = |action: Action| action.with_action_id("mine");
        client.send(own(Action::new("Status"))).await.unwrap();
        client.send(own(Action::new("Hangup").field("Channel", "nobody"))).await.unwrap();
        client.call(Action::new("Ping")).await.unwrap();
        let mut names = Vec::new();
        while told.queued() > 0 {
            let (header, message) = match told.next().await.unwrap() {
                Item::Event(event) => ("Event", Message::clone(&event)),
                Item::Stray(stray) => match *stray {
                    Stray::Unmatched(answer) => ("Response", answer),
                    other => panic!("{major}: {other:?}"),
                },
                other => panic!("{major}: {other:?}"),
            };
            assert_eq!(message.text("ActionID").as_deref(), Some("mine"), "{major}: {message:?}");
            names.push(message.text(header).unwrap().into_owned());
        }
        let expected = ["Success", "Status", "Status", "StatusComplete", "Error"];
        assert_eq!(names, expected, "{major}");
        assert_eq!(client.in_flight(), 0, "{major}");
        end(instance).await;
    }
}

#[tokio::test]
async fn lists_that_are_refused_or_break_off_say_so() {
    for major in VERSIONS {
        let instance = boot_all(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        for action in [
            Action::new("ConfbridgeListRooms"),
            Action::new("DBGet").field("Family", "no").field("Key", "no"),
            Action::new("PJSIPShowContacts"),
            Action::new("PJSIPShowEndpoint").field("Endpoint", "nobody"),
            Action::new("BridgeInfo").field("BridgeUniqueid", "none"),
        ] {
            let shown = format!("{major}: {action:?}");
            let error = client.list(action).collect().await.expect_err(&shown);
            assert!(matches!(error.error, Error::Rejected(_)), "{shown}: {error:?}");
            assert_eq!(error.partial.items.len(), 0, "{shown}");
        }
        // Success, an item, Error, and nothing more. The next action does not have to wait for
        // that.
        let odd =
            Action::new("ShowDialPlan").field("Context", "ignoring").field("Extension", "955");
        let error = client.list(odd).collect().await.unwrap_err();
        assert!(matches!(error.error, Error::Rejected(_)), "{error:?}");
        assert!(!error.partial.items.is_empty() && error.partial.complete.is_none(), "{error:?}");
        assert_eq!(client.in_flight(), 0);
        client.call(Action::new("Ping")).await.unwrap();
        end(instance).await;
    }
}

/// All that the server says to an action.
async fn exchange(client: &Client, action: Action) -> Vec<Replied> {
    client.exchange(action).await.unwrap()
}

#[tokio::test]
async fn replies_of_any_shape_are_complete() {
    for major in VERSIONS {
        let instance = boot_all(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        // Three responses.
        let replies = exchange(&instance.ami().clone(), Action::new("ModuleLoad")).await;
        assert!(replies.iter().all(|it| it.kind() == Kind::Response), "{replies:?}");
        assert_eq!(replies.len(), 3, "{major}: {replies:?}");
        // No response at all.
        let replies = exchange(&client, Action::new("IAXnetstats")).await;
        assert_eq!(replies.len(), 0, "{major}: {replies:?}");
        let silent = client.call(Action::new("IAXnetstats")).await;
        assert!(matches!(silent, Err(Error::NoResponse)), "{silent:?}");
        // A response with a line that is no field, and one with a line end too many.
        let config = Action::new("GetConfig").field("Filename", "queues.conf");
        let replies = exchange(&client, config.field("Category", "nothing")).await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        let rule = client.call(Action::new("QueueRule").field("Rule", "slow")).await.unwrap();
        assert_eq!(rule.text("RuleList").unwrap(), "slow");
        let states = Action::new("PresenceState").field("Provider", "CustomPresence:x");
        let state = client.call(states).await.unwrap();
        assert!(state.get_all("Message").count() >= 1, "{state:?}");
        let commands = client.call(Action::new("ListCommands")).await.unwrap();
        assert!(commands.fields().count() > 100);
        // A whole list.
        let replies = exchange(&client, Action::new("CoreShowChannels")).await;
        assert_eq!(replies.len(), 2, "{replies:?}");
        let stats = client.stats();
        assert_eq!((stats.unmatched, stats.malformed, stats.in_flight), (0, 0, 0));
        end(instance).await;
    }
}

#[tokio::test]
async fn waiting_for_events_gives_them_to_subscribers() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().timeout(AGES)).await.unwrap();
        let mut events = client.subscribe(Filter::user_event("Awaited"));
        let wait = client.list(Action::new("WaitEvent").field("Timeout", "-1")).collect();
        // Nobody knows when the server begins to wait; what is raised before that comes before.
        let raise = async {
            loop {
                instance.ami().call(Action::user_event("Awaited")).await.unwrap();
            }
        };
        let waited = tokio::select! {
            waited = wait => waited.unwrap(),
            () = raise => unreachable!(),
        };
        assert!(waited.complete.unwrap().is("WaitEventComplete"));
        assert!(next(&mut events).await.is("UserEvent"));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_list_of_two_thousand_channels_is_complete() {
    for major in VERSIONS {
        // Each channel has files of its own.
        let sandbox = builder(major).await.option("maxfiles", "16384").build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let client =
            connect(&instance, user().event_mask(EventClass::Call).timeout(AGES)).await.unwrap();
        let calls: Vec<_> = (0..1000)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.originate(answered()).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let list = client.list(Action::new("CoreShowChannels")).collect().await.unwrap();
        let mut names: Vec<_> = list.items.iter().map(|it| it.get("Channel").unwrap()).collect();
        names.sort_unstable();
        assert_eq!(list.list_items(), u64::try_from(list.items.len()).ok(), "{major}");
        // While a channel changes, the server's cache can have it twice, in its old state and in
        // the new.
        names.dedup();
        assert_eq!(names.len(), 2000, "{major}: {:?}", halves(&names));
        // As long as that: an answer of one message.
        let output = client.command("core show channels concise").await.unwrap();
        let lines = output.lines().filter_map(|line| line.split(|&byte| byte == b'!').next());
        let mut shown: Vec<_> = lines.filter(|line| line.starts_with(b"Local/")).collect();
        shown.sort_unstable();
        eprintln!("more than the list has: {:?}", difference(&shown, &names));
        assert_eq!(difference(&names, &shown), Vec::<String>::new(), "{major}");
        end(instance).await;
    }
}

/// The names that are not one of exactly two halves of a Local channel.
fn halves(names: &[&[u8]]) -> Vec<String> {
    let whole = |name: &[u8]| name[..name.len().saturating_sub(2)].to_vec();
    let is_paired = |name: &[u8]| names.iter().filter(|it| whole(it) == whole(name)).count() == 2;
    let odd = names.iter().filter(|name| !is_paired(name));
    odd.map(|name| name.escape_ascii().to_string()).collect()
}

/// The items of the one that are not in the other, both sorted.
fn difference(one: &[&[u8]], other: &[&[u8]]) -> Vec<String> {
    let repeated = one.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let unknown = one.iter().copied().filter(|name| other.binary_search(name).is_err());
    repeated.chain(unknown).map(|name| name.escape_ascii().to_string()).collect()
}

/// The lines of a command's output as a bare socket shows them.
async fn bare_output(instance: &Instance, command: &str) -> Vec<Vec<u8>> {
    let mut io = TcpStream::connect(instance.ami_address()).await.unwrap();
    let actions = format!(
        "Action: Login\r\nUsername: user\r\nSecret: mysecret\r\nEvents: off\r\n\r\n\
         Action: Command\r\nCommand: {command}\r\n\r\nAction: Logoff\r\n\r\n"
    );
    io.write_all(actions.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    io.read_to_end(&mut all).await.unwrap();
    let lines = all.split(|&byte| byte == b'\n').filter_map(|line| line.strip_prefix(b"Output: "));
    lines.map(|line| line.strip_suffix(b"\r").unwrap().to_vec()).collect()
}

#[tokio::test]
async fn long_commands_are_complete() {
    for major in VERSIONS {
        let instance = boot_all(major).await;
        for (command, at_least) in
            [("core show help", 250), ("dialplan show", 20), ("core show settings", 20)]
        {
            let output = instance.ami().command(command).await.unwrap();
            let ours: Vec<_> = output.lines().map(<[u8]>::to_vec).collect();
            assert!(ours.len() > at_least, "{major}: {command}: {} lines", ours.len());
            let theirs = bare_output(&instance, command).await;
            assert_eq!(ours.len(), theirs.len(), "{major}: {command}");
            // The settings have the time in them.
            assert!(command.ends_with("settings") || ours == theirs, "{major}: {command}");
        }
        end(instance).await;
    }
}
