//! The order in which tests begin.

use std::collections::VecDeque;

use crate::job::Options;
use crate::session::durations::History;
use crate::session::task::Task;

/// The seed of the random order of a run, if the order is to be random.
pub(super) fn seed(options: &Options, run: u64) -> Option<u64> {
    if !options.random_order && options.seed.is_none() {
        return None;
    }
    // The one that was given repeats the first run; those after it are in other orders.
    Some(options.seed.map_or_else(|| fastrand::u64(..), |seed| seed.wrapping_add(run - 1)))
}

/// Puts tests into a random order, or the longest first: that is the shortest for all.
pub(super) fn ordered(
    mut tasks: Vec<Task>,
    seed: Option<u64>,
    history: &History,
) -> VecDeque<Task> {
    match seed {
        Some(seed) => fastrand::Rng::with_seed(seed).shuffle(&mut tasks),
        None => tasks.sort_by(|a, b| {
            let seconds = |task: &Task| history.of(&task.job.test);
            seconds(b).total_cmp(&seconds(a))
        }),
    }
    tasks.into()
}
