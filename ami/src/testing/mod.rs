//! A scripted peer in place of a server, for testing programs that use this crate.
//!
//! Real servers do not lose a connection, forge an event or refuse a call on command. A [`Peer`]
//! does. It is the server's end of one connection, in memory or accepted by a [`Server`] on a port.
//! A [`Script`] answers the actions that a client sends on its own. All other actions are
//! answered by the test, step by step, or by the script, by name.
//!
//! This module needs the feature `testing`, which belongs in a program's dev-dependencies:
//! `ami = { …, features = ["testing"] }`.
//!
//! Every wait is bounded. It ends with the expected result, or with a [`PeerError`] that says what
//! came instead.
//!
//! # Testing a program that places a call
//!
//! ```
//! use ami::testing::{Peer, PeerError, Reply};
//! use ami::{Client, Config, Error, Originate, Reason};
//!
//! /// The program: says what became of the call.
//! async fn ring(client: &Client, channel: &str) -> String {
//!     let call = Originate::to_application(channel, "Playback", "hello");
//!     match client.originate(call).await {
//!         Ok(_) => "answered".to_owned(),
//!         Err(Error::Originate { reason: Reason::Busy, .. }) => "try again later".to_owned(),
//!         Err(error) => error.to_string(),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), PeerError> {
//! let (client, mut peer) = Peer::connect(&Config::new("user", "secret")).await?;
//! let server = async {
//!     let action = peer.expect("Originate").await?;
//!     assert_eq!(action.text("Channel").as_deref(), Some("PJSIP/alice"));
//!     let busy = Reply::success().event("OriginateResponse");
//!     peer.respond(&action, busy.field("Response", "Failure").field("Reason", "5")).await
//! };
//! let (outcome, served) = tokio::join!(ring(&client, "PJSIP/alice"), server);
//! served?;
//! assert_eq!(outcome, "try again later");
//! # Ok(())
//! # }
//! ```
//!
//! # Testing the end of a call
//!
//! [`Client::place`](crate::Client::place) follows a call by the unique id that it gives to the
//! channel. The peer says what a server says: the halves of a Local channel appear, the outcome
//! arrives, and the halves end, each with a cause of its own.
//!
//! ```
//! use ami::testing::{Peer, PeerError, Reply};
//! use ami::{Config, Originate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), PeerError> {
//! let (client, mut peer) = Peer::connect(&Config::new("user", "secret")).await?;
//! let mut call = client.place(Originate::to_application("Local/1@dial", "Playback", "hello"));
//! let server = async {
//!     let action = peer.expect("Originate").await?;
//!     let id = action.text("ChannelId").unwrap_or_default().into_owned();
//!     peer.respond(&action, Reply::success()).await?;
//!     for id in [&id, &format!("{id};2")] {
//!         peer.event(format!("Event: Newchannel\nUniqueid: {id}")).await?;
//!     }
//!     // The outcome has the ActionID of the action: a second reply to it.
//!     let outcome = Reply::none().event("OriginateResponse").field("Response", "Failure");
//!     peer.respond(&action, outcome.field("Reason", "0")).await?;
//!     for (id, cause) in [(&id, 0), (&format!("{id};2"), 17)] {
//!         peer.event(format!("Event: Hangup\nUniqueid: {id}\nCause: {cause}")).await?;
//!     }
//!     Ok::<_, PeerError>(())
//! };
//! let (end, served) = tokio::join!(call.end(), server);
//! served?;
//! assert_eq!(end.unwrap().cause().name(), Some("USER_BUSY"));
//! # Ok(())
//! # }
//! ```
//!
//! # Testing a program that survives a lost connection
//!
//! ```
//! use std::time::Duration;
//!
//! use ami::testing::{PeerError, Server};
//! use ami::{Config, Filter, Item, Reconnect, Subscription};
//!
//! /// The program: tells which channels have ended, up to bob's, and where some may be missing.
//! async fn watch(mut events: Subscription) -> Vec<String> {
//!     let mut seen = Vec::new();
//!     while let Some(item) = events.next().await {
//!         match item {
//!             Item::Event(event) => seen.push(event.text("Channel").unwrap_or_default().into()),
//!             Item::Gap(_) => seen.push("(a gap)".to_owned()),
//!             _ => {}
//!         }
//!         if seen.last().is_some_and(|channel| channel.starts_with("PJSIP/bob")) {
//!             break;
//!         }
//!     }
//!     seen
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), PeerError> {
//! let server = Server::bind().await?;
//! let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
//! let (client, mut peer) = server.connect(&Config::new("user", "secret").reconnect(soon)).await?;
//! let program = watch(client.subscribe(Filter::named(["Hangup"])));
//! let server = async {
//!     peer.event("Event: Hangup\nChannel: PJSIP/alice-00000001").await?;
//!     drop(peer); // The connection is cut, and the client comes again.
//!     let mut peer = server.accept().await?;
//!     peer.event("Event: Hangup\nChannel: PJSIP/bob-00000002").await?;
//!     Ok::<_, PeerError>(peer)
//! };
//! let (seen, peer) = tokio::join!(program, server);
//! peer?;
//! assert_eq!(seen, ["PJSIP/alice-00000001", "(a gap)", "PJSIP/bob-00000002"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Testing a program against a forged event
//!
//! Anybody who can set a caller's name can put line ends into the messages of a server:
//!
//! ```
//! use ami::testing::{Peer, PeerError};
//! use ami::{Action, Client, Config, Filter, Item};
//!
//! /// The program: believes in no end of a call before the server itself says so.
//! async fn has_ended(client: &Client, channel: &str) -> Result<bool, ami::Error> {
//!     let mut events = client.subscribe(Filter::named(["Hangup"]).field("Channel", channel));
//!     while let Some(Item::Event(_)) = events.next().await {
//!         let status = Action::new("Getvar").field("Channel", channel).field("Variable", "A");
//!         match client.call(status).await {
//!             Err(ami::Error::Rejected(_)) => return Ok(true),
//!             answer => drop(answer?),
//!         }
//!     }
//!     Ok(false)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), PeerError> {
//! let (client, mut peer) = Peer::connect(&Config::new("user", "secret")).await?;
//! let server = async {
//!     let forged = "\r\n\r\nEvent: Hangup\r\nChannel: PJSIP/alice-00000001";
//!     peer.send(format!("Event: NewCallerid\r\nCallerIDName: {forged}\r\n\r\n")).await?;
//!     let asked = peer.expect("Getvar").await?;
//!     peer.respond(&asked, "Response: Success\nValue: still there").await?;
//!     peer.event("Event: Hangup\nChannel: PJSIP/alice-00000001").await?;
//!     let asked = peer.expect("Getvar").await?;
//!     peer.respond(&asked, "Response: Error\nMessage: No such channel").await
//! };
//! let (ended, served) = tokio::join!(has_ended(&client, "PJSIP/alice-00000001"), server);
//! served?;
//! assert!(ended.is_ok_and(|ended| ended));
//! # Ok(())
//! # }
//! ```
//!
//! # Stalling
//!
//! A peer neither reads nor writes while none of its futures is polled, so a test makes the peer
//! stall by awaiting something else. With a [`Peer::pipe`] of 64 bytes the client notices at once.
//! A peer that reads ([`Peer::action`]) and does not answer acts as a busy server. A peer that only
//! sends acts as a server that does not read. In scripts, [`Reply::then_stall`] stops the
//! connection.
//!
//! # Time
//!
//! Time-outs of the client end without real waiting if Tokio's clock is paused
//! (`#[tokio::test(start_paused = true)]`, feature `test-util` of Tokio). Use connections in memory
//! for such tests, because the paused clock advances while a socket waits.

// This room is the last one: it depends on the others, and none depends on it.

mod error;
mod link;
mod peer;
mod reply;
mod script;
mod server;

pub use self::error::PeerError;
pub use self::peer::Peer;
pub use self::reply::Reply;
pub use self::script::Script;
pub use self::server::Server;
