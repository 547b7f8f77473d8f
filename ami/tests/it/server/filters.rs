//! Filters and masks in the server, and what cannot come because of them.

use std::time::Duration;

use ami::{
    Action, Client, Config, Error, EventClass, EventFilter, EventMask, Filter, Item, Subscription,
    Withheld,
};

use super::{AGES, VERSIONS, answered, boot, builder, connect, end, mask, next, user};

/// Raises an event that a filter decides on, and gives the marks of those that came.
async fn raise(client: &Client, marks: &[&str]) -> Vec<String> {
    let mut events = client.subscribe(Filter::named(["UserEvent", "OriginateResponse"]));
    for mark in marks {
        let event = Action::user_event("Marked").field("Before", "x Mark: y").field("Mark", mark);
        client.call(event.field("After", "z")).await.unwrap();
    }
    // What comes last passes every filter.
    client.originate(answered()).await.unwrap();
    let mut came = Vec::new();
    loop {
        let event = next(&mut events).await;
        if event.is("OriginateResponse") {
            return came;
        }
        if event.get("UserEvent") == Some(b"Marked") {
            came.push(event.text("Mark").unwrap().into_owned());
        }
    }
}

#[tokio::test]
async fn the_server_keeps_back_what_a_filter_excludes() {
    let marks = ["one", "ones", "none", "o.e", "y", "ONE"];
    let exclude = || EventFilter::exclude("UserEvent");
    for major in VERSIONS {
        let instance = boot(major).await;
        for (filter, expected) in [
            (exclude(), vec![]),
            (exclude().equals("Mark", "one"), vec!["ones", "none", "o.e", "y", "ONE"]),
            (exclude().starts_with("Mark", "on"), vec!["none", "o.e", "y", "ONE"]),
            (exclude().ends_with("Mark", "ne"), vec!["ones", "o.e", "y", "ONE"]),
            (exclude().contains("Mark", "on"), vec!["o.e", "y", "ONE"]),
            (exclude().equals("Mark", "o.e"), vec!["one", "ones", "none", "y", "ONE"]),
            (exclude().equals("Mark", "y"), vec!["one", "ones", "none", "o.e", "ONE"]),
            (EventFilter::exclude("UserEven"), marks.to_vec()),
            (EventFilter::exclude("Newexten").contains("Mark", "one"), marks.to_vec()),
        ] {
            let client = connect(&instance, user()).await.unwrap();
            client.add_event_filter(filter.clone()).await.unwrap();
            assert_eq!(raise(&client, &marks).await, expected, "{major}: {filter:?}");
            client.close().await.unwrap();
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn what_is_included_comes_and_the_outcome_of_an_originate_too() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user()).await.unwrap();
        client
            .add_event_filter(EventFilter::include("UserEvent").equals("Mark", "one"))
            .await
            .unwrap();
        let mut all = client.subscribe(Filter::all());
        assert_eq!(raise(&client, &["one", "two"]).await, ["one"]);
        loop {
            let event = next(&mut all).await;
            assert!(event.is("UserEvent") || event.is("OriginateResponse"), "{event:?}");
            if event.is("OriginateResponse") {
                break;
            }
        }
        let refused = client.add_event_filter(EventFilter::exclude("OriginateResponse")).await;
        assert!(matches!(refused, Err(Error::Filter)));
        end(instance).await;
    }
}

/// The reason why the events of a subscription do not come, which is its next item.
async fn withheld(events: &mut Subscription) -> Withheld {
    match events.next().await {
        Some(Item::Withheld(withheld)) => withheld.why,
        other => panic!("{other:?}"),
    }
}

const USERS: &str = "
[deaf]
secret = x
read = user
write = originate,command,user
[mute]
secret = x
read = user,call
write = originate
[both]
secret = x
read = user
write = originate
";

