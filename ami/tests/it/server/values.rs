//! Values as dialplans make them: with blanks before the name, and with line ends inside.

use ami::{Action, Client, Event, Filter, Item, Kind, Stray, Subscription};
use instance::{Instance, Modules};
use tokio::time::timeout;

use super::{AGES, VERSIONS, builder, connect, end, next, quick};

/// `Dear A`, an empty line and `bye`, with LF as line ends.
const TEXT: &[u8] = b"Dear A\n\nbye";

/// The same with an LF at the end, as what a shell command printed has it.
const PRINTED: &[u8] = b"Dear A\n\nbye\n";

/// Numbers that set and show values with line ends in them: `T` is [`TEXT`], `P` is [`PRINTED`],
/// and `C` is `one`, `two` and `three` with CR LF CR LF between, which no reader can tell from the
/// ends of messages.
const DIALPLAN: &str = "

[default]
exten => blanks,1,UserEvent(Result, Status: failed)
same => n,UserEvent(Result,\tStatus : passed, Score: 7)
same => n,Wait(600)

exten => letters,1,Set(T=${BASE64_DECODE(RGVhciBBCgpieWU=)})
same => n,Set(P=${BASE64_DECODE(RGVhciBBCgpieWUK)})
same => n,UserEvent(Text,Body: ${T},After: 1)
same => n,Set(DB(f/text)=${T})
same => n,Set(DB(f/printed)=${P})
same => n,Set(DB(f/plain)=hello)
same => n,Set(CHANNEL(accountcode)=${P})
same => n,Echo(${P})

exten => pieces,1,Set(C=${BASE64_DECODE(b25lDQoNCnR3bw0KDQp0aHJlZQ==)})
same => n,Set(DB(cut/0)=before)
same => n,Set(DB(cut/1)=${C})
same => n,Set(DB(cut/2)=behind)
same => n,Wait(600)
";

async fn boot(major: u32) -> Instance {
    let modules =
        ["pbx_config", "app_userevent", "app_echo", "func_channel", "func_base64", "func_db"];
    builder(major)
        .await
        .modules(Modules::list(modules))
        .file("extensions.conf", DIALPLAN)
        .build()
        .unwrap()
        .boot()
        .await
        .unwrap()
}

/// Begins a call. What it does there it does before anybody answers.
async fn call(client: &Client, number: &str) {
    let call = Action::new("Originate")
        .field("Channel", format!("Local/{number}@default"))
        .field("ChannelId", "ours")
        .field("Application", "Echo")
        .field("Async", "true");
    client.call(call).await.unwrap();
}

/// The unique id of the half of a call that runs the dialplan.
const ID: &str = "ours;2";

/// Checks that no message came that is neither event nor an answer that was waited for.
fn assert_nothing_is_odd(client: &Client) {
    let stats = client.stats();
    assert_eq!((stats.other, stats.unmatched, stats.malformed, stats.missed), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_blank_behind_the_comma_of_a_user_event_does_not_hide_the_field() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ami = instance.ami();
        let mut passed =
            ami.subscribe(Filter::user_event("Result").field("Status", "passed").with_strays());
        let mut scored = ami.subscribe(Filter::named(["UserEvent"]).field("score", "7"));
        call(ami, "blanks").await;
        let event = next(&mut passed).await;
        assert_eq!(event.text("Status").as_deref(), Some("passed"), "{major}: {event:?}");
        assert_eq!(event.utf8("Score"), Ok(Some("7")));
        assert_eq!(event.whole("status"), Some(&b"passed"[..]));
        // As sent, it has the blanks.
        let names: Vec<_> = event.fields().map(|(name, _)| name).collect();
        assert!(names.iter().any(|name| name.starts_with(b"\tStatus")), "{event:?}");
        assert!(names.contains(&&b" Score"[..]), "{event:?}");
        assert_eq!(next(&mut scored).await.raw(), event.raw());
        // The one that failed was not selected.
        assert_eq!(passed.queued(), 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn an_empty_line_inside_of_a_value_does_not_end_the_event() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let mut all = client.subscribe(Filter::all().with_strays());
        call(&client, "letters").await;

        let text = next_named(&mut all, |event| event.get("UserEvent") == Some(b"Text")).await;
        assert_eq!(text.whole("Body"), Some(TEXT), "{major}: {text:?}");
        assert_eq!(text.get("Body"), Some(&b"Dear A"[..]));
        assert_eq!(text.text("After").as_deref(), Some("1"));

        let echo =
            |event: &Event| event.is("Newexten") && event.get("Application") == Some(b"Echo");
        let echo = next_named(&mut all, echo).await;
        assert_eq!(echo.whole("AppData"), Some(PRINTED), "{major}: {echo:?}");

        // All that comes of the channel now has such a value in the middle.
        client.call(Action::new("Hangup").field("Channel", ID)).await.unwrap();
        let hangup = loop {
            let event = next(&mut all).await;
            if event.get("Uniqueid").is_none_or(|it| it != ID.as_bytes()) {
                continue;
            }
            if event.get("AccountCode").is_some() {
                assert_eq!(event.whole("AccountCode"), Some(PRINTED), "{major}: {event:?}");
                assert_eq!(event.text("Context").as_deref(), Some("default"), "{event:?}");
                assert_eq!(event.text("Exten").as_deref(), Some("letters"), "{event:?}");
                let channel = event.text("Channel").unwrap();
                assert!(channel.starts_with("Local/letters@default-"), "{event:?}");
            }
            if event.is("Hangup") {
                break event;
            }
        };
        assert_eq!(hangup.whole("AccountCode"), Some(PRINTED), "{hangup:?}");
        assert!(hangup.get("Cause").is_some() && hangup.get("Cause-txt").is_some(), "{hangup:?}");
        assert_nothing_is_odd(&client);
        end(instance).await;
    }
}

/// The next event for which something holds. Anything but an event is not expected.
async fn next_named(events: &mut Subscription, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = next(events).await;
        if wanted(&event) {
            return event;
        }
    }
}

