//! Commands about events and actions.

mod action;
pub(crate) mod kit;
mod ping;
mod record;
mod tail;
mod wait;
