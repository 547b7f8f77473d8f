//! A scripted server that has channels, and what a watcher sees, in short forms.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ami::Client;
use ami::testing::{Peer, Reply, Script};
use live::{Change, Changes, Config, Part, State, What};

/// The answer to `CoreShowChannels`, with the channels of these ids.
pub(crate) fn channels(ids: &[&str]) -> Reply {
    Reply::list(ids.iter().map(|id| format!("Event: CoreShowChannel\n{}", channel(id))))
}

/// The fields of a channel that is a call of its own.
fn channel(id: &str) -> String {
    format!(
        "Channel: SIP/{id}\nChannelState: 6\nContext: default\nExten: s\nPriority: 1\n\
         Uniqueid: {id}\nLinkedid: {id}"
    )
}

pub(crate) fn newchannel(id: &str) -> String {
    format!("Event: Newchannel\n{}", channel(id))
}

pub(crate) fn hangup(id: &str) -> String {
    format!("Event: Hangup\n{}\nCause: 16", channel(id))
}

/// A server that has these channels whenever it is asked, and nothing else.
pub(crate) fn script(ids: &'static [&'static str]) -> Script {
    Script::new()
        .answer_with("CoreShowChannels", move |_| channels(ids))
        .otherwise(|_| Reply::list(Vec::<String>::new()))
}

/// A client of a scripted server in memory, which has these channels.
pub(crate) async fn connect(ids: &'static [&'static str]) -> (Client, Peer) {
    Peer::connect_with(&ami::Config::new("user", "secret"), script(ids)).await.unwrap()
}

/// The settings for channels and bridges alone.
pub(crate) fn small() -> Config {
    Config::new().parts([Part::Channels, Part::Bridges])
}

/// Returns `true` if the state has exactly the channels of these ids.
pub(crate) fn has(state: &State, ids: &[&str]) -> bool {
    state.channels().is_ok_and(|it| it.len() == ids.len() && ids.iter().all(|id| it.contains(id)))
}

/// Takes what there is for a watcher, in short forms.
pub(crate) fn taken(changes: &mut Changes) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    while let Poll::Ready(Some(next)) =
        pin!(tokio::task::coop::unconstrained(changes.next())).poll(&mut cx)
    {
        taken.push(next.map_or_else(|missed| missed.to_string(), |change| name(&change)));
    }
    taken
}

/// Returns a short form of a change. What a resynchronisation found has a star.
pub(crate) fn name(change: &Change) -> String {
    let mark = if change.resync { "*" } else { "" };
    match &change.what {
        What::ChannelCreated { channel } => format!("{mark}+{channel}"),
        What::ChannelEnded { channel, .. } => format!("{mark}-{}", channel.id),
        What::Freshness(freshness) if freshness.is_current() => "current".to_owned(),
        What::Freshness(freshness) => format!("stale: {}", freshness.stale().unwrap()),
        _ => "other".to_owned(),
    }
}
