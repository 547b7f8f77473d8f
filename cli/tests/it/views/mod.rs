//! `ami calls`, `channels`, `bridges`, `queues`, `conferences`, `endpoints`, `parked`, and
//! `ami serve metrics`.

mod ends;
mod office;
mod screen;
mod serve;
mod tables;
mod watch;
