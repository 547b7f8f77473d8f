//! AsyncAGI and FastAGI: control of channels from the dialplan.
//!
//! With AsyncAGI, commands go over AMI; with FastAGI, the server connects to a program for each
//! channel. Both have the same commands and replies, those of [`Session`].
//!
//! # AsyncAGI
//!
//! The dialplan hands a channel over with
//!
//! ```text
//! exten => 100,1,Answer()
//! same => n,AGI(agi:async)
//! same => n,NoOp(goes on here after `Session::end`)
//! ```
//!
//! [`Client::async_agi`](crate::Client::async_agi) yields a [`Session`] for each channel that
//! enters. A session sends AGI commands, and waits for the result of each. Needs the class `agi` in
//! `read` and in `write`. With the read class `call`, a session can also tell a hang-up
//! ([`AgiError::HungUp`]) from another end ([`AgiError::Ended`]).
//!
//! ```no_run
//! # async fn example(client: ami::Client) -> Result<(), ami::Error> {
//! use std::time::Duration;
//!
//! use ami::agi::{AgiError, Session};
//!
//! async fn menu(session: Session) -> Result<(), AgiError> {
//!     session.answer().await?;
//!     let pin = session.get_data("enter-pin", Duration::from_secs(5), 4).await?;
//!     session.set_variable("PIN", &pin.digits).await?;
//!     session.end().await
//! }
//!
//! let mut sessions = client.async_agi().await?;
//! while let Some(session) = sessions.next().await {
//!     match session {
//!         Ok(session) => drop(tokio::spawn(menu(session))),
//!         // Channels may have entered that are not known.
//!         Err(lost) => eprintln!("{lost:#}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # FastAGI
//!
//! ```text
//! exten => 100,1,Answer()
//! same => n,AGI(agi://127.0.0.1/menu?digits=4,first,second)
//! same => n,NoOp(goes on here after `Session::end`, or when the session is dropped)
//! ```
//!
//! [`FastAgi`] listens, and yields a [`FastSession`] for each request, with the [`Request`] in it.
//! No AMI connection is needed. A hang-up is told within the connection, so no classes are needed
//! either; after it, the server still executes the commands that need no live channel, and the
//! others are [`AgiError::HungUp`].
//!
//! # Order and time
//!
//! The server executes the commands of a channel one after another. Commands of several tasks are
//! queued, and each gets its own result. With FastAGI, a command that was given up goes on, and the
//! next one is sent when its reply has come; a command is never taken back, because the server
//! would not reply to a sound that another command stops. A command that waits behind others, or
//! for the caller, has no time-out by default; [`Session::timeout`] sets one. Each wait ends when
//! the channel is hung up, when it leaves AGI, and when the connection or an event is lost. A
//! network that drops the packets of a FastAGI connection is noticed by a time-out alone. An idle
//! channel of AsyncAGI looks for commands every 100 ms, so a command can take that much longer.
//!
//! # Source
//!
//! `res/res_agi.c` of Asterisk. Version 12 or later is needed. The server needs the module
//! `res_agi`, which on Asterisk 22 needs `res_speech`; sounds need a timing module
//! (`res_timing_timerfd`), without which the server can crash.

// The room names `client` and all rooms before it.

mod arguments;
mod commands;
mod conversation;
mod env;
mod error;
mod fast;
mod framing;
mod link;
mod manager;
mod reply;
mod request;
mod session;
mod sessions;
mod socket;
mod transport;

pub use self::commands::{Digits, Played, Recorded};
pub use self::env::Env;
pub use self::error::{AgiError, CommandError};
pub use self::fast::{FastAgi, FastAgiError, FastSession, RequestProblem};
pub use self::manager::Manager;
pub use self::reply::Reply;
pub use self::request::Request;
pub use self::session::Session;
pub use self::sessions::Sessions;
pub use self::socket::Socket;
pub use self::transport::Transport;
