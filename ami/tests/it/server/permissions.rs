//! Tests of the permissions of users against real servers: the client reports what the server does.

use std::collections::BTreeMap;

use ami::action::{self, QueueAdd, QueueStatus};
use ami::event::{Hangup, QueueMemberAdded, SuccessfulAuth};
use ami::{
    Action, Client, Config, Error, Event, EventClass, Filter, Item, Lost, Permissions, Withheld,
};
use instance::{Builder, Instance};
use tokio::time::timeout;

use super::lists::builder_all;
use super::{AGES, VERSIONS, connect, end, next};

/// A user of each class alone, one of none and one of all.
fn users() -> Vec<(String, Vec<EventClass>)> {
    let alone = EventClass::ALL.iter().map(|class| (format!("u{class}"), vec![*class]));
    alone.chain([("none".into(), vec![]), ("every".into(), EventClass::ALL.to_vec())]).collect()
}

async fn sandbox(major: u32) -> Builder {
    let mut text = "[bob]\nsecret = x\nread = call,security\nwrite = call,command\n".to_owned();
    text += "[mute]\nsecret = x\nread = user\nwrite = user\n";
    for (name, classes) in users() {
        let classes: Vec<_> = classes.iter().map(|class| class.name()).collect();
        let classes = classes.join(",");
        text += &format!("[{name}]\nsecret = x\nread = {classes}\nwrite = {classes}\n");
    }
    builder_all(major).await.file("manager.users.conf.inc", text)
}

async fn as_user(instance: &Instance, name: &str) -> Client {
    connect(instance, Config::new(name, "x").timeout(AGES)).await.unwrap()
}

/// The actions that a server lists for a user.
async fn listed(client: &Client) -> BTreeMap<String, String> {
    let answer = client.call(Action::new("ListCommands")).await.unwrap();
    let fields = answer.fields().filter(|(_, value)| value.ends_with(b")"));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    fields.map(|(name, value)| (text(name), text(value))).collect()
}

/// Checks what is known of a user against what the user has.
fn check(who: &str, permissions: &Permissions, classes: &[EventClass], queues: bool) {
    for &class in EventClass::ALL {
        if let Some(may) = permissions.may_write(class) {
            assert_eq!(may, classes.contains(&class), "{who}: {class}");
        }
    }
    use EventClass::{Agent, Aoc, Call, Command, Config, Message, Originate, System, User};
    for class in [Aoc, Call, Command, Config, Message, Originate, System, User] {
        assert_eq!(permissions.may_write(class), Some(classes.contains(&class)), "{who}: {class}");
    }
    if queues {
        assert_eq!(permissions.may_write(Agent), Some(classes.contains(&Agent)), "{who}");
    }
    if classes.contains(&Command) {
        for &class in EventClass::ALL {
            assert_eq!(permissions.may_read(class), Some(classes.contains(&class)), "{who}");
        }
    }
}

#[tokio::test]
async fn what_is_known_of_users_is_what_they_have() {
    for major in VERSIONS {
        let instance = sandbox(major).await.build().unwrap().boot().await.unwrap();
        let all = listed(&as_user(&instance, "every").await).await;
        for (name, classes) in users() {
            let who = format!("{major}: {name}");
            let client = as_user(&instance, &name).await;
            let permissions = client.permissions().await.unwrap();
            check(&who, &permissions, &classes, true);
            let own = listed(&client).await;
            for action in all.keys() {
                // An action that is known not to be allowed is not listed, and the other way round.
                let may = permissions.may_send(action);
                assert_eq!(may == Some(true), own.contains_key(action), "{who}: {action} {may:?}");
            }
            // No list tells the lack of this class, so the server is asked.
            match client.async_agi().await {
                Ok(_) => assert!(classes.contains(&EventClass::Agi), "{who}"),
                Err(Error::Forbidden(it)) => assert_eq!(it.classes, [EventClass::Agi], "{who}"),
                Err(error) => {
                    let told = matches!(error, Error::Withheld { class: EventClass::Agi, .. });
                    assert!(told && classes.contains(&EventClass::Command), "{who}: {error:#}");
                }
            }
            client.close().await.unwrap();
        }
        // A login while the server boots sees fewer modules, and is not misled by that.
        instance.kill().await;
        let address = instance.ami_address();
        let early = async {
            let config = Config::new("umessage", "x").retry_first(true).reconnect(super::soon());
            let client = config.connect(&address).await.unwrap();
            client.permissions().await.unwrap()
        };
        let (restarted, early) = tokio::join!(instance.restart(), early);
        restarted.unwrap();
        check(&format!("{major}: booting"), &early, &[EventClass::Message], false);
        end(instance).await;
    }
}

/// The next refusal that the server reports to an administrator, or `None` before a login by this
/// user.
async fn refusal_before(events: &mut ami::Subscription, user: &str) -> Option<Event> {
    loop {
        let event = next(events).await;
        if event.is("RequestNotAllowed") {
            return Some(event);
        }
        if event.get("AccountID") == Some(user.as_bytes()) {
            return None;
        }
    }
}

