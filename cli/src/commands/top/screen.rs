//! The state of the screen: what is selected, sorted, filtered, asked and open.

use std::cmp::Reverse;

use live::Id;

use super::board::{Board, Call};

/// The state of the screen.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// The calls that are shown, in their order, by their index in the board.
    pub(super) order: Vec<usize>,
    /// The same calls for the keys, which act on what is on the screen.
    pub(super) rows: Vec<Row>,
    pub(super) selected: Option<Id>,
    /// The place of the selected call in the rows.
    pub(super) at: usize,
    /// The first row on the screen.
    pub(super) first: usize,
    /// The number of rows that the screen has room for.
    pub(super) page: usize,
    pub(super) sort: Sort,
    pub(super) filter: String,
    /// `true` while the filter is being typed.
    pub(super) is_typing: bool,
    pub(super) ladder: Option<Open>,
    pub(super) has_help: bool,
    pub(super) question: Option<Row>,
    pub(super) status: Option<(Tone, String)>,
}

/// A call with the words that people know it by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) name: String,
}

/// A ladder that is shown.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) call: Row,
    /// The first line on the screen; `None` to show the end as it grows.
    pub(super) first: Option<usize>,
    /// The largest first line.
    pub(super) last: usize,
}

/// The tone of a text on the status line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

/// The order of the calls.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Sort {
    #[default]
    Oldest,
    Newest,
    From,
    To,
    State,
    Place,
}

impl Sort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Oldest => Self::Newest,
            Self::Newest => Self::From,
            Self::From => Self::To,
            Self::To => Self::State,
            Self::State => Self::Place,
            Self::Place => Self::Oldest,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Oldest => "oldest first",
            Self::Newest => "newest first",
            Self::From => "by from",
            Self::To => "by to",
            Self::State => "by state",
            Self::Place => "by where",
        }
    }

    fn sort(self, calls: &[Call], order: &mut [usize]) {
        // Calls that are equal otherwise keep their places from one moment to the next.
        // The server counts its channels, so a longer identifier is a later one.
        let age = |at: &usize| {
            let Call { since, id, .. } = &calls[*at];
            (since.time(), id.len(), Id::clone(id))
        };
        match self {
            Self::Oldest => order.sort_by_cached_key(age),
            Self::Newest => order.sort_by_cached_key(|at| Reverse(age(at))),
            Self::From => order.sort_by_cached_key(|at| (calls[*at].from.clone(), age(at))),
            Self::To => order.sort_by_cached_key(|at| (calls[*at].to.clone(), age(at))),
            Self::State => order.sort_by_cached_key(|at| (calls[*at].state, age(at))),
            Self::Place => order.sort_by_cached_key(|at| (calls[*at].place.clone(), age(at))),
        }
    }
}

impl Screen {
    /// Takes what there is to be shown now. The selection stays with its call; if that is gone, the
    /// one in its place is selected. `has_ids` tells if the identifiers of calls are shown.
    pub(super) fn settle(&mut self, board: &Board, page: usize, has_ids: bool) {
        self.page = page.max(1);
        let calls = board.calls.as_deref().unwrap_or_default();
        let wanted = self.filter.to_lowercase();
        let mut order: Vec<_> = (0..calls.len()).collect();
        order.retain(|at| matches(&calls[*at], &wanted, has_ids));
        self.sort.sort(calls, &mut order);
        let row = |at: &usize| Row { id: Id::clone(&calls[*at].id), name: name(&calls[*at]) };
        self.rows = order.iter().map(row).collect();
        self.order = order;
        let found = self.rows.iter().position(|row| Some(&row.id) == self.selected.as_ref());
        self.select(found.unwrap_or(self.at));
        let asked = self.question.as_ref();
        if let Some(row) = asked.filter(|row| !calls.iter().any(|call| call.id == row.id))
            && board.freshness.is_current()
        {
            self.status = Some((Tone::Plain, format!("the call {} has ended", row.name)));
            self.question = None;
        }
    }

    /// Selects the call in a row, or the last one, and brings it on the screen.
    pub(super) fn select(&mut self, at: usize) {
        self.at = at.min(self.rows.len().saturating_sub(1));
        self.selected = self.rows.get(self.at).map(|row| Id::clone(&row.id));
        let last = self.rows.len().saturating_sub(self.page);
        let lowest = (self.at + 1).saturating_sub(self.page);
        self.first = self.first.clamp(lowest, self.at.max(lowest)).min(last);
    }

    /// Follows a call into the one that it is merged into.
    pub(super) fn merged(&mut self, from: &Id, into: &Id) {
        let rows = self.question.iter_mut().chain(self.ladder.as_mut().map(|open| &mut open.call));
        for id in rows.map(|row| &mut row.id).chain(&mut self.selected) {
            if id == from {
                *id = Id::clone(into);
            }
        }
    }

    /// Takes the number of lines of the ladder, and of those that there is room for. Returns the
    /// first one to show.
    pub(super) fn settle_ladder(&mut self, lines: usize, room: usize) -> usize {
        self.page = room.max(1);
        let Some(open) = &mut self.ladder else { return 0 };
        open.last = lines.saturating_sub(room);
        open.first = open.first.filter(|first| *first < open.last);
        open.first.unwrap_or(open.last)
    }
}

/// Returns the words that people know a call by.
fn name(call: &Call) -> String {
    match (&*call.from, &*call.to) {
        (from, "") => from.to_owned(),
        (from, to) => format!("{from} → {to}"),
    }
}

