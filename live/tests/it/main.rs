//! Tests of the state against real servers and scripted ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod channels;
mod conferences;
mod devices;
mod endpoints;
mod handle;
mod kit;
mod lists;
mod metrics;
mod parking;
mod queues;
mod scenarios;
mod scripted;
mod staleness;
mod unknown;
mod waits;
