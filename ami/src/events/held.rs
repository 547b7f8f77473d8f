//! The classes that the server does not send, and how subscriptions are told.

use std::sync::Arc;

use super::item::Item;
use super::withheld::WithheldClasses;
use crate::error::Withheld;
use crate::wire::{Classes, EventMask};

/// The classes that the server does not send, as far as is known.
#[derive(Clone, Default)]
pub(super) struct Held {
    user: Arc<str>,
    /// The classes that the user may not read.
    by_user: Classes,
    mask: Option<EventMask>,
    /// The classes that the mask leaves out.
    by_mask: Classes,
    /// `true` once the server was asked for the user's `read` on this connection, or cannot be.
    pub(super) asked: bool,
}

impl Held {
    /// Begins a connection of a user. Until the server is asked, the answer on the former
    /// connection stays in effect.
    pub(super) fn begin(&mut self, user: &Arc<str>) {
        (self.user, self.asked) = (Arc::clone(user), false);
    }

    pub(super) fn set_user(&mut self, classes: Classes) {
        (self.by_user, self.asked) = (classes, true);
    }

    pub(super) fn set_mask(&mut self, mask: Option<EventMask>) {
        self.mask = mask;
        self.by_mask = mask.map_or(Classes::NONE, |mask| Classes::that(|it| !mask.admits(it)));
    }

    /// Returns `true` if it can matter to a subscription which classes its events have.
    pub(super) fn matters(&self) -> bool {
        !self.asked || !self.is_empty()
    }

    /// Returns `true` if all classes come, as far as is known.
    pub(super) fn is_empty(&self) -> bool {
        self.by_user.or(self.by_mask).is_empty()
    }

    /// Returns what a subscription is to be told that needs these classes, and was told `told`. The
    /// second result is `true` if classes come again that the mask left out.
    pub(super) fn tell(&self, needs: Classes, told: &mut Told) -> ([Option<Item>; 2], bool) {
        let user = needs.and(self.by_user);
        let mask = needs.and(self.by_mask).without(user);
        let former = std::mem::replace(told, Told { user, mask });
        let new = |classes: Classes, former, why: Option<Withheld>| {
            let new = classes.without(former);
            let why = why.filter(|_| !new.is_empty());
            why.map(|why| item(new, why, &self.user))
        };
        let items = [
            new(user, former.user, Some(Withheld::User)),
            new(mask, former.mask, self.mask.map(Withheld::Mask)),
        ];
        (items, !former.mask.without(user.or(mask)).is_empty())
    }
}

/// The classes that a subscription was told do not come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    user: Classes,
    mask: Classes,
}

impl Told {
    /// Adds to an item the classes of an earlier one of the same cause that still do not come.
    pub(super) fn add_earlier(self, earlier: &Item, later: &mut Item) {
        if let (Item::Withheld(earlier), Item::Withheld(later)) = (earlier, later) {
            let still = if later.why == Withheld::User { self.user } else { self.mask };
            let earlier = Classes::from(&earlier.classes[..]).and(still);
            later.classes = earlier.or(later.classes[..].into()).iter().collect();
        }
    }
}

/// Returns `true` if two items say of the same cause that classes do not come.
pub(super) fn say_the_same(one: &Item, other: &Item) -> bool {
    let by_user = |item: &Item| match item {
        Item::Withheld(withheld) => Some(withheld.why == Withheld::User),
        _ => None,
    };
    by_user(one).is_some() && by_user(one) == by_user(other)
}

fn item(classes: Classes, why: Withheld, user: &Arc<str>) -> Item {
    let classes = classes.iter().collect();
    Item::Withheld(Box::new(WithheldClasses { classes, why, user: Arc::clone(user) }))
}
