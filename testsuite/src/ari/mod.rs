//! A small client of ARI, the REST interface of Asterisk: what tests of YAML need of one.
//!
//! This room depends on `matching`, for the fields of an event. It knows no test. Requests and the
//! websocket on which events come cross its door.

mod event;

pub use self::event::AriEvent;
