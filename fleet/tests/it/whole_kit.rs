//! Scripted servers that serve by themselves, and what a watcher of a fleet sees, in short forms.

use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ami::State;
use ami::testing::{Reply, Script, Server};
use fleet::live::{Config, Part, What};
use fleet::{Fleet, FleetChange, FleetChanges, FleetState, Member, ServerChange};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::core_kit::{AGES, add};

/// Adds a server at that address, and waits until it is up.
pub(crate) async fn added(fleet: &Fleet, name: &str, address: impl ToString) -> Member {
    let member = add(fleet, name, address);
    until(&member, State::is_up).await;
    member
}

/// Waits until the client of a server is in a state.
pub(crate) async fn until(member: &Member, state: impl FnMut(&State) -> bool) {
    let mut states = member.client().state();
    timeout(AGES, states.wait_for(state)).await.unwrap().unwrap();
}

/// A scripted server that serves all connections.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn by(script: Script) -> Self {
        let server = Server::bind().await.unwrap().script(script);
        let address = server.address();
        let task = tokio::spawn(async move {
            server.serve_until(std::future::pending::<()>()).await.unwrap();
        });
        Self { address, task }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer to `CoreShowChannels`, with the channels of these ids.
fn channels(ids: &[&str]) -> Reply {
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

/// The settings for channels and bridges alone.
pub(crate) fn small() -> Config {
    Config::new().parts([Part::Channels, Part::Bridges])
}

/// The channels that are known, with their servers, sorted.
pub(crate) fn known(state: &FleetState) -> Vec<String> {
    let known = state.channels().known().map(|(origin, it)| format!("{origin}/{}", it.id));
    let mut known: Vec<_> = known.collect();
    known.sort_unstable();
    known
}

/// The next change in a short form.
pub(crate) async fn next(changes: &mut FleetChanges) -> Option<String> {
    timeout(AGES, changes.next()).await.unwrap().map(|change| name(&change))
}

/// Takes changes up to one whose short form is this. Returns those of channels, of freshness, and
/// of servers.
pub(crate) async fn taken_to(changes: &mut FleetChanges, last: &str) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.last().is_none_or(|it| it != last) {
        let Some(next) = next(changes).await else { panic!("no {last} in {taken:?}") };
        taken.push(next);
    }
    taken.retain(|it| !it.ends_with(" other"));
    taken
}

/// Takes the changes that are there.
pub(crate) fn taken(changes: &mut FleetChanges) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    while let Poll::Ready(Some(change)) =
        pin!(tokio::task::coop::unconstrained(changes.next())).poll(&mut cx)
    {
        taken.push(name(&change));
    }
    taken.retain(|it| !it.ends_with(" other"));
    taken
}

/// A short form of a change. What a resynchronisation found has a star.
pub(crate) fn name(change: &FleetChange) -> String {
    let what = match &change.what {
        ServerChange::Joined => "joined".to_owned(),
        ServerChange::Left => "left".to_owned(),
        ServerChange::Missed(missed) => format!("missed {missed}"),
        ServerChange::Changed(change) => {
            let mark = if change.resync { "*" } else { "" };
            match &change.what {
                What::ChannelCreated { channel } => format!("{mark}+{channel}"),
                What::ChannelEnded { channel, .. } => format!("{mark}-{}", channel.id),
                What::Freshness(freshness) => freshness.to_string(),
                _ => "other".to_owned(),
            }
        }
    };
    format!("{} {what}", change.origin)
}