/// Returns `true` if a text is in one of those that are shown of a call.
fn matches(call: &Call, wanted: &str, has_id: bool) -> bool {
    let Call { id, from, to, state, talking, place, .. } = call;
    let id = if has_id { &**id } else { "" };
    [&**from, to, state, talking, place, id].iter().any(|it| it.to_lowercase().contains(wanted))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use live::{Freshness, Since};

    use super::*;

    fn board(calls: &[(&str, &str)]) -> Board {
        let call = |(at, (id, from)): (u64, &(&str, &str))| Call {
            id: (*id).into(),
            from: (*from).to_owned(),
            to: "200".to_owned(),
            state: "ringing",
            since: Since::At(SystemTime::UNIX_EPOCH + Duration::from_secs(at)),
            talking: String::new(),
            place: String::new(),
            legs: 2,
        };
        Board {
            freshness: Freshness::Current { since: SystemTime::UNIX_EPOCH },
            channels: Some(0),
            calls: Ok((0..).zip(calls).map(call).collect()),
            queues: Ok(Vec::new()),
            notes: Vec::new(),
            rights_are_known: true,
        }
    }

    fn ids(screen: &Screen) -> Vec<&str> {
        screen.rows.iter().map(|row| &*row.id).collect()
    }

    #[test]
    fn the_selection_stays_with_its_call() {
        let mut screen = Screen::default();
        let three = [("1", "c"), ("2", "b"), ("3", "a")];
        screen.settle(&board(&three), 10, true);
        assert_eq!(screen.selected.as_deref(), Some("1"));
        screen.select(1);
        screen.sort = Sort::From;
        screen.settle(&board(&three), 10, true);
        assert_eq!(ids(&screen), ["3", "2", "1"]);
        assert_eq!((screen.selected.as_deref(), screen.at), (Some("2"), 1));
        screen.sort = Sort::Oldest;
        screen.settle(&board(&three[1..]), 10, true);
        assert_eq!((screen.selected.as_deref(), screen.at), (Some("2"), 0));
        // The call is gone: the one in its place is next.
        screen.settle(&board(&three[2..]), 10, true);
        assert_eq!(screen.selected.as_deref(), Some("3"));
        screen.settle(&board(&[]), 10, true);
        assert_eq!(screen.selected, None);
        screen.settle(&board(&three), 10, true);
        screen.merged(&"1".into(), &"3".into());
        screen.settle(&board(&three[1..]), 10, true);
        assert_eq!(screen.selected.as_deref(), Some("3"));
    }

    #[test]
    fn the_selection_is_on_the_screen() {
        let names: Vec<_> = (0..50).map(|at| (at.to_string(), "x".to_owned())).collect();
        let calls: Vec<_> = names.iter().map(|(id, from)| (&**id, &**from)).collect();
        let mut screen = Screen::default();
        screen.settle(&board(&calls), 10, true);
        for (select, first) in [(9, 0), (10, 1), (49, 40), (45, 40), (39, 39), (0, 0), (99, 40)] {
            screen.select(select);
            assert_eq!(screen.first, first, "{select}");
        }
        screen.settle(&board(&calls), 30, true);
        assert_eq!((screen.at, screen.first), (49, 20));
        screen.settle(&board(&calls[..5]), 30, true);
        assert_eq!((screen.at, screen.first), (4, 0));
    }

    #[test]
    fn a_filter_looks_at_what_is_shown() {
        let calls = board(&[("17.1", "Alice"), ("18.2", "bob")]);
        let mut screen = Screen::default();
        let mut filtered = |filter: &str, has_ids| {
            screen.filter = filter.to_owned();
            screen.settle(&calls, 10, has_ids);
            ids(&screen).join(" ")
        };
        assert_eq!(filtered("", true), "17.1 18.2");
        assert_eq!(filtered("aLI", true), "17.1");
        assert_eq!(filtered("RING", true), "17.1 18.2");
        assert_eq!((filtered("18.", true), filtered("18.", false)), ("18.2".into(), "".into()));
    }

    #[test]
    fn a_question_about_a_call_that_has_ended_is_asked_no_more() {
        let mut screen = Screen::default();
        screen.settle(&board(&[("1", "a"), ("2", "b")]), 10, true);
        screen.question = Some(screen.rows[0].clone());
        screen.settle(&board(&[("1", "a")]), 10, true);
        assert!(screen.question.is_some());
        let mut stale = board(&[]);
        stale.freshness = Freshness::Loading;
        screen.settle(&stale, 10, true);
        assert!(screen.question.is_some());
        screen.settle(&board(&[("2", "b")]), 10, true);
        assert_eq!(screen.question, None);
        assert_eq!(screen.status, Some((Tone::Plain, "the call a → 200 has ended".to_owned())));
    }

    #[test]
    fn a_ladder_shows_its_end_until_it_is_moved() {
        let mut screen = Screen::default();
        let call = Row { id: "1".into(), name: String::new() };
        screen.ladder = Some(Open { call, first: None, last: 0 });
        assert_eq!([screen.settle_ladder(5, 10), screen.settle_ladder(25, 10)], [0, 15]);
        screen.ladder.as_mut().unwrap().first = Some(3);
        assert_eq!(screen.settle_ladder(30, 10), 3);
        screen.ladder.as_mut().unwrap().first = Some(20);
        assert_eq!([screen.settle_ladder(30, 10), screen.settle_ladder(31, 10)], [20, 21]);
    }
}
