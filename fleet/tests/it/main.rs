//! Tests of the fleet against real servers and scripted ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod core_kit;
mod core_members;
mod core_scripted;
mod core_servers;
#[cfg(feature = "nats")]
mod nats_bridge;
#[cfg(feature = "nats")]
mod nats_bridge_kit;
#[cfg(feature = "nats")]
mod nats_bridge_relay;
#[cfg(feature = "nats")]
mod nats_command;
#[cfg(feature = "nats")]
mod nats_faults;
#[cfg(feature = "nats")]
mod nats_publish;
#[cfg(feature = "nats")]
mod nats_standby;
mod route;
mod whole;
mod whole_kit;
mod whole_servers;