/// Calls a number that sets values, and waits until it has.
async fn set_values(client: &Client, number: &str) {
    // The events of its steps come in order, and so do the pieces of those that are cut.
    let last = |event: &Event| {
        event.get("Application").is_some_and(|it| [&b"Echo"[..], b"Wait"].contains(&it))
    };
    let steps = Filter::named(["Newexten"]).field("Uniqueid", ID).when(last);
    let mut set = client.subscribe(steps);
    call(client, number).await;
    next(&mut set).await;
}

#[tokio::test]
async fn line_ends_in_answers_and_lists_cut_nothing_off() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        let mut all = client.subscribe(Filter::none().with_strays());
        set_values(&client, "letters").await;

        for (variable, value) in [("T", TEXT), ("P", PRINTED)] {
            let ask = Action::new("Getvar").field("Channel", ID).field("Variable", variable);
            let answer = client.call(ask.clone()).await.unwrap();
            assert_eq!(answer.whole("Value"), Some(value), "{major}: {answer:?}");
            let replies = client.exchange(ask).await.unwrap();
            assert_eq!(replies.len(), 1, "{major}: {replies:?}");
            assert_eq!(replies[0].whole("Value"), Some(value));
        }

        // The id of a stored value's item stands behind the value.
        for (key, value) in [("text", TEXT), ("printed", PRINTED), ("plain", b"hello")] {
            let ask = Action::new("DBGet").field("Family", "f").field("Key", key);
            let list = client.list(ask).collect().await.unwrap();
            assert_eq!((list.items.len(), list.list_items()), (1, Some(1)), "{major}: {list:?}");
            assert_eq!(list.items[0].whole("Val"), Some(value), "{major}: {list:?}");
            assert_eq!(list.items[0].text("Key").as_deref(), Some(key));
        }
        let tree = client.list(Action::new("DBGetTree").field("Family", "f")).collect().await;
        let tree = tree.unwrap();
        let mut values: Vec<_> = tree.items.iter().filter_map(|it| it.whole("Val")).collect();
        values.sort_unstable();
        assert_eq!(values, [TEXT, PRINTED, b"hello"], "{major}: {tree:?}");

        for (action, account) in [("CoreShowChannels", "AccountCode"), ("Status", "Account")] {
            let list = client.list(Action::new(action)).collect().await.unwrap();
            assert_eq!((list.items.len(), list.list_items()), (2, Some(2)), "{major}: {list:?}");
            let ours = |it: &&Event| it.get("Uniqueid") == Some(ID.as_bytes());
            let ours = list.items.iter().find(ours).unwrap();
            let data = ours.whole("ApplicationData").or_else(|| ours.whole("Data"));
            assert_eq!(data, Some(PRINTED), "{major}: {ours:?}");
            let code = ours.whole(account).or_else(|| ours.whole("AccountCode"));
            assert_eq!(code, Some(PRINTED), "{major}: {ours:?}");
        }
        client.call(Action::new("Ping")).await.unwrap();
        if all.queued() > 0 {
            panic!("{major}: {:?}", all.next().await);
        }
        assert_nothing_is_odd(&client);
        end(instance).await;
    }
}

/// The stray messages that have come by now, which are no events.
async fn strays(client: &Client, events: &mut Subscription) -> Vec<Stray> {
    client.call(Action::new("Ping")).await.unwrap();
    let mut strays = Vec::new();
    while events.queued() > 0 {
        match timeout(AGES, events.next()).await.unwrap() {
            Some(Item::Stray(stray)) => strays.push(*stray),
            other => panic!("{other:?}"),
        }
    }
    strays
}

