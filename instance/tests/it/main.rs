//! Instances from outside: real servers of both versions, and stand-ins for what a real one does
//! not do on command.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boots;
mod configuration;
mod ending;
mod expecting;
mod fetched;
mod files;
mod keeping;
mod layouts;
mod memory;
mod modes;
mod nats;
mod readme;
mod real;
mod refused;
mod running;
mod sections;
mod sipp;
mod standin;
mod starting;
mod support;
