//! The most used actions, run for their effect as types. The effect is seen by an event, a list, a
//! file or another command.

mod calls;
mod places;
mod settings;

use ami::event::TypedEvent;
use ami::value::ChannelName;
use ami::{Client, Subscription, action, event};
use tokio::time::timeout;

use crate::seen::{AGES, VERSIONS, boot, listen};

#[tokio::test]
async fn the_most_used_actions_have_their_effects() {
    tokio::join!(effects_on(VERSIONS[0]), effects_on(VERSIONS[1]));
}

async fn effects_on(major: u32) {
    let instance = boot(major).await;
    let (client, _) = listen(&instance, "all").await;
    tokio::join!(
        calls::effects(&client),
        places::effects(&client),
        settings::effects(&client, &instance, major),
    );
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// Waits for an event.
async fn until<E: TypedEvent>(
    events: &mut Subscription<E>,
    mut is_it: impl FnMut(&E) -> bool,
) -> E {
    let name = E::NAME;
    let found = async {
        loop {
            let event = events.next_event().await.unwrap();
            if is_it(&event) {
                return event;
            }
        }
    };
    timeout(AGES, found).await.unwrap_or_else(|_| panic!("no such {name}"))
}

/// The halves of a Local channel: the first has a tone, the second runs a number of the dialplan.
struct Halves {
    first: String,
    second: String,
}

/// Calls a number, and waits until it has answered. The name is the unique id of the first half.
async fn call(client: &Client, number: &str, name: &str) -> Halves {
    let mut told = client.subscribe_to::<event::OriginateResponse>();
    let originate = action::Originate::new(format!("Local/{number}@default/n"))
        .application("Milliwatt")
        .channel_id(name)
        .async_(true);
    client.call(originate).await.unwrap();
    let told = until(&mut told, |it| it.raw().get("Uniqueid") == Some(name.as_bytes())).await;
    assert_eq!(told.response().unwrap().as_str(), "Success", "{told:?}");
    let first = told.channel().unwrap().to_string();
    Halves { second: first.replace(";1", ";2"), first }
}

/// Returns `true` if the event is of this channel.
fn of(channel: Option<ChannelName<'_>>, name: &str) -> bool {
    channel.is_some_and(|it| it.as_str() == name)
}
