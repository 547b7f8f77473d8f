//! The client from outside: bytes in, values out; a scripted peer for what no server does on command; real servers for
//! the rest.

mod codec;
mod peer;
mod scripted;
mod server;
