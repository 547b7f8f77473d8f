//! Tables of entities that are cheap to copy as a whole.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::slice;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::text::Id;

/// The number of maps of a table, a power of two. A change copies one of them if a reader holds a
/// clone of the table.
const SHARDS: usize = 16;

type Map<T> = FxHashMap<Id, Arc<T>>;

/// Entities of one kind by their identifier.
///
/// A table is a reference: a clone costs a count, and stays as it is when the server goes on.
pub struct Table<T> {
    shards: Arc<[Arc<Map<T>>; SHARDS]>,
    len: usize,
}

impl<T> Table<T> {
    /// Returns the entity of that identifier.
    pub fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.shards[shard(id)].get(id)
    }

    /// Returns `true` if the table has an entity of that identifier.
    pub fn contains(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    /// Returns the number of entities.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if there is no entity.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns all entities, in no order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<T>> {
        Entries::of(self, Map::values)
    }

    /// Returns all entities in the order of their identifiers.
    pub fn sorted(&self) -> Vec<&Arc<T>> {
        let mut all: Vec<_> = self.shards.iter().flat_map(|map| map.iter()).collect();
        all.sort_unstable_by_key(|&(id, _)| id);
        all.into_iter().map(|(_, entity)| entity).collect()
    }

    /// Returns all identifiers, in no order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &Id> {
        Entries::of(self, Map::keys)
    }

    pub(crate) fn insert(&mut self, id: Id, entity: T) {
        let former = self.map_mut(&id).insert(id, Arc::new(entity));
        self.len += usize::from(former.is_none());
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<T>> {
        if !self.contains(id) {
            return None;
        }
        let removed = self.map_mut(id).remove(id);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Returns the map of an identifier to change it. If a reader holds a clone of the table, the
    /// map is copied first, but not its entities.
    fn map_mut(&mut self, id: &str) -> &mut Map<T> {
        Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[shard(id)])
    }
}

/// Returns the number of the map of an identifier.
fn shard(id: &str) -> usize {
    // Other bits than those by which a map finds its buckets.
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(id);
    (hash >> 32) as usize % SHARDS
}

impl<T: Clone> Table<T> {
    /// Returns an entity to change it. It is copied first if a reader holds it.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        // One look-up, unless a reader holds the table.
        self.map_mut(id).get_mut(id).map(Arc::make_mut)
    }

    /// Returns the entity of that identifier to change it, which is created if there is none.
    pub(crate) fn entry(&mut self, id: &str, create: impl FnOnce(Id) -> T) -> &mut T {
        let Self { shards, len } = self;
        let map = Arc::make_mut(&mut Arc::make_mut(shards)[shard(id)]);
        let entity = map.entry(Id::from(id)).or_insert_with_key(|id| {
            *len += 1;
            Arc::new(create(Id::clone(id)))
        });
        Arc::make_mut(entity)
    }
}

/// The entries of all maps of a table, one map after another.
struct Entries<'a, T, I> {
    shards: slice::Iter<'a, Arc<Map<T>>>,
    of_map: fn(&'a Map<T>) -> I,
    map: Option<I>,
    left: usize,
}

impl<'a, T, I> Entries<'a, T, I> {
    fn of(table: &'a Table<T>, of_map: fn(&'a Map<T>) -> I) -> Self {
        Self { shards: table.shards.iter(), of_map, map: None, left: table.len }
    }
}

impl<T, I: Iterator> Iterator for Entries<'_, T, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        loop {
            if let Some(entry) = self.map.as_mut().and_then(Iterator::next) {
                self.left -= 1;
                return Some(entry);
            }
            self.map = Some((self.of_map)(self.shards.next()?));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T, I: Iterator> ExactSizeIterator for Entries<'_, T, I> {}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { shards: Arc::clone(&self.shards), len: self.len }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        let empty = Arc::default();
        Self { shards: Arc::new(std::array::from_fn(|_| Arc::clone(&empty))), len: 0 }
    }
}

impl<T: fmt::Debug> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shards.iter().flat_map(|map| map.iter())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stays_as_it_is_and_shares_all_maps_but_the_one_that_changes() {
        let mut table = Table::default();
        let id = |number: u32| Id::from(format!("1.{number}"));
        (0..500).for_each(|number| table.insert(id(number), number));
        table.insert(id(0), 0);
        let copy = table.clone();
        *table.get_mut("1.7").unwrap() = 1000;
        *table.entry("1.8", |_| 0) += 1;
        assert_eq!(*table.entry("new", |_| 5), 5);
        assert_eq!((table.remove("1.9").as_deref(), table.remove("1.9")), (Some(&9), None));
        let shared =
            copy.shards.iter().zip(&*table.shards).filter(|(one, other)| Arc::ptr_eq(one, other));
        assert!(shared.count() >= SHARDS - 4);
        let sum = |table: &Table<u32>| table.iter().map(|it| **it).sum::<u32>();
        assert_eq!((copy.len(), sum(&copy)), (500, 499 * 500 / 2));
        assert_eq!((table.len(), sum(&table)), (500, 499 * 500 / 2 + 993 + 1 + 5 - 9));
        for table in [&copy, &table] {
            assert_eq!(
                (table.ids().len(), table.ids().count(), table.sorted().len()),
                (500, 500, 500)
            );
        }
        assert!(Table::<u32>::default().is_empty() && !table.is_empty());
        assert_eq!(**table.get("new").unwrap(), 5);
    }
}
