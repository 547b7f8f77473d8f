//! The kinds of replies, as markers for types.

use std::marker::PhantomData;

/// One response.
#[derive(Clone, Copy, Debug)]
pub enum Plain {}

/// A list of events.
#[derive(Clone, Copy, Debug)]
pub struct Items<T>(PhantomData<T>);

/// The output of a CLI command.
#[derive(Clone, Copy, Debug)]
pub enum Output {}

/// Everything that the server sends until the next answer: several responses, lines, or nothing.
#[derive(Clone, Copy, Debug)]
pub enum Whole {}
