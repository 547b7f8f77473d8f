//! `ami calls`, `channels`, `bridges`, `queues`, `conferences`, `endpoints`, `parked`, and
//! `ami serve metrics`.

mod ends;
pub(crate) mod office;
mod screen;
pub(crate) mod serve;
mod tables;
mod watch;