#[tokio::test]
async fn what_a_user_may_not_do_is_told_and_never_sent() {
    for major in VERSIONS {
        let instance = sandbox(major).await.build().unwrap().boot().await.unwrap();
        let admin = as_user(&instance, "every").await;
        let bob = as_user(&instance, "bob").await;
        let mut security = admin.subscribe(Filter::named(["RequestNotAllowed", "SuccessfulAuth"]));
        // With the first answer it is known that queues are loaded and `agent` is missing.
        let error = bob.call(QueueAdd::new("support", "Local/answer@default")).await.unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            r#"the user "bob" may not send QueueAdd: it needs `write = …,agent` in manager.conf"#,
            "{major}"
        );
        let queues = bob.call(QueueStatus::new()).await.unwrap();
        assert!(queues.items.iter().any(|it| it.raw().get("Queue") == Some(b"support")));
        let error = bob.originate(super::answered()).await.unwrap_err();
        assert!(matches!(&error, Error::Forbidden(it) if it.classes == [EventClass::Originate]));
        let error = bob.list(Action::new("CoreShowChannels")).collect().await.unwrap_err();
        assert_eq!(
            error.error.to_string(),
            "the user \"bob\" may not send CoreShowChannels: it needs `write = …,system` or \
             `write = …,reporting` in manager.conf"
        );
        let filter = ami::EventFilter::exclude("Newexten");
        assert!(matches!(bob.add_event_filter(filter).await, Err(Error::Forbidden(_))));
        bob.call(action::Command::new("core show uptime")).await.unwrap();

        // A subscription says so, too.
        let mut members = bob.subscribe_to::<QueueMemberAdded>();
        let lost = timeout(AGES, members.next_event()).await.unwrap().unwrap_err();
        assert_eq!(
            lost.to_string(),
            r#"events of class agent do not come: the user "bob" needs `read = …,agent` in manager.conf"#
        );
        let mut fine = bob.subscribe_to::<Hangup>();
        let mut both = bob.subscribe(Filter::named(["Hangup", "UserEvent", "SuccessfulAuth"]));
        assert!(matches!(
            both.try_next(), Ok(Item::Withheld(it)) if it.classes == [EventClass::User]
        ));
        let mute = as_user(&instance, "mute").await;
        let mut unknown = mute.subscribe_to::<Hangup>();
        assert_eq!(mute.withheld(EventClass::Call).await.unwrap(), Some(Withheld::Unknown));
        mute.call(Action::new("Ping")).await.unwrap();
        assert!(unknown.try_next().is_err() && fine.try_next().is_err());
        // The events of the class that the user has come.
        let auth = timeout(AGES, both.next_event()).await.unwrap().unwrap();
        assert!(auth.view::<SuccessfulAuth>().is_some(), "{auth:?}");

        // Nothing of this was refused by the server.
        let witness = as_user(&instance, "none").await;
        let refused = refusal_before(&mut security, "none").await;
        assert!(refused.is_none(), "{major}: {refused:?}");

        // What the client does not know, the server refuses, and the error says the same.
        let blind = Config::new("bob", "x").ask_permissions(false).timeout(AGES);
        let blind = connect(&instance, blind).await.unwrap();
        let queue = QueueAdd::new("support", "Local/answer@default");
        let error = blind.call(queue).await.unwrap_err();
        let line =
            r#"the user "bob" may not send QueueAdd: it needs `write = …,agent` in manager.conf"#;
        assert_eq!((error.to_string().as_str(), error.response().is_some()), (line, true));
        assert!(refusal_before(&mut security, "nobody").await.is_some());
        let mut members = blind.subscribe_to::<QueueMemberAdded>();
        blind.call(Action::new("Ping")).await.unwrap();
        assert!(matches!(members.try_next(), Err(ami::TryNextError::Empty)));
        assert_eq!(blind.withheld(EventClass::Agent).await.unwrap(), Some(Withheld::User));
        drop((witness, members));
        end(instance).await;
    }
}

#[tokio::test]
async fn permissions_that_change_are_told_after_the_next_login() {
    for major in VERSIONS {
        let instance = sandbox(major).await.build().unwrap().boot().await.unwrap();
        let proxy = super::Proxy::before(instance.ami_address()).await;
        let config = Config::new("bob", "x").reconnect(super::soon()).timeout(AGES);
        let connect = config.connect(&proxy.address);
        let mut hangups = connect.subscribe_to::<Hangup>();
        let client = connect.await.unwrap();
        assert_eq!(client.permissions().await.unwrap().may_read(EventClass::Call), Some(true));
        let users = instance.sandbox().etc().join("manager.users.conf.inc");
        let text = std::fs::read_to_string(&users).unwrap();
        let text = text.replace(
            "read = call,security\nwrite = call,command",
            "read = user\nwrite = agent,command",
        );
        std::fs::write(&users, text).unwrap();
        client.command("manager reload").await.unwrap();
        proxy.cut();
        let item = timeout(AGES, hangups.next()).await.unwrap();
        assert!(matches!(item, Some(Item::Gap(_))), "{major}: {item:?}");
        let lost = timeout(AGES, hangups.next_event()).await.unwrap();
        assert!(matches!(&lost, Err(Lost::Withheld(it)) if it.why == Withheld::User), "{lost:?}");
        client.call(QueueAdd::new("support", "Local/other@default")).await.unwrap();
        let redirect = Action::new("Redirect").field("Channel", "Local/1");
        assert!(matches!(client.call(redirect).await, Err(Error::Forbidden(_))));
        end(instance).await;
    }
}
