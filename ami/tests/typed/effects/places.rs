//! Actions on queues and conferences.

use ami::event::Typed;
use ami::{Client, action, event};

use super::{Halves, call, of, until};

pub(super) async fn effects(client: &Client) {
    tokio::join!(queue(client), conference(client), agent(client));
}

/// The member of the queue as it is listed.
async fn member(client: &Client) -> Option<event::QueueMember> {
    let status = action::QueueStatus::new().queue("changing");
    let list = client.call(status).await.unwrap();
    list.items.into_iter().find_map(|item| match item {
        Typed::QueueMember(member) => Some(member),
        _ => None,
    })
}

async fn queue(client: &Client) {
    let interface = "Local/205@default";
    let add = action::QueueAdd::new("changing", interface).member_name("Eve").penalty(2);
    client.call(add).await.unwrap();
    let listed = member(client).await.unwrap();
    assert_eq!(listed.name().as_deref(), Some("Eve"));
    assert_eq!(listed.penalty().unwrap(), Some(2));
    assert_eq!(listed.paused().unwrap(), Some(false));
    let pause = action::QueuePause::new(interface, true).queue("changing").reason("lunch");
    client.call(pause).await.unwrap();
    let penalty = action::QueuePenalty::new(interface, 5).queue("changing");
    client.call(penalty).await.unwrap();
    let mut told = client.subscribe_to::<event::QueueMemberRinginuse>();
    let ring = action::QueueMemberRingInUse::new(interface, true).queue("changing");
    client.call(ring).await.unwrap();
    until(&mut told, |it| it.queue().as_deref() == Some("changing")).await;
    let listed = member(client).await.unwrap();
    assert_eq!(listed.paused().unwrap(), Some(true));
    assert_eq!(listed.paused_reason().as_deref(), Some("lunch"));
    assert_eq!(listed.penalty().unwrap(), Some(5));
    client.call(action::QueueRemove::new("changing", interface)).await.unwrap();
    assert!(member(client).await.is_none());
}

async fn conference(client: &Client) {
    let mut joined = client.subscribe_to::<event::ConfbridgeJoin>();
    let Halves { second, .. } = call(client, "conference", "effect-conference").await;
    until(&mut joined, |it| of(it.channel(), &second)).await;
    let room = async || {
        let rooms = client.call(action::ConfbridgeListRooms::new()).await.unwrap();
        let is_it = |it: &event::ConfbridgeListRooms| it.conference().as_deref() == Some("room");
        rooms.items.into_iter().find(is_it).unwrap()
    };
    let caller = async || {
        let callers = client.call(action::ConfbridgeList::new("room")).await.unwrap();
        callers.items.into_iter().next().unwrap()
    };
    assert_eq!(room().await.locked().unwrap(), Some(false));
    client.call(action::ConfbridgeLock::new("room")).await.unwrap();
    assert_eq!(room().await.locked().unwrap(), Some(true));
    client.call(action::ConfbridgeUnlock::new("room")).await.unwrap();
    assert_eq!(room().await.locked().unwrap(), Some(false));
    client.call(action::ConfbridgeMute::new("room", &second)).await.unwrap();
    assert_eq!(caller().await.muted().unwrap(), Some(true));
    client.call(action::ConfbridgeUnmute::new("room", &second)).await.unwrap();
    assert_eq!(caller().await.muted().unwrap(), Some(false));
    let mut left = client.subscribe_to::<event::ConfbridgeLeave>();
    client.call(action::ConfbridgeKick::new("room", &second)).await.unwrap();
    until(&mut left, |it| of(it.channel(), &second)).await;
}

async fn agent(client: &Client) {
    let mut login = client.subscribe_to::<event::AgentLogin>();
    let mut logoff = client.subscribe_to::<event::AgentLogoff>();
    call(client, "agent", "effect-agent").await;
    until(&mut login, |it| it.agent().as_deref() == Some("1000")).await;
    client.call(action::AgentLogoff::new("1000")).await.unwrap();
    until(&mut logoff, |it| it.agent().as_deref() == Some("1000")).await;
}
