//! One life of a server, from its boot to its end.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ami::Client;

use crate::instance::errors::Before;
use crate::instance::process::Process;

/// A server that has booted.
#[derive(Debug)]
pub(super) struct Life {
    // In the order in which they are dropped.
    pub(super) client: Client,
    pub(super) process: Process,
    pub(super) before: Before,
    /// The time from the launch to the end of the boot.
    pub(super) took: Duration,
    /// `true` if the server was asked to stop.
    pub(super) asked: AtomicBool,
}
