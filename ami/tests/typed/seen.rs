//! The events that users with different rights see of the scenario, and the actions that they may
//! send, once for each version.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use ami::{Action, Client, Config, Event, EventClass, Filter, Item, Subscription};
use instance::Instance;

use crate::permissions::{self, Answer};
use crate::scenario;

/// Longer than any test waits.
pub(crate) const AGES: Duration = Duration::from_secs(60);

/// The versions.
pub(crate) const VERSIONS: [u32; 2] = [22, 16];

/// The observations of a version.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) major: u32,
    /// The events that a user got who may read everything. Two events of users mark the begin and
    /// the end of the scenario.
    pub(crate) all: Vec<Event>,
    /// The events that users got who may read one class.
    pub(crate) of_class: Vec<(EventClass, Vec<Event>)>,
    /// The answers to actions of users who may and may not send them.
    pub(crate) answers: Vec<Answer>,
}

/// The names of the events of users that mark the begin and the end of the scenario.
pub(crate) const MARKS: [&str; 2] = ["ScenarioBegin", "ScenarioEnd"];

/// Returns what is seen of a version. Both run at once, when the first is asked for.
pub(crate) fn of(major: u32) -> &'static Seen {
    static SEEN: OnceLock<[Option<Seen>; 2]> = OnceLock::new();
    let seen = SEEN.get_or_init(|| {
        let threads = VERSIONS.map(|major| thread::spawn(move || watch(major)));
        threads.map(|thread| thread.join().ok())
    });
    let seen = &seen[VERSIONS.iter().position(|it| *it == major).unwrap()];
    seen.as_ref().unwrap_or_else(|| panic!("the scenario failed on Asterisk {major}"))
}

/// The users: one who may do everything, one a class who may do nothing else, and those that the
/// scenario and the permissions need.
fn users() -> String {
    let mut users = scenario::USERS.to_owned();
    for class in EventClass::ALL {
        users += &user(&only(*class), &[*class], &[*class]);
    }
    users + &permissions::users()
}

pub(crate) fn user(name: &str, read: &[EventClass], write: &[EventClass]) -> String {
    let list = |classes: &[EventClass]| {
        classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(",")
    };
    let (read, write) = (list(read), list(write));
    format!("\n[{name}]\nsecret = mysecret\nread = {read}\nwrite = {write}\nwritetimeout = 5000\n")
}

pub(crate) async fn boot(major: u32) -> Instance {
    let builder = scenario::builder(major, &users()).await.unwrap();
    builder.build().unwrap().boot().await.unwrap()
}

/// The name of the user with one class.
pub(crate) fn only(class: EventClass) -> String {
    format!("only_{}", class.name())
}

/// Connects as a user, with all the events from the login on.
pub(crate) async fn listen(instance: &Instance, user: &str) -> (Client, Subscription) {
    let config = Config::new(user, "mysecret").reconnect(None).ask_permissions(false);
    let connect = config.connect(instance.ami_address());
    let events = connect.subscribe(Filter::all());
    (connect.await.unwrap(), events)
}

#[tokio::main(flavor = "current_thread")]
async fn watch(major: u32) -> Seen {
    let instance = boot(major).await;
    let (client, mut events) = listen(&instance, "all").await;
    let mut listeners = Vec::new();
    for class in EventClass::ALL {
        listeners.push((*class, listen(&instance, &only(*class)).await));
    }
    let host = instance.sandbox().address().to_string();
    mark(&client, MARKS[0]).await;
    scenario::run(&client, &host, major).await.unwrap();
    mark(&client, MARKS[1]).await;
    // The server sends a connection the events so far before it answers.
    let mut of_class = Vec::new();
    for (class, (client, mut events)) in listeners {
        client.call(Action::new("Ping")).await.unwrap();
        of_class.push((class, drain(&mut events)));
    }
    client.call(Action::new("Ping")).await.unwrap();
    let all = drain(&mut events);
    let answers = permissions::ask(&instance, &client).await;
    instance.kill().await;
    instance.stop().await.unwrap();
    Seen { major, all, of_class, answers }
}

/// Raises an event of users, and waits for it.
async fn mark(client: &Client, name: &str) {
    let mut told = client.subscribe(Filter::user_event(name));
    client.call(Action::user_event(name)).await.unwrap();
    told.next_event().await.unwrap();
}

/// Takes the events that are there.
fn drain(events: &mut Subscription) -> Vec<Event> {
    let mut all = Vec::new();
    while let Ok(item) = events.try_next() {
        match item {
            Item::Event(event) => all.push(event),
            other => panic!("{other:?}"),
        }
    }
    all
}
