//! Named scenarios: the calls, legs, transfers and ends that a person would write down, on real
//! servers.

mod actions;
mod clicks;
mod conferences;
mod dials;
mod ends;
mod locals;
mod names;
mod office;
mod parking;
mod phone;
mod pickups;
mod queues;
mod scene;
mod text;
mod transfers;
mod up;
mod words;
