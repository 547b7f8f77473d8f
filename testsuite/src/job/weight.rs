//! The weight of a test for the schedule.

use std::ops::{Add, AddAssign, SubAssign};

/// A weight: that of a test, or all that may run at the same time.
///
/// A server weighs most by far, for it is what takes the processor. A process that a component
/// starts beside it, such as a SIPp with one call, weighs a quarter.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Weight {
    quarters: usize,
}

impl Weight {
    /// Returns the weight of so many servers.
    pub(crate) fn of_servers(count: usize) -> Self {
        Self { quarters: count.saturating_mul(4) }
    }

    /// Returns the weight of so many processes that are no servers.
    pub(crate) fn of_processes(count: usize) -> Self {
        Self { quarters: count }
    }
}

impl Add for Weight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { quarters: self.quarters.saturating_add(other.quarters) }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Weight {
    fn sub_assign(&mut self, other: Self) {
        self.quarters -= other.quarters;
    }
}
