//! The states of all servers at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use live::{
    Bridge, Call, Channel, Conference, Contact, Device, Endpoint, Extension, Freshness, ParkingLot,
    Presence, Queue, Registration, State, Table, Unknown,
};

use super::Id;
use crate::origin::Origin;

/// The states of all servers of a fleet, each at one moment.
///
/// Each server's part is a consistent copy of one moment between two of its events. Between servers
/// there is no order, so the moments differ. Clones are cheap, and a state does not change: ask
/// [`FleetLive::state`](crate::FleetLive::state) for the next one.
///
/// ```no_run
/// # fn example(live: &fleet::FleetLive) {
/// let state = live.state();
/// for (origin, call) in state.calls() {
///     match call {
///         Ok(call) => println!("{origin}/{} since {:?}", call.id, call.since.elapsed()),
///         Err(unknown) => println!("{origin}: {unknown}"),
///     }
/// }
/// for (origin, freshness) in state.stale() {
///     println!("{origin} is not current: {freshness:#}");
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct FleetState {
    servers: Arc<BTreeMap<Origin, State>>,
}

/// The entities of one kind of all servers, such as all calls of a fleet.
///
/// The iterator yields each entity with its server. A server whose entities are not known comes
/// once, with the reason, so that it does not look like one that has none. [`known`](Self::known)
/// leaves those servers out.
pub struct All<'a, T> {
    servers: &'a BTreeMap<Origin, State>,
    table: TableOf<T>,
}

type TableOf<T> = fn(&State) -> Result<&Table<T>, Unknown>;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $entity:ident,)*) => {
        impl FleetState {
            $($(#[$doc])* pub fn $name(&self) -> All<'_, $entity> {
                All { servers: &self.servers, table: State::$name }
            })*
        }
    };
}

tables! {
    /// Returns the channels of all servers.
    channels: Channel,
    /// Returns the calls of all servers.
    calls: Call,
    /// Returns the bridges of all servers.
    bridges: Bridge,
    /// Returns the queues of all servers. Queues of the same name on two servers are two queues.
    queues: Queue,
    /// Returns the parking lots of all servers, with the calls that are parked.
    parking_lots: ParkingLot,
    /// Returns the conferences of all servers.
    conferences: Conference,
    /// Returns the devices of all servers.
    devices: Device,
    /// Returns the extensions of all servers that have a hint.
    extensions: Extension,
    /// Returns the presences of all servers.
    presences: Presence,
    /// Returns the endpoints of PJSIP of all servers.
    endpoints: Endpoint,
    /// Returns the contacts of PJSIP endpoints of all servers.
    contacts: Contact,
    /// Returns the registrations of all servers with others.
    registrations: Registration,
}

impl FleetState {
    pub(super) fn new(servers: BTreeMap<Origin, State>) -> Self {
        Self { servers: Arc::new(servers) }
    }

    /// Replaces the state of a server. The other states are copied if somebody holds this one.
    pub(super) fn set(&mut self, origin: &Origin, state: State) {
        Arc::make_mut(&mut self.servers).insert(origin.clone(), state);
    }

    /// Returns the states of the servers, in the order of the names.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = (&Origin, &State)> {
        self.servers.iter()
    }

    /// Returns the state of a server, or `None` if the fleet had none of that name.
    pub fn server(&self, origin: &Origin) -> Option<&State> {
        self.servers.get(origin)
    }

    /// Returns `true` if the state of every server is current.
    pub fn is_current(&self) -> bool {
        self.stale().next().is_none()
    }

    /// Returns the servers whose states are not current, still loading ones among them, with how
    /// old each is.
    pub fn stale(&self) -> impl Iterator<Item = (&Origin, &Freshness)> {
        let freshness = self.servers.iter().map(|(origin, state)| (origin, state.freshness()));
        freshness.filter(|(_, freshness)| !freshness.is_current())
    }
}

impl fmt::Debug for FleetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.servers.iter()).finish()
    }
}

impl<'a, T: 'a> All<'a, T> {
    /// Returns the entities of the servers that let them be seen, without a word of the others.
    pub fn known(self) -> impl Iterator<Item = (&'a Origin, &'a Arc<T>)> {
        let tables = self.tables().filter_map(|(origin, table)| Some((origin, table.ok()?)));
        tables.flat_map(|(origin, table)| table.iter().map(move |entity| (origin, entity)))
    }

    /// Returns the servers whose entities are not known, each with the reason.
    pub fn unknown(self) -> impl Iterator<Item = (&'a Origin, Unknown)> {
        self.tables().filter_map(|(origin, table)| Some((origin, table.err()?)))
    }

    /// Returns the entities of each server as a table, or the reason why they are not known.
    pub fn tables(self) -> impl Iterator<Item = (&'a Origin, Result<&'a Table<T>, Unknown>)> {
        let Self { servers, table } = self;
        servers.iter().map(move |(origin, state)| (origin, table(state)))
    }

    /// Returns the entity of that identifier, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the entities of its server are not known.
    pub fn get(self, id: &Id) -> Result<Option<&'a Arc<T>>, Unknown> {
        match self.servers.get(&id.origin) {
            Some(state) => Ok((self.table)(state)?.get(&id.id)),
            None => Ok(None),
        }
    }
}

impl<'a, T: Send + Sync + 'a> IntoIterator for All<'a, T> {
    type Item = (&'a Origin, Result<&'a Arc<T>, Unknown>);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + Send + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.tables().flat_map(|(origin, table)| {
            let (table, unknown) = match table {
                Ok(table) => (Some(table), None),
                Err(unknown) => (None, Some(Err(unknown))),
            };
            let entities = table.into_iter().flat_map(|table| table.iter().map(Ok));
            entities.chain(unknown).map(move |entity| (origin, entity))
        }))
    }
}

impl<T> Clone for All<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for All<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for All<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.tables()).finish()
    }
}
