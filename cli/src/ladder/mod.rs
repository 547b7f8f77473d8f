//! Ladders of calls: who called whom, talked to whom and when, row by row, from events alone.
//!
//! The room names the outputs alone. Events of a server or of a recording go into [`Ladders`],
//! which has a [`Ladder`] for each call; that is drawn as text, as a diagram of Mermaid, or as
//! objects.

mod call;
mod calls;
mod draw;
mod json;
mod leg;
mod mermaid;
mod push;
mod row;
mod steps;
mod text;

pub(crate) use self::call::{Ladder, Shown};
pub(crate) use self::calls::Ladders;
pub(crate) use self::draw::{NARROWEST, Scroll, View};
pub(crate) use self::row::Row;

#[cfg(test)]
mod tests;