#[tokio::test]
async fn a_list_whose_item_is_cut_in_two_ends_in_an_error_that_holds_what_came() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        set_values(&client, "pieces").await;
        let mut events = client.subscribe(Filter::none().with_strays());

        let ask = Action::new("DBGet").field("Family", "cut").field("Key", "1");
        let error = timeout(AGES, client.list(ask.clone()).collect()).await.unwrap().unwrap_err();
        // Its beginning has no id, so it is known by its place alone.
        let ami::Error::ListBroken(message) = &error.error else { panic!("{error:?}") };
        assert_eq!(message.head(), b"DBGetResponse", "{major}: {error:?}");
        assert_eq!(message.get("Val"), Some(&b"one"[..]), "{major}: {error:?}");
        assert_eq!(error.partial.items.len(), 0, "{major}: {error:?}");
        assert_eq!(error.partial.list_items(), Some(1), "{major}: {error:?}");
        assert!(error.error.may_have_been_executed());
        // What was behind the line ends is not lost.
        let pieces = strays(&client, &mut events).await;
        let [Stray::Message(two), Stray::Message(three)] = &pieces[..] else {
            panic!("{major}: {pieces:?}")
        };
        assert_eq!(two.raw(), &b"two\r\n\r\n"[..]);
        assert!(three.raw().starts_with(b"three\r\n") && three.action_id().is_some(), "{three:?}");

        // In a list with other items, the name tells.
        let tree = Action::new("DBGetTree").field("Family", "cut");
        let error = timeout(AGES, client.list(tree).collect()).await.unwrap().unwrap_err();
        let ami::Error::ListBroken(message) = &error.error else { panic!("{error:?}") };
        assert_eq!((message.kind(), message.raw()), (Kind::Other, two.raw()), "{major}: {error:?}");
        let keys: Vec<_> = error.partial.items.iter().filter_map(|it| it.text("Key")).collect();
        assert_eq!(keys.len(), 3, "{major}: {error:?}");
        assert!(keys.iter().zip(["0", "1", "2"]).all(|(key, end)| key.ends_with(end)), "{keys:?}");
        assert!(error.partial.complete.is_some(), "{major}: {error:?}");
        assert_eq!(strays(&client, &mut events).await.len(), 2);

        // The client is as good as new.
        assert_eq!(client.in_flight(), 0);
        let good = Action::new("DBGet").field("Family", "cut").field("Key", "2");
        let list = client.list(good).collect().await.unwrap();
        assert_eq!(list.items[0].text("Val").as_deref(), Some("behind"), "{major}: {list:?}");
        assert!(client.state().borrow().is_up());
        assert_eq!(client.stats().reconnects, 0);
        end(instance).await;
    }
}

#[tokio::test]
async fn a_tree_that_is_counted_wrongly_is_complete_all_the_same() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        set_values(&client, "letters").await;
        for (family, items) in [("f", 3), ("nothing", 0)] {
            let tree = Action::new("DBGetTree").field("Family", family);
            let tree = client.list(tree).collect().await.unwrap();
            assert_eq!(tree.items.len(), items, "{major}: {family}: {tree:?}");
            assert!(tree.complete.is_some());
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn an_exchange_gives_all_parts_of_an_answer_that_is_cut_in_pieces() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        set_values(&client, "pieces").await;
        let mut events = client.subscribe(Filter::none().with_strays());
        let ask = Action::new("Getvar").field("Channel", ID).field("Variable", "C");

        let parts = client.exchange(ask.clone()).await.unwrap();
        let ours: Vec<_> = parts.iter().map(ami::Replied::has_our_id).collect();
        assert_eq!(ours, [true, false, false], "{major}: {parts:?}");
        assert_eq!(parts[0].get("Value"), Some(&b"one"[..]));
        assert_eq!(parts[1].raw(), &b"two\r\n\r\n"[..]);
        assert_eq!(parts[2].raw(), &b"three\r\n\r\n"[..]);
        // Nobody is kept from seeing them, whether somebody took them for a reply or not.
        assert_eq!(strays(&client, &mut events).await.len(), 2, "{major}");

        let cut = client.call(ask).await.unwrap();
        assert_eq!(cut.get("Value"), Some(&b"one"[..]));
        let pieces = strays(&client, &mut events).await;
        assert!(
            matches!(&pieces[..], [Stray::Message(_), Stray::Message(_)]),
            "{major}: {pieces:?}"
        );
        end(instance).await;
    }
}

#[tokio::test]
async fn a_list_that_was_not_asked_for_as_one_goes_to_who_asks_for_strays() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, quick()).await.unwrap();
        set_values(&client, "letters").await;
        let mut events = client.subscribe(Filter::none().with_strays());
        let mut plain = client.subscribe(Filter::named(["DBGetResponse", "DBGetComplete"]));
        let ask = Action::new("DBGet").field("Family", "f").field("Key", "plain");
        let answer = client.call(ask).await.unwrap();
        assert_eq!(answer.text("EventList").as_deref(), Some("start"));
        let items = strays(&client, &mut events).await;
        let [Stray::Unmatched(item), Stray::Unmatched(complete)] = &items[..] else {
            panic!("{major}: {items:?}")
        };
        assert_eq!((item.head(), item.get("Val")), (&b"DBGetResponse"[..], Some(&b"hello"[..])));
        assert_eq!(complete.head(), b"DBGetComplete");
        // They are not what happens now.
        if plain.queued() > 0 {
            panic!("{major}: {:?}", plain.next().await);
        }
        assert_eq!(client.stats().unmatched, 2);
        end(instance).await;
    }
}
