//! The columns of a ladder.

use crate::ladder::call::Ladder;
use crate::ladder::leg::Leg;
use crate::ladder::row::Place;

/// The columns of the terminal that the times have.
pub(super) const TIMES: usize = 23;
/// The width of a column at least, and at most.
const NARROW: usize = 14;
const WIDE: usize = 26;

/// The columns of a ladder, side by side.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    /// The width of a column.
    pub(super) step: usize,
    /// The width of all, without the times.
    pub(super) width: usize,
    /// The column of each leg.
    places: Vec<usize>,
    /// `true` if the last column has several legs.
    folds: bool,
}

/// A column, which has one leg or several.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) party: String,
    legs: Vec<usize>,
}

impl Layout {
    pub(super) fn new(ladder: &Ladder, width: usize) -> Self {
        let width = width - TIMES;
        let fitting = (width / NARROW).max(2);
        let legs = ladder.legs.len();
        let folds = legs > fitting;
        let own = if folds { own(&ladder.legs, fitting - 1) } else { (0..legs).collect() };
        let shown = own.len() + usize::from(folds);
        let step = (width / shown.max(1)).clamp(NARROW, WIDE);
        let mut columns: Vec<_> = own
            .iter()
            .enumerate()
            .map(|(place, leg)| column(place * step, *leg, &ladder.legs))
            .collect();
        let mut places = vec![own.len(); legs];
        for (place, leg) in own.iter().enumerate() {
            places[*leg] = place;
        }
        if folds {
            let rest: Vec<_> = (0..legs).filter(|leg| !own.contains(leg)).collect();
            let name = format!("{} more", rest.len());
            let at = own.len() * step;
            columns.push(Column { at, name, party: String::new(), legs: rest });
        }
        Self { columns, step, width, places, folds }
    }

    /// Returns the column of a leg.
    pub(super) fn column(&self, leg: usize) -> usize {
        self.places.get(leg).copied().unwrap_or(0)
    }

    /// Returns the position of a column.
    pub(super) fn at(&self, column: usize) -> usize {
        self.columns.get(column).map_or(0, |column| column.at)
    }

    /// Returns `true` if a leg has no column of its own.
    pub(super) fn is_folded(&self, leg: usize) -> bool {
        self.folds && self.column(leg) + 1 == self.columns.len()
    }

    /// Returns a place in columns.
    pub(super) fn place(&self, place: &Place) -> Place {
        let mut place = place.clone();
        place.map(|leg| self.column(leg));
        place
    }
}

impl Column {
    /// Returns `true` if a leg of the column is up in a row.
    pub(super) fn is_open(&self, ladder: &Ladder, row: u64) -> bool {
        let mut legs = self.legs.iter().filter_map(|leg| ladder.legs.get(*leg));
        legs.any(|leg| leg.since <= row && leg.until.is_none_or(|until| row <= until))
    }
}

/// Returns the legs that have columns of their own if only so many have: parties before Local
/// channels, and those that came up before those that did not; else the earlier ones.
fn own(legs: &[Leg], count: usize) -> Vec<usize> {
    let mut places: Vec<_> = (0..legs.len()).collect();
    places.sort_by_key(|place| (legs[*place].is_local, !legs[*place].is_up, *place));
    places.truncate(count);
    places.sort_unstable();
    places
}

fn column(at: usize, place: usize, legs: &[Leg]) -> Column {
    let leg = &legs[place];
    let mut name = leg.short_name();
    // A second channel of the same device.
    let same = legs[..place].iter().filter(|it| it.short_name() == name).count();
    if same > 0 {
        name = format!("{name} #{}", same + 1);
    }
    let party = match (&*leg.party, &*leg.number) {
        _ if leg.is_local => String::new(),
        ("", number) => number.to_owned(),
        (party, "") => party.to_owned(),
        (party, number) => format!("{party} <{number}>"),
    };
    Column { at, name, party, legs: vec![place] }
}
