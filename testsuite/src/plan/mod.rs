//! The plan of a run: which tests are run and by what, and what becomes of the others.
//!
//! This room depends on the rooms up to `worker`. A suite, options and the facts of a server come
//! in, a fate for each test goes out. Lint and the lists of tests are here, for they ask the same
//! questions and run nothing.
//!
//! Pitfalls: a thousand tests are planned before the first runs, so what has to be asked of a
//! program is asked once for all of them.

mod choose;
mod facts;
mod fates;
mod lacks;
pub(crate) mod lint;
pub(crate) mod list;
mod numbers;
mod python;
mod runner;
mod runners;
mod sipp;

pub(crate) use self::choose::{check_names, chosen};
pub(crate) use self::facts::Facts;
pub(crate) use self::fates::{Candidate, Fate, Planned, candidates, fates, needs_sipp};
pub(crate) use self::python::{Python, RUNNER};
pub(crate) use self::runner::How;
pub(crate) use self::runners::Runners;
pub(crate) use self::sipp::FoundSipp;
