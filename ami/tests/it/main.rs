//! The client from outside: bytes in, values out; a scripted peer for what no server does on
//! command; real servers for the rest.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agi;
mod background;
mod calls;
mod cancelled;
mod codec;
mod cuts;
mod ends;
mod events;
mod exchanges;
mod fast_agi;
mod follow;
mod futures;
mod kit;
mod lists;
mod login;
mod lost;
mod originate;
mod peer;
mod permissions;
mod reconnect;
mod recordings;
mod robot;
mod server;
mod settings;
mod shared_lists;
mod silence;
mod typed_calls;
