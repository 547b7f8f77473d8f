//! Waits for entities that have a name and can come and go, such as queues.

use std::fmt;
use std::sync::Arc;

use super::{Live, WaitError};
use crate::state::{
    Bridge, Conference, Contact, Device, Endpoint, Extension, ParkingLot, Presence, Queue,
    Registration, State, Unknown,
};
use crate::table::Table;
use crate::text::Id;

/// The table of the entities of one kind.
pub(super) type TableOf<T> = fn(&State) -> Result<&Table<T>, Unknown>;

/// One entity by its name, such as a queue or a conference, whether it is there now or not.
pub struct Handle<T> {
    live: Live,
    name: Id,
    table: TableOf<T>,
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident: $entity:ident in $table:ident,)*) => {
        impl Live {
            $($(#[$doc])* pub fn $name(&self, name: impl Into<Id>) -> Handle<$entity> {
                Handle { live: self.clone(), name: name.into(), table: State::$table }
            })*
        }
    };
}

handles! {
    /// Returns a handle to the bridge of that `BridgeUniqueid`.
    bridge: Bridge in bridges,
    /// Returns a handle to the queue of that name.
    ///
    /// ```no_run
    /// # async fn example(live: live::Live) -> Result<(), live::WaitError> {
    /// let sales = live.queue("sales").until(|queue| &*queue.name == "sales").await?;
    /// # Ok(())
    /// # }
    /// ```
    queue: Queue in queues,
    /// Returns a handle to the parking lot of that name.
    parking_lot: ParkingLot in parking_lots,
    /// Returns a handle to the conference of that name.
    conference: Conference in conferences,
    /// Returns a handle to the device of that name, such as `PJSIP/alice`.
    device: Device in devices,
    /// Returns a handle to the extension of that name, `extension@context`.
    extension: Extension in extensions,
    /// Returns a handle to the presence of that name.
    presence: Presence in presences,
    /// Returns a handle to the endpoint of PJSIP of that name.
    endpoint: Endpoint in endpoints,
    /// Returns a handle to the contact of that AOR and URI, `aor/uri`.
    contact: Contact in contacts,
    /// Returns a handle to the registration of that name.
    registration: Registration in registrations,
}

impl<T> Handle<T> {
    /// Returns the name.
    pub fn name(&self) -> &Id {
        &self.name
    }

    /// Returns the entity as it is now, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the part of the state is not known.
    pub fn get(&self) -> Result<Option<Arc<T>>, Unknown> {
        self.live.shared.with(|state| Ok((self.table)(state)?.get(&self.name).cloned()))
    }

    /// Waits until the entity is there and meets a condition, and returns it.
    ///
    /// The condition sees the latest state of the entity, not each one in between. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the part of the state is not known for another reason than that it is
    /// still [loading](Unknown::Loading), or if the state is no longer kept.
    pub async fn until(&self, mut condition: impl FnMut(&T) -> bool) -> Result<Arc<T>, WaitError> {
        self.look(|entity| entity.filter(|entity| condition(entity))).await
    }

    /// Waits until there is no such entity, such as when a conference has ended.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`until`](Self::until).
    pub async fn gone(&self) -> Result<(), WaitError> {
        self.look(|entity| entity.is_none().then_some(())).await
    }

    async fn look<R>(
        &self,
        mut look: impl FnMut(Option<Arc<T>>) -> Option<R>,
    ) -> Result<R, WaitError> {
        let found = self.live.look(|| match self.get() {
            Ok(entity) => look(entity).map(Ok),
            Err(Unknown::Loading(_)) => None,
            Err(unknown) => Some(Err(unknown)),
        });
        Ok(found.await??)
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { live: self.live.clone(), name: Id::clone(&self.name), table: self.table }
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.name).finish()
    }
}
