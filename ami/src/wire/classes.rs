//! Sets of classes.

use super::EventClass;

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Classes(u32);

impl Classes {
    pub(crate) const NONE: Self = Self(0);

    /// Returns the set of the classes for which a predicate returns `true`.
    pub(crate) fn that(mut holds: impl FnMut(EventClass) -> bool) -> Self {
        EventClass::ALL.iter().copied().filter(|&class| holds(class)).collect()
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn contains(self, class: EventClass) -> bool {
        self.0 & (1 << class as u32) != 0
    }

    /// Returns the classes of either set.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the classes of both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the classes of this set that the other one does not have.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the classes, in the server's order.
    pub(crate) fn iter(self) -> impl Iterator<Item = EventClass> {
        EventClass::ALL.iter().copied().filter(move |&class| self.contains(class))
    }
}

impl FromIterator<EventClass> for Classes {
    fn from_iter<I: IntoIterator<Item = EventClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::NONE, |set, class| Self(set.0 | 1 << class as u32))
    }
}

impl From<&[EventClass]> for Classes {
    fn from(classes: &[EventClass]) -> Self {
        classes.iter().copied().collect()
    }
}