#[tokio::test]
async fn an_originate_whose_outcome_cannot_come_is_not_sent() {
    for major in VERSIONS {
        let sandbox = builder(major).await.file("manager.users.conf.inc", USERS).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let mut news = instance.ami().subscribe(Filter::named(["Newchannel"]));
        let as_user = |name, timeout| connect(&instance, Config::new(name, "x").timeout(timeout));

        // A mask is known, whoever we are.
        let masked = connect(&instance, user().event_mask(mask("user,system"))).await.unwrap();
        let error = masked.originate(answered()).await.unwrap_err();
        let shown = format!("{error:#}");
        assert!(
            matches!(&error, Error::Withheld { class: EventClass::Call, why: Withheld::Mask(_) })
                && shown.contains("the event mask system,user leaves it out"),
            "{shown}"
        );
        assert_eq!(error.fault(), ami::Fault::Caller);
        // The rights are, if the server tells.
        let error = as_user("deaf", AGES).await.unwrap().originate(answered()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Withheld { class: EventClass::Call, why: Withheld::User }),
            "{error:?}"
        );
        // Nothing of these was sent: the next channel is of one that was.
        masked.set_event_mask(mask("on")).await.unwrap();
        let sent = masked.originate(answered()).await.unwrap();
        assert_eq!(next(&mut news).await.text("Uniqueid").as_deref(), Some(sent.unique_id()));
        // If it does not, there is a time-out, unless the event comes.
        as_user("mute", AGES).await.unwrap().originate(answered()).await.unwrap();
        let short = Duration::from_millis(200);
        let call = answered().timeout(short);
        let error = as_user("both", short).await.unwrap().originate(call).await.unwrap_err();
        assert!(error.is_timeout() && error.may_have_been_executed(), "{error:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn ready_finds_out_also_where_the_event_cannot_come() {
    for major in VERSIONS {
        let sandbox = builder(major).await.file("manager.users.conf.inc", USERS).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        // By asking, whether the mask or the rights leave the event out.
        let masked = connect(&instance, user().event_mask(mask("off"))).await.unwrap();
        masked.ready().await.unwrap();
        let deaf = connect(&instance, Config::new("deaf", "x")).await.unwrap();
        deaf.ready().await.unwrap();
        // The event has been and gone before the mask let it through.
        let late = connect(&instance, user().event_mask(mask("off"))).await.unwrap();
        late.set_event_mask(mask("on")).await.unwrap();
        late.ready().await.unwrap();
        // Who may not ask is told at once if it is the mask.
        let mute = Config::new("mute", "x").event_mask(mask("user"));
        let error = connect(&instance, mute).await.unwrap().ready().await.unwrap_err();
        assert!(
            matches!(&error, Error::Withheld { class: EventClass::System, why: Withheld::Mask(_) }),
            "{error:?}"
        );
        // And after a while if nobody knows.
        let limit = Duration::from_millis(200);
        let mute = connect(&instance, Config::new("mute", "x").timeout(limit)).await.unwrap();
        assert!(matches!(mute.ready().await, Err(Error::NotBooted(_))));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_mask_can_be_set_later() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().event_mask(mask("off"))).await.unwrap();
        let mut events = client.subscribe(Filter::named(["UserEvent"]));
        let raise = |mark: &str| client.call(Action::user_event("E").field("Mark", mark));
        raise("not").await.unwrap();
        client.set_event_mask(mask("user,call")).await.unwrap();
        raise("on").await.unwrap();
        client.set_event_mask(mask("off")).await.unwrap();
        raise("not").await.unwrap();
        client.set_event_mask(mask("all")).await.unwrap();
        raise("all").await.unwrap();
        // Where the mask leaves the class out, the subscription says so.
        for mark in [&b"on"[..], b"all"] {
            assert_eq!(withheld(&mut events).await, Withheld::Mask(mask("off")));
            assert_eq!(next(&mut events).await.get("Mark"), Some(mark));
        }
        // The server knows each class: it takes one that it does not know for nothing.
        for &class in EventClass::ALL {
            client.set_event_mask(class).await.unwrap();
        }
        client.set_event_mask(EventMask::of(EventClass::ALL.iter().copied())).await.unwrap();
        assert!(matches!(withheld(&mut events).await, Withheld::Mask(_)));
        raise("classes").await.unwrap();
        assert_eq!(next(&mut events).await.get("Mark"), Some(&b"classes"[..]));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_server_that_is_silent_about_masks_is_no_trouble() {
    let general = "brokeneventsaction = yes\n";
    for major in VERSIONS {
        let sandbox =
            builder(major).await.file("manager.general.conf.inc", general).build().unwrap();
        let instance = sandbox.boot().await.unwrap();
        let client = connect(&instance, user()).await.unwrap();
        client.set_event_mask(mask("on")).await.unwrap();
        client.set_event_mask(mask("user")).await.unwrap();
        assert_eq!(client.in_flight(), 0);
        end(instance).await;
    }
}
