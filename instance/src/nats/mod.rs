//! Servers of NATS with JetStream, for tests and to try something: each on a port of loopback that
//! is its own, with its files in a folder that goes away.
//!
//! ```no_run
//! use instance::nats;
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let server = nats::Server::find().await?;
//! let nats = nats::Builder::new(server).boot().await?;
//! println!("{}", nats.url()); // nats://127.0.0.1:40575
//!
//! nats.kill().await; // as a crash would
//! nats.restart().await?; // on the same port, with the same streams
//! nats.pause(); // its connections stay, and it answers nothing
//! nats.resume();
//!
//! nats.stop().await?; // also removes the folder
//! # Ok(())
//! # }
//! ```
//!
//! [`Server::find`] finds the program `nats-server`, or fetches it from Debian into the cache in
//! which fetched servers of Asterisk are, without root. What a [`Builder`] boots is an
//! [`Instance`], which keeps the promises of [`crate::Instance`]: dropping it kills the server, a
//! server dies with the process that booted it, and the folder stays if the test failed. The folder
//! is a run like that of an Asterisk server, so `ASTERISK_KEEP` and `instance sweep` are about it,
//! too.
//
// The room names `readable`, `folder`, `server` for the cache and the fetch, `sandbox` for the
// environment that a server inherits and its errors, and `instance` for processes and logs. What
// crosses its door are servers, builders, instances and their errors. Pitfalls:
//
// - A port that nobody listens on may be given to the next connection of any program, even to one
//   that tries to reach the server that is down. So the port is bound as long as the instance is
//   there.
// - A stopped process does not see the signal that ends it until it goes on.

mod boot;
mod builder;
mod configuration;
mod instance;
mod life;
mod port;
mod server;

pub use self::boot::{BootError, StartError};
pub use self::builder::Builder;
pub use self::instance::{Instance, Stopped};
pub use self::life::Stopping;
pub use self::server::{Server, ServerError};
